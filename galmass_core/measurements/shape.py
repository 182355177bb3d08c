"""Measure axis ratios of the stellar ellipsoid (Allgood et al. 2006, MNRAS 367, 1781)."""

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 0.01  # in each axis ratio
_FEWEST_STARS = 100
_MOST_STEPS = 100


def axis_ratios(positions: NDArray, masses: NDArray, radius: float) -> tuple[float, float]:
    """Measure intermediate and minor axis over major axis.

    From the reduced inertia tensor ``sum m x_j x_k / rt^2`` of the stars inside the ellipsoid
    ``rt^2 = x^2 + y^2/q^2 + z^2/s^2 < radius^2`` in its own frame, iterated from a sphere until the
    ellipsoid converges; the length of its major axis is fixed.

    Parameters
    ----------
    positions : (N, 3) float, kpc
        From the centre.
    masses : (N,) float, Msun
    radius : float, kpc
        Semi-major axis.

    Returns
    -------
    b_over_a, c_over_a : float
        NaN if fewer than 100 stars are inside, or without convergence in 100 steps.
    """
    off_centre = positions.any(axis=1)  # a star at the very centre has no direction
    places, masses = positions[off_centre].T.copy(), masses[off_centre]
    frame, ratios = np.eye(3), np.ones(3)
    for _ in range(_MOST_STEPS):
        turned = (frame / ratios).T @ places
        squares = np.einsum("ij,ij->j", turned, turned)
        inside = squares < radius**2
        if np.count_nonzero(inside) < _FEWEST_STARS:
            break
        weights = np.where(inside, masses, 0.0) / squares
        moments, axes = np.linalg.eigh((places * weights) @ places.T)
        frame, before = axes[:, ::-1], ratios
        ratios = np.sqrt(np.maximum(moments[::-1], 0.0) / moments[-1])
        if ratios[2] == 0:  # stars in a plane
            return float(ratios[1]), 0.0
        if np.abs(ratios - before).max() < TOLERANCE:
            return float(ratios[1]), float(ratios[2])
    return np.nan, np.nan
