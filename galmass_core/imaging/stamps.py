"""Compiled functions of the renderer: add stamps of stars, and refine coarse grids.

One flat float32 array holds all grids, finest first, each as ``[row][weight][column]``. Grid 0 is
the pixels with a margin; a cell of grid l > 0 is a coefficient of cubic B-splines ``2^l`` pixels
apart, the first of the frame on the middle of the first pixel. Both kinds of stamp are a fixed
number of lanes wide, so that a row takes a few instructions.
"""
# ruff: noqa: ANN001, ANN202 (numba infers the types)

import numpy as np
from numba import njit

from galmass_core.imaging import grids
from galmass_core.imaging.grids import POINT
from galmass_core.imaging.lanes import (
    ceil,
    doubled,
    floor,
    folded,
    in_eights,
    interleaved,
    joined,
    kept,
    larger,
    load,
    moved,
    ramp,
    repeated,
    root,
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

LANES = 16  # columns of a tile
FEW = 32  # narrow stamps made before they are added
SUMS = 64 * FEW  # where in the scratch space they are, after the stamps

MARGIN, GUARD = float(grids.MARGIN), float(grids.GUARD)

compiled = njit(fastmath=True, **OPTIONS)
part = njit(fastmath=True, inline="always", **OPTIONS)  # called in one place: typed with its caller
inlined = njit(fastmath=True, forceinline=True, **OPTIONS)
_stamp_radius, _table_place = part(stamp_radius), part(table_place)


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
    radial,
    stars,
    found,
    tiles,
    order,
    firsts,
    scratch,
    light,
) -> None:
    """Add every star to the grid that suits its radius.

    Each step is taken for many stars before the next, so that no star waits for the one before it.

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
    terms : (256,) float32
        `spline.separable_lanes`.
    radial : (512, 5) float32
        `spline.radial_terms`.
    stars : (levels + 2, 4, batch + 8) float64
        Work space, as are the following: row of a star, radius, column and row in the frame, by
        the kind of its stamp.
    found : (levels + 2,) int64
        Number of stars of each kind.
    tiles : (8, 2 * batch + 8) float64
        Parts of stamps: number of rows, first cell, side of the grid, row of the star, place in
        ``radial``, column and row of the first cell as seen from the star and size of a cell in
        stamp radii. Of a narrow stamp, squared radius in place of the number of rows.
    order : (2 * batch,) int64
        Tiles by their number of rows.
    firsts : (34,) int64
        First tile of each number of rows in ``order``.
    scratch : (2304,) float32
    light : (K,) float32
    """
    batch, count = len(order) // 2, len(weights)
    for first in range(0, len(support), batch):
        last = first + batch if first + batch < len(support) else len(support)
        _sort_by_kind(x, y, support, scale, pixels, first, last, stars, found)
        _place_narrow(stars, found[0], sides[0], count, tiles)
        for start in range(0, found[0], FEW):
            few = FEW if found[0] - start > FEW else found[0] - start
            for i in range(few):
                _make_narrow(tiles, np.uint64(start + i), terms, scratch, i)
            for i in range(few):
                _add_narrow(cells, tiles, np.uint64(start + i), weights, scratch, i)
        made = 0
        for kind in range(1, len(found)):
            level = kind - 2 if kind > 2 else 0
            places = starts[level], sides[level], level
            made = _cut(stars, found, kind, places, count, tiles, made)
        _sort_by_rows(tiles, made, order, firsts)
        for rows in range(1, 2 * LANES + 1):
            for i in range(firsts[rows], firsts[rows + 1]):
                tile = np.uint64(order[i])
                _add_tile(cells, rows, tiles, tile, weights, radial, light, scratch)


@part
def _sort_by_kind(x, y, support, scale, pixels, first, last, stars, found):
    """List the stars that reach the frame by the kind of their stamps.

    Narrow ones, those up to 16 pixels wide, wider ones, and one kind for each coarser grid.
    """
    for kind in range(len(found)):
        found[kind] = 0
    for each in range(first, last):
        star = np.uint64(each)
        radius = support[star] * scale
        column, row = x[star] * scale + 0.5 * pixels, y[star] * scale + 0.5 * pixels
        reach = radius + POINT
        edge = pixels + reach
        if (column > -reach) & (row > -reach) & (column < edge) & (row < edge):
            kind = (radius >= NARROW) + (radius >= SLIM) + (radius >= DIRECT)
            limit = 2 * WIDEST
            while radius >= limit:
                kind, limit = kind + 1, 2 * limit
            kind = np.uint64(kind)
            i = np.uint64(found[kind])
            stars[kind, 0, i], stars[kind, 1, i] = each, radius
            stars[kind, 2, i], stars[kind, 3, i] = column, row
            found[kind] += 1


@part
def _place_narrow(stars, number, side, count, tiles):
    """Place the stamps of kernels of at most 3.5 pixels, eight at a time."""
    line, stride = float(count * side), tiles.shape[1]
    for i in range(0, number, 8):
        radius, column, row = _eight(stars, 0, i)
        # a point: all its light into the pixel it is in
        column = kept(floor(column) + 0.5, radius, POINT, column)
        row = kept(floor(row) + 0.5, radius, POINT, row)
        radius = larger(radius, POINT)
        left, bottom = floor(column - radius), floor(row - radius)
        store(tiles, i, radius * radius)
        store(tiles, i + stride, (bottom + MARGIN) * line + (left + MARGIN))
        store(tiles, i + 2 * stride, repeated(float(side), 8))
        store(tiles, i + 3 * stride, load(stars, i, radius))
        store(tiles, i + 5 * stride, left + 1.0 - column)
        store(tiles, i + 6 * stride, bottom + 1.0 - row)
        store(tiles, i + 7 * stride, 1.0 / radius)


@inlined
def _eight(stars, kind, i):
    """Return radius, column and row of eight stars."""
    stride, lanes = stars.shape[2], repeated(0.0, 8)
    here = 4 * stride * kind + i
    return (
        load(stars, here + stride, lanes),
        load(stars, here + 2 * stride, lanes),
        load(stars, here + 3 * stride, lanes),
    )


@part
def _make_narrow(tiles, tile, terms, scratch, i):
    """Make the stamp of a kernel of at most 3.5 pixels from its integrals at the pixel edges."""
    inverse = tiles[7, tile]
    # lanes 0 to 7: right edges of the columns, 8 to 15: upper edges of the rows
    edges = joined(ramp(8) + tiles[5, tile], ramp(8) + tiles[6, tile])
    v = smaller(larger(edges * inverse, -1.0), 1.0)
    square = v * v
    first, second = _flux(terms, 0, v, square), _flux(terms, 128, v, square)
    distance = larger(larger(edges - 1.0, 0.0 - edges), 0.0)
    near = distance * distance
    within = 0.0 - (near - tiles[0, tile])
    columns = doubled(first), doubled(second), doubled(near)
    a = _two_rows(columns, first, second, within, 8)
    b = _two_rows(columns, first, second, within, 10)
    c = _two_rows(columns, first, second, within, 12)
    d = _two_rows(columns, first, second, within, 14)
    store(scratch, 64 * i, a)
    store(scratch, 64 * i + 16, b)
    store(scratch, 64 * i + 32, c)
    store(scratch, 64 * i + 48, d)
    store(scratch, SUMS + 8 * i, folded((a + b) + (c + d)))


@inlined
def _flux(terms, start, v, square):
    """Integrate a term of the kernel between neighbouring edges; all of it lies between."""
    value = load(terms, start, v)
    for power in range(16, 112, 16):
        value = value * square + load(terms, start + power, v)
    value = value * v
    return value - moved(value, load(terms, start + 112, v))


@inlined
def _two_rows(columns, first, second, within, row):
    """Return the flux in eight pixels of each of two rows; none beyond the circle."""
    flux = columns[0] * in_eights(first, row) + columns[1] * in_eights(second, row)
    return kept(larger(flux, 0.0), columns[2], in_eights(within, row), 0.0)


@part
def _add_narrow(cells, tiles, tile, weights, scratch, i):
    """Add a stamp of eight rows of eight pixels."""
    here, side, star = np.int64(tiles[1, tile]), np.int64(tiles[2, tile]), np.uint64(tiles[3, tile])
    brightness = np.float32(1.0) / total(load(scratch, SUMS + 8 * i, ramp(8)))
    for k in range(len(weights)):
        light = np.float32(weights[k, star]) * brightness
        for row in range(8):
            line = here + row * len(weights) * side
            flux = load(scratch, 64 * i + 8 * row, ramp(8)) * light
            store(cells, line, load(cells, line, flux) + flux)
        here += side


@part
def _cut(stars, found, kind, places, count, tiles, made):
    """Cut the stamps of wider kernels into tiles of 16 columns, eight stamps at a time.

    Returns how many tiles there are with them.
    """
    start, side, level = places
    stride, strips = tiles.shape[1], 2 if kind > 1 else 1
    coarse, step, before = (1, 1.0 / (1 << level), GUARD) if level else (0, 1.0, MARGIN)
    for i in range(0, found[kind], 8):
        radius, column, row = _eight(stars, kind, i)
        column, row = (column - 0.5) * step + before, (row - 0.5) * step + before
        rho, entry = _stamp_radius(radius * step, coarse), _table_place(radius * step, coarse)
        inverse = 1.0 / rho
        left = smaller(larger(ceil(column - rho), 0.0), float(side - strips * LANES))
        for _ in range(strips):
            away = larger(larger(left - column, column - (left + 15.0)), 0.0)
            half = root(larger(rho * rho - away * away, 0.0))
            bottom = larger(ceil(row - half), 0.0)
            rows = smaller(floor(row + half), side - 1.0) - bottom + 1.0
            store(tiles, made, larger(rows, 0.0))
            store(tiles, made + stride, bottom * float(count * side) + (left + float(start)))
            store(tiles, made + 2 * stride, repeated(float(side), 8))
            store(tiles, made + 3 * stride, load(stars, 4 * stars.shape[2] * kind + i, rho))
            store(tiles, made + 4 * stride, entry)
            store(tiles, made + 5 * stride, (left - column) * inverse)
            store(tiles, made + 6 * stride, (bottom - row) * inverse)
            store(tiles, made + 7 * stride, inverse)
            made += 8 if i + 8 < found[kind] else found[kind] - i
            left = left + 16.0
    return made


@part
def _sort_by_rows(tiles, made, order, firsts):
    """Order tiles by the number of their rows: the processor then predicts where each ends."""
    for rows in range(len(firsts)):
        firsts[rows] = 0
    for i in range(made):
        firsts[np.uint64(tiles[0, i]) + np.uint64(1)] += 1
    for rows in range(1, len(firsts)):
        firsts[rows] += firsts[rows - 1]
    for i in range(made):
        rows = np.uint64(tiles[0, i])
        order[np.uint64(firsts[rows])] = i
        firsts[rows] += 1
    for rows in range(len(firsts) - 1, 0, -1):
        firsts[rows] = firsts[rows - 1]


@part
def _add_tile(cells, rows, tiles, tile, weights, radial, light, scratch):
    """Add a tile of a kernel of 3.5 to 17 cells, a polynomial in the distance from the star."""
    here, side, star = np.int64(tiles[1, tile]), np.int64(tiles[2, tile]), np.uint64(tiles[3, tile])
    entry, inverse = np.uint64(tiles[4, tile]), np.float32(tiles[7, tile])
    across, up = ramp(16) * inverse + tiles[5, tile], ramp(32) * inverse + tiles[6, tile]
    across = 0.0 - across * across
    store(scratch, 0, 0.0 - (up * up - 1.0))
    unit = np.float32(1.0)
    if len(weights) == 1:  # the light is in the coefficients, to save a product in every row
        unit = np.float32(weights[0, star]) * (inverse * inverse)
    else:
        for k in range(len(weights)):
            light[k] = np.float32(weights[k, star]) * (inverse * inverse)
    first, second = light[0], light[len(light) - 1]
    c0, c1, c2 = radial[entry, 0] * unit, radial[entry, 1] * unit, radial[entry, 2] * unit
    c3, c4 = radial[entry, 3] * unit, radial[entry, 4] * unit
    for i in range(rows):
        t = larger(across + scratch[i], 0.0)
        flux = (((t * c4 + c3) * t + c2) * t + c1) * t + c0
        flux = flux * (t * t)
        if len(weights) == 1:
            store(cells, here, load(cells, here, flux) + flux)
            here += side
        elif len(weights) == 2:  # g and r, without a loop
            store(cells, here, load(cells, here, flux) + flux * first)
            here += side
            store(cells, here, load(cells, here, flux) + flux * second)
            here += side
        else:
            for k in range(len(weights)):
                store(cells, here, load(cells, here, flux) + flux * light[k])
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
    first = (
        grids.GUARD - origin // 2 - 2
    )  # coarse cell, the lowest of five, that reaches fine cell 0
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
