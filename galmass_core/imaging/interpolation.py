"""Interpolate images at places; compiled, see `machine_code`."""
# ruff: noqa: ANN001, ANN202 (numba infers the types)

import math

from numba import njit

from galmass_core.translation import OPTIONS

_compiled = njit(**OPTIONS)


@_compiled
def interpolate(image, x, y, half_width, values) -> None:
    """Interpolate an image bilinearly between its pixel centres, as `dust.sample_image`.

    Parameters
    ----------
    image : (P, P) float64
    x, y : (N,) float64, kpc
    half_width : float, kpc
    values : (N,) float64
    """
    pixels = len(image)
    for i in range(len(values)):
        values[i] = 0.0
        if math.fabs(x[i]) <= half_width and math.fabs(y[i]) <= half_width:
            column, right = _place(x[i] / half_width, pixels)
            row, up = _place(y[i] / half_width, pixels)
            below = image[row, column] * (1 - right) + image[row, column + 1] * right
            above = image[row + 1, column] * (1 - right) + image[row + 1, column + 1] * right
            values[i] = below * (1 - up) + above * up


@_compiled
def _place(offset, pixels):
    """Return the pixel whose centre is at or below an offset, clamped, and the fraction on."""
    position = min(max((offset + 1) * (pixels / 2) - 0.5, 0.0), pixels - 1.0)
    index = min(int(position), pixels - 2)
    return index, position - index
