"""Compiled functions that sample kernels of stars at points, as a reference for the renderer."""
# ruff: noqa: ANN001, ANN202 (numba infers the types)

import math

from numba import njit

from galmass_core.imaging.grids import POINT
from galmass_core.translation import OPTIONS

compiled = njit(**OPTIONS)


@compiled
def sample(columns, rows, radii, weights, samples, table, image) -> None:
    """Sum the kernel over points in the pixels, normalised over the whole kernel."""
    pixels = image.shape[1]
    for star in range(len(radii)):
        column, row, radius = columns[star], rows[star], radii[star]
        if radius < POINT:
            if 0 <= column < pixels and 0 <= row < pixels:
                for k in range(len(weights)):
                    image[k, int(row), int(column)] += weights[k, star]
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
                for k in range(len(weights)):
                    image[k, j // fine, i // fine] += weights[k, star] * value


@compiled
def _kernel(i, j, fine, column, row, radius, table):
    """Return the kernel of unit radius at point (i, j) of the fine lattice."""
    x, y = ((i + 0.5) / fine - column) / radius, ((j + 0.5) / fine - row) / radius
    place = (x * x + y * y) * (len(table) - 1)
    if place >= len(table) - 1:
        return 0.0
    left = int(place)
    return table[left] + (place - left) * (table[left + 1] - table[left])
