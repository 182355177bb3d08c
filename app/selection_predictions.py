"""A run's model -> predictions of the selected galaxies, beside the truth where it is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from galmass_app.comparison import RESAMPLES
from galmass_app.workers import spare_a_core
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.metrics import Estimate, measure_errors
from galmass_core.training.run_predictions import predict_run
from galmass_core.training.runs import Run

MOST = 2000  # galaxies at a time; the command line has no limit
LEARNED = "train"


@dataclass(frozen=True, kw_only=True, eq=False)
class SelectionPredictions:
    """Predictions of some galaxies by one run."""

    run: Run
    # As `run_predictions.predict_run` gives them, with ``part``: of the run's own split, or ``new``
    table: pd.DataFrame
    left_out: dict[str, int]  # samples by reason

    @property
    def judged(self) -> pd.DataFrame:
        """The rows with a true value that the model did not learn from."""
        known = self.table["y_true"].notna() & (self.table["part"] != LEARNED)
        return self.table[known]

    def errors(self, target: str) -> dict[str, Estimate]:
        """Measure the errors of a target; empty where nothing is judged."""
        rows = self.judged[self.judged["target"] == target]
        if rows.empty:
            return {}
        return measure_errors(rows["y_pred"] - rows["y_true"], rows["name"], resamples=RESAMPLES)


def predict_galaxies(run: Run, data: DataSet, names: Sequence[str]) -> SelectionPredictions:
    """Predict all samples of some galaxies.

    Raises
    ------
    ValueError
        If there are too many, or as of `run_predictions.predict_run`.
    """
    if len(names) > MOST:
        msg = f"galaxies to predict on a page must be {MOST:,} at most, got {len(names):,}"
        raise ValueError(msg)
    if run.config["method"] == "network":
        spare_a_core()
    table, left_out = predict_run(run, data, data.are_of(names))
    return SelectionPredictions(run=run, table=_with_parts(table, run, data), left_out=left_out)


def _with_parts(table: pd.DataFrame, run: Run, data: DataSet) -> pd.DataFrame:
    """Say of each sample which part of the run's split it was in, if the run learned from these."""
    if not run.is_of(data):
        return table
    known = run.predictions()[["name", "los", "target", "part"]]
    merged = table.drop(columns="part").merge(known, on=["name", "los", "target"], how="left")
    parts = merged["part"].fillna(LEARNED)  # no file lists the training set of a network
    return table.assign(part=np.asarray(parts, dtype=object))
