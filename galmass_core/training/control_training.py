"""Train networks on the maps of each control: what could be learned from them at best.

Trainings are run folders in ``controls/networks`` of the home folder. The same call skips those
that are finished, and resumes those that are not.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from galmass_core.datasets.again import GONE, missing_sources
from galmass_core.datasets.capabilities import require_maps
from galmass_core.datasets.control_maps import (
    ANNULI,
    BINS,
    EQUAL,
    PLAIN,
    SHUFFLED,
    STARS,
    ControlledDataSet,
    Orders,
)
from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.folders import home_folder
from galmass_core.learning.experiments import experiment, missing_columns
from galmass_core.networks.presets import PRESETS, TrainingConfig
from galmass_core.networks.training import pick_device
from galmass_core.quantities import OCCUPANCY, is_registered, target_named
from galmass_core.sample import MIN_STARS
from galmass_core.training.control_batches import Progress
from galmass_core.training.control_networks import KINEMATICS
from galmass_core.training.controls import LEARNED, keep_result, score_rows
from galmass_core.training.model_runs import train_run
from galmass_core.training.runs import Run

CONTROLS = (PLAIN, OCCUPANCY, EQUAL, SHUFFLED, ANNULI, BINS)  # in the order of training
_WORDS = ("mstar", "mtot", "ml")
_STARS = 2000  # of every galaxy, or as many as the poorest has
_ALIKE = "all galaxies of this data set have as many stars"


@dataclass(frozen=True)
class ControlTraining:
    """A training of a control."""

    control: str
    data: DataSet
    experiment: str
    config: TrainingConfig

    def path(self, folder: Path, seed: int) -> Path:
        """Return the run's folder: one for each result."""
        content = [self.experiment, self.config.settings(), self.data.checksum, seed]
        digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:8]
        return folder / f"{self.control}-seed{self.config.seed}-{digest}"


def learn_controls(
    dataset: DataSet,
    *,
    seed: int = 0,
    repeats: int = 3,
    epochs: int | None = None,
    workers: int = 1,
    device: str = "auto",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train networks of the laptop preset on V and σ, and on each control of them; compare them.

    Parameters
    ----------
    dataset : DataSet
    seed : int
        Of the split, and of what is drawn: which velocities are exchanged, which stars are kept.
    repeats : int
        Number of training seeds, from 0 on; of one, nothing is known of the noise of training.
    epochs : int, optional
        Of each training; those of the preset by default.
    workers : int
        Processes that read galaxies again.
    device : str
    progress : function, optional
        Called with the number of trainings done, in total, and failed.

    Returns
    -------
    dict
        As of `controls.measure_controls`, with ``mode`` `controls.LEARNED`.

    Raises
    ------
    ValueError
        If the data set has no maps or none of the targets, or a galaxy cannot be read again.
    """
    require_maps(dataset, "controls")
    stars = int(min(_STARS, dataset.samples["n_stars"].min()))
    missing = _missing(dataset, stars)
    orders = Orders(controls=(), seed=seed, equal=stars)
    trainings = list(_trainings(dataset, orders, missing, repeats, epochs, workers))
    runs = train_all(trainings, seed, device, progress)
    tables = {
        (KINEMATICS, control): [run.predictions().query("part == 'test'") for run in each]
        for control, each in runs.items()
    }
    rows = score_rows(tables)
    for row in rows:
        used = runs.get(row["control"], [])
        row |= {"spin": None, "learned": bool(used), "runs": [run.name for run in used]}
        row["training_seeds"] = [run.training_seed for run in used]
    result = {
        "mode": LEARNED,
        "seed": seed,
        "split": {"kind": "galaxy", "seed": seed},
        "stars": stars,
        "rows": rows,
        "missing": missing,
        "left_out": {},
    }
    return keep_result(dataset, result)


def train_all(
    trainings: Sequence[ControlTraining], seed: int, device: str, progress: Progress | None
) -> dict[str, list[Run]]:
    """Train what is not trained yet, each by the split of a seed; return the runs by control.

    Those of maps that are registered for the time of training only, which others cannot load, have
    a folder of their own.

    Raises
    ------
    ValueError
        If there is no such device, even where nothing is left to train; or as of `train_run`.
    """
    pick_device(device)
    runs: dict[str, list[Run]] = {}
    for done, training in enumerate(trainings, 1):
        passing = any(map(is_registered, experiment(training.experiment).maps))
        folder = home_folder() / "controls" / ("passing" if passing else "networks")
        run = train_run(
            training.data,
            training.experiment,
            seed=seed,
            training=training.config,
            device=device,
            path=training.path(folder, seed),
        )
        runs.setdefault(training.control, []).append(run)
        if progress is not None:
            progress(done, len(trainings), 0)
    return runs


def _missing(dataset: DataSet, stars: int) -> dict[str, str]:
    """Return why some controls cannot be learned from, by control."""
    missing = {}
    if gone := missing_sources(dataset):
        why = f"{GONE} (of {gone:,} of {len(dataset.galaxy_names):,} galaxies)"
        missing = {key: why for key in CONTROLS if key in STARS}
    if stars < MIN_STARS:
        missing.setdefault(EQUAL, f"a galaxy has only {stars} stars, of {MIN_STARS} at least")
    if dataset.info.get("stars") is not None:
        missing[EQUAL] = _ALIKE
    return missing


def _trainings(
    dataset: DataSet,
    orders: Orders,
    missing: dict[str, str],
    repeats: int,
    epochs: int | None,
    workers: int,
) -> Iterator[ControlTraining]:
    """Yield every training, all seeds of one control together."""
    words, config = learnable_words(dataset), laptop(epochs)
    for control in CONTROLS:
        if control in missing:
            continue
        data = dataset
        if control not in (PLAIN, OCCUPANCY):
            wanted = replace(orders, controls=(control,))
            data = ControlledDataSet.of(dataset, wanted, workers=workers)
        inputs = OCCUPANCY if control == OCCUPANCY else KINEMATICS
        for number in range(repeats):
            name = f"{words}/{inputs}"
            yield ControlTraining(control, data, name, replace(config, seed=number))


def learnable_words(dataset: DataSet) -> str:
    """Return the targets of an experiment, of M*, M_tot and M/L, that a data set has.

    Raises
    ------
    ValueError
        If it has none.
    """
    targets = {word: target_named(word).key for word in _WORDS}
    words = [word for word, key in targets.items() if not missing_columns(dataset.samples, [key])]
    if not words:
        msg = f"{dataset.path}: must have a column of {', '.join(targets.values())}, got none"
        raise ValueError(msg)
    return ",".join(words)


def laptop(epochs: int | None) -> TrainingConfig:
    """Return the laptop preset, of other epochs if they are given."""
    preset, _ = PRESETS["laptop"]
    return preset if epochs is None else replace(preset, epochs=epochs)
