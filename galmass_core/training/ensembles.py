"""Predict with the mean of the trainings of a group: an ensemble."""

from collections.abc import Sequence

import pandas as pd

from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.intervals import calibrate, with_intervals
from galmass_core.training.run_predictions import predict_run
from galmass_core.training.runs import Run

_SAMPLE = ["name", "los", "target"]


def mean_predictions(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the mean of the predictions of several trainings.

    Parameters
    ----------
    tables : sequence of pandas.DataFrame
        With the columns of `runs.Run.predictions`, of the same samples.

    Returns
    -------
    pandas.DataFrame
        The first table with the mean ``y_pred``.

    Raises
    ------
    ValueError
        If they are not of the same samples.
    """
    first, total = tables[0], tables[0]["y_pred"].to_numpy(float)
    for table in tables[1:]:
        other = first[_SAMPLE].merge(table, on=_SAMPLE, how="left", validate="one_to_one")
        if len(table) != len(first) or other["y_pred"].isna().any():
            msg = "all trainings of an ensemble must predict the same samples, but they differ"
            raise ValueError(msg)
        total = total + other["y_pred"].to_numpy(float)
    return first.assign(y_pred=total / len(tables))


def predict_ensemble(runs: Sequence[Run], dataset: DataSet) -> tuple[pd.DataFrame, dict[str, int]]:
    """Predict a data set with the mean of several trainings of a network.

    Parameters
    ----------
    runs : sequence of Run
        Of one group, as `groups.group_of` returns it.
    dataset : DataSet

    Returns
    -------
    pandas.DataFrame
        As of `run_predictions.predict_run`; intervals are calibrated on the mean's own errors.
    dict of str to int
        Number of samples that could not be predicted, by reason.

    Raises
    ------
    ValueError
        If a run is not finished or no network, or the data set lacks what they need.
    """
    if other := [run.name for run in runs if run.config["method"] != "network"]:
        msg = f"run {other[0]} must be a network to be in an ensemble: other methods draw nothing"
        raise ValueError(msg)
    predictions = [predict_run(run, dataset) for run in runs]
    mean = mean_predictions([table for table, _ in predictions])
    errors = mean_predictions([run.calibration() for run in runs])
    groups = errors.groupby("target", sort=False)
    calibrations = {str(target): calibrate(rows) for target, rows in groups}
    return with_intervals(mean, calibrations), predictions[0][1]
