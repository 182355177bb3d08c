"""Measure bias and scatter of predictions, with their errors from the choice of test galaxies.

An error is d = log10(predicted / true), in dex. The paper quotes its mean and its standard
deviation; errors of those come from a bootstrap that resamples galaxies, not samples, because the
lines of sight of one galaxy are not independent. `uncertainty` adds the noise of training.

The interval of the standard deviation is a jackknife's over the G galaxies, on a logarithmic
scale (Efron & Tibshirani 1993, An Introduction to the Bootstrap, Sec. 11.1 and 12.4). With σ_g the
standard deviation without galaxy g, and its mean logarithm over all g,

    s² = (G - 1) / G sum of (log σ_g - mean log σ_g)²

and the interval is log σ ± t s, with t the 84 % quantile of Student's distribution of G - 1 degrees
of freedom. Of few galaxies percentiles and BCa intervals are too narrow, and studentised ones are
many times σ wide where errors have long tails. With long tails all cover less than they say:
``python -m galmass_core.benchmarks.coverage`` simulates them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from galmass_core.machine_code import Kernel
from galmass_core.quantities import with_minus

STATISTICS = ("mean", "std", "median", "half_width", "nmad", "outliers")
OUTLIER = 0.2  # dex
_NMAD = 1.4826  # a Gaussian's standard deviation over its median absolute deviation
_ONE_SIGMA = (0.16, 0.84)
_SHARES = (0.16, 0.5, 0.84)
_CHUNK = 100_000  # galaxies drawn at a time, over some resamples, to fit in caches
_KEPT = 5_000_000  # galaxies of all draws that are kept: 10 MB
_RANK = Kernel(
    "galmass_core.learning.weighted_ranks",
    "rank_samples",
    "f8[::1], i4[::1], u2[:, ::1], f8[::1], i8[::1], f8[:, ::1]",
)


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

    @property
    def is_loose(self) -> bool:
        """Whether the error is larger than the number."""
        return self.error > abs(self.value)

    @property
    def signed(self) -> str:
        """A difference as text, with its sign."""
        return with_minus(f"{self.value:+.3f} ± {self.error:.3f}")

    def __str__(self) -> str:
        return f"{self.value:.3f} ± {self.error:.3f}"


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
        samples with abs(d) > 0.2), each with its 68 % interval; that of ``std`` is
        `scatter_interval`.

    Raises
    ------
    ValueError
        If there is no sample, or an error is not finite.
    """
    delta = finite_errors(delta)
    groups, n_galaxies = number_galaxies(galaxies)
    moments = galaxy_moments(delta, groups, n_galaxies)
    order = np.argsort(delta)
    delta, groups = delta[order], groups[order]
    drawn = _count_draws(n_galaxies, resamples, seed)
    draws = [_resampled(delta, groups, moments, counts) for counts in drawn]
    intervals = np.quantile(np.concatenate(draws), _ONE_SIGMA, axis=0).T
    if (interval := scatter_interval(moments)) is not None:
        intervals[STATISTICS.index("std")] = interval
    return {
        name: Estimate(value, float(low), float(high))
        for (name, value), (low, high) in zip(_statistics(delta).items(), intervals, strict=True)
    }


def r_squared(true: ArrayLike, predicted: ArrayLike) -> float:
    """Return the share of the variance of true values that predictions explain; NaN of one value.

    Parameters
    ----------
    true, predicted : (n,) float
        Finite.

    Returns
    -------
    float
        1 - sum (predicted - true)² / sum (true - mean)²; negative if the mean predicts better.
    """
    true, predicted = np.asarray(true, dtype=float), np.asarray(predicted, dtype=float)
    total = np.sum((true - true.mean()) ** 2)
    return float(1 - np.sum((predicted - true) ** 2) / total) if total > 0 else np.nan


def scatter_interval(moments: NDArray) -> tuple[float, float] | None:
    """Return the ends of the 68 % interval of the standard deviation of errors.

    Parameters
    ----------
    moments : (G, ...) float
        Number, sum and sum of squares of each galaxy's errors, as of `galaxy_moments`.

    Returns
    -------
    low, high : float, dex
        None where the errors without one of the galaxies have no scatter.
    """
    from scipy.special import stdtrit

    sums, count = moments.T[:3], len(moments)
    with np.errstate(invalid="ignore"):  # nothing is left without the only galaxy
        left = spread_of(*(sums.sum(axis=1, keepdims=True) - sums))
    if not (left > 0).all():
        return None
    logarithms = np.log(left)
    error = np.sqrt((count - 1) * logarithms.var())
    factor = np.exp(error * stdtrit(count - 1, _ONE_SIGMA[1]))
    value = float(spread_of(*sums.sum(axis=1)))
    return value / factor, value * factor


def finite_errors(delta: ArrayLike) -> NDArray:
    """Return errors as an array of finite numbers; raise ValueError if they are not."""
    delta = np.asarray(delta, dtype=float)
    if not len(delta):
        msg = "delta must hold at least one sample, got none"
        raise ValueError(msg)
    if bad := np.count_nonzero(~np.isfinite(delta)):
        msg = f"delta must be finite, but {bad} of {len(delta)} samples are not"
        raise ValueError(msg)
    return delta


def number_galaxies(galaxies: ArrayLike) -> tuple[NDArray, int]:
    """Return each sample's galaxy as a number, and how many galaxies there are."""
    numbers, names = pd.factorize(np.asarray(galaxies), sort=True)
    return numbers, len(names)


def draw_galaxies(n_galaxies: int, resamples: int, seed: int) -> Iterator[NDArray]:
    """Yield how often each draw with replacement holds each galaxy, (B, n_galaxies) float64."""
    for counts in _count_draws(n_galaxies, resamples, seed):
        yield counts.astype(float)  # float products use BLAS


def _count_draws(n_galaxies: int, resamples: int, seed: int) -> Iterable[NDArray[np.uint16]]:
    """Return the same as integers."""
    draw = _kept_draws if n_galaxies * resamples <= _KEPT else _draws
    return draw(n_galaxies, resamples, seed)


def _draws(n_galaxies: int, resamples: int, seed: int) -> Iterator[NDArray[np.uint16]]:
    generator = np.random.default_rng(seed)
    chunk = max(1, _CHUNK // n_galaxies)
    for start in range(0, resamples, chunk):
        drawn = generator.integers(n_galaxies, size=(min(chunk, resamples - start), n_galaxies))
        counts = [np.bincount(row, minlength=n_galaxies) for row in drawn]
        yield np.array(counts, dtype=np.uint16)  # a count is near 1 if galaxies are many


@lru_cache(maxsize=4)
def _kept_draws(n_galaxies: int, resamples: int, seed: int) -> tuple[NDArray[np.uint16], ...]:
    """Draw galaxies once for all predictions of as many."""
    return tuple(_draws(n_galaxies, resamples, seed))


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
    quantiles = np.empty((len(counts), len(_SHARES) + 1))
    before = np.empty(len(delta) + 1, dtype=np.int64)
    _RANK(delta, groups.astype(np.int32), counts, np.array(_SHARES), before, quantiles)
    low, median, high, deviation = quantiles.T
    number, total, squares, outliers = (counts.astype(float) @ moments).T  # by BLAS
    return np.stack(
        [
            total / number,
            spread_of(number, total, squares),
            median,
            0.5 * (high - low),
            _NMAD * deviation,
            outliers / number,
        ],
        axis=1,
    )


def galaxy_moments(delta: NDArray, groups: NDArray, n_galaxies: int) -> NDArray:
    """Return number, sum, sum of squares and outliers of each galaxy's errors, (n_galaxies, 4)."""
    summed = (np.ones_like(delta), delta, delta**2, np.abs(delta) > OUTLIER)
    return np.stack([np.bincount(groups, each, n_galaxies) for each in summed], axis=1)


def spread_of(number: NDArray, total: NDArray, squares: NDArray) -> NDArray:
    """Return the standard deviation from number, sum and sum of squares."""
    return np.sqrt(np.maximum(squares / number - (total / number) ** 2, 0))
