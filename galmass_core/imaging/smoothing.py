"""Compute smoothing lengths of stars: the exact distance to the 32nd other star.

The stars are halved recursively along the longest side of their box down to blocks of eight. Eight
neighbouring blocks share a box, eight neighbouring boxes a larger one, and so on up. For each star,
blocks with boxes within a guessed distance are collected, eight boxes at a time, and the neighbour
is selected among their stars; if too few are within, the distance is increased. Everything is
float64, so that distant stars do not reduce precision.
"""

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from galmass_core.imaging.lanes import (
    kept,
    larger,
    largest,
    load,
    lowest,
    marks,
    repeated,
    smaller,
    smallest,
    store,
    within,
)

NEIGHBOURS = 32  # other stars inside a kernel (Chu et al. 2024, Sec. 2.2)
LANES = 8  # stars of a block, and boxes of a larger box
FAR = 1e150  # a length whose square is still finite
_NOTHING = 1e-100  # kpc, a length whose square is no longer a number
MARGIN = 1.25  # by which a guessed squared distance is enlarged: two failures in ten


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
    positions = np.where(np.abs(positions) < _NOTHING, 0.0, positions)
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
    return bool((x[LANES - 1 :] == x[: len(x) - LANES + 1]).any())


def _lengths(positions: NDArray, rank: int) -> NDArray[np.float64]:
    """Measure the distance of rank ``rank``, the star itself included; (N,) of two or more."""
    count = len(positions)
    x, y, z = np.concatenate([positions, np.full((-count % LANES, 3), FAR)]).T.copy()
    order = np.arange(count)
    _sort(x, y, z, order)
    sizes = _level_sizes(count)
    starts = np.concatenate([[0], LANES * np.cumsum(-(-sizes // LANES))])
    boxes = np.empty((6, starts[-1]))
    _bound(x, y, z, count, boxes, starts, sizes)
    squares = np.empty(count)
    _search(x, y, z, boxes, starts, rank, squares)
    lengths = np.empty(count)
    lengths[order] = np.sqrt(squares)
    return lengths


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
    _count_within(np.ascontiguousarray(positions), lengths, stars, counts)
    return counts


@njit(cache=True, error_model="numpy")
def _count_within(positions, lengths, stars, counts):  # noqa: ANN001, ANN202
    """Measure the distance from each of a few stars to every star."""
    for i in range(len(stars)):
        x, y, z = positions[stars[i]]
        limit = lengths[stars[i]] ** 2
        inside = -1  # the star itself
        for k in range(len(positions)):
            dx, dy, dz = positions[k, 0] - x, positions[k, 1] - y, positions[k, 2] - z
            inside += dx * dx + dy * dy + dz * dz <= limit
        counts[i] = inside


def _level_sizes(count: int) -> NDArray[np.int64]:
    """Return the numbers of boxes of each level, from blocks to the last eight or fewer."""
    sizes = [-(-count // LANES)]
    while sizes[-1] > LANES:
        sizes.append(-(-sizes[-1] // LANES))
    return np.array(sizes)


@njit(cache=True)
def _sort(x, y, z, order):  # noqa: ANN001, ANN202
    """Sort neighbours together: every aligned run of 8 * 2^n stars is a box."""
    ranges = np.empty((64, 2), dtype=np.int64)
    ranges[0, 0], ranges[0, 1], waiting = 0, len(order), 1
    while waiting:
        waiting -= 1
        low, high = ranges[waiting]
        if high - low <= LANES:
            continue
        half = LANES
        while 2 * half < high - low:
            half *= 2
        middle = low + half
        sides = _side(x, low, high), _side(y, low, high), _side(z, low, high)
        if sides[0] >= max(sides[1], sides[2]):
            _halve(x, y, z, order, low, middle, high - 1)
        elif sides[1] >= sides[2]:
            _halve(y, z, x, order, low, middle, high - 1)
        else:
            _halve(z, x, y, order, low, middle, high - 1)
        ranges[waiting, 0], ranges[waiting, 1] = low, middle
        ranges[waiting + 1, 0], ranges[waiting + 1, 1] = middle, high
        waiting += 2


@njit(cache=True)
def _side(key, low, high):  # noqa: ANN001, ANN202
    """Return the extent of more than eight stars along one axis."""
    least = load(key, low, repeated(0.0, 8))
    most = least
    for i in range(low + LANES, high - LANES, LANES):
        least, most = smaller(least, load(key, i, least)), larger(most, load(key, i, most))
    last = load(key, high - LANES, least)
    return largest(larger(most, last)) - smallest(smaller(least, last))


@njit(cache=True)
def _halve(key, second, third, order, low, middle, high):  # noqa: ANN001, ANN202
    """Move the smaller keys before ``middle`` (Hoare's selection); ``high`` is the last star."""
    while low < high:
        pivot = key[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while key[i] < pivot:
                i += 1
            while key[j] > pivot:
                j -= 1
            if i <= j:
                key[i], key[j] = key[j], key[i]
                second[i], second[j] = second[j], second[i]
                third[i], third[j] = third[j], third[i]
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            return


@njit(cache=True)
def _bound(x, y, z, count, boxes, starts, sizes):  # noqa: ANN001, ANN202
    """Compute the boxes of all levels: minima and maxima of x, y, z; far away where empty."""
    boxes[:3], boxes[3:] = FAR, -FAR
    for axis, places in enumerate((x, y, z)):
        least, most = boxes[axis], boxes[3 + axis]
        for star in range(count):
            block = star // LANES
            least[block] = min(least[block], places[star])
            most[block] = max(most[block], places[star])
        for level in range(1, len(sizes)):
            for i in range(sizes[level - 1]):
                part, whole = starts[level - 1] + i, starts[level] + i // LANES
                least[whole] = min(least[whole], least[part])
                most[whole] = max(most[whole], most[part])


@njit(cache=True, error_model="numpy")
def _search(x, y, z, boxes, starts, rank, squares):  # noqa: ANN001, ANN202
    """Find the squared distance of rank ``rank``, the star itself included, for every star."""
    near = np.empty((2, len(x) // LANES), dtype=np.int64)
    trial = np.empty(len(x))
    per_diagonal = 0.05 * rank ** (2 / 3)  # of a block, squared, where the density is even
    guess = FAR
    for star in range(len(squares)):
        if star % LANES == 0:
            block = boxes[:, star // LANES]
            diagonal = np.sum((block[3:] - block[:3]) ** 2)
            if diagonal > 0:
                guess = min(guess, per_diagonal * diagonal)
        place = x[star], y[star], z[star]
        limit, inside = guess, rank
        while True:
            limit *= MARGIN * _growth(rank / inside)
            blocks = _blocks_within(place, boxes, starts, limit, near)
            inside = _measure(place, x, y, z, blocks, limit, trial)
            if inside >= rank:
                break
        squares[star] = _ranked(trial, LANES * len(blocks), rank, limit * _growth(rank / inside))
        if squares[star] > 0:
            guess = squares[star]


@njit(cache=True, error_model="numpy")
def _growth(more):  # noqa: ANN001, ANN202
    """Return the area of a sphere of ``more`` times the volume, about more^(2/3), in 1/5..5."""
    return (1 + 5 * more) / (5 + more)


@njit(cache=True, error_model="numpy")
def _blocks_within(place, boxes, starts, limit, near):  # noqa: ANN001, ANN202
    """List the blocks whose boxes are within a squared distance, from the largest boxes down."""
    px, py, pz = place
    lanes = repeated(0.0, 8)
    low_x, low_y, low_z, high_x, high_y, high_z = boxes
    wholes, parts = near[0], near[1]
    wholes[0], waiting = 0, 1
    for level in range(len(starts) - 2, -1, -1):
        found = 0
        for i in range(waiting):
            part = LANES * wholes[i]
            k = starts[level] + part
            dx = larger(larger(load(low_x, k, lanes) - px, px - load(high_x, k, lanes)), 0.0)
            dy = larger(larger(load(low_y, k, lanes) - py, py - load(high_y, k, lanes)), 0.0)
            dz = larger(larger(load(low_z, k, lanes) - pz, pz - load(high_z, k, lanes)), 0.0)
            bits = marks(dx * dx + dy * dy + dz * dz, limit)
            while bits:
                parts[found] = part + lowest(bits)
                found += 1
                bits &= bits - 1
        wholes, parts, waiting = parts, wholes, found
    return wholes[:waiting]


@njit(cache=True, error_model="numpy")
def _measure(place, x, y, z, blocks, limit, squares):  # noqa: ANN001, ANN202
    """Compute the squared distances of all stars of some blocks; count those within a limit."""
    px, py, pz = place
    lanes = repeated(0.0, 8)
    inside = 0
    for i in range(len(blocks)):
        k = LANES * blocks[i]
        dx, dy, dz = load(x, k, lanes) - px, load(y, k, lanes) - py, load(z, k, lanes) - pz
        square = dx * dx + dy * dy + dz * dz
        store(squares, LANES * i, square)
        inside += within(square, limit)
    return inside


@njit(cache=True, error_model="numpy")
def _ranked(squares, found, rank, guess):  # noqa: ANN001, ANN202
    """Select the squared distance of rank ``rank`` by counting the stars within trial distances."""
    low, high = -1.0, FAR * FAR  # the result is above low and at most high
    far = repeated(high, 8)
    while True:
        inside = 0
        for i in range(0, found, LANES):
            inside += within(load(squares, i, far), guess)
        if rank - 1 <= inside <= rank:
            inner, outer = repeated(0.0, 8), far
            for i in range(0, found, LANES):
                lanes = load(squares, i, far)
                inner = larger(inner, kept(lanes, lanes, guess, 0.0))
                outer = smaller(outer, lanes + kept(far, lanes, guess, 0.0))
            return largest(inner) if inside == rank else smallest(outer)
        if inside > rank:
            high = guess
        else:
            low = guess
        guess *= _growth(rank / max(inside, 1))
        if not low < guess < high:
            guess = 0.5 * (low + high)
        if not low < guess < high:
            return high
