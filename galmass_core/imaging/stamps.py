"""Compiled functions of the renderer: add stamps of stars, and refine coarse grids.

One flat float32 array holds all grids, finest first, each as ``[row][weight][column]``. Grid 0 is
the pixels with a margin; a cell of grid l > 0 is a coefficient of cubic B-splines ``2^l`` pixels
apart, the first of the frame on the middle of the first pixel. Both kinds of stamp are a fixed
number of lanes wide, so that a row takes a few instructions.
"""
# ruff: noqa: ANN001, ANN202 (numba infers the types)

import math

import numpy as np
from numba import njit

from galmass_core.imaging.grids import GUARD, MARGIN, POINT
from galmass_core.imaging.lanes import (
    interleaved,
    kept,
    larger,
    load,
    ramp,
    shifted,
    smaller,
    store,
    total,
)
from galmass_core.imaging.spline import (
    DIRECT,
    NARROW,
    SLIM,
    WIDEST,
    stamp_radius,
    table_place,
)
from galmass_core.translation import OPTIONS

compiled = njit(fastmath=True, **OPTIONS)
inlined = njit(fastmath=True, forceinline=True, **OPTIONS)
_stamp_radius, _table_place = inlined(stamp_radius), inlined(table_place)


@compiled
def scatter(
    x,
    y,
    support,
    weights,
    scale,
    pixels,
    cells,
    starts,
    sides,
    terms,
    signs,
    radial,
    stars,
    found,
    scratch,
    light,
) -> None:
    """Add every star to the grid that suits its radius.

    Parameters
    ----------
    x, y, support : (N,) float64, kpc
        Position on the sky and support radius.
    weights : (K, N) float64
        Quantities to render.
    scale : float
        Pixels per kpc.
    pixels : int
        Number of pixels along the side of the frame, whose centre is at x = y = 0.
    cells : float32
        All grids in one flat array, to which the stars are added.
    starts, sides : (levels,) int64
        First cell of each grid, and cells along its side.
    terms, signs, radial : float32
        `spline.separable_terms` and `spline.radial_terms`.
    stars : (4, batch) int64
        Work space, as are the following.
    found : (4,) int64
    scratch : (88,) float32
    light : (K,) float32
    """
    batch = stars.shape[1]
    for first in range(0, len(support), batch):
        last = first + batch if first + batch < len(support) else len(support)
        _sort_by_width(x, y, support, scale, pixels, first, last, stars, found)
        for i in range(found[0]):
            star = stars[0, i]
            radius, column, row = _in_pixels(x, y, support, star, scale, pixels)
            if radius < POINT:  # all its light into the pixel it is in
                radius, column, row = POINT, math.floor(column) + 0.5, math.floor(row) + 0.5
            place = starts[0], sides[0], column + MARGIN, row + MARGIN
            _narrow(cells, place, radius, weights, star, terms, signs, scratch)
        for i in range(found[1]):
            star = stars[1, i]
            radius, column, row = _in_pixels(x, y, support, star, scale, pixels)
            place = starts[0], sides[0], column - 0.5 + MARGIN, row - 0.5 + MARGIN
            _wide(cells, place, radius, 0, weights, star, light, radial, ramp(16))
        for width in range(2, 4):
            for i in range(found[width]):
                star = stars[width, i]
                radius, column, row = _in_pixels(x, y, support, star, scale, pixels)
                level, step, before = 0, 1.0, MARGIN
                if width == 3:  # the coarser grid that suits the radius
                    level, step, before = 1, 0.5, GUARD
                    while radius * step >= WIDEST:
                        level, step = level + 1, 0.5 * step
                column, row = (column - 0.5) * step + before, (row - 0.5) * step + before
                place = starts[level], sides[level], column, row
                _wide(
                    cells, place, radius * step, width - 2, weights, star, light, radial, ramp(32)
                )


@inlined
def _sort_by_width(x, y, support, scale, pixels, first, last, stars, found):
    """List the stars that reach the frame by the width of their stamps."""
    for width in range(4):
        found[width] = 0
    for star in range(first, last):
        radius, column, row = _in_pixels(x, y, support, star, scale, pixels)
        low, high = (column, row) if column < row else (row, column)
        reach = radius if radius > POINT else POINT
        if low > -reach and high < pixels + reach:
            width = (radius >= NARROW) + (radius >= SLIM) + (radius >= DIRECT)
            stars[width, found[width]] = star
            found[width] += 1


@inlined
def _in_pixels(x, y, support, star, scale, pixels):
    """Return the support radius, column and row of a star."""
    return support[star] * scale, x[star] * scale + 0.5 * pixels, y[star] * scale + 0.5 * pixels


@inlined
def _narrow(cells, place, radius, weights, star, terms, signs, scratch):
    """Add a kernel of at most 3.5 pixels as differences of its integrals at the pixel edges."""
    start, side, column, row = place
    first_column, first_row = math.floor(column - radius), math.floor(row - radius)
    # lane i: the right (upper) edge of pixel i of the stamp, as seen from the star, in pixels
    right = ramp(8) + (first_column + 1 - column)
    upper = ramp(8) + (first_row + 1 - row)
    across, across_too = _fluxes(right, radius, terms)
    up, up_too = _fluxes(upper, radius, terms)
    store(scratch, 0, up * signs[0])
    store(scratch, 8, up_too * signs[1])
    near = _nearest(right)
    store(scratch, 16, 0.0 - (_nearest(upper) - radius * radius))
    flux = ramp(8) * 0.0
    for i in range(8):
        pixels = larger(across * scratch[i] + across_too * scratch[8 + i], 0.0)
        pixels = kept(pixels, near, scratch[16 + i], 0.0)  # nothing beyond the circle
        store(scratch, 24 + 8 * i, pixels)
        flux = flux + pixels
    brightness = np.float32(1.0) / total(flux)
    here = start + first_row * len(weights) * side + first_column
    for k in range(len(weights)):
        light = np.float32(weights[k, star]) * brightness
        for i in range(8):
            line = here + i * len(weights) * side
            pixels = load(scratch, 24 + 8 * i, flux) * light
            store(cells, line, load(cells, line, flux) + pixels)
        here += side


@inlined
def _fluxes(edges, radius, terms):
    """Integrate both terms of the kernel between neighbouring edges; all of it lies between."""
    v = smaller(larger(edges * np.float32(1 / radius), -1.0), 1.0)
    square = v * v
    first = square * terms[0, 6] + terms[0, 5]
    second = square * terms[1, 6] + terms[1, 5]
    for power in range(4, -1, -1):
        first = first * square + terms[0, power]
        second = second * square + terms[1, power]
    first, second = first * v, second * v
    return first - shifted(first, -1.0), second - shifted(second, -1.0)


@inlined
def _nearest(edges):
    """Return the squared distance from a star to each pixel, along one axis."""
    distance = larger(larger(edges - 1.0, 0.0 - edges), 0.0)
    return distance * distance


@inlined
def _wide(cells, place, radius, coarse, weights, star, light, radial, lanes):
    """Add a kernel of 3.5 to 17 cells as a polynomial in the distance from the star."""
    start, side, column, row = place
    rho, entry = _stamp_radius(radius, coarse), int(_table_place(radius, coarse))
    first, most = math.ceil(column - rho), side - len(lanes)
    first = 0 if first < 0 else most if first > most else first
    bottom, top = math.ceil(row - rho), math.floor(row + rho)
    bottom, top = 0 if bottom < 0 else bottom, side - 1 if top > side - 1 else top
    inverse = 1 / rho
    across = (lanes + (first - column)) * inverse
    across = across * across
    up, further = np.float32((bottom - row) * inverse), np.float32(inverse)
    for k in range(len(weights)):
        light[k] = np.float32(weights[k, star]) * (further * further)
    # for a single image the light is in the coefficients, to save a product in every row
    unit = light[0] if len(weights) == 1 else np.float32(1.0)
    c0, c1, c2 = radial[entry, 0] * unit, radial[entry, 1] * unit, radial[entry, 2] * unit
    c3, c4 = radial[entry, 3] * unit, radial[entry, 4] * unit
    here = start + bottom * len(weights) * side + first
    for _ in range(bottom, top + 1):
        t = larger((np.float32(1.0) - up * up) - across, 0.0)
        up += further
        shape = (((t * c4 + c3) * t + c2) * t + c1) * t + c0
        shape = shape * (t * t)
        if len(weights) == 1:
            store(cells, here, load(cells, here, lanes) + shape)
            here += side
        else:
            for k in range(len(weights)):
                store(cells, here, load(cells, here, lanes) + shape * light[k])
                here += side


@compiled
def refine(cells, count, start, side, start_fine, side_fine, origin, taps, spread) -> None:
    """Add a coarse grid to the next finer one.

    Parameters
    ----------
    cells : float32
        All grids in one flat array.
    count : int
        Number of weights, K.
    start, side, start_fine, side_fine : int
        First cell of each of the two grids, and cells along its side.
    origin : int
        Cells of the finer grid before its first one in the frame.
    taps : (5,) float32
        `grids.SUBDIVISION` or, onto the pixels, `grids.INTEGRATION`.
    spread : (side * K * side_fine,) float32
        Work space: fine columns, coarse rows.
    """
    here, next1, next2, odd1, odd2 = taps[0], taps[1], taps[2], taps[3], taps[4]
    first = GUARD - origin // 2 - 2  # coarse cell, the lowest of five, that reaches fine cell 0
    for line in range(side * count):
        for i in range(0, side_fine // 2, 8):
            a, b, c, d, e = _five(cells, start + line * side + first + i, 1)
            even = c * here + (b + d) * next1 + (a + e) * next2
            odd = (c + d) * odd1 + (b + e) * odd2
            store(spread, line * side_fine + 2 * i, interleaved(even, odd))
    step = count * side_fine
    for i in range(max(0, -first), side_fine // 2):
        for j in range(0, step, 8):
            a, b, c, d, e = _five(spread, (first + i) * step + j, step)
            even = c * here + (b + d) * next1 + (a + e) * next2
            odd = (c + d) * odd1 + (b + e) * odd2
            k = start_fine + 2 * i * step + j
            store(cells, k, load(cells, k, even) + even)
            store(cells, k + step, load(cells, k + step, odd) + odd)


@inlined
def _five(cells, index, step):
    """Load lanes at five neighbouring places."""
    lanes = ramp(8)
    return (
        load(cells, index, lanes),
        load(cells, index + step, lanes),
        load(cells, index + 2 * step, lanes),
        load(cells, index + 3 * step, lanes),
        load(cells, index + 4 * step, lanes),
    )
