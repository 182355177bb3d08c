"""Measure feature importance in five ways, compared with pure noise.

Gain, the paper's measure, is divided arbitrarily among correlated features, and is not zero for
noise. The importance of a feature shows when it is permuted or removed together with all correlated
features (Hooker, Mentch & Zhou 2021, Stat. Comput. 31, 82).
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.learning.boosting import BoostedTrees, BoostingConfig, fit_boosting
from galmass_core.learning.correlations import cluster_columns
from galmass_core.learning.experiments import Experiment, require_columns, true_values, usable_rows
from galmass_core.learning.splits import split_samples

NOISE = ("noise_1", "noise_2")  # columns of random numbers, the threshold of importance
SEEDS = (0, 1, 2, 3, 4)
_SHUFFLES = 4  # of each cluster and seed: 20 with five seeds


def measure_importance(
    samples: pd.DataFrame, wanted: Experiment, *, seeds: Sequence[int] = SEEDS
) -> pd.DataFrame:
    """Measure how much each feature matters to a model of boosted trees.

    Each seed draws its own split by galaxy, noise columns and shuffles.

    Parameters
    ----------
    samples : pandas.DataFrame
    wanted : Experiment
        Of the method ``trees``.
    seeds : sequence of int

    Returns
    -------
    pandas.DataFrame
        One row per feature and noise column, the largest ``drop_cluster`` first: ``cluster``
        (features of one number are correlated, see `correlations.cluster_columns`); mean over
        the seeds of ``gain`` [% of the loss reduction], ``shap`` [dex, mean abs(SHAP) on the
        test part], ``permutation`` [dex by which the test scatter grows when the cluster's
        columns are shuffled together], ``drop_column`` and ``drop_cluster`` [dex by which it
        grows when a model is trained without the column, or its cluster]; and the standard
        deviation of each between seeds as ``gain_error`` and so on.

    Raises
    ------
    ValueError
        If the experiment is not one of trees, or the table lacks a column.
    """
    if wanted.method != "trees":
        msg = f"importance is measured of boosted trees, but {wanted.name} is {wanted.method}"
        raise ValueError(msg)
    require_columns(wanted, samples)
    usable, _ = usable_rows(samples, wanted.features, [wanted.target])
    clusters = cluster_columns(samples[usable], wanted.features)
    for name in NOISE:
        clusters[name] = len(clusters) + len(NOISE)  # its own number
    per_seed = [_measure_once(samples, usable, wanted, clusters, seed) for seed in seeds]
    stacked = pd.concat(per_seed).groupby(level=0, sort=False)
    table = stacked.mean().join(stacked.std(ddof=0).add_suffix("_error"))
    table.insert(0, "cluster", clusters)
    return table.rename_axis("feature").sort_values("drop_cluster", ascending=False)


def _measure_once(
    samples: pd.DataFrame, usable: NDArray, wanted: Experiment, clusters: pd.Series, seed: int
) -> pd.DataFrame:
    """Return all measures, (F, 5), for one split, its noise and its shuffles."""
    generator = np.random.default_rng([*b"noise", seed])  # a stream independent of the data
    noise = {name: generator.normal(size=len(samples)) for name in NOISE}
    parts = split_samples(samples, seed=seed)[usable]
    noisy = samples[usable].assign(**{name: column[usable] for name, column in noise.items()})
    train, test = noisy[parts == "train"], noisy[parts == "test"]
    wanted = replace(wanted, features=tuple(clusters.index))
    model = _fit(wanted, train, seed)
    scatter = _scatter(model, wanted, test)

    @cache  # a cluster of one is its column
    def loss_without(columns: tuple[str, ...]) -> float:
        rest = replace(wanted, features=tuple(key for key in wanted.features if key not in columns))
        return _scatter(_fit(rest, train, seed), rest, test) - scatter

    members = {key: tuple(clusters.index[clusters == clusters[key]]) for key in clusters.index}
    shuffled = {
        group: _shuffled_scatter(model, wanted, test, group, generator) - scatter
        for group in dict.fromkeys(members.values())
    }
    columns = {
        "gain": model.gain(),
        "shap": model.contributions(test).abs().mean(),
        "permutation": {key: shuffled[group] for key, group in members.items()},
        "drop_column": {key: loss_without((key,)) for key in members},
        "drop_cluster": {key: loss_without(group) for key, group in members.items()},
    }
    return pd.DataFrame(columns, index=clusters.index)


def _fit(wanted: Experiment, train: pd.DataFrame, seed: int) -> BoostedTrees:
    """Train boosted trees."""
    inputs = train[list(wanted.features)]
    return fit_boosting(inputs, true_values(train, wanted.target), BoostingConfig(seed=seed))


def _scatter(model: BoostedTrees, wanted: Experiment, test: pd.DataFrame) -> float:
    """Return the standard deviation of the errors [dex]."""
    return float(np.std(model.predict(test) - true_values(test, wanted.target)))


def _shuffled_scatter(
    model: BoostedTrees,
    wanted: Experiment,
    test: pd.DataFrame,
    columns: tuple[str, ...],
    generator: np.random.Generator,
) -> float:
    """Return the scatter [dex] after joint permutation of some columns between galaxies."""
    scatters = []
    for _ in range(_SHUFFLES):
        order = generator.permutation(len(test))
        spoiled = {key: test[key].to_numpy()[order] for key in columns}
        scatters.append(_scatter(model, wanted, test.assign(**spoiled)))
    return float(np.mean(scatters))
