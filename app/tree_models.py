"""Boosted trees on a data set: trained in worker threads, kept for all sessions."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_app.workers import Job
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.boosting import BoostedTrees, fit_with_curves
from galmass_core.learning.experiments import (
    CATALOGUE_EQUIVALENTS,
    FEATURES,
    Experiment,
    default_features,
    missing_columns,
    true_values,
    usable_rows,
)
from galmass_core.learning.fitting import predict
from galmass_core.learning.importance import SEEDS, measure_importance
from galmass_core.learning.metrics import Estimate, measure_errors
from galmass_core.learning.out_of_distribution import TrainingDistance
from galmass_core.learning.splits import sibling_share, split_samples
from galmass_core.paper.tables import table_5
from galmass_core.quantities import TARGETS
from galmass_core.training.leakage import BOTH

SLOW_GALAXIES = 2000  # as many are drawn where a measure trains hundreds of models
QUICK_GALAXIES = 30_000  # as many are drawn where someone waits: thrice the paper's
SHAP_SAMPLES = 1000
RESAMPLES = 400  # of galaxies, for errors while someone waits
EXTRA_FEATURES = (
    *CATALOGUE_EQUIVALENTS.values(),
    "effective_radius",
    "effective_radius_image",
    "half_mass_radius",
)  # not in the paper
ALL_FEATURES = (*FEATURES, *EXTRA_FEATURES)
ALL_TARGETS = tuple(target.key for target in TARGETS.values() if target.table_5)


@dataclass(frozen=True, kw_only=True)
class FitRequest:
    """What to learn from what."""

    data: DataSet
    target: str
    features: tuple[str, ...]
    split: str = "galaxy"

    @property
    def experiment(self) -> Experiment:
        """As the core of galmass takes it."""
        return Experiment(
            name=f"{self.target} by chosen features",
            targets=(self.target,),
            method="trees",
            features=self.features,
        )


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A model and how it does on the test part."""

    request: FitRequest
    model: BoostedTrees
    # Of the test part: ``name``, ``los``, ``y_true`` and ``y_pred`` (decimal logarithms)
    predictions: pd.DataFrame
    curves: pd.DataFrame  # losses after each tree, as `boosting.fit_with_curves` gives them
    importance: pd.DataFrame  # ``gain`` [%] and ``shap`` [dex] by feature
    errors: dict[str, Estimate]  # as `metrics.measure_errors` gives them
    siblings: float  # share of the test samples whose galaxy is in training too
    left_out: dict[str, int]  # samples that could not be used, by reason


def resolve_request(
    data: DataSet, target: str, features: Collection[str], split: str
) -> FitRequest | None:
    """Return the request of a visitor, corrected where the data set lacks something.

    Parameters
    ----------
    target : str
        Column; the first that there is instead of one that there is not.
    features : collection of str
        Columns; those of Table 1 if none of them is there.

    Returns
    -------
    FitRequest or None
        None if there is nothing to learn, or nothing to learn from.
    """
    offered = (*ALL_FEATURES, *joined_features(data))
    lacking = why_missing(data, (*ALL_TARGETS, *offered))
    targets = [key for key in (target, *ALL_TARGETS) if key in ALL_TARGETS and key not in lacking]
    chosen = [key for key in offered if key in features and key not in lacking]
    chosen = chosen or default_features(data.samples)
    if not (targets and chosen):
        return None
    return FitRequest(data=data, target=targets[0], features=tuple(chosen), split=split)


def joined_features(data: DataSet) -> list[str]:
    """Return the columns of joined tables that can be learned from: numbers, true or false."""
    joined = data.samples[data.joined_columns].select_dtypes(["number", "bool", "boolean"])
    return [key for key in joined if key not in ALL_FEATURES and joined[key].notna().any()]


@lru_cache(maxsize=64)
def learn(request: FitRequest) -> Fit:
    """Train on one part of the galaxies and evaluate on the other.

    Raises
    ------
    ValueError
        If no usable sample is left to train or to test.
    """
    wanted = request.experiment
    samples, parts, left_out = _split(request)
    train, test = samples[parts == "train"], samples[parts == "test"]
    if train.empty or test.empty:
        msg = f"no galaxy with {wanted.target} and all features is left to train or to test"
        raise ValueError(msg)
    pairs = [
        (part[list(wanted.features)], true_values(part, wanted.target)) for part in (train, test)
    ]
    model, curves = fit_with_curves(*pairs[0], *pairs[1])
    predictions = predict(model, wanted.target, test, "test")
    delta = predictions["y_pred"] - predictions["y_true"]
    return Fit(
        request=request,
        model=model,
        predictions=predictions,
        curves=curves,
        importance=_quick_importance(model, test),
        errors=measure_errors(delta, predictions["name"], resamples=RESAMPLES),
        siblings=sibling_share(samples, parts),
        left_out=left_out,
    )


@lru_cache(maxsize=8)
def distance_to_learned(request: FitRequest) -> TrainingDistance:
    """Return distances to the galaxies that `learn` trains on."""
    samples, parts, _ = _split(request)
    return TrainingDistance.of(samples[parts == "train"], request.features, kind=request.split)


def _split(request: FitRequest) -> tuple[pd.DataFrame, NDArray[np.str_], dict[str, int]]:
    """Return the usable samples, their parts (n,), and how many others there are, by reason."""
    samples = drawn_samples(request.data, QUICK_GALAXIES)
    usable, left_out = usable_rows(samples, request.features, [request.target])
    return samples[usable], split_samples(samples, request.split)[usable], left_out


def _quick_importance(model: BoostedTrees, test: pd.DataFrame) -> pd.DataFrame:
    """Return what costs no further training; SHAP of some samples spread over all."""
    rows = np.unique(np.linspace(0, len(test) - 1, SHAP_SAMPLES).astype(int))
    shap = model.contributions(test.iloc[rows]).abs().mean()
    return pd.DataFrame({"gain": model.gain(), "shap": shap})


def measure(request: FitRequest, job: Job) -> pd.DataFrame:
    """Measure importance by permuting and leaving out, five times; stops when it is cancelled.

    Returns
    -------
    pandas.DataFrame
        As `importance.measure_importance` gives it.

    Raises
    ------
    CancelledError
        If the job was cancelled.
    ValueError
        If no usable sample is left.
    """
    rounds = []
    for seed in SEEDS:
        job.check(f"round {seed + 1} of {len(SEEDS)}")
        rounds.append(_measure_once(request, seed))
    values = pd.concat(
        one.drop(columns=one.columns[one.columns.str.endswith("_error")]) for one in rounds
    ).groupby(level=0)
    table = values.mean().join(values.std(ddof=0).drop(columns="cluster").add_suffix("_error"))
    return table.astype({"cluster": int}).sort_values("drop_cluster", ascending=False)


@lru_cache(maxsize=256)
def _measure_once(request: FitRequest, seed: int) -> pd.DataFrame:
    """Measure with one seed; kept, so that a cancelled measurement continues where it stopped."""
    samples = drawn_samples(request.data, SLOW_GALAXIES)
    return measure_importance(samples, request.experiment, seeds=[seed])


def drawn_samples(data: DataSet, most: int) -> pd.DataFrame:
    """Return the samples of all galaxies or, of more than ``most``, of as many drawn by chance."""
    if len(data.galaxy_names) <= most:
        return data.samples
    drawn = np.random.default_rng(0).choice(len(data.galaxy_names), most, replace=False)
    return data.samples[np.isin(data.galaxy_numbers, drawn)]


@lru_cache(maxsize=16)
def _both_splits(data: DataSet) -> list[dict[str, Any]]:
    """Return the rows of Table 5 of both splits."""
    return table_5(data, BOTH)


def table_five(data: DataSet, split: str) -> list[dict[str, Any]]:
    """Return our rows of Table 5, as `tables.table_5` gives them, with leakage on either split."""
    rows = _both_splits(data)
    return rows if split == "galaxy" else [row | row.get("paper_split", {}) for row in rows]


def why_missing(data: DataSet, keys: tuple[str, ...]) -> dict[str, str]:
    """Say of each column that a data set lacks why that is."""
    known = data.info.get("not_available", {})
    lacking = missing_columns(data.samples, keys)
    return {key: known.get(key, "this data set has no such column") for key in lacking}
