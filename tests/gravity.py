"""Gravity by direct summation, for tests of equilibrium."""

import numpy as np
from numba import njit

from galmass_core.galaxy import G


@njit(cache=True, fastmath=True)
def attraction(points, sources, masses, softening):
    """Acceleration at each point [(km/s)^2 / kpc]; a source at the point itself counts nothing."""
    total = np.zeros_like(points)
    for i in range(len(points)):
        x = y = z = 0.0
        for j in range(len(sources)):
            dx = sources[j, 0] - points[i, 0]
            dy = sources[j, 1] - points[i, 1]
            dz = sources[j, 2] - points[i, 2]
            distance2 = dx * dx + dy * dy + dz * dz + softening * softening
            weight = masses[j] / (distance2 * np.sqrt(distance2)) if distance2 > 0.0 else 0.0
            x += weight * dx
            y += weight * dy
            z += weight * dz
        total[i, 0], total[i, 1], total[i, 2] = x, y, z
    return G * total


def components(particles):
    """Positions, velocities and masses of bulge, disc, gas and dark matter, if they are there."""
    stars = particles["stars"]
    parts = {
        "bulge": (stars, ~stars["in_disc"]),
        "disc": (stars, stars["in_disc"]),
        "gas": (particles["gas"], slice(None)),
        "dark_matter": (particles["dark_matter"], slice(None)),
    }
    found = {
        name: tuple(columns[key][chosen] for key in ("positions", "velocities", "masses"))
        for name, (columns, chosen) in parts.items()
    }
    return {name: part for name, part in found.items() if len(part[0])}


def everything(particles):
    """Positions and masses of all particles."""
    return tuple(
        np.concatenate([columns[key] for columns in particles.values()])
        for key in ("positions", "masses")
    )


def virial_ratio(positions, velocities, masses, sources, source_masses, *, most=3000):
    """Return 2K / |W| of particles in the field of others, from ``most`` of them."""
    chosen = slice(None, None, max(len(positions) // most, 1))
    positions, velocities, masses = positions[chosen], velocities[chosen], masses[chosen]
    field = attraction(np.ascontiguousarray(positions), sources, source_masses, 1e-3)
    kinetic = (masses * np.einsum("ij,ij->i", velocities, velocities)).sum()
    return kinetic / -(masses * np.einsum("ij,ij->i", positions, field)).sum()
