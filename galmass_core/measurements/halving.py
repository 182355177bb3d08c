"""Halve bins of stars on the sky again and again, and sum them; compiled, see `machine_code`."""
# ruff: noqa: ANN001, ANN202 (numba infers the types)

import numba

from galmass_core.translation import OPTIONS

_compiled = numba.njit(**OPTIONS)


@_compiled
def halve(along_x, along_y, inside, order, work, ranks, starts) -> None:
    """Halve bins of the stars inside again and again, by their order in x and in y in turn.

    Stars are numbered in the order of x meanwhile: numbers of a bin are then near each other, and
    to halve it in x is to compare them.

    Parameters
    ----------
    along_x, along_y : (S,) int64
        All stars in the order of x and of y.
    inside : (S,) uint8
        1 for N stars, 0 for the others.
    order : (S,) uint32
        Result: in the first N places the stars inside, bin by bin.
    work : (3, N + 1) uint32
        Work space, as is the following.
    ranks : (2, S) uint32
    starts : (B + 1,) int64
        First place of each bin, and N; B is a power of two. Only 0 and N are read.
    """
    by_x, by_y, spare = work[0], work[1], work[2]
    number, rank = ranks[0], ranks[1]  # of a star in x; of such a number in y
    found = 0
    for i in range(len(along_x)):
        star = numba.uint32(along_x[i])
        order[found] = star
        number[star] = found
        found += inside[star]
    found = 0
    for i in range(len(along_y)):
        star = numba.uint32(along_y[i])
        by_y[found] = number[star]
        found += inside[star]
    for i in range(found):
        by_x[i] = i
        rank[by_y[i]] = i
    bins, width = 1, len(starts) - 1
    while width > 1:
        for place in range(0, bins * width, width):
            starts[place + width // 2] = (starts[place] + starts[place + width]) // 2
            _part_in_x(by_x, by_y, spare, starts, place, width)
        by_y, spare = spare, by_y
        bins, width = 2 * bins, width // 2
        if width == 1:
            break
        for place in range(0, bins * width, width):
            starts[place + width // 2] = (starts[place] + starts[place + width]) // 2
            _part_in_y(by_x, by_y, spare, rank, starts, place, width)
        by_x, spare = spare, by_x
        bins, width = 2 * bins, width // 2
    for i in range(found):
        by_y[i] = order[by_x[i]]
    for i in range(found):
        order[i] = by_y[i]


@_compiled
def _part_in_x(by_x, by_y, spare, starts, place, width):
    """Part a bin at its middle in x, keeping the order in y."""
    first, middle, last = starts[place], starts[place + width // 2], starts[place + width]
    least, high = by_x[middle], middle
    for i in range(first, last):
        upper = by_y[i] >= least
        spare[high if upper else i - high + middle] = by_y[i]
        high += upper


@_compiled
def _part_in_y(by_x, by_y, spare, rank, starts, place, width):
    """Part a bin at its middle in y, keeping the order in x."""
    first, middle, last = starts[place], starts[place + width // 2], starts[place + width]
    least, high = rank[by_y[middle]], middle
    for i in range(first, last):
        upper = rank[by_x[i]] >= least
        spare[high if upper else i - high + middle] = by_x[i]
        high += upper


@_compiled
def sum_bins(order, starts, weights, velocities, radii, sums) -> None:
    """Sum w, w v, w v², w² and w R in each bin.

    Parameters
    ----------
    order : (S,) uint32
        Stars bin by bin.
    starts : (B + 1,) int64
        First place of each bin, and N.
    weights, velocities, radii : (S,) float64
        Of all stars.
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
