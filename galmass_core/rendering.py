"""Stars on the sky -> images: every star's kernel integrated over every pixel.

A star of support radius H puts its weight into the line-of-sight integral of the cubic spline
(`spline.projected_kernel`). Up to 3.5 pixels the flux in a pixel is a difference of integrals, so
kernels smaller than a pixel need no special case. Kernels wider than 16 pixels go onto grids 2, 4,
8, ... times coarser as coefficients of cubic B-splines, which subdivide exactly onto the next
finer grid and at last integrate exactly over the pixels: no star costs more than 32 x 32 cells.
All terms of these sums are positive, so positive weights never give a negative pixel.

Against `deposit_reference` the relative L2 error of a single star is 1e-3 or less at any support
radius; its flux is kept to 2e-4, with errors that cancel between stars; its light ends at most
H/8 beyond its kernel.

An image is indexed ``[weight, row, column]``, row upwards (y), column to the right (x).
"""

import math

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from galmass_core.lanes import interleaved, kept, larger, load, ramp, shifted, smaller, store, total
from galmass_core.spline import (
    DIRECT,
    NARROW,
    WIDEST,
    projected_kernel,
    radial_terms,
    separable_terms,
    stamp_radius,
    table_place,
)

MARGIN = 8  # pixels around the frame, so that narrow stamps never need clipping
GUARD = 4  # cells of a coarser grid before its first one in the frame
LANES = 32  # cells along the side of the widest stamp, and of the smallest grid
POINT = 1e-6  # pixels, the radius given to a star without extent
# Weights of coarse B-spline coefficients in a place of the next finer grid (subdivision) or in a
# pixel (integral of B-splines two pixels apart), by distance: for an even place of the one there,
# of the next two and of the second next two; for an odd place of the next two, the second next two.
SUBDIVISION = np.array([6, 1, 0, 4, 0], dtype=np.float32) / 16
INTEGRATION = np.array([1990, 540, 1, 1456, 80], dtype=np.float32) / 6144


def deposit(
    x: ArrayLike,
    y: ArrayLike,
    support: ArrayLike,
    weights: ArrayLike,
    *,
    half_width: float,
    pixels: int,
    device: str = "cpu",
) -> NDArray[np.float32]:
    """Render N stars as K images of the square frame ``|x|, |y| <= half_width``.

    Parameters
    ----------
    x, y : (N,) float, kpc
        Position on the sky, measured from the centre of the frame.
    support : (N,) float, kpc
        Radius H at which a star's kernel ends; with H = 0 all light goes into one pixel.
    weights : (K, N) float
        What to add up, e.g. luminosities in K bands [Lsun]; float32 range.
    half_width : float, kpc
        Half of the side of the frame.
    pixels : int
        Number of pixels along the side.
    device : str
        ``cpu`` runs the compiled kernel on one thread, any other device runs torch there.

    Returns
    -------
    (K, pixels, pixels) float32
        Sum of the weights per pixel, ``[weight, row = y, column = x]``. Light outside the frame
        is lost, light inside is kept.

    Raises
    ------
    ValueError
        If the shapes do not fit, a number is not finite, a support radius is negative, or the
        frame is empty.
    """
    stars = _checked(x, y, support, weights, half_width, pixels)
    if device != "cpu":
        from galmass_core.rendering_torch import deposit_torch

        return deposit_torch(*stars, half_width=half_width, pixels=pixels, device=device)
    sides = grid_sides(stars[2], half_width, pixels)
    count = len(stars[3])
    starts = np.concatenate([[0], count * np.cumsum(sides**2)])
    cells = np.zeros(
        starts[-1] + LANES, dtype=np.float32
    )  # all grids, [level][row][weight][column]
    tables = (*separable_terms(), radial_terms())
    _scatter(*stars, pixels / (2 * half_width), pixels, cells, starts, sides, *tables)
    grids = list(zip(starts, sides, strict=False))
    for level in range(len(grids) - 1, 0, -1):
        origin, taps = (GUARD, SUBDIVISION) if level > 1 else (MARGIN, INTEGRATION)
        _refine(cells, count, grids[level], grids[level - 1], origin, taps)
    frame = slice(MARGIN, MARGIN + pixels)
    image = cells[: starts[1]].reshape(sides[0], count, sides[0])[frame, :, frame]
    return np.ascontiguousarray(image.swapaxes(0, 1))


def deposit_reference(
    x: ArrayLike,
    y: ArrayLike,
    support: ArrayLike,
    weights: ArrayLike,
    *,
    half_width: float,
    pixels: int,
    samples: int = 24,
) -> NDArray[np.float64]:
    """Render as `deposit` does, slowly and plainly: the kernel at many points in every pixel.

    Parameters
    ----------
    x, y, support, weights, half_width, pixels
        As for `deposit`.
    samples : int
        Points per support radius along x and along y; at least three per pixel.

    Returns
    -------
    (K, pixels, pixels) float64

    Raises
    ------
    ValueError
        As `deposit`.
    """
    x, y, support, weights = _checked(x, y, support, weights, half_width, pixels)
    scale = pixels / (2 * half_width)
    table = projected_kernel(np.sqrt(np.linspace(0, 1, 100_001)))  # over the square of u
    image = np.zeros((len(weights), pixels, pixels))
    columns, rows = (x + half_width) * scale, (y + half_width) * scale
    _sample(columns, rows, support * scale, weights, float(samples), table, image)
    return image


def grid_sides(support: NDArray, half_width: float, pixels: int) -> NDArray[np.int64]:
    """Sides of the pixel grid with its margin and of each coarser grid that a star needs.

    Parameters
    ----------
    support : (N,) float, kpc
        Support radii.
    half_width : float, kpc
        Half of the side of the frame.
    pixels : int
        Number of pixels along the side of the frame.

    Returns
    -------
    (levels,) int64
        Cells along the side; even numbers.
    """
    sides = [_whole(pixels + 2 * MARGIN)]
    radius = support.max(initial=0.0) * pixels / (2 * half_width)
    while radius >= (DIRECT if len(sides) == 1 else WIDEST):
        sides.append(_whole(sides[-1] // 2 + 2 * GUARD))
        radius /= 2
    return np.array(sides)


def _whole(side: int) -> int:
    """Round a side up to whole lanes."""
    return max(-(-side // 16) * 16, LANES)


def _checked(
    x: ArrayLike,
    y: ArrayLike,
    support: ArrayLike,
    weights: ArrayLike,
    half_width: float,
    pixels: int,
) -> list[NDArray]:
    """Return x, y, support and weights as contiguous float64 after checking them."""
    arrays = [np.ascontiguousarray(a, dtype=np.float64) for a in (x, y, support, weights)]
    if arrays[3].ndim != 2 or any(a.shape != arrays[3].shape[1:] for a in arrays[:3]):
        shapes = ", ".join(str(a.shape) for a in arrays)
        msg = f"x, y, support must be (N,) and weights (K, N), got {shapes}"
        raise ValueError(msg)
    for name, array in zip(("x", "y", "support", "weights"), arrays, strict=True):
        if not np.isfinite(array).all():
            msg = f"{name} must be finite, got {array[~np.isfinite(array)][0]}"
            raise ValueError(msg)
    if arrays[2].min(initial=0.0) < 0:
        msg = f"support must not be negative (kpc), got {arrays[2].min()}"
        raise ValueError(msg)
    if not (0 < half_width < np.inf and pixels >= 1):
        msg = f"half_width (kpc) and pixels must be positive, got {half_width} and {pixels}"
        raise ValueError(msg)
    return arrays


@njit(cache=True, fastmath=True, error_model="numpy")
def _scatter(  # noqa: ANN202
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
    radial,  # noqa: ANN001
):
    """Add every star to the grid that suits its radius."""
    scratch = np.empty(88, dtype=np.float32)
    light = np.empty(len(weights), dtype=np.float32)
    for star in range(len(support)):
        radius = support[star] * scale
        column = x[star] * scale + 0.5 * pixels
        row = y[star] * scale + 0.5 * pixels
        if radius < POINT:  # all its light into the pixel it is in
            radius, column, row = POINT, math.floor(column) + 0.5, math.floor(row) + 0.5
        if not (-radius < column < pixels + radius and -radius < row < pixels + radius):
            continue
        if radius < NARROW:
            place = (0, sides[0], column + MARGIN, row + MARGIN)
            _narrow(cells, place, radius, weights, star, terms, signs, scratch)
        else:
            level, step, origin = 0, 1.0, MARGIN
            if radius >= DIRECT:
                level, step, origin = 1, 0.5, GUARD
            while radius * step >= WIDEST:
                level, step = level + 1, 0.5 * step
            place = (
                starts[level],
                sides[level],
                (column - 0.5) * step + origin,
                (row - 0.5) * step + origin,
            )
            coarse = min(level, 1)
            rho = stamp_radius(radius * step, coarse)
            entry = int(table_place(radius * step, coarse))
            if rho <= 8:
                _wide(cells, place, rho, weights, star, light, radial, entry, ramp(16))
            else:
                _wide(cells, place, rho, weights, star, light, radial, entry, ramp(32))


@njit(fastmath=True, error_model="numpy", forceinline=True)
def _narrow(cells, place, radius, weights, star, terms, signs, scratch):  # noqa: ANN001, ANN202
    """Add a kernel of at most 3.5 pixels as differences of its integrals at the pixel edges."""
    start, side, column, row = place
    first_column, first_row = math.floor(column - radius), math.floor(row - radius)
    # lane i: the right (upper) edge of pixel i of the stamp, as seen from the star, in pixels
    right = ramp(8) + (first_column + 1 - column)
    upper = ramp(8) + (first_row + 1 - row)
    across = _fluxes(right, radius, terms, 0), _fluxes(right, radius, terms, 1)
    store(scratch, 0, _fluxes(upper, radius, terms, 0) * signs[0])
    store(scratch, 8, _fluxes(upper, radius, terms, 1) * signs[1])
    near = _nearest(right)
    store(scratch, 16, 0.0 - (_nearest(upper) - radius * radius))
    flux = ramp(8) * 0.0
    for i in range(8):
        pixels = larger(across[0] * scratch[i] + across[1] * scratch[8 + i], 0.0)
        pixels = kept(pixels, near, scratch[16 + i], 0.0)  # nothing beyond the circle
        store(scratch, 24 + 8 * i, pixels)
        flux = flux + pixels
    brightness = np.float32(1.0) / total(flux)
    here = start + first_row * len(weights) * side + first_column
    for k in range(len(weights)):
        light = np.float32(weights[k, star]) * brightness
        for i in range(8):
            place_of_row = here + i * len(weights) * side
            pixels = load(scratch, 24 + 8 * i, flux) * light
            store(cells, place_of_row, load(cells, place_of_row, flux) + pixels)
        here += side


@njit(fastmath=True, error_model="numpy", forceinline=True)
def _fluxes(edges, radius, terms, term):  # noqa: ANN001, ANN202
    """Integrate one term of the kernel between neighbouring edges; all of it lies between them."""
    v = smaller(larger(edges * np.float32(1 / radius), -1.0), 1.0)
    square = v * v
    integral = square * terms[term, 6] + terms[term, 5]
    for power in range(4, -1, -1):
        integral = integral * square + terms[term, power]
    integral = integral * v
    return integral - shifted(integral, -1.0)


@njit(fastmath=True, error_model="numpy", forceinline=True)
def _nearest(edges):  # noqa: ANN001, ANN202
    """Squared distance from the star to the nearest point of each pixel, along one axis."""
    distance = larger(larger(edges - 1.0, 0.0 - edges), 0.0)
    return distance * distance


@njit(fastmath=True, error_model="numpy", forceinline=True)
def _wide(cells, place, rho, weights, star, light, radial, entry, lanes):  # noqa: ANN001, ANN202
    """Add a kernel of 3.5 to 17 cells as a polynomial in the distance from the star."""
    start, side, column, row = place
    first = min(max(math.ceil(column - rho), 0), side - len(lanes))
    bottom = max(math.ceil(row - rho), 0)
    top = min(math.floor(row + rho), side - 1)
    inverse = 1 / rho
    across = (lanes + (first - column)) * inverse
    across = across * across
    up, further = np.float32((bottom - row) * inverse), np.float32(inverse)
    for k in range(len(light)):
        light[k] = np.float32(weights[k, star]) * (further * further)
    here = start + bottom * len(light) * side + first
    for _ in range(bottom, top + 1):
        t = larger((np.float32(1.0) - up * up) - across, 0.0)
        up += further
        shape = t * radial[entry, 5] + radial[entry, 4]
        for power in range(3, -1, -1):
            shape = shape * t + radial[entry, power]
        shape = shape * (t * t)
        for k in range(len(light)):
            store(cells, here, load(cells, here, lanes) + shape * light[k])
            here += side


@njit(cache=True, fastmath=True, error_model="numpy")
def _refine(cells, count, coarse, fine, origin, taps):  # noqa: ANN001, ANN202
    """Add a coarse grid to the next finer one; ``coarse`` and ``fine`` are (start, side)."""
    here, next1, next2, odd1, odd2 = taps
    first = GUARD - origin // 2 - 2  # coarse cell, the lowest of five, that reaches fine cell 0
    (start, side), (start_fine, side_fine) = coarse, fine
    spread = np.empty(side * count * side_fine, dtype=np.float32)  # fine columns, coarse rows
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


@njit(fastmath=True, error_model="numpy", forceinline=True)
def _five(cells, index, step):  # noqa: ANN001, ANN202
    """Load lanes at five neighbouring places."""
    lanes = ramp(8)
    return (
        load(cells, index, lanes),
        load(cells, index + step, lanes),
        load(cells, index + 2 * step, lanes),
        load(cells, index + 3 * step, lanes),
        load(cells, index + 4 * step, lanes),
    )


@njit(cache=True, error_model="numpy")
def _sample(columns, rows, radii, weights, samples, table, image):  # noqa: ANN001, ANN202
    """Sum the kernel over points in the pixels, normalised over the whole kernel."""
    pixels = image.shape[1]
    for star in range(len(radii)):
        column, row, radius = columns[star], rows[star], radii[star]
        if radius < POINT:
            if 0 <= column < pixels and 0 <= row < pixels:
                image[:, int(row), int(column)] += weights[:, star]
            continue
        fine = max(3, math.ceil(samples / radius))  # points along the side of a pixel
        first, last = math.floor((column - radius) * fine), math.ceil((column + radius) * fine)
        low, high = math.floor((row - radius) * fine), math.ceil((row + radius) * fine)
        flux = (radius * fine) ** 2
        if radius < 50:  # beyond, the points add up to one within 1e-9
            flux = 0.0
            for j in range(low, high):
                for i in range(first, last):
                    flux += _kernel(i, j, fine, column, row, radius, table)
        for j in range(max(low, 0), min(high, pixels * fine)):
            for i in range(max(first, 0), min(last, pixels * fine)):
                value = _kernel(i, j, fine, column, row, radius, table) / flux
                image[:, j // fine, i // fine] += weights[:, star] * value


@njit(cache=True, error_model="numpy")
def _kernel(i, j, fine, column, row, radius, table):  # noqa: ANN001, ANN202
    """Kernel of unit radius at point (i, j) of the fine lattice."""
    x, y = ((i + 0.5) / fine - column) / radius, ((j + 0.5) / fine - row) / radius
    place = (x * x + y * y) * (len(table) - 1)
    if place >= len(table) - 1:
        return 0.0
    left = int(place)
    return table[left] + (place - left) * (table[left + 1] - table[left])
