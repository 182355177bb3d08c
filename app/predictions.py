"""What runs predict for one sample, with intervals, unless they were trained on its galaxy."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from galmass_app.comparison import experiment_of, title
from galmass_app.run_index import RunIndex, run_index
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import missing_columns, true_values
from galmass_core.learning.intervals import LEVELS, Calibration, limit_names
from galmass_core.quantities import TARGETS
from galmass_core.training.pairing import SAME_TRUTH, UNSEEN
from galmass_core.training.run_predictions import calibrated_predictions
from galmass_core.training.runs import Run

LIMITS = tuple(name for level in LEVELS for name in limit_names(level))
UNTESTED = {  # by part of the split
    "train": "not tested on this galaxy: it was in the training set",
    "validation": "not tested on this galaxy: it calibrated the intervals",
}
NOT_CALIBRATED = "no interval: this run is not calibrated; train it again"


@dataclass(frozen=True, kw_only=True)
class SamplePrediction:
    """The prediction of a target for a sample."""

    run: Run
    target: str
    part: str  # of the run's split, ``new``, or empty if that is not known
    predicted: float  # dex; NaN unless it was tested
    limits: dict[str, float]  # dex, by `LIMITS`; empty without calibration

    @property
    def called(self) -> str:
        """The inputs of its run, and the run's name."""
        return f"{title(experiment_of(self.run))} · {self.run.name}"


def predictions_of(
    data: DataSet,
    galaxy: str,
    los: str,
    most: int = 1,
    able: Callable[[Run], bool] = bool,
) -> list[SamplePrediction]:
    """Return what the best runs for each target, of different inputs, predict for a sample.

    Parameters
    ----------
    data : DataSet
    galaxy, los : str
    most : int
        Runs for each target.
    able : function of Run
        Which runs are asked; all by default.
    """
    index = run_index(data)
    return [
        _prediction(index, run, target, galaxy, los)
        for target, runs in best_runs(index).items()
        for run in list(filter(able, runs))[:most]
    ]


def limits_of(calibration: Calibration, predicted: float) -> dict[str, float]:
    """Return the limits of the intervals of one prediction, by `LIMITS`; empty if infinite."""
    intervals = [calibration.interval([predicted], level) for level in LEVELS]
    limits = [float(end[0]) for interval in intervals for end in interval]
    return dict(zip(LIMITS, limits, strict=True)) if np.isfinite(limits[:2]).all() else {}


def part_of(run: Run, data: DataSet, galaxy: str, los: str, target: str, true: float) -> str:
    """Return which part of a run's split a sample was in.

    Parameters
    ----------
    true : float, dex
        Of the data set, to recognise other galaxies of the same name.

    Returns
    -------
    str
        ``train``, ``validation``, ``test``, ``new``; empty if that is not known.
    """
    if np.isnan(true):
        return ""  # nobody learned from it, but it may be another galaxy
    rows = run.predictions()
    rows = rows[(rows["name"] == galaxy) & (rows["los"] == los) & (rows["target"] == target)]
    if len(rows) and abs(rows["y_true"].iloc[0] - true) <= SAME_TRUTH:
        return rows["part"].iloc[0]
    return "train" if run.is_of(data) else ""


def true_value(data: DataSet, galaxy: str, los: str, target: str) -> float:
    """Return the decimal logarithm of a sample's true value; NaN where it is not known."""
    if missing_columns(data.samples, [target]):
        return np.nan
    return float(true_values(data.row(galaxy, los).to_frame().T, target)[0])


@lru_cache(maxsize=16)
def best_runs(index: RunIndex) -> dict[str, list[Run]]:
    """Return runs by target, one for each set of inputs, the best first.

    A run is better if it is split by galaxy, then if it is calibrated, then by its σ.
    """
    able: dict[str, list[Run]] = {}
    for name, table in index.predictions.items():
        for target in table["target"].unique():
            able.setdefault(target, []).append(index.runs[name])

    def rank(run: Run, target: str) -> tuple[bool, bool, float]:
        paper = run.config["split"]["kind"] != "galaxy"
        return paper, run.calibration().empty, run.scatter(target)

    found = {}
    for target in TARGETS:
        if target in able:
            runs = sorted(able[target], key=lambda run, target=target: rank(run, target))
            by_inputs = {title(experiment_of(run)): run for run in reversed(runs)}
            found[target] = [run for run in runs if by_inputs[title(experiment_of(run))] is run]
    return found


@lru_cache(maxsize=64)
def _calibrated(index: RunIndex, name: str) -> pd.DataFrame:
    """Return the predictions of a run's test set with their limits, by sample and target."""
    table = calibrated_predictions(index.runs[name])
    tested = table[table["part"].isin(UNSEEN)]
    return tested.set_index(["name", "los", "target"]).sort_index()


def _prediction(index: RunIndex, run: Run, target: str, galaxy: str, los: str) -> SamplePrediction:
    """Return the prediction of a run for a sample, if it was tested."""
    shown = {"run": run, "target": target}
    table = _calibrated(index, run.name)
    if (galaxy, los, target) not in table.index:
        true = true_value(index.data, galaxy, los, target)
        part = part_of(run, index.data, galaxy, los, target, true)
        return SamplePrediction(**shown, part=part, predicted=np.nan, limits={})
    row = table.loc[(galaxy, los, target)]
    limits = row[list(LIMITS)].astype(float)
    known = np.isfinite(limits.iloc[:2]).all()
    return SamplePrediction(
        **shown,
        part=row["part"],
        predicted=float(row["y_pred"]),
        limits=limits.to_dict() if known else {},
    )
