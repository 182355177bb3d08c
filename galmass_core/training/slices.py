"""Measure where the predictions of a run, or of trees on a data set, fail."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import default_features, experiment
from galmass_core.learning.intervals import with_intervals
from galmass_core.learning.mass_profiles import rearrange_limits
from galmass_core.learning.out_of_fold import evaluate_intervals
from galmass_core.learning.slices import measure_slices
from galmass_core.training.pairing import UNSEEN, predictions_on
from galmass_core.training.profile_runs import is_profile
from galmass_core.training.run_predictions import predict_run, run_calibrations
from galmass_core.training.runs import Run
from galmass_core.training.training_sets import training_distance, with_training_distance


def slices_of_run(run: Run, dataset: DataSet) -> list[dict[str, Any]]:
    """Measure the slices of a run's predictions for a data set.

    Parameters
    ----------
    run : Run
    dataset : DataSet

    Returns
    -------
    list of dict
        For each target: ``experiment``, ``run``, ``target``, ``split``, ``rows`` and ``left_out``,
        as of `slices.Slices`.

    Raises
    ------
    ValueError
        If the run is not finished, or no sample has a prediction and a true value.
    """
    tested = unseen_predictions(run, dataset)
    if tested.empty:
        msg = f"{dataset.path.name} must have samples with a true value that run {run.name} "
        raise ValueError(msg + "predicts and was not trained on, got none")
    entry = {"experiment": run.config["experiment"], "run": run.name}
    entry |= {"split": run.config["split"]["kind"]}
    return [_entry(entry, rows, dataset) for _, rows in tested.groupby("target", sort=False)]


def unseen_predictions(run: Run, dataset: DataSet) -> pd.DataFrame:
    """Return predictions of a run for samples of a data set that it was not trained on.

    Parameters
    ----------
    run : Run
    dataset : DataSet
        Of the run, or another: then all its samples are predicted.

    Returns
    -------
    pandas.DataFrame
        Those with a true value, with the columns of `run_predictions.predict_run`.

    Raises
    ------
    ValueError
        As in `run_predictions.predict_run`.
    """
    if run.is_of(dataset):
        tested = run.predictions()
        tested = tested[tested["part"].isin(UNSEEN) & tested["y_true"].notna()]
    else:
        tested = predictions_on(run, dataset)
        if tested.empty:
            predictions, _ = predict_run(run, dataset)
            return predictions[predictions["y_true"].notna()]
    tested = with_intervals(tested, run_calibrations(run))
    tested = rearrange_limits(tested) if is_profile(run) else tested
    return with_training_distance(tested, dataset.samples, training_distance(run, dataset))


def slices_of_trees(
    dataset: DataSet,
    name: str,
    plan: str = "galaxy",
    *,
    features: Sequence[str] | None = None,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Train an experiment on columns and measure the slices of its predictions.

    Parameters
    ----------
    dataset : DataSet
    name : str
        Of an experiment that learns from columns, such as ``mstar/features``.
    plan : str
        ``galaxy``, ``paper`` or ``folds`` (see `fitting.evaluate`).
    features : sequence of str, optional
        Columns to learn from; by default those of the experiment, and of ``features`` those of
        Table 1 that the table has.
    seed : int

    Returns
    -------
    list of dict
        As of `slices_of_run`, with one entry; ``run`` is None.

    Raises
    ------
    ValueError
        If the experiment is a network's, a column is missing, or ``plan`` is unknown.
    """
    wanted = experiment(name)
    if wanted.method == "network":
        msg = f"experiment must learn from columns, got {name}; train it, and give its run"
        raise ValueError(msg)
    if features is None and name.endswith("/features"):
        features = default_features(dataset.samples)
    if features is not None:
        wanted = replace(wanted, features=tuple(features))
    scored = evaluate_intervals(wanted, dataset.samples, plan, seed=seed)
    return [_entry({"experiment": name, "run": None, "split": plan}, scored, dataset)]


def _entry(entry: dict[str, Any], rows: pd.DataFrame, dataset: DataSet) -> dict[str, Any]:
    """Measure the slices of one target."""
    slices = measure_slices(rows, dataset.samples, reasons=dataset.info.get("not_available"))
    target = str(rows["target"].iloc[0])
    return entry | {"target": target, "rows": slices.rows, "left_out": slices.left_out}
