"""Measure the circularity of stellar orbits, and fractions of bulge, cold and hot orbits.

Circularity is angular momentum about the galaxy's axis over the maximum at the star's energy. 1 is
a circular orbit in the disc, 0 a radial or polar one, -1 a circular one against the disc.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import LINES_OF_SIGHT, G, Galaxy
from galmass_core.machine_code import Kernel
from galmass_core.photometry import BANDS

AXIS_APERTURE = 2.0  # R_hsm: the axis is the angular momentum of the stars inside
COLD = 0.8  # cold orbits are above
HOT = 0.25  # hot orbits are within plus or minus this
_CENTRE = 0.01  # R_hsm: the spherical potential is constant inside
_ORBITS = Kernel(
    "galmass_core.measurements.orbits",
    "circular_orbits",
    "f8[::1], f8[::1], i8[::1], i8[::1], i8[::1], f8, f8, f8[::1], f8[::1], f8[::1]",
)
_BITS = np.array([[1, n & 1, n >> 1 & 1, n >> 2] for n in range(8)], float)  # all; each bit of n


def orbit_fractions(galaxy: Galaxy, apertures: Sequence[float]) -> list[dict[str, float]]:
    """Measure fractions of orbits inside spheres, by mass (Chu et al. 2024, Table 1) and by light.

    Light is that of the r band without dust: what a telescope weighs stars by, from any direction.

    Parameters
    ----------
    galaxy : Galaxy
    apertures : sequence of float, kpc

    Returns
    -------
    list of dict
        For each aperture ``b_over_t``, twice the fraction of counter-rotating mass, ``f_cold`` and
        ``f_hot``: fractions of the stellar mass; and ``b_over_t_light``, ``f_cold_light`` and
        ``f_hot_light`` of the light. NaN without stars, or light, inside; those of cold and hot
        orbits also where circularities are unknown.
    """
    stars, light = galaxy.stars, galaxy.stars.luminosities[BANDS.index("r")]
    along = _along_axis(galaxy)
    circularity = _over_largest(galaxy, along)
    known, places = not np.isnan(circularity).any(), np.sort(apertures)
    signs = along < 0, circularity > COLD, abs(circularity) < HOT
    kind = np.zeros(len(stars), dtype=np.intp)
    for value, signed in zip((1, 2, 4), signs, strict=True):
        kind += value * signed
    for aperture in places:
        kind += 8 * (stars.radii > aperture)
    sums = [_within(kind, weights, len(places)) for weights in (stars.masses, light)]
    rows = []
    for place in places.searchsorted(apertures):
        row: dict[str, float] = {}
        for ending, within in zip(("", "_light"), sums, strict=True):
            total, *parts = within[place]
            for key, part in zip(("b_over_t", "f_cold", "f_hot"), parts, strict=True):
                share = float(part / total) if total > 0 else np.nan
                row[key + ending] = share if known or key == "b_over_t" else np.nan
            row["b_over_t" + ending] *= 2
        rows.append(row)
    return rows


def _within(kind: NDArray, weights: NDArray, apertures: int) -> NDArray:
    """Sum weights inside each aperture, of all stars and of those with each of three bits, (A, 4).

    Above its three bits ``kind`` has the number of apertures that a star is outside of.
    """
    sums = np.bincount(kind, weights, minlength=8 * (apertures + 1)).reshape(-1, 8)
    return np.cumsum(sums, axis=0) @ _BITS


def circularities(galaxy: Galaxy) -> NDArray:
    """Measure the circularity of every star's orbit: J_z / J(E).

    J(E) is the angular momentum of the circular orbit with the star's energy, in the field of all
    particles averaged over spheres (Abadi et al. 2003, ApJ 597, 21).

    Parameters
    ----------
    galaxy : Galaxy

    Returns
    -------
    (N,) float
        Within ±1 in a spherical field, slightly beyond in that of a disc. NaN for all if the
        galaxy's source does not hold all matter, or if most stars are unbound.

    Notes
    -----
    Chu et al. (2024) refer to Xu et al. (2019). The catalogues of TNG take the largest J among 101
    stars of similar energy for J(E) (Genel et al. 2015, ApJ 804, L40): fractions of orbits agree to
    0.002 at 40,000 stars, but f_cold is 0.07 lower at 2,500. The definition used here does not
    depend on the number of stars.
    """
    return _over_largest(galaxy, _along_axis(galaxy))


def _over_largest(galaxy: Galaxy, along: NDArray) -> NDArray:
    """Return `circularities` from the angular momenta along the axis, (N,)."""
    if not galaxy.has_all_matter:
        return np.full(len(galaxy.stars), np.nan)
    potentials, circular_energies, circular_momenta = _circular_orbits(galaxy)
    velocities = galaxy.stars.velocities
    energies = potentials + 0.5 * np.einsum("ij,ij->i", velocities, velocities)
    if 2 * np.count_nonzero(energies > 0) > len(energies):
        return np.full(len(energies), np.nan)
    order, largest = np.argsort(energies), np.empty(len(energies))
    largest[order] = np.interp(energies[order], circular_energies, circular_momenta)
    return along / largest


def _circular_orbits(galaxy: Galaxy) -> tuple[NDArray, NDArray, NDArray]:
    """Return the potential at each star (N,), and energies and momenta of circular orbits.

    Phi(r) = -G [M(<r)/r + sum over particles outside of m/r], constant inside 0.01 R_hsm.
    """
    parts = [part.outwards for part in galaxy.components.values()]
    radii, masses = (np.concatenate([part[column] for part in parts]) for column in (1, 2))
    ends = np.cumsum([len(part.radii) for part in parts])
    starts, order = np.append(0, ends[:-1]), np.empty(len(radii), dtype=np.int64)
    found = np.empty((3, len(radii)))
    _ORBITS(radii, masses, starts, ends, order, G, _CENTRE * galaxy.half_mass_radius, *found)
    potentials, stars = np.empty(len(galaxy.stars)), parts[0].order  # the first of the components
    potentials[stars] = found[0, : len(stars)]
    return potentials, found[1], found[2]


def inclinations(galaxy: Galaxy) -> dict[str, float]:
    """Return the angle between the axis of the galaxy and each line of sight.

    The axis is the angular momentum of the stars inside 2 R_hsm.

    Parameters
    ----------
    galaxy : Galaxy

    Returns
    -------
    dict of str to float, degrees
        By line of sight: 0 is face-on, 90 edge-on; NaN if no star turns.
    """
    axis = rotation_axis(galaxy)
    known = axis.any()
    return {
        line_of_sight: float(np.degrees(np.arccos(min(abs(part), 1.0)))) if known else np.nan
        for line_of_sight, part in zip(LINES_OF_SIGHT, axis, strict=True)
    }


def rotation_axis(galaxy: Galaxy) -> NDArray:
    """Return the direction of the angular momentum of the stars inside 2 R_hsm, (3,), or zeros."""
    stars = galaxy.stars
    inside = stars.radii <= AXIS_APERTURE * galaxy.half_mass_radius
    total = np.where(inside, stars.masses, 0.0) @ stars.angular_momenta
    return total / max(np.linalg.norm(total), np.finfo(float).tiny)


def _along_axis(galaxy: Galaxy) -> NDArray:
    """Return each star's angular momentum along the axis of the galaxy; (N,)."""
    return galaxy.stars.angular_momenta @ rotation_axis(galaxy)
