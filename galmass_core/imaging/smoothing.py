"""Compute smoothing lengths of stars: the exact distance to the 32nd other star.

The stars are halved recursively along the longest side of their box down to blocks of eight. Eight
neighbouring blocks share a box, eight neighbouring boxes a larger one, and so on up. For each star,
blocks with boxes within a guessed distance are collected, eight boxes at a time, and the neighbour
is selected among their stars; if too few are within, the distance is increased. Everything is
float64, so that distant stars do not reduce precision.
"""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from galmass_core.machine_code import Kernel, aligned

NEIGHBOURS = 32  # other stars inside a kernel (Chu et al. 2024, Sec. 2.2)
LANES = 8  # as in `neighbours`
FAR = 1e150
_NOTHING = 1e-100  # kpc, a length whose square is no longer a number
_SOURCE = "galmass_core.imaging.neighbours"
_SORT = Kernel(_SOURCE, "sort", "f8[::1], i8, i8[:, ::1], f8[::1]")
_SEARCH = Kernel(
    _SOURCE,
    "search",
    "f8[::1], f8[::1], f8[::1], f8[:, ::1], i8[::1], i8, f8[::1], f8[:, ::1], f8[::1], f8[::1]",
)
_ENCLOSE = Kernel(_SOURCE, "enclose", "f8[:, ::1], i8, f8[:, ::1], f8[:, ::1], i8[::1]")
_COUNT = Kernel(_SOURCE, "count_within", "f8[:, ::1], f8[::1], i8[::1], i8[::1]")


def smoothing_lengths(positions: ArrayLike, neighbours: int = NEIGHBOURS) -> NDArray[np.float64]:
    """Measure the distance of every star to its ``neighbours``-th nearest other star.

    Parameters
    ----------
    positions : (N, 3) float, kpc
        Positions of the stars in space.
    neighbours : int
        Number of other stars inside a kernel. With fewer stars the farthest is used.

    Returns
    -------
    (N,) float64, kpc
        Support radius of each star's kernel; 0 for a lone star.

    Raises
    ------
    ValueError
        If ``positions`` is not (N, 3) or not finite, or ``neighbours`` is below 1.
    """
    positions = np.asarray(positions, dtype=np.float64)
    if positions.ndim != 2 or positions.shape[1] != 3:
        msg = f"positions must be (N, 3), got {positions.shape}"
        raise ValueError(msg)
    if not np.isfinite(positions).all():
        msg = f"positions must be finite, got {positions[~np.isfinite(positions)][0]}"
        raise ValueError(msg)
    if neighbours < 1:
        msg = f"neighbours must be at least 1, got {neighbours}"
        raise ValueError(msg)
    if len(positions) < 2:
        return np.zeros(len(positions))
    nothing = (positions < _NOTHING) & (positions > -_NOTHING)
    if (positions[nothing] != 0).any():
        positions = np.where(nothing, 0.0, positions)
    rank = min(neighbours, len(positions) - 1) + 1
    if not _has_crowds(positions):
        return _lengths(positions, rank)
    _, places, copies = np.unique(positions, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(places, kind="stable")
    number = np.arange(len(order)) - np.repeat(np.cumsum(copies) - copies, copies)
    enough = order[number < rank]  # further stars at a place change no distance of this rank
    of_places = np.empty(len(copies))
    of_places[places[enough]] = _lengths(positions[enough], rank)
    return of_places[places]


def _has_crowds(positions: NDArray) -> bool:
    """Return whether eight stars may be at one place; many there take quadratic time to search."""
    x = np.sort(positions[:, 0])
    return bool((x[LANES - 1 :] == x[: 1 - LANES]).any())


def _lengths(positions: NDArray, rank: int) -> NDArray[np.float64]:
    """Measure the distance of rank ``rank``, the star itself included; (N,) of two or more."""
    count = len(positions)
    number = -(-count // LANES) * LANES
    stars, places = aligned(number, 4), aligned(3, number)
    stars[:count, :3], stars[:count, 3], stars[count:] = positions, np.arange(count), FAR
    _SORT(stars.ravel(), count, np.empty((64, 2), dtype=np.int64), np.empty(4))
    starts = _starts(number // LANES)
    boxes = aligned(6, int(starts[-1]))
    _ENCLOSE(stars, count, places, boxes, starts)
    squares, room = np.empty(count), number // LANES // LANES * LANES + 2 * LANES
    work = aligned(2, room), aligned(number), _places_of_bits()
    _SEARCH(*places, boxes, starts, rank, squares, *work)
    lengths = np.empty(count)
    lengths[stars[:count, 3].astype(np.int64)] = np.sqrt(squares)
    return lengths


@cache
def _places_of_bits() -> NDArray[np.float64]:
    """Return the places of the bits that are 1, then of the others, for 0 to 255; (2048,)."""
    bits = np.arange(256)[:, None] >> np.arange(LANES) & 1
    places = aligned(256 * LANES)
    places[:] = np.argsort(1 - bits, axis=1, kind="stable").ravel()
    return places


def neighbours_within(positions: NDArray, lengths: NDArray, stars: NDArray) -> NDArray[np.int64]:
    """Count the other stars within the smoothing lengths of a few stars, by brute force.

    Parameters
    ----------
    positions : (N, 3) float64, kpc
    lengths : (N,) float64, kpc
    stars : (n,) int
        Rows of the few stars.

    Returns
    -------
    (n,) int64
    """
    counts = np.empty(len(stars), dtype=np.int64)
    positions, lengths = (np.ascontiguousarray(a, dtype=float) for a in (positions, lengths))
    _COUNT(positions, lengths, np.asarray(stars, dtype=np.int64), counts)
    return counts


def _starts(blocks: int) -> NDArray[np.int64]:
    """Return the first box of each level, from blocks to the last eight or fewer, and their number.

    Each level fills whole lanes, with boxes far away.
    """
    sides = [-(-blocks // LANES) * LANES]
    while sides[-1] > LANES:
        sides.append(-(-sides[-1] // LANES**2) * LANES)
    return np.cumsum([0, *sides])
