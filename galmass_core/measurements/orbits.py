"""Energies and angular momenta of circular orbits; compiled, see `machine_code`."""
# ruff: noqa: ANN001 (numba infers the types)

import math

from numba import njit

from galmass_core.translation import OPTIONS


@njit(**OPTIONS)
def circular_orbits(
    radii, masses, heads, ends, order, gravity, least, potentials, energies, momenta
) -> None:
    """Find the potential at each particle, averaged over spheres, and circular orbits through them.

    Parameters
    ----------
    radii, masses : (M,) float64
        Of one species after another, each from the centre outwards.
    heads, ends : (S,) int64
        Where each species begins, which is changed, and ends.
    order : (M,) int64
        Work space.
    gravity : float
    least : float
        Particles inside this radius count as being at it.
    potentials : (M,) float64
        Result, in the order of ``radii``.
    energies, momenta : (M,) float64
        Result, of all particles from the centre outwards.
    """
    within = 0.0
    for k in range(len(radii)):
        nearest, next_one = 0, math.inf
        for species in range(len(heads)):
            i = heads[species]
            radius = max(radii[i], least) if i < ends[species] else math.inf
            nearest = species if radius < next_one else nearest
            next_one = radius if radius < next_one else next_one
        i = heads[nearest]
        heads[nearest] += 1
        order[k] = i
        radius = max(radii[i], least)
        within += masses[i]
        momenta[k] = math.sqrt(gravity * within * radius)
        energies[k] = within / radius
    outside = 0.0
    for k in range(len(radii) - 1, -1, -1):
        i, inner = order[k], energies[k]
        potentials[i] = -gravity * (inner + outside)
        energies[k] = -gravity * (0.5 * inner + outside)
        outside += masses[i] / max(radii[i], least)
