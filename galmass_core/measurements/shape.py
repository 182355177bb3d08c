"""Measure axis ratios of the stellar ellipsoid (Allgood et al. 2006, MNRAS 367, 1781)."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 0.01  # step in each axis ratio at which the column c_over_a has always stopped
CONVERGED = 1e-5  # step after which hardly any star enters or leaves: 1e-3 from the limit or less
_PLANE = 1e-6  # axis ratio below which stars lie in a plane
_FEWEST_STARS = 100
_MOST_STEPS = 100
_PAIRS = (
    np.array([0, 1, 2, 0, 0, 1]),
    np.array([0, 1, 2, 1, 2, 2]),
)  # entries of a symmetric tensor
_TIMES = np.array([1, 1, 1, 2, 2, 2])  # that each has in it


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
    return first_and_converged_ratios(positions, masses, radius)[0]


def first_and_converged_ratios(
    positions: NDArray, masses: NDArray, radius: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Measure axis ratios as `axis_ratios`, where steps fall below 0.01 and where it converges.

    Returns
    -------
    first, converged : tuple of float
        b/a and c/a of each; NaN as of `axis_ratios`, each for itself.
    """
    first, ratios = (np.nan, np.nan), np.ones(3)
    for found in _iterate(positions, masses, radius):
        step, ratios = np.abs(found - ratios).max(), found
        pair, flat = (float(ratios[1]), float(ratios[2])), ratios[2] == 0
        if np.isnan(first[0]) and (step < TOLERANCE or flat):
            first = pair
        if step < CONVERGED or flat:
            return first, pair
    return first, (np.nan, np.nan)


def _iterate(positions: NDArray, masses: NDArray, radius: float) -> Iterator[NDArray]:
    """Yield the axes over the major axis, (3,), after each step, until they are in a plane."""
    inside = np.einsum("ij,ij->i", positions, positions) < radius**2  # only these ever are
    (x, y, z), masses = positions[inside].T, masses[inside]
    products = np.stack([x * x, y * y, z * z, x * y, x * z, y * z])
    off_centre = products[:3].any(axis=0)  # a star at the very centre has no direction
    if not off_centre.all():
        products, masses = products[:, off_centre], masses[off_centre]
    form = np.eye(3)
    for _ in range(_MOST_STEPS):
        squares = (form[_PAIRS] * _TIMES) @ products
        inside = squares < radius**2
        if np.count_nonzero(inside) < _FEWEST_STARS:
            return
        weights = masses / squares
        weights *= inside
        tensor = np.empty((3, 3))
        tensor[_PAIRS] = tensor[_PAIRS[::-1]] = products @ weights
        moments, axes = np.linalg.eigh(tensor)
        ratios = np.sqrt(np.maximum(moments[::-1], 0.0) / moments[-1])
        if ratios[2] < _PLANE:
            ratios[2] = 0.0
        yield ratios
        if ratios[2] == 0:
            return
        turned = axes[:, ::-1] / ratios
        form = turned @ turned.T
