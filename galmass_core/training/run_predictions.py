"""Load the model of a run, and predict data sets with it, with intervals."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.baselines import LinearModel
from galmass_core.learning.boosting import BoostedTrees
from galmass_core.learning.experiments import missing_columns, usable_rows
from galmass_core.learning.fitting import Model, predict
from galmass_core.learning.intervals import Calibration, calibrate, with_intervals
from galmass_core.learning.mass_profiles import rearrange_limits, true_profiles
from galmass_core.learning.out_of_fold import ErrorScale, with_scale
from galmass_core.training.profile_runs import ProfileModel, is_profile
from galmass_core.training.run_files import CONFIG
from galmass_core.training.runs import Run
from galmass_core.training.training_sets import training_distance, with_training_distance

if TYPE_CHECKING:
    from galmass_core.training.network_model import NetworkModel


def load_model(run: Run) -> "Model | NetworkModel":
    """Load a run's model from its folder alone; its files must be as they were written.

    Raises
    ------
    ValueError
        If a file of the model is missing, damaged or of another model.
    """
    run.check_model()
    if "maps" in run.config:
        from galmass_core.training.network_model import NetworkModel

        return NetworkModel.load(run.path, run.config)
    return _load_table_model(run)


def _load_table_model(run: Run) -> Model:
    """Load trees or a formula."""
    kind = BoostedTrees if run.config["method"] == "trees" else LinearModel
    model = kind.load(run.path)
    if "features" in run.config and list(model.features) != run.config["features"]:
        wanted, found = (", ".join(each) for each in (run.config["features"], model.features))
        msg = f"{run.path}: the model's features must be {wanted}, as in {CONFIG}, got {found}"
        raise ValueError(msg)
    return model


def predict_run(
    run: Run, dataset: DataSet, among: NDArray[np.bool_] | None = None
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Predict a data set with a run's model.

    Parameters
    ----------
    run : Run
    dataset : DataSet
    among : (n,) bool, optional
        Which samples to predict; all by default.

    Returns
    -------
    pandas.DataFrame
        With the columns of `runs.Run.predictions`, of `intervals.with_intervals` and of
        `training_sets.with_training_distance`; ``part`` is ``new``.
    dict of str to int
        Number of samples that could not be predicted, by reason.

    Raises
    ------
    ValueError
        If the run is not finished, or the data set lacks columns or maps that the model needs, or
        has maps of another frame.
    """
    if run.state != "finished":
        msg = f"run {run.name} must be finished to predict, but it is {run.state}"
        raise ValueError(msg)
    run.check_frame(dataset)
    samples = dataset.samples
    if is_profile(run):
        profiles = ProfileModel.load(run)
        usable, left_out = predictable_rows(run, samples, profiles.features, among)
        table = profiles.predict(dataset, usable, true_profiles(dataset))
        return with_training_distance(table, samples, training_distance(run, dataset)), left_out
    run.check_model()
    if run.config["method"] == "network":
        from galmass_core.training.network_model import NetworkModel, predictions_table

        network = NetworkModel.load(run.path, run.config)
        usable, left_out = predictable_rows(run, samples, network.features, among)
        rows = np.flatnonzero(usable)
        outputs_BT = network.predict(dataset, rows)
        table = predictions_table(samples, rows, "new", network.targets, outputs_BT)
        return _qualified(table, run, dataset), left_out
    model = _load_table_model(run)
    usable, left_out = predictable_rows(run, samples, model.features, among)
    table = predict(model, run.config["targets"][0], samples[usable], "new")
    table = with_scale(table, ErrorScale.load(run.path), samples[usable])
    return _qualified(table, run, dataset), left_out


def _qualified(table: pd.DataFrame, run: Run, dataset: DataSet) -> pd.DataFrame:
    """Add to predictions of a data set what may be expected of them."""
    table = with_intervals(table, run_calibrations(run))
    return with_training_distance(table, dataset.samples, training_distance(run, dataset))


def predictable_rows(
    run: Run,
    samples: pd.DataFrame,
    features: Sequence[str],
    among: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Return which samples a model can predict, and the reasons for the others.

    Parameters
    ----------
    run : Run
    samples : pandas.DataFrame
    features : sequence of str
        Columns that its model needs, beside its maps.
    among : (N,) bool, optional
        Samples that are asked for; the others are not predicted, for no reason.

    Returns
    -------
    (N,) bool
    dict of str to int
        As `usable_rows` returns them.

    Raises
    ------
    ValueError
        If the data set lacks a column that the model needs.
    """
    if missing := missing_columns(samples, features):
        msg = f"run {run.name} needs columns that the data set lacks: {', '.join(missing)}"
        raise ValueError(msg)
    wanted = np.ones(len(samples), dtype=bool) if among is None else among.copy()
    maps = run.config.get("maps", ())
    wanted[wanted], left_out = usable_rows(samples[wanted], features, maps=maps)
    return wanted, left_out


def require_predictable(run: Run, samples: pd.DataFrame, features: Sequence[str], row: int) -> None:
    """Refuse the sample of a row that a model cannot predict.

    Other parameters are as of `predictable_rows`.

    Raises
    ------
    ValueError
        Naming the reason.
    """
    _, left_out = predictable_rows(run, samples, features, np.arange(len(samples)) == row)
    if left_out:
        msg = f"{run.name} cannot predict this galaxy: {next(iter(left_out))}"
        raise ValueError(msg)


def run_calibrations(run: Run) -> dict[str, Calibration]:
    """Return the distribution of errors of each target of a finished run.

    Networks are calibrated on the validation set, which also chose the epoch; trees and formulas on
    predictions of the training set by models of the other galaxies.

    Returns
    -------
    dict of str to Calibration
        By target; empty for trees that were trained before galmass calibrated them.
    """
    errors = run.calibration()
    return {str(key): calibrate(rows) for key, rows in errors.groupby("target", sort=False)}


def calibrated_predictions(run: Run) -> pd.DataFrame:
    """Return the predictions of a finished run with the limits of their intervals.

    Returns
    -------
    pandas.DataFrame
        With the columns of `runs.Run.predictions` and of `intervals.with_intervals`, without the
        training set, whose errors are smaller than those of other galaxies.
    """
    predictions = run.predictions()
    new = predictions[predictions["part"] != "train"]
    table = with_intervals(new, run_calibrations(run))
    return rearrange_limits(table) if is_profile(run) else table
