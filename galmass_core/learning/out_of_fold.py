"""Predict each galaxy of a training set by a model that was trained on the others.

What trees and formulas have in place of a validation set: their errors on it calibrate intervals.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.learning.boosting import BoostedTrees, BoostingConfig, fit_boosting
from galmass_core.learning.coverage import score_intervals
from galmass_core.learning.experiments import Experiment, require_columns, usable_rows
from galmass_core.learning.fitting import Model, beside_truth, fit, predict, rounds
from galmass_core.learning.intervals import SCALE, calibrate
from galmass_core.learning.out_of_distribution import OOD, TrainingDistance
from galmass_core.learning.splits import fold_samples

SCALE_MODEL = "scale.txt"  # of a run
_FOLDS = 10  # models of 9 / 10 of the galaxies err hardly more than that of all
_PREDICTED = "y_pred"
_FLOOR = 0.1  # medians of the errors' sizes, added before the logarithm
_FEWER_STEPS = {"num_boost_round": 50, "min_data_in_leaf": 60}  # sizes of errors are noisy


@dataclass(frozen=True)
class ErrorScale:
    """Typical size of a prediction's error, from the features and the prediction (heteroscedastic).

    Attributes
    ----------
    trees : BoostedTrees
        Of the logarithm of the size of errors.
    """

    trees: BoostedTrees

    def of(self, samples: pd.DataFrame, predicted: NDArray) -> NDArray:
        """Return the scale of the error of each prediction, (n,), dex."""
        return np.exp(self.trees.predict(samples.assign(**{_PREDICTED: predicted})))

    def save(self, folder: Path, name: str = SCALE_MODEL) -> None:
        """Write it into a run's folder."""
        self.trees.save(folder, name)

    @classmethod
    def load(cls, folder: Path, name: str = SCALE_MODEL) -> "ErrorScale | None":
        """Load it from a run's folder; None if the run has none."""
        return cls(BoostedTrees.load(folder, name)) if (folder / name).exists() else None


def predict_out_of_fold(
    wanted: Experiment,
    samples: pd.DataFrame,
    train: Callable[[pd.DataFrame], Model],
    *,
    kind: str = "galaxy",
    seed: int = 0,
) -> tuple[pd.DataFrame, ErrorScale | None]:
    """Predict each sample of a training set by a model of the others, in ten folds.

    Parameters
    ----------
    wanted : Experiment
    samples : pandas.DataFrame
        The training set.
    train : callable
        Trains a model on some samples.
    kind : str
        ``galaxy``: all lines of sight of a galaxy are predicted by a model that saw none of them.
        ``paper``: every sample on its own, as the test set of the paper's split.
    seed : int
        Of the folds.

    Returns
    -------
    pandas.DataFrame
        With the columns of `runs.Run.predictions`; ``part`` is ``calibration``. Of trees also
        ``scale``: the size of the error that is expected without this galaxy's.
    ErrorScale or None
        Trained on all these errors; None of formulas, whose errors have one scale.

    Raises
    ------
    ValueError
        If there are fewer than two galaxies, or samples.
    """
    predicted, folds = np.empty(len(samples)), list(calibration_folds(samples, kind, seed))
    for inside in folds:
        predicted[inside] = train(samples[~inside]).predict(samples[inside])
    table = beside_truth(samples, wanted.target, predicted, "calibration")
    if wanted.method != "trees":
        return table, None
    sizes = np.abs(table["y_true"].to_numpy() - predicted)
    scale, whole = fit_scale(samples[list(wanted.features)], predicted, sizes, folds)
    return table.assign(**{SCALE: scale}), whole


def fit_scale(
    inputs: pd.DataFrame, predicted: NDArray, sizes: NDArray, folds: Sequence[NDArray[np.bool_]]
) -> tuple[NDArray, ErrorScale]:
    """Learn the size of errors of predictions out of fold.

    Parameters
    ----------
    inputs : pandas.DataFrame
        (n, F): a column per feature.
    predicted : (n,) float
        Decimal logarithms.
    sizes : (n,) float
        Absolute errors, in any unit; NaN where they are not known.
    folds : sequence of (n,) bool
        Of `calibration_folds`.

    Returns
    -------
    (n,) float
        The scale of each sample, learned from the other folds, in the unit of the sizes.
    ErrorScale
        Learned from all samples.
    """
    columns, scale = inputs.assign(**{_PREDICTED: predicted}), np.empty(len(inputs))
    for inside in folds:
        others = _fit_scale(columns[~inside], sizes[~inside])
        scale[inside] = others.of(inputs[inside], predicted[inside])
    return scale, _fit_scale(columns, sizes)


def calibration_folds(samples: pd.DataFrame, kind: str, seed: int) -> Iterator[NDArray[np.bool_]]:
    """Yield which samples are in each of ten folds, (n,); arguments as of `predict_out_of_fold`."""
    units = samples["name"].nunique() if kind == "galaxy" else len(samples)
    count = min(_FOLDS, units)
    fold = fold_samples(samples, count, kind=kind, seed=seed)
    yield from (fold == number for number in range(count))


def with_scale(
    predictions: pd.DataFrame, scale: ErrorScale | None, samples: pd.DataFrame
) -> pd.DataFrame:
    """Add the scale of their errors to predictions of some samples, row by row, if there is one."""
    if scale is None:
        return predictions
    sizes = scale.of(samples, predictions["y_pred"].to_numpy())
    return predictions.assign(**{SCALE: sizes})


def _fit_scale(inputs: pd.DataFrame, sizes: NDArray) -> ErrorScale:
    """Train trees on the sizes of errors that are known."""
    known = np.isfinite(sizes)
    floor = max(_FLOOR * np.median(sizes[known]), np.finfo(float).tiny)
    config = BoostingConfig(**_FEWER_STEPS)
    return ErrorScale(fit_boosting(inputs[known], np.log(sizes[known] + floor), config))


def evaluate_intervals(
    wanted: Experiment, samples: pd.DataFrame, plan: str = "galaxy", *, seed: int = 0
) -> pd.DataFrame:
    """Train and calibrate on some galaxies; predict others with intervals.

    Parameters
    ----------
    wanted : Experiment
        On columns.
    samples : pandas.DataFrame
    plan : str
        As in `fitting.evaluate`; with ``folds`` every galaxy is predicted once, by a model that
        was trained and calibrated on others (cross-conformal).
    seed : int

    Returns
    -------
    pandas.DataFrame
        The test samples, as of `coverage.score_intervals`, with ``ood_percentile``
        (`out_of_distribution.TrainingDistance`).

    Raises
    ------
    ValueError
        As in `fitting.evaluate`.
    """
    require_columns(wanted, samples)
    usable, _ = usable_rows(samples, wanted.features, wanted.targets)
    kind = "paper" if plan == "paper" else "galaxy"
    scored = []
    fitted = partial(fit, wanted, seed=seed)
    for known, new in rounds(wanted, samples, usable, plan, seed):
        errors, scale = predict_out_of_fold(wanted, known, fitted, kind=kind, seed=seed)
        predictions = predict(fitted(known), wanted.target, new, "test")
        predictions = with_scale(predictions, scale, new)
        predictions = score_intervals(predictions, {wanted.target: calibrate(errors)})
        unusual = np.full(len(new), np.nan)  # of a constant
        if wanted.features:
            unusual = TrainingDistance.of(known, wanted.features, kind=kind).percentiles(new)
        scored.append(predictions.assign(**{OOD: unusual}))
    return pd.concat(scored, ignore_index=True)
