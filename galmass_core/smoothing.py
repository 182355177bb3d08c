"""Star positions -> smoothing lengths: the exact distance to the 32nd other star.

The stars are halved along the longest side of their box, again and again, until a leaf holds at
most `LEAF` of them. The stars of a leaf search together, among the leaves within some reach of
theirs: a distance that comes out within the reach is final, because every star outside is farther.
The others search again, farther. Everything is in float64, so that a lone star far away costs no
precision.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from galmass_core.lanes import (
    kept,
    larger,
    largest,
    load,
    repeated,
    smaller,
    smallest,
    store,
    within,
)

LEAF = 12  # stars; with less a search looks at more leaves, with more at more stars
LANES = 8  # stars whose distances are worked out at a time
FAR = 1e150  # a length whose square is still finite
REACH = 3.0  # a search that failed for some stars goes on to at most this many times the area


def smoothing_lengths(positions: ArrayLike, neighbours: int = 32) -> NDArray[np.float64]:
    """Measure the distance of every star to its ``neighbours``-th nearest other star.

    Parameters
    ----------
    positions : (N, 3) float, kpc
        Positions of the stars in space.
    neighbours : int
        How many other stars a kernel reaches: 32 (Chu et al. 2024, Sec. 2.2). Among fewer stars
        the farthest counts.

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
    count = len(positions)
    if count < 2:
        return np.zeros(count)
    depth = max(0, math.ceil(math.log2(count / LEAF)))
    x, y, z = np.concatenate([positions, np.zeros((LANES, 3))]).T.copy()
    order = np.arange(count)
    boxes = np.empty((2 << depth, 6))
    _split(x, y, z, order, boxes, depth)
    squares = np.empty(count)
    _search(x, y, z, boxes, depth, min(neighbours, count - 1) + 1, squares)
    lengths = np.empty(count)
    lengths[order] = np.sqrt(squares)
    return lengths


@njit(cache=True)
def _split(x, y, z, order, boxes, depth):  # noqa: ANN001, ANN202
    """Sort the stars into the leaves of a balanced tree; node i has the children 2i and 2i + 1."""
    count = len(order)
    for level in range(depth + 1):
        for j in range(1 << level):
            low, high = count * j >> level, count * (j + 1) >> level
            box = boxes[(1 << level) + j]
            for axis, places in enumerate((x, y, z)):
                box[axis], box[3 + axis] = places[low:high].min(), places[low:high].max()
            if level < depth:
                middle = count * (2 * j + 1) >> (level + 1)
                sides = box[3:] - box[:3]
                if sides[0] >= max(sides[1], sides[2]):
                    _halve(x, y, z, order, low, middle, high - 1)
                elif sides[1] >= sides[2]:
                    _halve(y, z, x, order, low, middle, high - 1)
                else:
                    _halve(z, x, y, order, low, middle, high - 1)


@njit(cache=True)
def _halve(key, second, third, order, low, middle, high):  # noqa: ANN001, ANN202
    """Bring the smaller keys before ``middle`` (Hoare's selection); ``high`` is the last star."""
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
def _search(x, y, z, boxes, depth, rank, squares):  # noqa: ANN001, ANN202
    """Find the squared distance of rank ``rank``, the star itself included, for every star."""
    count, leaves = len(squares), 1 << depth
    around = np.empty((4, count + 2 * LANES))
    nx, ny, nz, trial = around[0], around[1], around[2], around[3]
    guess = limit = 0.0
    for leaf in range(leaves, 2 * leaves):
        low, high = count * (leaf - leaves) >> depth, count * (leaf - leaves + 1) >> depth
        squares[low:high] = FAR
        node, missing = leaf, high - low
        while missing:
            found = _gather(x, y, z, boxes, leaves, leaf, limit, nx, ny, nz)
            if found < rank:  # at most as far as the corners of the next larger node
                limit = max(limit, np.sum((boxes[node, 3:] - boxes[node, :3]) ** 2))
                node = max(node // 2, 1)
                continue
            nx[found : found + LANES] = FAR
            missing, farthest = 0, 0.0
            for star in range(low, high):
                if squares[star] == FAR:
                    _measure(x[star], y[star], z[star], nx, ny, nz, found, trial)
                    guess = _ranked(trial, found, rank, guess if guess > 0 else limit)
                    if guess <= limit:
                        squares[star] = guess
                    else:
                        missing += 1
                        farthest = max(farthest, guess)
            limit = min(farthest, REACH * limit) if limit > 0 else farthest
        limit = squares[low:high].mean()


@njit(cache=True)
def _gather(x, y, z, boxes, leaves, leaf, limit, nx, ny, nz):  # noqa: ANN001, ANN202
    """Copy all leaves within a squared distance of a leaf's box; return their number of stars."""
    count = len(x) - LANES
    lanes = repeated(0.0, 8)
    box = boxes[leaf]
    nodes = np.empty(64, dtype=np.int64)
    nodes[0], waiting, found = 1, 1, 0
    while waiting:
        waiting -= 1
        node = nodes[waiting]
        gap = 0.0
        for axis in range(3):
            aside = max(boxes[node, axis] - box[3 + axis], box[axis] - boxes[node, 3 + axis], 0.0)
            gap += aside * aside
        if gap > limit:
            continue
        if node < leaves:
            nodes[waiting], nodes[waiting + 1] = 2 * node, 2 * node + 1
            waiting += 2
            continue
        low = count * (node - leaves) // leaves
        high = count * (node - leaves + 1) // leaves
        for i in range(0, high - low, LANES):
            store(nx, found + i, load(x, low + i, lanes))
            store(ny, found + i, load(y, low + i, lanes))
            store(nz, found + i, load(z, low + i, lanes))
        found += high - low
    return found


@njit(cache=True)
def _measure(px, py, pz, nx, ny, nz, found, squares):  # noqa: ANN001, ANN202
    """Work out the squared distances of the gathered stars from one place."""
    lanes = repeated(0.0, 8)
    for i in range(0, found, LANES):
        dx, dy, dz = load(nx, i, lanes) - px, load(ny, i, lanes) - py, load(nz, i, lanes) - pz
        store(squares, i, dx * dx + dy * dy + dz * dz)


@njit(cache=True, error_model="numpy")
def _ranked(squares, found, rank, guess):  # noqa: ANN001, ANN202
    """Select the squared distance of rank ``rank`` by counting the stars within trial distances."""
    low, high = -1.0, FAR  # the answer lies above the one and at most at the other
    far = repeated(FAR, 8)
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
        guess *= (rank / max(inside, 1)) ** (2 / 3)  # as if their density was uniform
        if not low < guess < high:
            guess = 0.5 * (low + high)
        if not low < guess < high:
            return high
