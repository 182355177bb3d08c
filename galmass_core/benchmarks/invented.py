"""Generate artificial data sets and runs: copies of a few galaxies, and random predictions.

They are for benchmarks and tests of the interface, not of the science.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.dataset_tables import replace_samples
from galmass_core.learning.experiments import experiment, true_values
from galmass_core.learning.fitting import score
from galmass_core.learning.splits import NETWORK_SIZES, describe_parts, split_samples
from galmass_core.quantities import targets_by_word
from galmass_core.training.run_writer import write_run
from galmass_core.training.runs import Run, open_run

# `visitors` takes `replace_samples` from here: it lies elsewhere in earlier revisions (`against`)
__all__ = ["SCATTERS", "enlarge", "invented", "make_run", "make_runs", "replace_samples"]

SCATTERS = {  # dex, by inputs: similar to Table 4
    "r": 0.060,
    "g,r": 0.050,
    "2V": 0.052,
    "V": 0.075,
    "r+2V": 0.040,
    "g,r+2V": 0.038,
    "occupancy": 0.095,
}
_SHARED = 0.6  # fraction of the noise variance that all runs share
_SHIFT = 0.7  # dex, maximum difference of masses between copies of a galaxy
_LIGHT_SCATTER = 0.36  # mag, around a luminosity that follows from the mass


def enlarge(data: DataSet, times: int, seed: int = 0) -> None:
    """Enlarge a data set's table with copies of each galaxy under other names, with other masses.

    Copies have the maps of the original.

    Parameters
    ----------
    data : DataSet
        With a magnitude, true masses inside apertures, and total ones.
    times : int
        Number of copies of each galaxy.
    seed : int
    """
    generator, first = np.random.default_rng(seed), data.samples
    number = np.repeat(np.arange(times), len(first))
    samples = first.iloc[np.tile(np.arange(len(first)), times)].reset_index(drop=True)
    galaxy = samples["name"].map({name: place for place, name in enumerate(data.galaxy_names)})
    shifts = generator.uniform(-_SHIFT, _SHIFT, (times, len(data.galaxy_names)))
    samples["name"] += pd.Series([f"{one:03d}" for one in number], dtype=samples["name"].dtype)
    learned = [target.key for target in targets_by_word().values() if target.is_mass]
    for column in (*learned, "log_mstar", "log_mtot"):
        samples[column] += shifts[number, galaxy]
    light = -2.5 * 0.9 * (samples["log_mstar_1rhsm"] - 10.0) - 19.9
    samples["abs_mag_r"] = light + generator.normal(0, _LIGHT_SCATTER, len(samples))
    replace_samples(data, samples)


def make_runs(
    folder: Path,
    data: DataSet,
    targets: str = "mstar",
    inputs: Iterable[str] = SCATTERS,
    factor: float = 1.0,
) -> list[Run]:
    """Write a finished run for each set of inputs; ``factor`` times the scatter of `SCATTERS`."""
    return [make_run(folder, data, f"{targets}/{name}", factor * SCATTERS[name]) for name in inputs]


def make_run(
    folder: Path,
    data: DataSet,
    name: str,
    scatter: float,
    *,
    split: str = "galaxy",
    seed: int = 0,
    training_seed: int | None = None,
    stars: int | None = None,
    bias: float = 0.0,
) -> Run:
    """Write the finished run of an experiment on a data set.

    Parameters
    ----------
    folder : Path
        Home folder; the run is in its ``runs``.
    data : DataSet
    name : str
        Of the experiment.
    scatter, bias : float, dex
        Of its predictions.
    split : str
        ``galaxy`` or ``paper``.
    seed : int
        Of the split.
    training_seed : int, optional
        Of its own noise; by default ``seed``.
    stars : int, optional
        Number of stars that galaxies were thinned to.
    """
    wanted = experiment(name)
    own = seed if training_seed is None else training_seed
    ending = f"{seed}" if own == seed else f"{seed}-{own}"
    path = Path(folder) / "runs" / f"{name.replace('/', '-')}-{ending}"
    parts = split_samples(data.samples, split, sizes=NETWORK_SIZES, seed=seed)
    history = pd.DataFrame(
        {
            "epoch": [1, 2],
            "train_mse": [0.1, 0.01],
            "validation_mse": [0.2, 0.03],
            "seconds": [1.0, 2.0],
        }
    )
    config = {
        "experiment": name,
        "targets": list(wanted.targets),
        "method": wanted.method,
        "maps": list(wanted.maps),
        "features": list(wanted.features),
        "pixels": wanted.pixels,
        "training": {"width": 0.25, "epochs": 2, "batch": 40, "seed": own},
        "split": {"kind": split, "sizes": NETWORK_SIZES, "seed": seed},
    }
    config |= {"subsets": list(wanted.subsets)} if wanted.subsets else {}
    provenance = {
        "device": "cpu",
        "seed": seed,
        "split": describe_parts(data.samples, parts, split, seed=seed),
        "dataset": {
            "path": str(data.path),
            "sha256": data.checksum,
            "name": data.path.name,
            "stars": stars,
        },
    }
    with write_run(path, config, provenance) as writer:
        predictions = pd.concat(
            invented(data.samples.assign(part=parts), target, scatter, f"{name} {own}", bias)
            for target in wanted.targets
        )
        tested = predictions[predictions["part"] == "test"]
        writer.write_history(history)
        metrics = {key: score(rows) for key, rows in tested.groupby("target")}
        writer.update(metrics=metrics)
        kept = predictions[predictions["part"] != "train"]
        if wanted.subsets:  # all of them with the same predictions
            kept = pd.concat(kept.assign(inputs=inputs) for inputs in wanted.subsets)
            writer.update(subsets=dict.fromkeys(wanted.subsets, metrics))
        writer.write_predictions(kept)
    return open_run(path)


def invented(
    samples: pd.DataFrame, target: str, scatter: float, own: str, bias: float = 0.0
) -> pd.DataFrame:
    """Return predictions with errors shared by all runs, and errors of their own.

    Parameters
    ----------
    samples : pandas.DataFrame
        ``name``, ``los``, ``part`` and the target.
    target : str
        Column.
    scatter, bias : float, dex
    own : str
        Seed of the run's own noise.
    """
    shared = _SHARED**0.5 * _noise(len(samples), target)
    noise = shared + (1 - _SHARED) ** 0.5 * _noise(len(samples), f"{own} {target}")
    true = true_values(samples, target)
    table = samples[["name", "los", "part"]].assign(target=target, y_true=true)
    return table.assign(y_pred=true + bias + scatter * noise).dropna()


def _noise(count: int, name: str) -> NDArray:
    """Return normal numbers seeded by a name."""
    seed = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest())
    return np.random.default_rng(seed).normal(size=count)
