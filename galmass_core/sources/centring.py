"""Find half-mass radius and bulk velocity of particles without a catalogue.

Positions in kpc, already unwrapped; N particles.
"""

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import distances


def wrap(offsets: NDArray, box_size: float) -> NDArray:
    """Return offsets to the nearest periodic image; (N, 3) float64, in the unit of the box."""
    if np.isinf(box_size):
        return offsets
    wrapped = offsets / box_size
    np.rint(wrapped, out=wrapped)  # in place: these are the largest arrays that are read
    wrapped *= box_size
    return np.subtract(offsets, wrapped, out=wrapped)


def half_mass_radius(positions: NDArray, masses: NDArray) -> float:
    """Return the radius of the sphere about the origin with half of the mass, interpolated; kpc."""
    radii = distances(positions)
    order = np.argsort(radii)
    enclosed = np.cumsum(masses[order])
    return float(np.interp(0.5 * enclosed[-1], enclosed, radii[order]))


def bulk_velocity(
    positions: NDArray, velocities: NDArray, masses: NDArray, radius: float
) -> NDArray:
    """Return the mass-weighted mean velocity inside a sphere about the origin; (3,), km/s.

    Chu et al. 2024 do not state their reference velocity; this is that of the stars inside 1 R_hsm.
    If the sphere is empty, it is that of the innermost star.
    """
    radii = distances(positions)
    inside = radii <= max(radius, radii.min())
    weights = masses[inside]
    return weights @ velocities[inside] / weights.sum()
