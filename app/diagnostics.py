"""What the Diagnostics page shows: how well a run's predictions hold on galaxies it never saw."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pandas as pd

from galmass_app.comparison import experiment_of, title
from galmass_app.run_index import RunIndex, run_index
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.calibration import measure_calibration
from galmass_core.learning.coverage import measure_coverage, score_intervals
from galmass_core.training.run_predictions import run_calibrations
from galmass_core.training.runs import Run

_KINDS = {"network": "network", "trees": "boosted trees"}
NOT_CALIBRATED = (
    "This run has no galaxies that calibrate intervals: it was trained before galmass kept them. "
    "Train it again to get intervals:"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Diagnosis:
    """A run, and its test samples with their intervals."""

    run: Run
    target: str
    # Of test samples: the columns of `coverage.score_intervals`, of one target
    scored: pd.DataFrame
    calibration_galaxies: int
    measured: dict[str, Any]  # of `calibration.measure_calibration`
    by_mass: list[dict[str, Any]]  # of `coverage.measure_coverage`

    @property
    def kind(self) -> str:
        """What kind of model it is, in words."""
        return _KINDS.get(self.run.config["method"], "formula")


def diagnosable(data: DataSet) -> list[Run]:
    """Return the finished runs that predict samples they were not trained on, the newest first."""
    return list(run_index(data).runs.values())


def called(run: Run) -> str:
    """Name a run in a list: its inputs, and its own name."""
    return f"{title(experiment_of(run))} · {run.name}"


def newer(data: DataSet, run: Run) -> str:
    """Return the name of the newest run of the same experiment and split; empty if it is this."""
    alike = [
        other
        for other in diagnosable(data)
        if other.config["experiment"] == run.config["experiment"]
        and other.inputs == run.inputs
        and other.config["split"]["kind"] == run.config["split"]["kind"]
    ]
    newest = max(alike, key=lambda other: other.record["started"])
    return newest.name if newest.record["started"] > run.record["started"] else ""


def diagnose(data: DataSet, run: Run, target: str) -> Diagnosis | None:
    """Score the intervals of a run for a target on a data set; None if it is not calibrated."""
    return _diagnose(run_index(data), run.name, target)


@lru_cache(maxsize=64)
def _diagnose(index: RunIndex, name: str, target: str) -> Diagnosis | None:
    """Score each run once; a run that ended at another time has another index."""
    run, predictions = index.runs[name], index.predictions[name]
    calibrations, errors = run_calibrations(run), run.calibration()
    if target not in calibrations:
        return None
    rows = predictions[predictions["target"] == target]
    scored = score_intervals(rows, {target: calibrations[target]})
    galaxies = errors.loc[errors["target"] == target, "name"].nunique()
    return Diagnosis(
        run=run,
        target=target,
        scored=scored,
        calibration_galaxies=int(galaxies),
        measured=measure_calibration(scored),
        by_mass=measure_coverage(scored),
    )
