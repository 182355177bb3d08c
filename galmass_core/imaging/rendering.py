"""Render images of stars on the sky: the kernel of each star is integrated over the pixels.

A star of support radius H is spread by the line-of-sight integral of the cubic spline
(`spline.projected_kernel`). Up to 3.5 pixels the flux in a pixel is a difference of integrals, so
kernels smaller than a pixel need no special case. Kernels wider than 16 pixels are added to grids
2, 4, 8, ... times coarser as coefficients of cubic B-splines, which are subdivided exactly onto the
next finer grid and finally integrated exactly over the pixels: no star costs more than 32 x 32
cells. All terms of these sums are positive, so positive weights never give a negative pixel.

Against `deposit_reference` the relative L2 error of a whole kernel is 1e-3 or less at any support
radius, and so is that of any mixture of stars. The flux of a single star is conserved to 2e-4, with
errors that cancel between stars. Light extends at most H/4 beyond a kernel.

An image is indexed ``[weight, row, column]``, row upwards (y), column to the right (x).
"""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from galmass_core.imaging import grids
from galmass_core.imaging.spline import projected_kernel, radial_terms, separable_terms
from galmass_core.machine_code import Kernel, aligned

_BATCH = 512  # stars that are sorted by the width of their stamps at a time
_SCATTER = Kernel(
    "galmass_core.imaging.stamps",
    "scatter",
    "f8[::1], f8[::1], f8[::1], f8[:, ::1], f8, i8, f4[::1], i8[::1], i8[::1], "
    "f4[::1], f4[:, ::1], f8[:, :, ::1], i8[::1], f8[:, ::1], i8[::1], i8[::1], f4[::1], f4[::1]",
)
_REFINE = Kernel(
    "galmass_core.imaging.stamps", "refine", "f4[::1], i8, i8, i8, i8, i8, i8, f4[::1], f4[::1]"
)
_SAMPLE = Kernel(
    "galmass_core.imaging.sampling",
    "sample",
    "f8[::1], f8[::1], f8[::1], f8[:, ::1], f8, f8[::1], f8[:, :, ::1]",
)


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
        Radius H at which a star's kernel ends; with H = 0 all light is in one pixel.
    weights : (K, N) float
        Quantities to render, e.g. luminosities in K bands [Lsun]; float32 range.
    half_width : float, kpc
        Half of the side of the frame.
    pixels : int
        Number of pixels along the side.
    device : str
        ``cpu`` runs the compiled kernel on one thread, any other device runs torch there.

    Returns
    -------
    (K, pixels, pixels) float32
        Sum of the weights per pixel, ``[weight, row = y, column = x]``. Light outside the frame is
        lost, light inside is conserved.

    Raises
    ------
    ValueError
        If the shapes do not fit, a number is not finite, a support radius is negative, or the
        frame is empty.
    """
    stars = _checked(x, y, support, weights, half_width, pixels)
    if device != "cpu":
        from galmass_core.imaging.rendering_torch import deposit_torch

        return deposit_torch(*stars, half_width=half_width, pixels=pixels, device=device)
    sides = grids.grid_sides(stars[2], half_width, pixels)
    count = len(stars[3])
    starts = np.concatenate([[0], count * np.cumsum(sides**2)])
    cells = np.zeros(starts[-1] + grids.LANES, dtype=np.float32)
    kinds = len(sides) + 2  # of stamps: three on the pixels, one on each coarser grid
    work = [
        aligned(kinds, 4, _BATCH + 8),
        np.empty(kinds, np.int64),
        aligned(8, 2 * _BATCH + 8),
        np.empty(2 * _BATCH, np.int64),
        np.empty(34, np.int64),
        aligned(2304, dtype=np.float32),
        np.empty(count, np.float32),
    ]
    scale = pixels / (2 * half_width)
    tables = _separable_lanes(), radial_terms()
    _SCATTER(*stars, scale, pixels, cells, starts, sides, *tables, *work)
    for level in range(len(sides) - 1, 0, -1):
        _refine(cells, count, starts, sides, level)
    frame = slice(grids.MARGIN, grids.MARGIN + pixels)
    image = cells[: starts[1]].reshape(sides[0], count, sides[0])[frame, :, frame]
    return np.ascontiguousarray(image.swapaxes(0, 1))


@cache
def _separable_lanes() -> NDArray[np.float32]:
    """Lay `separable_terms` out for vectors that are eight columns and eight rows.

    Returns
    -------
    (2 * 8 * 16,) float32
        Of each product the coefficients of v^13, v^11, ... v and the value at v = -1, each in 16
        lanes; the last eight are multiplied by s_k.
    """
    terms, signs = separable_terms()
    lanes = aligned(2, 8, 16, dtype=np.float32)
    lanes[:, :7] = terms[:, ::-1, None]
    lanes[:, 7] = -1
    lanes[:, :, 8:] *= signs[:, None, None]
    return lanes.ravel()


def _refine(cells: NDArray, count: int, starts: NDArray, sides: NDArray, level: int) -> None:
    """Add the grid of a level to the next finer one."""
    origin, taps = grids.GUARD, grids.SUBDIVISION
    if level == 1:  # onto the pixels
        origin, taps = grids.MARGIN, grids.INTEGRATION
    spread = np.empty(sides[level] * count * sides[level - 1], dtype=np.float32)
    places = starts[level], sides[level], starts[level - 1], sides[level - 1]
    _REFINE(cells, count, *places, origin, taps, spread)


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
    """Render as `deposit` by direct sampling of the kernel at many points in every pixel; slow.

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
    _SAMPLE(columns, rows, support * scale, weights, float(samples), table, image)
    return image


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
