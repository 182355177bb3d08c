"""Compare groups of trainings: a hierarchical bootstrap over galaxies and trainings.

A group is K trainings that differ in the training seed only; its σ is the mean of theirs. Two
things make it uncertain: the choice of test galaxies, and the noise of training. With σ_k* the
scatter of training k for a draw * of galaxies, which is the same for all trainings,

    V_galaxies = variance of the mean over k of σ_k*
    V_training = max(0, variance over k of σ_k - I)
    I = sum over k of the variance of (σ_k* - mean over k of σ_k*), over K - 1

where variances over k have the denominator K - 1. I is what σ_k differ by because test galaxies
are few; without it that part would count twice (components of variance: Searle, Casella &
McCulloch 1992, Variance Components, Sec. 3; for bootstraps Owen 2007, Annals of Applied Statistics
1, 386). The difference of two groups has draws of galaxies, common to both, plus normal draws of
variance V_training / K for each: K is too small to resample trainings (Davison & Hinkley 1997,
Bootstrap Methods and their Application, Sec. 3.8). Quantiles are then stretched about the
difference by t_ν / z, Student's over the normal quantile, with ν of Welch (1947, Biometrika 34,
28), where s² is the variance over k of σ_k, with K - 1 degrees of freedom:

    ν = (V_galaxies + sum of V_training / K)² / sum of (s² / K)² / (K - 1)

but no less than the least K - 1, as Welch's is; galaxies that cancel in the difference, but not in
s², would make it less.

Where nothing is known about the noise of training, the interval has the galaxies alone, and no
verdict may be based on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.learning.metrics import (
    Estimate,
    draw_galaxies,
    finite_errors,
    galaxy_moments,
    measure_errors,
    number_galaxies,
    spread_of,
)
from galmass_core.quantities import with_minus

_SHARES = (0.025, 0.16, 0.84, 0.975)


@dataclass(frozen=True)
class TrainingNoise:
    """How much σ differs from training to training.

    Attributes
    ----------
    variance : float, dex²
        Without the part that comes from few test galaxies; at least 0.
    observed : float, dex²
        With that part.
    freedom : float
        Degrees of freedom with which it is known.
    """

    variance: float
    observed: float
    freedom: float


NO_NOISE = TrainingNoise(0.0, 0.0, np.inf)  # of methods that draw nothing in training


@dataclass(frozen=True)
class GroupErrors:
    """Errors of a group of trainings on their common test samples.

    Attributes
    ----------
    errors : dict of Estimate
        As of `metrics.measure_errors`, with the test-sampling error. ``std`` is the mean of the
        trainings'; the others are of all their predictions together.
    scatters : tuple of float, dex
        σ of each training.
    noise : TrainingNoise or None
        None of a single training.
    """

    errors: dict[str, Estimate]
    scatters: tuple[float, ...]
    noise: TrainingNoise | None

    @property
    def spread(self) -> float | None:
        """Standard deviation of σ between the trainings, dex; None of a single one."""
        return float(np.std(self.scatters, ddof=1)) if len(self.scatters) > 1 else None


@dataclass(frozen=True)
class Comparison:
    """Difference of scatter between two groups of trainings on the same samples, in dex.

    Attributes
    ----------
    difference : Estimate
        Negative where the second scatters less.
    low95, high95 : float
        95 % interval.
    n_samples, n_galaxies : int
        Of the pairs.
    trainings : tuple of int
        Number of trainings of each.
    has_training_noise : bool
        Whether the intervals contain the noise of training.
    """

    difference: Estimate
    low95: float
    high95: float
    n_samples: int
    n_galaxies: int
    trainings: tuple[int, int] = (1, 1)
    has_training_noise: bool = False

    @property
    def verdict(self) -> str:
        """``better``, ``worse`` or ``equal`` for the second; empty without training noise."""
        if not self.has_training_noise:
            return ""
        if self.high95 < 0:
            return "better"
        return "worse" if self.low95 > 0 else "equal"


def difference_text(difference: Mapping[str, float]) -> str:
    """Write a difference with its 95 % interval, from ``value``, ``low95`` and ``high95``."""
    ends = f"[{difference['low95']:+.3f}, {difference['high95']:+.3f}]"
    return with_minus(f"{difference['value']:+.3f} {ends}")


def measure_group(
    tables: Sequence[pd.DataFrame], *, resamples: int = 1000, seed: int = 0
) -> GroupErrors:
    """Measure the errors of a group of trainings.

    Parameters
    ----------
    tables : sequence of pandas.DataFrame
        Of each training, ``name``, ``los``, ``y_true`` and ``y_pred`` (decimal logarithms) of one
        target.
    resamples : int
        Number of draws of galaxies.
    seed : int

    Returns
    -------
    GroupErrors

    Raises
    ------
    ValueError
        If they have no sample in common, true values differ, or an error is not finite.
    """
    errors_NK, names = common_errors(tables)
    trainings = errors_NK.shape[1]
    pooled = measure_errors(
        errors_NK.T.ravel(), np.tile(names, trainings), resamples=resamples, seed=seed
    )
    if trainings == 1:
        return GroupErrors(pooled, (pooled["std"].value,), None)
    scatters_K = errors_NK.std(axis=0)
    value, whole = float(scatters_K.mean()), pooled["std"]
    scale = value / whole.value if whole.value else 1.0
    std = Estimate(value, scale * whole.low, scale * whole.high)
    noise = noise_of(scatters_K, draw_scatters(errors_NK, names, resamples, seed))
    return GroupErrors({**pooled, "std": std}, tuple(map(float, scatters_K)), noise)


def compare_groups(
    first: Sequence[pd.DataFrame],
    second: Sequence[pd.DataFrame],
    *,
    noise: tuple[TrainingNoise | None, TrainingNoise | None] = (None, None),
    resamples: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Measure whether the second of two groups scatters less than the first, on common samples.

    The same galaxies are drawn for all, so that common errors cancel.

    Parameters
    ----------
    first, second : sequence of pandas.DataFrame
        Of each training, ``name``, ``los``, ``y_true`` and ``y_pred`` (decimal logarithms) of one
        target.
    noise : tuple of TrainingNoise, optional
        Of each group, as known otherwise, for groups of a single training: from another group of
        the same experiment and size, or `NO_NOISE`.
    resamples : int
        Number of draws of galaxies.
    seed : int

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If they have no sample in common, true values differ, or an error is not finite.
    """
    errors_NK, names = common_errors([*first, *second])
    draws_BK = draw_scatters(errors_NK, names, resamples, seed)
    scatters_K, split = errors_NK.std(axis=0), len(first)
    parts = (slice(None, split), slice(split, None))
    return _compare(
        [(scatters_K[part], draws_BK[:, part]) for part in parts],
        noise,
        n_samples=len(names),
        n_galaxies=len(set(names)),
        seed=seed,
    )


def compare_splits(
    first: Sequence[pd.DataFrame],
    second: Sequence[pd.DataFrame],
    *,
    noise: tuple[TrainingNoise | None, TrainingNoise | None] = (None, None),
    resamples: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Measure how the scatter on the test set of another split differs, each on its own test set.

    Galaxies are drawn from all that are in either test set, and count in both: what the test sets
    have in common cancels, and what they do not adds to the error. With the split by galaxy first
    and the paper's second this is what siblings in training lower the scatter by.

    Parameters
    ----------
    first, second : sequence of pandas.DataFrame
        Of each training of a split, columns as in `compare_groups`.
    noise, resamples, seed
        As in `compare_groups`.

    Returns
    -------
    Comparison
        Whose ``n_samples`` and ``n_galaxies`` are in both test sets.

    Raises
    ------
    ValueError
        If a split has no sample, or an error is not finite.
    """
    errors = [common_errors(tables) for tables in (first, second)]
    names = np.unique(np.concatenate([names for _, names in errors]))
    moments = [_moments(each, np.searchsorted(names, own), len(names)) for each, own in errors]
    with np.errstate(invalid="ignore"):  # a draw may miss a test set
        drawn = [
            [spread_of(*(counts @ one).T) for one in (*moments[0], *moments[1])]
            for counts in draw_galaxies(len(names), resamples, seed)
        ]
    draws_BK = np.concatenate([np.transpose(each) for each in drawn])
    draws_BK = draws_BK[np.isfinite(draws_BK).all(axis=1)]
    keys = [set(zip(table["name"], table["los"], strict=True)) for table in (first[0], second[0])]
    common = keys[0] & keys[1]
    return _compare(
        [
            (errors[0][0].std(axis=0), draws_BK[:, : len(first)]),
            (errors[1][0].std(axis=0), draws_BK[:, len(first) :]),
        ],
        noise,
        n_samples=len(common),
        n_galaxies=len({name for name, _ in common}),
        seed=seed,
    )


def compare_paired(
    first: Sequence[pd.DataFrame],
    second: Sequence[pd.DataFrame],
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Measure whether the second of two groups scatters less, training by training.

    The k-th trainings of both have a seed in common, and what its weights and batches do to both
    cancels. The differences of σ are one group, whose noise is that between them.

    Parameters
    ----------
    first, second : sequence of pandas.DataFrame
        Of each training, in the order of the seeds, columns as in `compare_groups`.
    resamples, seed
        As in `compare_groups`.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If they are not as many, or fewer than two; or as in `compare_groups`.
    """
    if len(first) != len(second) or len(first) < 2:
        msg = f"pairs must be at least two trainings of each, got {len(first)} and {len(second)}"
        raise ValueError(msg)
    errors_NK, names = common_errors([*first, *second])
    draws_BK = draw_scatters(errors_NK, names, resamples, seed)
    one, two = np.split(errors_NK.std(axis=0), 2)
    draws_BK = draws_BK[:, len(first) :] - draws_BK[:, : len(first)]
    return _difference(
        float((two - one).mean()),
        draws_BK.mean(axis=1),
        {noise_of(two - one, draws_BK): 1 / len(first)},
        seed,
        n_samples=len(names),
        n_galaxies=len(set(names)),
        trainings=(len(first), len(second)),
    )


def _compare(
    parts: Sequence[tuple[NDArray, NDArray]],
    noise: tuple[TrainingNoise | None, TrainingNoise | None],
    *,
    n_samples: int,
    n_galaxies: int,
    seed: int,
) -> Comparison:
    """Compare two groups, each σ of its trainings, (K,), and their draws, (B, K)."""
    terms: dict[TrainingNoise, float] = {}  # what is known from one source counts as one
    missing = False
    for (scatters_K, draws_BK), known in zip(parts, noise, strict=True):
        own = known if len(scatters_K) == 1 else noise_of(scatters_K, draws_BK)
        if own is None:
            missing = True
        else:
            terms[own] = terms.get(own, 0.0) + 1 / len(scatters_K)
    (one, draws_one), (two, draws_two) = parts
    value = float(two.mean() - one.mean())
    draws_B = draws_two.mean(axis=1) - draws_one.mean(axis=1)
    return _difference(
        value,
        draws_B,
        None if missing else terms,
        seed,
        n_samples=n_samples,
        n_galaxies=n_galaxies,
        trainings=(len(one), len(two)),
    )


def _difference(
    value: float,
    draws_B: NDArray,
    terms: dict[TrainingNoise, float] | None,
    seed: int,
    *,
    n_samples: int,
    n_galaxies: int,
    trainings: tuple[int, int],
) -> Comparison:
    """Return a difference with its intervals; ``terms`` as of `_interval`, None if not known."""
    low95, low, high, high95 = _interval(value, draws_B, terms or {}, seed)
    return Comparison(
        difference=Estimate(value, low, high),
        low95=low95,
        high95=high95,
        n_samples=n_samples,
        n_galaxies=n_galaxies,
        trainings=trainings,
        has_training_noise=terms is not None,
    )


def common_errors(tables: Sequence[pd.DataFrame]) -> tuple[NDArray, NDArray]:
    """Return the errors of trainings on the samples that all of them predict.

    Parameters
    ----------
    tables : sequence of pandas.DataFrame
        Of each training, columns as in `measure_group`.

    Returns
    -------
    (N, K) float, dex
    (N,) str
        Names of the galaxies.

    Raises
    ------
    ValueError
        If there is no common sample, true values differ, or an error is not finite.
    """
    both = tables[0][["name", "los", "y_true", "y_pred"]]
    columns = ["y_pred"]
    for number, table in enumerate(tables[1:], 1):
        other = table[["name", "los", "y_true", "y_pred"]]
        both = both.merge(
            other, on=["name", "los"], suffixes=("", f"_{number}"), validate="one_to_one"
        )
        columns.append(f"y_pred_{number}")
        if not np.allclose(both["y_true"], both[f"y_true_{number}"], atol=1e-6):
            msg = "all trainings must predict the same quantity, but their true values differ"
            raise ValueError(msg)
    errors_NK = both[columns].to_numpy() - both[["y_true"]].to_numpy()
    finite_errors(errors_NK.ravel())
    return errors_NK, both["name"].to_numpy()


def draw_scatters(errors_NK: NDArray, names: NDArray, resamples: int, seed: int) -> NDArray:
    """Return σ of each training for each draw of galaxies, (B, K)."""
    groups, n_galaxies = number_galaxies(names)
    moments = _moments(errors_NK, groups, n_galaxies)
    columns = np.hstack(moments)
    drawn = [counts @ columns for counts in draw_galaxies(n_galaxies, resamples, seed)]
    sums = np.concatenate(drawn).reshape(resamples, len(moments), 3)
    return spread_of(*np.moveaxis(sums, 2, 0))


def _moments(errors_NK: NDArray, groups: NDArray, n_galaxies: int) -> list[NDArray]:
    """Return number, sum and sum of squares of each galaxy's errors, (n_galaxies, 3) each."""
    return [galaxy_moments(errors_N, groups, n_galaxies)[:, :3] for errors_N in errors_NK.T]


def noise_of(scatters_K: NDArray, draws_BK: NDArray) -> TrainingNoise:
    """Return the noise of training of a group, from σ of each and its draws."""
    freedom, observed = len(scatters_K) - 1, float(scatters_K.var(ddof=1))
    apart_BK = draws_BK - draws_BK.mean(axis=1, keepdims=True)
    from_galaxies = apart_BK.var(axis=0).sum() / freedom
    return TrainingNoise(max(0.0, observed - float(from_galaxies)), observed, float(freedom))


def _interval(
    value: float, draws_B: NDArray, terms: dict[TrainingNoise, float], seed: int
) -> tuple[float, float, float, float]:
    """Return the ends of the 95 and 68 % intervals, in ascending order.

    ``terms`` has what each source of noise counts, one over the number of trainings.
    """
    from scipy.special import ndtri, stdtrit

    added = sum(noise.variance * part for noise, part in terms.items())
    known = sum((noise.observed * part) ** 2 / noise.freedom for noise, part in terms.items())
    if not known:
        return tuple(map(float, np.quantile(draws_B, _SHARES)))  # type: ignore[return-value]
    generator = np.random.default_rng((seed, 1))  # other numbers than the draws of galaxies
    widened_B = draws_B + added**0.5 * generator.standard_normal(len(draws_B))
    fewest = min(noise.freedom for noise in terms)  # Welch's ν is never less, but ours may be
    freedom = max(fewest, (float(draws_B.var()) + added) ** 2 / known)
    stretch = stdtrit(freedom, _SHARES) / ndtri(_SHARES)
    ends = value + stretch * (np.quantile(widened_B, _SHARES) - value)
    return tuple(map(float, ends))  # type: ignore[return-value]
