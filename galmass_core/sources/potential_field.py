"""Compiled sum of the field of particles at one place."""
# ruff: noqa: ANN001 (numba infers the types)

import numpy as np
from numba import njit

from galmass_core.translation import OPTIONS


@njit(fastmath=True, **OPTIONS)
def sum_field(positions, masses, place, square, sums) -> None:
    """Add the potential, its gradient and its derivatives xx, yy, zz, xy, xz, yz to the ten sums.

    Parameters
    ----------
    positions : (N, 3) float64, kpc
    masses : (N,) float64, Msun
    place : (3,) float64, kpc
    square : float, kpc^2
        Of the softening length.
    sums : (10,) float64
    """
    depth = gx = gy = gz = xx = yy = zz = xy = xz = yz = 0.0
    for i in range(len(masses)):
        x = place[0] - positions[i, 0]
        y = place[1] - positions[i, 1]
        z = place[2] - positions[i, 2]
        inverse = 1.0 / (x * x + y * y + z * z + square)
        potential = masses[i] * np.sqrt(inverse)
        force = potential * inverse
        tide = 3.0 * force * inverse
        depth -= potential
        gx, gy, gz = gx + force * x, gy + force * y, gz + force * z
        xx, yy, zz = xx + force - tide * x * x, yy + force - tide * y * y, zz + force - tide * z * z
        xy, xz, yz = xy - tide * x * y, xz - tide * x * z, yz - tide * y * z
    sums[0] += depth
    sums[1], sums[2], sums[3] = sums[1] + gx, sums[2] + gy, sums[3] + gz
    sums[4], sums[5], sums[6] = sums[4] + xx, sums[5] + yy, sums[6] + zz
    sums[7], sums[8], sums[9] = sums[7] + xy, sums[8] + xz, sums[9] + yz
