"""Measure true masses inside R_hsm, R_e and radii in kpc, and mass against radius (Sec. 2.3).

Every column is described in `quantities`. The logarithm of zero mass (no gas, for example) is NaN,
and so is all that depends on a species that the galaxy's source does not hold.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import DarkMatter, G, Galaxy, Gas, Outwards
from galmass_core.imaging.projection import SkyStars
from galmass_core.measurements.rings import in_rings
from galmass_core.photometry import BANDS, absolute_magnitude
from galmass_core.quantities import (
    FAMILIES,
    OBSERVED_RADII,
    apertures,
    measure_inside,
    measure_observed,
)
from galmass_core.quantities.targets import decimal_log

if TYPE_CHECKING:
    import pandas as pd

MAGNITUDE_APERTURE = 5  # R_hsm on the sky; the paper does not state its own
SELECTION_RADIUS = 30.0  # kpc, the paper's cut in stellar mass
HALF_LIGHT = 4 / 3  # radius of the sphere with half of the light over R_e (Wolf+2010, Eq. 2)
_EDGES = np.geomspace(0.02, 3.0, 40)  # of rings, in mean radii
_SPECIES = ("stars", "gas", "dark_matter", "black_holes")


def measure_targets(galaxy: Galaxy) -> dict[str, float]:
    """Measure what does not depend on the line of sight: totals, and masses in spheres.

    M_tot is the sum of stars, dark matter, gas (wind included) and black holes, all of them bound
    to the galaxy; f* = M*/M_tot and f_DM = M_DM/M_tot (Sec. 2.3).

    Parameters
    ----------
    galaxy : Galaxy

    Returns
    -------
    dict
        Column of `quantities` to value.
    """
    stars = galaxy.stars
    light_g, light_r = stars.luminosities.sum(axis=1)
    row = {
        "half_mass_radius": galaxy.half_mass_radius,
        "redshift": galaxy.redshift,
        "n_stars": len(stars),
        "n_dm": _count(galaxy.dark_matter),
        "n_gas": _count(galaxy.gas),
        "log_mstar_30kpc": float(decimal_log(stars.mass_within(SELECTION_RADIUS))),
        "abs_mag_r_intrinsic": absolute_magnitude(light_r, "r"),
        "g_minus_r_intrinsic": absolute_magnitude(light_g, "g") - absolute_magnitude(light_r, "r"),
    }
    everything = _enclosed(galaxy, np.inf)
    row |= {
        stem: float(family.measure(everything))
        for stem, family in FAMILIES.items()
        if family.measure and family.is_mass and family.region == "sphere"
    }
    for aperture in apertures("sphere"):
        enclosed = _enclosed(galaxy, aperture * galaxy.half_mass_radius)
        row |= measure_inside("sphere", aperture, enclosed)
    for ending, (_, radius) in OBSERVED_RADII.items():
        if radius is not None:
            row |= measure_observed(ending, _enclosed(galaxy, radius))
    return row | measure_observed("all", everything)


def measure_inside_image_radius(galaxy: Galaxy, radius: float) -> dict[str, float]:
    """Measure masses inside the sphere of R_e of an image [kpc]; NaN where that is not known."""
    if not radius > 0:
        unknown = dict.fromkeys((*_SPECIES, "total"), np.nan)
        return measure_observed("re", unknown)
    return measure_observed("re", _enclosed(galaxy, radius))


def _enclosed(galaxy: Galaxy, radius: float) -> dict[str, float]:
    """Return masses inside one sphere, by species and in total [Msun]; ``radius`` in kpc."""
    masses = dict.fromkeys(_SPECIES, np.nan) | {
        species: particles.mass_within(radius) for species, particles in galaxy.components.items()
    }
    return masses | {"total": sum(masses.values())}


def _count(particles: DarkMatter | Gas | None) -> float:
    """Return the number of particles; NaN if it is unknown."""
    return np.nan if particles is None else len(particles)


def measure_projected(sky: SkyStars) -> dict[str, float]:
    """Measure what depends on the line of sight: light, colour, size, M* and M*/L in circles.

    Parameters
    ----------
    sky : SkyStars

    Returns
    -------
    dict
        Column of `quantities` to value. Without gas in the source the light that dust transmits is
        unknown: magnitudes, colours and M*/L are NaN; the size is that of the undimmed light.
    """
    r_hsm, band = sky.half_mass_radius, BANDS.index("r")
    whole, known = sky.inside(MAGNITUDE_APERTURE * r_hsm), 1.0 if sky.dust_is_known else np.nan
    magnitude_r = absolute_magnitude(known * whole.light_r, "r")
    row = {
        "abs_mag_r": magnitude_r,
        "g_minus_r": absolute_magnitude(known * whole.light_g, "g") - magnitude_r,
        "effective_radius": effective_radius(sky.radii, sky.luminosities[band]),
    }
    for aperture in apertures("circle"):
        circle = sky.inside(aperture * r_hsm)
        enclosed = {"mass": circle.mass, "light": known * circle.light_r}
        row |= measure_inside("circle", aperture, enclosed)
    return row


def attenuation(sky: SkyStars, galaxy: Galaxy) -> float:
    """Return by how much dust dims the r light within 5 R_hsm on the sky [mag].

    Parameters
    ----------
    sky : SkyStars
    galaxy : Galaxy
        The galaxy of ``sky``, for the light without dust.

    Returns
    -------
    float
        NaN where dust is not known, or there is no light.
    """
    inside = (sky.radii <= MAGNITUDE_APERTURE * sky.half_mass_radius).astype(float)
    seen, whole = (each.luminosities[BANDS.index("r")] @ inside for each in (sky, galaxy.stars))
    return float(-2.5 * np.log10(seen / whole)) if sky.dust_is_known and seen > 0 else np.nan


def effective_radius(radii: NDArray, luminosities: NDArray) -> float:
    """Return the radius of the circle that holds half of the light [kpc].

    The light grows in straight lines from star to star. Only stars of the ring where it reaches
    half, and of the one before, are sorted.

    Parameters
    ----------
    radii : (N,) float, kpc
    luminosities : (N,) float
    """
    edges = _EDGES * max(radii.mean(), np.finfo(float).tiny / _EDGES[0])
    counts, sums = in_rings(radii, luminosities, edges)
    growth = np.cumsum(sums)
    half = 0.5 * growth[-1]
    ring = int(growth.searchsorted(half))
    before = ring - 1
    chosen, start = np.arange(len(radii)), 0.0
    if before >= 0 and counts[before]:
        low, high = np.concatenate([[0.0], edges, [np.inf]])[[before, ring + 1]]
        chosen = np.flatnonzero((radii >= low) & (radii < high))
        start = growth[before] - sums[before]
    radii, luminosities = radii[chosen], luminosities[chosen]
    order = np.argsort(radii)
    return float(np.interp(half, start + np.cumsum(luminosities[order]), radii[order]))


def mass_profiles(galaxy: Galaxy, radii: NDArray | None = None) -> "pd.DataFrame":
    """Measure enclosed mass and circular velocity as functions of radius.

    Parameters
    ----------
    galaxy : Galaxy
    radii : (R,) float, kpc, optional
        64 radii from 0.05 to 10 R_hsm, equal in the logarithm, by default.

    Returns
    -------
    pandas.DataFrame
        Columns ``radius`` [kpc], ``mstar``, ``mdm``, ``mgas``, ``mtot`` [Msun] and ``v_circ``
        [km/s], V_c² = G M_tot(<r) / r; NaN where a species is not in the source.
    """
    import pandas as pd

    return pd.DataFrame(profile_columns(galaxy, radii))


def profile_columns(galaxy: Galaxy, radii: NDArray | None = None) -> dict[str, NDArray]:
    """Return the columns of `mass_profiles`, (R,) each."""
    if radii is None:
        radii = galaxy.half_mass_radius * np.geomspace(0.05, 10, 64)
    grown = {species: np.full(len(radii), np.nan) for species in _SPECIES} | {
        species: _growth(particles.outwards, radii)
        for species, particles in galaxy.components.items()
    }
    total = sum(grown.values())
    return {
        "radius": radii,
        "mstar": grown["stars"],
        "mdm": grown["dark_matter"],
        "mgas": grown["gas"],
        "mtot": total,
        "v_circ": np.sqrt(G * total / radii),
    }


def _growth(particles: Outwards, radii: NDArray) -> NDArray:
    """Return the mass inside each radius."""
    growth = np.concatenate([[0.0], np.cumsum(particles.masses)])
    return growth[particles.radii.searchsorted(radii, side="right")]
