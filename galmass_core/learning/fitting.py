"""Train models of an experiment on samples and predict, in memory; `model_runs` saves them."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.learning.baselines import fit_power_law, fit_ridge, fit_virial
from galmass_core.learning.boosting import BoostingConfig, TrainingInputs
from galmass_core.learning.experiments import (
    Experiment,
    require_columns,
    true_values,
    usable_rows,
)
from galmass_core.learning.metrics import measure_errors
from galmass_core.learning.splits import (
    fold_samples,
    split_samples,
)


class Model(Protocol):
    """Interface of trained models."""

    @property
    def features(self) -> tuple[str, ...]:
        """Input columns."""

    def predict(self, samples: pd.DataFrame) -> NDArray:
        """Predict the decimal logarithm of the target of each row, (n,)."""

    def save(self, folder: Path) -> None:
        """Write the model into a run's folder."""


@dataclass(frozen=True)
class Outcome:
    """Trained models and their predictions of other galaxies.

    Attributes
    ----------
    models : tuple of Model
        One, or one for each fold.
    predictions : pandas.DataFrame
        Of the test samples, with the columns of `runs.Run.predictions`.
    left_out : dict of str to int
        Number of unusable samples, by reason.
    n_train : int
        Number of training samples; of several models, their mean.
    """

    models: tuple[Model, ...]
    predictions: pd.DataFrame
    left_out: dict[str, int]
    n_train: int


def fit(wanted: Experiment, samples: pd.DataFrame, *, seed: int = 0) -> Model:
    """Train a model on all samples.

    Parameters
    ----------
    wanted : Experiment
        The table must have its columns.
    samples : pandas.DataFrame
        Rows that can be used (`experiments.usable_rows`).
    seed : int

    Returns
    -------
    Model
    """
    (model,) = _fit_each([wanted], samples, seed)
    return model


def _fit_each(wanted: Sequence[Experiment], samples: pd.DataFrame, seed: int) -> list[Model]:
    """Train a model of each of some experiments that differ in their target only."""
    inputs = samples[list(wanted[0].features)]
    targets = [true_values(samples, each.target) for each in wanted]
    if wanted[0].method == "trees":
        binned = TrainingInputs(inputs, BoostingConfig(seed=seed))
        return [binned.fit(target) for target in targets]
    fits = {"power-law": fit_power_law, "virial": fit_virial, "ridge": fit_ridge}
    return [fits[wanted[0].method](inputs, target) for target in targets]


def evaluate(
    wanted: Experiment,
    samples: pd.DataFrame,
    plan: str = "galaxy",
    *,
    seed: int = 0,
    needed: Sequence[str] = (),
) -> Outcome:
    """Train on some galaxies and predict others.

    Parameters
    ----------
    wanted : Experiment
    samples : pandas.DataFrame
    plan : str
        ``galaxy`` or ``paper`` (see `splits.split_samples`), or ``folds``: every galaxy is
        predicted once by a model that was trained on four fifths of the others.
    seed : int
    needed : sequence of str
        Other columns of true values that samples must have, so that several experiments use the
        same samples.

    Returns
    -------
    Outcome

    Raises
    ------
    ValueError
        If ``plan`` is unknown, a column is missing, or no usable sample is left to train or to
        test.
    """
    (outcome,) = evaluate_alike([wanted], samples, plan, seed=seed, needed=needed)
    return outcome


def evaluate_alike(
    wanted: Sequence[Experiment],
    samples: pd.DataFrame,
    plan: str = "galaxy",
    *,
    seed: int = 0,
    needed: Sequence[str] = (),
) -> list[Outcome]:
    """Evaluate experiments that differ in their target only, all on the same samples.

    Their inputs are prepared once; arguments and errors as of `evaluate`.
    """
    truths = [each.target for each in wanted]
    left_out = []
    for each in wanted:
        require_columns(each, samples)
        order = list(dict.fromkeys((each.target, *needed, *truths)))  # its own reason first
        usable, lost = usable_rows(samples, each.features, order)
        left_out.append(lost)
    sizes: list[int] = []
    models: list[list[Model]] = [[] for _ in wanted]
    predictions: list[list[pd.DataFrame]] = [[] for _ in wanted]
    for train, test in rounds(wanted[0], samples, usable, plan, seed):
        sizes.append(len(train))
        for number, model in enumerate(_fit_each(wanted, train, seed)):
            models[number].append(model)
            predictions[number].append(predict(model, truths[number], test, "test"))
    n_train = round(float(np.mean(sizes)))
    return [
        Outcome(tuple(own), pd.concat(tables, ignore_index=True), lost, n_train)
        for own, tables, lost in zip(models, predictions, left_out, strict=True)
    ]


def predict(model: Model, target: str, samples: pd.DataFrame, parts: str | NDArray) -> pd.DataFrame:
    """Return predictions with true values, with the columns of `runs.Run.predictions`.

    Parameters
    ----------
    model : Model
    target : str
        Column of true values; where the table lacks it, ``y_true`` is NaN.
    samples : pandas.DataFrame
        Rows that can be used.
    parts : str, or (n,) str
        Of the split that each sample belongs to.

    Returns
    -------
    pandas.DataFrame
    """
    return beside_truth(samples, target, model.predict(samples), parts)


def beside_truth(
    samples: pd.DataFrame, target: str, predicted: NDArray, parts: str | NDArray
) -> pd.DataFrame:
    """Return predicted beside true values; arguments as of `predict`, predictions (n,)."""
    known = target in samples.columns
    columns = {
        "part": parts,
        "target": target,
        "y_true": true_values(samples, target) if known else np.nan,
        "y_pred": predicted,
    }
    return samples[["name", "los"]].assign(**columns).reset_index(drop=True)


def score(predictions: pd.DataFrame) -> dict[str, Any]:
    """Measure the errors of predictions, for JSON.

    Returns
    -------
    dict
        ``n``, ``n_galaxies`` and each of `metrics.STATISTICS` as ``value``, ``low``, ``high``.
    """
    delta = predictions["y_pred"] - predictions["y_true"]
    errors = measure_errors(delta, predictions["name"])
    counts = {"n": len(predictions), "n_galaxies": int(predictions["name"].nunique())}
    return counts | {name: asdict(estimate) for name, estimate in errors.items()}


def rounds(
    wanted: Experiment, samples: pd.DataFrame, usable: NDArray[np.bool_], plan: str, seed: int
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Yield the usable samples of the training and of the test set in each round of a plan.

    Parameters
    ----------
    wanted : Experiment
        Named in the error.
    samples : pandas.DataFrame
    usable : (n,) bool
    plan : str
        One of `splits.PLANS`.
    seed : int

    Raises
    ------
    ValueError
        If ``plan`` is unknown, or a set is empty.
    """
    for train, test in _masks(samples, plan, seed):
        check_parts(wanted, train & usable, test & usable)
        yield samples[train & usable], samples[test & usable]


def _masks(
    samples: pd.DataFrame, plan: str, seed: int
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Yield the masks of training and test sets, (n,) each, in each round of a plan."""
    if plan == "folds":
        fold = fold_samples(samples, seed=seed)
        yield from ((fold != number, fold == number) for number in range(fold.max() + 1))
    else:
        parts = split_samples(samples, plan, seed=seed)
        yield parts == "train", parts == "test"


def check_parts(wanted: Experiment, train: NDArray, test: NDArray) -> None:
    """Check that training and test sets are not empty.

    Parameters
    ----------
    wanted : Experiment
    train, test : (n,) bool
        Which samples are in which part.

    Raises
    ------
    ValueError
        If a part is empty.
    """
    if not (train.any() and test.any()):
        msg = (
            f"{wanted.name} needs usable samples to train and to test, "
            f"got {train.sum()} and {test.sum()}"
        )
        raise ValueError(msg)
