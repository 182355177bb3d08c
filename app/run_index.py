"""The predictions of all finished runs for a data set; read once for all sessions."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd

from galmass_app import services
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import missing_columns
from galmass_core.learning.splits import SPLITS
from galmass_core.quantities import TARGETS
from galmass_core.training.pairing import RunPredictions, predictions_on, run_predictions_on
from galmass_core.training.profile_runs import is_profile
from galmass_core.training.runs import Run, open_run, shipped_runs


@dataclass(frozen=True, eq=False)
class RunIndex:
    """Predictions of finished runs for a data set."""

    data: DataSet
    runs: dict[str, Run]  # by name, the user's own first, the newest first
    predictions: dict[str, pd.DataFrame]  # of each run, as `pairing.predictions_on` gives them
    targets: dict[str, set[str]]  # of each run: columns that it predicts, or that follow
    networks: dict[str, list[RunPredictions]]  # by split


def run_index(data: DataSet) -> RunIndex:
    """Return the predictions of all finished runs, read again when there is another run."""
    runs = (*services.runs(), *shipped_runs())
    finished = [run for run in runs if run.state == "finished"]
    return _read(data, tuple((run.path, run.record["ended"]) for run in finished))


def targets_of(data: DataSet) -> list[str]:
    """Return the columns that can be predicted, those first of which there are predictions."""
    return _targets_in(run_index(data))


@lru_cache(maxsize=8)
def _targets_in(index: RunIndex) -> list[str]:
    there = [
        key
        for key, target in TARGETS.items()
        if target.word and not missing_columns(index.data.samples, [key])
    ]
    results = set().union(*index.targets.values())
    return sorted(there, key=lambda key: key not in results)


@lru_cache(maxsize=8)
def _read(data: DataSet, finished: tuple[tuple[Path, str], ...]) -> RunIndex:
    """Read the predictions of finished runs; a run that ended at another time is another."""
    runs = [open_run(path) for path, _ in finished]
    networks = {split: run_predictions_on(runs, data, split) for split in SPLITS}
    tables = {
        one.run.name: one.predictions for candidates in networks.values() for one in candidates
    }
    for run in runs:
        own = run.config["method"] != "network" and not is_profile(run)
        if own and len(table := predictions_on(run, data)):
            tables[run.name] = table
    named = {each.name: each for run in runs for each in run.with_each_inputs()}
    useful = {name: run for name, run in named.items() if name in tables}
    predictions = {name: tables[name] for name in useful}
    targets = {name: _targets(table) for name, table in predictions.items()}
    return RunIndex(data, useful, predictions, targets, networks)


def _targets(predictions: pd.DataFrame) -> set[str]:
    """Return the columns that are predicted, or that follow from those."""
    results = set(predictions["target"].unique())
    derived = (target for target in TARGETS.values() if target.derived_from)
    return results | {each.key for each in derived if results.issuperset(each.derived_from_columns)}
