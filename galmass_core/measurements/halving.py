"""Halve bins of stars on the sky again and again, and sum them; compiled, see `machine_code`."""

import numba
from numpy.typing import NDArray

from galmass_core.translation import OPTIONS


@numba.njit(**OPTIONS)
def halve(
    order: NDArray, other_order: NDArray, work: NDArray, ranks: NDArray, starts: NDArray
) -> None:
    """Halve bins again and again, by one order of the stars and by the other in turn.

    Stars are numbered by the first order meanwhile: numbers of a bin are then near each other.

    Parameters
    ----------
    order, other_order : (N,) int64
        The same stars in two orders; in the end ``order`` has them bin by bin.
    work : (3, N) int32
        Work space, as is the following.
    ranks : (2, S) int32
        S is larger than any star.
    starts : (B + 1,) int64
        First place of each bin, and N; B is a power of two. Only 0 and N are read.
    """
    along, across, spare = work[0], work[1], work[2]
    rank, other = ranks[0], ranks[1]
    for i in range(len(order)):
        rank[order[i]] = i
    for i in range(len(order)):
        across[i] = rank[other_order[i]]
    for i in range(len(order)):
        along[i] = rank[i] = i
        other[across[i]] = i
    bins, width = 1, len(starts) - 1
    while width > 1:
        for number in range(bins):
            place = number * width
            first, last = starts[place], starts[place + width]
            middle = first + (last - first) // 2
            starts[place + width // 2] = middle
            least = rank[along[middle]]  # of the upper half
            low, high = first, middle
            for i in range(first, last):
                star = across[i]
                upper = numba.int64(rank[star] >= least)
                spare[upper * high + (1 - upper) * low] = star
                high += upper
                low += 1 - upper
        along, across, spare = spare, along, across
        rank, other = other, rank
        bins, width = 2 * bins, width // 2
    for i in range(len(order)):
        spare[i] = order[along[i]]
    for i in range(len(order)):
        order[i] = spare[i]


@numba.njit(**OPTIONS)
def sum_bins(
    order: NDArray,
    starts: NDArray,
    weights: NDArray,
    velocities: NDArray,
    radii: NDArray,
    sums: NDArray,
) -> None:
    """Sum w, w v, w v², w² and w R in each bin.

    Parameters
    ----------
    order : (N,) int64
        Stars bin by bin.
    starts : (B + 1,) int64
        First place of each bin, and N.
    weights, velocities, radii : (S,) float64
        Of all stars; S is larger than any.
    sums : (5, B) float64
    """
    for number in range(len(starts) - 1):
        light = motion = square = own = lever = 0.0
        for i in range(starts[number], starts[number + 1]):
            star = order[i]
            weight, velocity = weights[star], velocities[star]
            light += weight
            motion += weight * velocity
            square += weight * velocity * velocity
            own += weight * weight
            lever += weight * radii[star]
        sums[0, number], sums[1, number], sums[2, number] = light, motion, square
        sums[3, number], sums[4, number] = own, lever
