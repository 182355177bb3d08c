"""Measure axis ratios of the stellar ellipsoid (Allgood et al. 2006, MNRAS 367, 1781)."""

import numpy as np
from numpy.typing import NDArray

from galmass_core.machine_code import Kernel

TOLERANCE = 0.01  # step in each axis ratio at which the column c_over_a has always stopped
CONVERGED = 1e-5  # step after which hardly any star enters or leaves: 1e-3 from the limit or less
_PLANE = 1e-6  # axis ratio below which stars lie in a plane
_FEWEST_STARS = 100
_MOST_STEPS = 100
_ELLIPSOIDS = Kernel(
    "galmass_core.measurements.tensors",
    "ellipsoids",
    "f8[:, ::1], f8[::1], f8, i8, f8, f8, f8[:, ::1]",
)


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
    squares = np.einsum("ij,ij->i", positions, positions)
    inside = np.flatnonzero(squares < radius**2)  # only these ever are
    places, steps = positions.T.take(inside, axis=1), np.full((_MOST_STEPS, 2), np.nan)
    rules = radius**2, _FEWEST_STARS, CONVERGED, _PLANE
    _ELLIPSOIDS(places, masses[inside], *rules, steps)
    steps = steps[: np.count_nonzero(steps[:, 0] >= 0)]
    changes, flat = np.abs(np.diff(steps, axis=0, prepend=1.0)).max(axis=1), steps[:, 1] == 0
    first, converged = (
        steps[((changes < tolerance) | flat).nonzero()[0][:1]]
        for tolerance in (TOLERANCE, CONVERGED)
    )
    return _pair(first), _pair(converged)


def _pair(found: NDArray) -> tuple[float, float]:
    """Return the ratios of a step, (1, 2); NaN without one, (0, 2)."""
    return (float(found[0, 0]), float(found[0, 1])) if len(found) else (np.nan, np.nan)
