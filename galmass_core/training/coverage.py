"""Measure how often the intervals of predictions hold, for trees and for runs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.calibration import measure_calibration
from galmass_core.learning.coverage import measure_coverage, score_intervals
from galmass_core.learning.experiments import (
    TABLE_5_TARGETS,
    default_features,
    experiment,
    missing_columns,
)
from galmass_core.learning.mass_profiles import rearrange_limits
from galmass_core.learning.out_of_fold import evaluate_intervals
from galmass_core.training.profile_runs import is_profile
from galmass_core.training.run_predictions import run_calibrations
from galmass_core.training.runs import Run

NOT_CALIBRATED = "not calibrated: train it again to get intervals"


def coverage_table(
    dataset: DataSet,
    plan: str = "galaxy",
    *,
    features: Sequence[str] | None = None,
    seed: int = 0,
    runs: Sequence[Run] = (),
) -> list[dict[str, Any]]:
    """Measure the coverage of intervals: of trees for every target, of networks and profiles.

    Parameters
    ----------
    dataset : DataSet
    plan : str
        Of the trees: ``galaxy``, ``paper`` or ``folds`` (see `fitting.evaluate`).
    features : sequence of str, optional
        Columns that the trees learn from; by default those of Table 1 that the table has.
    seed : int
        Of the trees' split and training.
    runs : sequence of Run
        Those of networks and profiles that were trained on this data set are measured on their
        test sets.

    Returns
    -------
    list of dict
        ``experiment``, ``run`` (None for trees), ``target``, ``split``, ``rows``, as of
        `coverage.measure_coverage`, and ``calibration``, as of `calibration.measure_calibration`;
        or ``status``, the reason why it cannot be measured.

    Raises
    ------
    ValueError
        If the table lacks a feature, or ``plan`` is unknown.
    """
    columns = tuple(default_features(dataset.samples) if features is None else features)
    if missing := missing_columns(dataset.samples, columns):
        msg = f"features must be columns of the data set, which lacks {', '.join(missing)}"
        raise ValueError(msg)
    return [
        *(_trees(dataset, word, columns, plan, seed) for word in TABLE_5_TARGETS),
        *(entry for run in runs for entry in coverage_of_run(dataset, run)),
    ]


def _trees(
    dataset: DataSet, word: str, features: tuple[str, ...], plan: str, seed: int
) -> dict[str, Any]:
    """Measure the trees of one target."""
    wanted = replace(experiment(f"{word}/features"), features=features)
    entry = {"experiment": wanted.name, "run": None, "target": wanted.target, "split": plan}
    if missing := missing_columns(dataset.samples, wanted.targets):
        return entry | {"status": f"not available: the data lack {', '.join(missing)}"}
    scored = evaluate_intervals(wanted, dataset.samples, plan, seed=seed)
    return entry | _measured(scored)


def _measured(scored: pd.DataFrame) -> dict[str, Any]:
    """Measure the test samples of one target."""
    return {"rows": measure_coverage(scored), "calibration": measure_calibration(scored)}


def coverage_of_run(dataset: DataSet, run: Run) -> list[dict[str, Any]]:
    """Measure each target of a finished run of a network or of profiles on this data set.

    Returns
    -------
    list of dict
        As of `coverage_table`; empty for other runs.
    """
    kept = is_profile(run) or run.config["method"] == "network"
    if run.state != "finished" or not run.is_of(dataset) or not kept:
        return []
    calibrations = run_calibrations(run)
    entry = {
        "experiment": run.config["experiment"],
        "run": run.name,
        "split": run.config["split"]["kind"],
    }
    if not calibrations:
        return [
            entry | {"target": target, "status": NOT_CALIBRATED} for target in run.config["targets"]
        ]
    predictions = run.predictions()
    scored = score_intervals(predictions[predictions["part"] == "test"], calibrations)
    scored = rearrange_limits(scored) if is_profile(run) else scored
    return [
        entry | {"target": str(target)} | _measured(rows)
        for target, rows in scored.groupby("target", sort=False)
    ]
