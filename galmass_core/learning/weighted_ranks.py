"""Quantiles of samples whose galaxies count several times; compiled, see `machine_code`."""

import numba
from numpy.typing import NDArray

from galmass_core.translation import OPTIONS

_BISECTIONS = 40
_compiled = numba.njit(**OPTIONS)


@_compiled
def rank_samples(
    delta: NDArray,
    groups: NDArray,
    counts: NDArray,
    shares: NDArray,
    before: NDArray,
    quantiles: NDArray,
) -> None:
    """Find quantiles of errors, and their median distance from the median, for each draw.

    Parameters
    ----------
    delta : (N,) float64
        Errors in ascending order.
    groups : (N,) int32
        Number of each one's galaxy.
    counts : (B, G) uint16
        How often each draw holds each galaxy.
    shares : (3,) float64
        Of the samples that are not above a quantile; the second is 1/2.
    before : (N + 1,) int64
        Work space.
    quantiles : (B, 4) float64
        At the shares, and the distance, by bisection between 0 and the range of errors.
    """
    number = len(delta)
    before[0] = 0
    for draw in range(len(counts)):
        for i in range(number):
            before[i + 1] = before[i] + counts[draw, groups[i]]
        for k in range(len(shares)):
            reached = _first(before, shares[k] * before[number], 1, number)
            quantiles[draw, k] = delta[reached - 1]
        quantiles[draw, len(shares)] = _median_distance(delta, before, quantiles[draw, 1])


@_compiled
def _median_distance(delta: NDArray, before: NDArray, median: float) -> float:
    """Return the least distance from the median, in steps, within which half of the samples are."""
    number = len(delta)
    low, high = 0.0, delta[number - 1] - delta[0]
    least_below, most_below = 0, number  # how many samples are below the distance, and up to it
    least_upto, most_upto = 0, number
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        below = _first(delta, median - middle, least_below, most_below)
        upto = _first_above(delta, median + middle, least_upto, most_upto)
        if before[upto] - before[below] >= 0.5 * before[number]:
            high, least_below, most_upto = middle, below, upto
        else:
            low, most_below, least_upto = middle, below, upto
    return high


@_compiled
def _first(values: NDArray, limit: float, first: int, last: int) -> int:
    """Return the first place between two, both included, whose value is not below a limit.

    The last is not read.
    """
    while first < last:
        middle = (first + last) // 2
        if values[middle] < limit:
            first = middle + 1
        else:
            last = middle
    return first


@_compiled
def _first_above(values: NDArray, limit: float, first: int, last: int) -> int:
    """Return the same for a value above a limit."""
    while first < last:
        middle = (first + last) // 2
        if values[middle] <= limit:
            first = middle + 1
        else:
            last = middle
    return first
