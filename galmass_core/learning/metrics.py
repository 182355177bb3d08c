"""Measure bias and scatter of predictions with errors, and compare models.

An error is d = log10(predicted / true), in dex. The paper quotes its mean and its standard
deviation; errors of those come from a bootstrap that resamples galaxies, not samples, because the
lines of sight of one galaxy are not independent.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

STATISTICS = ("mean", "std", "median", "half_width", "nmad", "outliers")
OUTLIER = 0.2  # dex
_NMAD = 1.4826  # a Gaussian's standard deviation over its median absolute deviation
_ONE_SIGMA = (0.16, 0.84)
_SHARES = (0.16, 0.5, 0.84)
_CHUNK = 100_000  # galaxies drawn at a time, over some resamples, to fit in caches
_BISECTIONS = 40


@dataclass(frozen=True)
class Estimate:
    """A number and its 68 % interval."""

    value: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """Half of the interval."""
        return 0.5 * (self.high - self.low)

    def __str__(self) -> str:
        return f"{self.value:.3f} ± {self.error:.3f}"


@dataclass(frozen=True)
class Comparison:
    """Difference of scatter between two runs on the same samples, in dex.

    Attributes
    ----------
    difference : Estimate
        Negative where the second run is better.
    low95, high95 : float
        95 % interval.
    n_samples, n_galaxies : int
    """

    difference: Estimate
    low95: float
    high95: float
    n_samples: int
    n_galaxies: int


def measure_errors(
    delta: ArrayLike, galaxies: ArrayLike, *, resamples: int = 1000, seed: int = 0
) -> dict[str, Estimate]:
    """Measure the errors of predictions.

    Parameters
    ----------
    delta : (n,) float, dex
        log10(predicted / true).
    galaxies : (n,) str
        Name of each sample's galaxy.
    resamples : int
        Number of bootstrap draws of galaxies.
    seed : int

    Returns
    -------
    dict of Estimate
        ``mean``, ``std`` (of all, ddof = 0), ``median``, ``half_width`` (half of 16-84 %),
        ``nmad`` (1.4826 median absolute deviation), all in dex, and ``outliers`` (share of
        samples with abs(d) > 0.2), each with its 68 % interval.

    Raises
    ------
    ValueError
        If there is no sample, or an error is not finite.
    """
    delta = _checked(delta)
    groups, n_galaxies = _group_numbers(galaxies)
    moments = _group_moments(delta, groups, n_galaxies)
    order = np.argsort(delta)
    delta, groups = delta[order], groups[order]
    draws = np.concatenate(
        [
            _resampled(delta, groups, moments, counts)
            for counts in _draw_galaxies(n_galaxies, resamples, seed)
        ]
    )
    intervals = np.quantile(draws, _ONE_SIGMA, axis=0).T
    return {
        name: Estimate(value, float(low), float(high))
        for (name, value), (low, high) in zip(_statistics(delta).items(), intervals, strict=True)
    }


def compare_runs(
    first: pd.DataFrame, second: pd.DataFrame, *, resamples: int = 2000, seed: int = 0
) -> Comparison:
    """Measure whether the second run has less scatter than the first, on common samples.

    The same galaxies are drawn for both, so that common errors cancel.

    Parameters
    ----------
    first, second : pandas.DataFrame
        ``name``, ``los``, ``y_true`` and ``y_pred`` (decimal logarithms) of one target.
    resamples : int
    seed : int

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If they have no sample in common, true values differ, or an error is not finite.
    """
    both = first.merge(second, on=["name", "los"], suffixes=("_1", "_2"), validate="one_to_one")
    if not np.allclose(both["y_true_1"], both["y_true_2"], atol=1e-6):
        msg = "both runs must predict the same quantity, but their true values differ"
        raise ValueError(msg)
    groups, n_galaxies = _group_numbers(both["name"])
    errors = [_checked(both[f"y_pred_{run}"] - both[f"y_true_{run}"]) for run in (1, 2)]
    moments = [_group_moments(delta, groups, n_galaxies) for delta in errors]
    draws = np.concatenate(
        [
            _spread(*(counts @ moments[1]).T[:3]) - _spread(*(counts @ moments[0]).T[:3])
            for counts in _draw_galaxies(n_galaxies, resamples, seed)
        ]
    )
    low95, low, high, high95 = np.quantile(draws, (0.025, *_ONE_SIGMA, 0.975))
    return Comparison(
        difference=Estimate(float(errors[1].std() - errors[0].std()), float(low), float(high)),
        low95=float(low95),
        high95=float(high95),
        n_samples=len(both),
        n_galaxies=n_galaxies,
    )


def _checked(delta: ArrayLike) -> NDArray:
    """Return errors as an array of finite numbers."""
    delta = np.asarray(delta, dtype=float)
    if not len(delta):
        msg = "delta must hold at least one sample, got none"
        raise ValueError(msg)
    if bad := np.count_nonzero(~np.isfinite(delta)):
        msg = f"delta must be finite, but {bad} of {len(delta)} samples are not"
        raise ValueError(msg)
    return delta


def _group_numbers(galaxies: ArrayLike) -> tuple[NDArray, int]:
    """Return each sample's galaxy as a number, and how many galaxies there are."""
    numbers, names = pd.factorize(np.asarray(galaxies), sort=True)
    return numbers, len(names)


def _draw_galaxies(n_galaxies: int, resamples: int, seed: int) -> Iterator[NDArray]:
    """Yield how often each draw with replacement holds each galaxy, (B, n_galaxies)."""
    generator = np.random.default_rng(seed)
    chunk = max(1, _CHUNK // n_galaxies)
    for start in range(0, resamples, chunk):
        drawn = generator.integers(n_galaxies, size=(min(chunk, resamples - start), n_galaxies))
        counts = [np.bincount(row, minlength=n_galaxies) for row in drawn]
        yield np.array(counts, dtype=float)  # float products use BLAS


def _statistics(delta: NDArray) -> dict[str, float]:
    """Return the six statistics of samples."""
    low, median, high = np.quantile(delta, _SHARES)
    values = (
        delta.mean(),
        delta.std(),
        median,
        0.5 * (high - low),
        _NMAD * np.median(np.abs(delta - median)),
        np.mean(np.abs(delta) > OUTLIER),
    )
    return dict(zip(STATISTICS, map(float, values), strict=True))


def _resampled(delta: NDArray, groups: NDArray, moments: NDArray, counts: NDArray) -> NDArray:
    """Return the six statistics, (B, 6), of sorted samples whose galaxies count (B, n) times."""
    before = np.zeros((len(counts), len(delta) + 1), dtype=np.int32)  # samples below each
    for row, count in zip(before, counts.astype(np.int32), strict=True):
        np.cumsum(count[groups], dtype=row.dtype, out=row[1:])
    reached = [row[1:].searchsorted(np.multiply(_SHARES, row[-1])) for row in before]
    low, median, high = delta[np.transpose(reached)]
    number, total, squares, outliers = (counts @ moments).T
    return np.stack(
        [
            total / number,
            _spread(number, total, squares),
            median,
            0.5 * (high - low),
            _NMAD * _median_deviation(delta, before, median),
            outliers / number,
        ],
        axis=1,
    )


def _median_deviation(delta: NDArray, before: NDArray, median: NDArray) -> NDArray:
    """Return the median distance from the median, by bisection between distances, (B,)."""
    rows = np.arange(len(before))
    low, high = np.zeros(len(median)), np.full(len(median), np.ptp(delta))
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        inside = before[rows, np.searchsorted(delta, median + middle, side="right")]
        inside = inside - before[rows, np.searchsorted(delta, median - middle)]
        enough = inside >= 0.5 * before[:, -1]
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def _group_moments(delta: NDArray, groups: NDArray, n_galaxies: int) -> NDArray:
    """Return number, sum, sum of squares and outliers of each galaxy's errors, (n_galaxies, 4)."""
    summed = (np.ones_like(delta), delta, delta**2, np.abs(delta) > OUTLIER)
    return np.stack([np.bincount(groups, each, n_galaxies) for each in summed], axis=1)


def _spread(number: NDArray, total: NDArray, squares: NDArray) -> NDArray:
    """Return the standard deviation from number, sum and sum of squares."""
    return np.sqrt(np.maximum(squares / number - (total / number) ** 2, 0))
