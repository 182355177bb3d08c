"""Halve bins of stars on the sky again and again; compiled, see `machine_code`."""

import numba
from numpy.typing import NDArray

from galmass_core.translation import OPTIONS


@numba.njit(**OPTIONS)
def halve(
    along: NDArray, across: NDArray, spare: NDArray, is_upper: NDArray, starts: NDArray
) -> None:
    """Halve bins again and again, by one order of the stars and by the other in turn.

    Parameters
    ----------
    along, across : (N,) int64
        The same stars in two orders; in the end ``along`` has them bin by bin.
    spare : (N,) int64
    is_upper : (S,) uint8
        S is larger than any star.
    starts : (B + 1,) int64
        First place of each bin, and N; B is a power of two. Only 0 and N are read.
    """
    bins, width = 1, len(starts) - 1
    result = along
    while width > 1:
        for number in range(bins):
            place = number * width
            first, last = starts[place], starts[place + width]
            middle = first + (last - first) // 2
            starts[place + width // 2] = middle
            for i in range(first, last):
                is_upper[along[i]] = i >= middle
            low, high = first, middle
            for i in range(first, last):
                star = across[i]
                upper = numba.int64(is_upper[star])
                spare[upper * high + (1 - upper) * low] = star
                high += upper
                low += 1 - upper
        along, across, spare = spare, along, across
        bins, width = 2 * bins, width // 2
    for i in range(len(result)):
        result[i] = along[i]
