"""Measure what each way to learn more from the same data is worth.

Networks are trained with and without a switch, with the same training seeds and the same split, and
compared seed by seed by the hierarchical bootstrap of `learning.uncertainty`. What needs no
training of its own, the means over symmetries and over trainings, is measured on those there are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.folders import home_folder
from galmass_core.learning.experiments import experiment
from galmass_core.learning.uncertainty import compare_groups, compare_paired, measure_group
from galmass_core.networks.presets import TrainingConfig
from galmass_core.training.ensembles import mean_predictions
from galmass_core.training.runs import Run, open_run
from galmass_core.training.several import Progress, Training, train_several

GOAL = 0.85  # of the plain network's σ
_CHANGES: dict[str, dict[str, Any]] = {  # of a network that is trained as the laptop preset says
    "plain": {"augment": False},
    "augmented": {"augment": True},
    "scalars": {"augment": True, "scalars": True},
}
SWITCHES = {  # what is compared: trainings of the table above, and means of their predictions
    "augmentation": ("plain", "augmented"),
    "mean over symmetries": ("augmented", "augmented + symmetries"),
    "scalars": ("augmented", "scalars"),
    "ensemble": ("augmented", "augmented + ensemble"),
    "all, one training": ("plain", "scalars + symmetries"),
    "all": ("plain", "scalars + symmetries + ensemble"),
}

Tables = list[pd.DataFrame]


def measure_switches(
    dataset: DataSet,
    experiments: Mapping[str, TrainingConfig],
    folder: Path,
    *,
    repeats: int = 3,
    device: str = "auto",
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Train with and without each switch; return a row for each switch, target and experiment.

    The same call skips trainings of ``folder`` that are finished, and resumes those that are not.

    Parameters
    ----------
    dataset : DataSet
    experiments : mapping of str to TrainingConfig
        Names of networks' experiments, and the hyper-parameters that all of their trainings share.
    folder : Path
        Of the runs' folders.
    repeats : int
        Number of training seeds, from that of the hyper-parameters on.
    device : str
        Device for training: ``auto``, ``cpu``, ``cuda`` ...
    progress : function, optional
        Called with the trainings done, in total, and failed so far.

    Returns
    -------
    list of dict
        ``experiment``, ``target``, ``switch``; ``without`` and ``with``, σ [dex]; their ``ratio``;
        ``difference`` [dex] with ``low95`` and ``high95``, training noise included; ``verdict``
        (``better``, ``worse``, ``equal``); ``trainings`` of both, and the number of pairs.
        Of ensembles, σ is that of the mean; their noise of training is taken to be that of one of
        its trainings, which is more than they have.

    Raises
    ------
    ValueError
        If an experiment is of mass profiles, a training fails, or fewer than two seeds are trained.
    """
    if profiles := [name for name in experiments if experiment(name).is_profile]:
        msg = f"experiments must have targets of their own, not the mass profile, got {profiles[0]}"
        raise ValueError(msg)
    if repeats < 2:
        msg = f"repeats must be at least 2, to know the noise of training, got {repeats}"
        raise ValueError(msg)
    trainings = {
        (name, kind, seed): Training(
            experiment=name,
            training_seed=seed,
            network=replace(base, seed=seed, **changes),
        )
        for name, base in experiments.items()
        for seed in range(base.seed, base.seed + repeats)
        for kind, changes in _CHANGES.items()
    }
    reasons = train_several(
        dataset, list(trainings.values()), folder, device=device, progress=progress
    )
    if failed := {path.name: reason for path, reason in reasons.items() if reason}:
        name, reason = next(iter(failed.items()))
        msg = f"{folder}: {len(failed)} of {len(reasons)} trainings failed; {name}: {reason}"
        raise ValueError(msg)
    paths = (each.path(folder.resolve(), dataset.checksum) for each in trainings.values())
    return compare_switches(dataset, [open_run(path) for path in paths], device=device)


def switches_folder() -> Path:
    """Return the folder of the runs of ``galmass switches``, in the home folder."""
    return home_folder() / "switches"


def compare_switches(
    dataset: DataSet, runs: Sequence[Run], *, device: str = "auto"
) -> list[dict[str, Any]]:
    """Compare finished runs with and without each switch.

    Parameters
    ----------
    dataset : DataSet
        Of the runs.
    runs : sequence of Run
        Of `measure_switches`; those of an experiment or of an epoch number that lack trainings that
        others have are left out.
    device : str

    Returns
    -------
    list of dict
        As of `measure_switches`.
    """
    kinds = {_switched(changes): kind for kind, changes in _CHANGES.items()}
    found: dict[tuple[str, int], dict[str, dict[int, Run]]] = {}
    for run in runs:
        training = run.config["training"]
        if run.state == "finished" and (kind := kinds.get(_switched(training))):
            place = found.setdefault((run.config["experiment"], training["epochs"]), {})
            place.setdefault(kind, {})[training["seed"]] = run
    rows: list[dict[str, Any]] = []
    for by_kind in found.values():
        seeds = sorted(set.intersection(*(set(each) for each in by_kind.values())))
        if len(by_kind) == len(_CHANGES) and len(seeds) > 1:
            alike = {kind: [each[seed] for seed in seeds] for kind, each in by_kind.items()}
            rows += _rows(dataset, alike, device)
    return rows


def _switched(training: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the switches of hyper-parameters."""
    return tuple(training.get(key) or 0 for key in ("augment", "scalars", "tta"))


def _rows(dataset: DataSet, runs: Mapping[str, list[Run]], device: str) -> Iterator[dict[str, Any]]:
    """Yield a row for each switch and target of an experiment."""

    @cache
    def tables_of(words: str) -> Tables:
        kind, *means = words.split(" + ")
        tables = [run.predictions().query("part == 'test'") for run in runs[kind]]
        if "symmetries" in means:
            pairs = zip(runs[kind], tables, strict=True)
            tables = [_over_symmetries(run, table, dataset, device) for run, table in pairs]
        return [mean_predictions(tables)] if "ensemble" in means else tables

    config = runs["plain"][0].config
    for target in config["targets"]:
        for switch, (off, on) in SWITCHES.items():
            groups = [
                [table[table["target"] == target] for table in tables_of(words)]
                for words in (off, on)
            ]
            names = {"experiment": config["experiment"], "target": target, "switch": switch}
            yield names | _compare(*groups)


def _compare(without: Tables, with_it: Tables) -> dict[str, Any]:
    """Return σ of two groups of trainings, and their difference."""
    errors = [measure_group(tables) for tables in (without, with_it)]
    if len(without) == len(with_it):
        found = compare_paired(without, with_it)
    else:
        found = compare_groups(without, with_it, noise=(None, errors[0].noise))
    one, two = (each.errors["std"].value for each in errors)
    return {
        "without": one,
        "with": two,
        "ratio": two / one,
        "difference": found.difference.value,
        "low95": found.low95,
        "high95": found.high95,
        "verdict": found.verdict,
        "trainings": list(found.trainings),
        "n": found.n_samples,
    }


def _over_symmetries(run: Run, table: pd.DataFrame, dataset: DataSet, device: str) -> pd.DataFrame:
    """Return predictions of the same samples as means over all symmetries of their maps."""
    from galmass_core.training.network_model import NetworkModel, predictions_table

    config = run.config | {"training": run.config["training"] | {"tta": True}}
    places = pd.MultiIndex.from_frame(dataset.samples[["name", "los"]])
    tested = table[["name", "los"]].drop_duplicates()
    rows = np.sort(places.get_indexer(pd.MultiIndex.from_frame(tested)))
    model = NetworkModel.load(run.path, config)
    outputs_BT = model.predict(dataset, rows, device=device)
    return predictions_table(dataset.samples, rows, "test", model.targets, outputs_BT)


def format_switches(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as a Markdown table, and how many reach the goal with everything on."""
    heads, *lines = switch_lines(rows)
    written = ["| " + " | ".join(cells) + " |" for cells in (heads, *lines)]
    return "\n".join([written[0], "|---" * len(heads) + "|", *written[1:], "", goal_note(rows)])


def switch_lines(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Return rows as the cells of a table, the heading first."""
    heads = "experiment", "target", "switch", "σ without", "with", "ratio", "Δσ [95 %]", "verdict"
    lines: list[tuple[str, ...]] = [heads]
    for row in rows:
        interval = f"{row['difference']:+.4f} [{row['low95']:+.4f}, {row['high95']:+.4f}]"
        cells = row["experiment"], row["target"], row["switch"]
        numbers = f"{row['without']:.4f}", f"{row['with']:.4f}", f"{row['ratio']:.3f}"
        lines.append((*cells, *numbers, interval, row["verdict"]))
    return lines


def goal_note(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say how many reach the goal with everything on."""
    whole = [row["ratio"] for row in rows if row["switch"] == "all"]
    reached = sum(ratio <= GOAL for ratio in whole)
    return f"all: {reached} of {len(whole)} have a σ of at most {GOAL} of the plain one"
