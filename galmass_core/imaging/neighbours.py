"""Compiled functions of the neighbour search; see `smoothing`."""
# ruff: noqa: ANN001, ANN202 (numba infers the types)

import numpy as np
from numba import njit

from galmass_core.imaging.lanes import (
    kept,
    larger,
    largest,
    load,
    marks,
    repeated,
    smaller,
    smallest,
    store,
    within,
)
from galmass_core.translation import OPTIONS

LANES = 8  # stars of a block, and boxes of a larger box
FAR = 1e150  # a length whose square is still finite
MARGIN = 1.25  # by which a guessed squared distance is enlarged: two failures in ten

compiled = njit(**OPTIONS)
part = njit(inline="always", **OPTIONS)  # of its only caller


@compiled
def count_within(positions, lengths, stars, counts) -> None:
    """Count the other stars within the length of each of a few stars.

    Parameters
    ----------
    positions : (N, 3) float64, kpc
    lengths : (N,) float64, kpc
    stars : (n,) int64
        Rows of the few stars.
    counts : (n,) int64
        Result.
    """
    for i in range(len(stars)):
        star = stars[i]
        x, y, z = positions[star, 0], positions[star, 1], positions[star, 2]
        limit = lengths[star] * lengths[star]
        inside = -1  # the star itself
        for k in range(len(positions)):
            dx, dy, dz = positions[k, 0] - x, positions[k, 1] - y, positions[k, 2] - z
            inside += dx * dx + dy * dy + dz * dz <= limit
        counts[i] = inside


@compiled
def sort(stars, number, ranges, sides) -> None:
    """Sort neighbours together: every aligned run of 8 * 2^n stars is a box.

    Parameters
    ----------
    stars : (4 M,) float64
        x, y, z and one more number of each star; the first N are sorted, in place.
    number : int
        N.
    ranges : (64, 2) int64
        Work space, as is the following.
    sides : (4,) float64
    """
    ranges[0, 0], ranges[0, 1], waiting = 0, number, 1
    while waiting:
        waiting -= 1
        low, high = ranges[waiting, 0], ranges[waiting, 1]
        if high - low <= LANES:
            continue
        half = LANES
        while 2 * half < high - low:
            half *= 2
        middle = low + half
        least = load(stars, 4 * low, repeated(0.0, 4))
        most = least
        for i in range(low + 1, high):
            star = load(stars, 4 * i, least)
            least, most = smaller(least, star), larger(most, star)
        store(sides, 0, most - least)
        axis = 1 if sides[1] > sides[0] else 0
        _halve(stars, 2 if sides[2] > sides[axis] else axis, low, middle, high)
        ranges[waiting, 0], ranges[waiting, 1] = low, middle
        ranges[waiting + 1, 0], ranges[waiting + 1, 1] = middle, high
        waiting += 2


@part
def _halve(stars, axis, low, middle, high):
    """Move the stars with smaller keys before ``middle``, by quickselect."""
    pivot, equal = 0.0, False
    while low < middle < high:
        if not equal:  # the median of three
            a, b = stars[4 * low + axis], stars[4 * ((low + high) // 2) + axis]
            c = stars[4 * high - 4 + axis]
            if a > b:
                a, b = b, a
            pivot = a if c < a else b if c > b else c
        place = low
        for i in range(low, high):  # without branches, which a processor would predict badly
            key = stars[4 * i + axis]
            star = load(stars, 4 * i, repeated(0.0, 4))
            store(stars, 4 * i, load(stars, 4 * place, star))
            store(stars, 4 * place, star)
            place += key <= pivot if equal else key < pivot
        if equal:  # all before the place are the smallest
            low, equal = place, False
        elif place == low:  # none is smaller: move those that are equal
            equal = True
        elif middle < place:
            high = place
        else:
            low = place


@compiled
def enclose(stars, number, places, boxes, starts) -> None:
    """Lay sorted stars out by coordinate, and find the boxes of all levels.

    Parameters
    ----------
    stars : (M, 4) float64
        x, y, z and one more number of each star, in whole blocks, of which the first N are stars.
    number : int
        N.
    places : (3, M) float64
        Result: x, y and z.
    boxes : (6, B) float64
        Result: minima and maxima of x, y and z in the boxes of all levels. A box without stars is
        nowhere.
    starts : (levels + 1,) int64
        First box of each level.
    """
    for axis in range(3):
        lows, highs, row = boxes[axis], boxes[3 + axis], places[axis]
        for box in range(len(lows)):
            lows[box], highs[box] = FAR, -FAR
        for i in range(len(row)):
            row[i] = stars[i, axis]
        for i in range(number):
            box = i // LANES
            lows[box] = row[i] if row[i] < lows[box] else lows[box]
            highs[box] = row[i] if row[i] > highs[box] else highs[box]
        for level in range(1, len(starts) - 1):
            for k in range(starts[level - 1], starts[level]):
                box = starts[level] + (k - starts[level - 1]) // LANES
                lows[box] = lows[k] if lows[k] < lows[box] else lows[box]
                highs[box] = highs[k] if highs[k] > highs[box] else highs[box]


@compiled
def search(x, y, z, boxes, starts, rank, squares, near, trial, places) -> None:
    """Find the squared distance of rank ``rank``, the star itself included, for every star.

    The distance of the next star is guessed from that of the last one.

    Parameters
    ----------
    x, y, z : (M,) float64, kpc
        Sorted stars, in whole blocks.
    boxes : (6, B) float64, kpc
        Minima and maxima of x, y and z in all boxes of all levels.
    starts : (levels + 1,) int64
        First box of each level.
    rank : int
    squares : (N,) float64, kpc^2
        Result.
    near : (2, M / 8 + 16) float64
        Work space, as is the following.
    trial : (M,) float64
    places : (2048,) float64
        Places of the bits that are 1, for each byte.
    """
    per_diagonal = 0.05 * rank ** (2 / 3)  # of a block, squared, where the density is even
    guess = FAR
    for star in range(len(squares)):
        if star % LANES == 0:
            block, diagonal = star // LANES, 0.0
            for axis in range(3):
                side = boxes[3 + axis, block] - boxes[axis, block]
                diagonal += side * side
            if 0 < per_diagonal * diagonal < guess:
                guess = per_diagonal * diagonal
        place = x[star], y[star], z[star]
        limit, inside = guess, rank
        while True:
            limit *= MARGIN * _growth(rank / inside)
            last, blocks = _blocks_within(place, boxes, starts, limit, near, places)
            inside = _measure(place, x, y, z, near[last], blocks, limit, trial)
            if inside >= rank:
                break
        squares[star] = _ranked(trial, LANES * blocks, rank, limit * _growth(rank / inside))
        if squares[star] > 0:
            guess = squares[star]


@compiled
def _growth(more):
    """Return the area of a sphere of ``more`` times the volume, about more^(2/3), in 1/5..5."""
    return (1 + 5 * more) / (5 + more)


@compiled
def _blocks_within(place, boxes, starts, limit, near, places):
    """List the blocks whose boxes are within a squared distance, from the largest boxes down.

    Returns the row of ``near`` that holds them, and their number.
    """
    px, py, pz = place
    lanes = repeated(0.0, 8)
    low_x, low_y, low_z = boxes[0], boxes[1], boxes[2]
    high_x, high_y, high_z = boxes[3], boxes[4], boxes[5]
    last, waiting = 0, 1
    near[last, 0] = 0.0
    for level in range(len(starts) - 2, -1, -1):
        wholes, parts, found = near[last], near[1 - last], 0
        for i in range(waiting):
            part = LANES * np.int64(wholes[i])
            k = starts[level] + part
            dx = larger(larger(load(low_x, k, lanes) - px, px - load(high_x, k, lanes)), 0.0)
            dy = larger(larger(load(low_y, k, lanes) - py, py - load(high_y, k, lanes)), 0.0)
            dz = larger(larger(load(low_z, k, lanes) - pz, pz - load(high_z, k, lanes)), 0.0)
            square = dx * dx + dy * dy + dz * dz
            # without branches, which a processor would predict badly
            numbers = load(places, LANES * marks(square, limit), lanes)
            store(parts, found, numbers + float(part))
            found += within(square, limit)
        last, waiting = 1 - last, found
    return last, waiting


@compiled
def _measure(place, x, y, z, blocks, number, limit, squares):
    """Compute the squared distances of all stars of some blocks; count those within a limit."""
    px, py, pz = place
    lanes = repeated(0.0, 8)
    inside = 0
    for i in range(number):
        k = LANES * np.int64(blocks[i])
        dx, dy, dz = load(x, k, lanes) - px, load(y, k, lanes) - py, load(z, k, lanes) - pz
        square = dx * dx + dy * dy + dz * dz
        store(squares, LANES * i, square)
        inside += within(square, limit)
    return inside


@compiled
def _ranked(squares, found, rank, guess):
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
        guess *= _growth(rank / (inside if inside > 0 else 1))
        if not low < guess < high:
            guess = 0.5 * (low + high)
        if not low < guess < high:
            return high
