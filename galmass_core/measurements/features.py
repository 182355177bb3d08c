"""Measure the summary features that boosted trees learn from (Chu et al. 2024, Table 1).

Each measurement has its own module; this one sets apertures and column names. Every column is
described in `quantities`; brightness, colour and size are in `targets`.
"""

import numpy as np

from galmass_core.galaxy import Galaxy
from galmass_core.imaging.projection import SkyStars
from galmass_core.measurements.circularity import orbit_fractions
from galmass_core.measurements.ellipse import light_ellipse
from galmass_core.measurements.rotation import spin_parameters
from galmass_core.measurements.sersic import sersic_index
from galmass_core.measurements.shape import first_and_converged_ratios
from galmass_core.photometry import BANDS
from galmass_core.quantities import APERTURES, feature_key

SHAPE_APERTURE = 3.0  # R_hsm: semi-major axis inside which shapes are measured
RECENT = 1.0  # Gyr, over which star formation is averaged


def measure_galaxy_features(galaxy: Galaxy) -> dict[str, float]:
    """Measure what does not depend on the line of sight: b/a, c/a, B/T, f_cold, f_hot.

    Parameters
    ----------
    galaxy : Galaxy

    Returns
    -------
    dict
        Column of `quantities` to value; NaN where there are too few stars.
    """
    stars, r_hsm = galaxy.stars, galaxy.half_mass_radius
    (_, first), (b_over_a, c_over_a) = first_and_converged_ratios(
        stars.positions, stars.masses, SHAPE_APERTURE * r_hsm
    )
    row = {"c_over_a": first, "b_over_a_converged": b_over_a, "c_over_a_converged": c_over_a}
    rows = orbit_fractions(galaxy, [aperture * r_hsm for aperture in APERTURES])
    for aperture, fractions in zip(APERTURES, rows, strict=True):
        row |= {feature_key(key, aperture): value for key, value in fractions.items()}
    return row


def measure_sky_features(sky: SkyStars, galaxy: Galaxy) -> dict[str, float]:
    """Measure what depends on the line of sight: n, b/a of the light, star formation, σ_v, λ_R.

    Parameters
    ----------
    sky : SkyStars
    galaxy : Galaxy
        The galaxy of ``sky``, for ages and initial masses of its stars.

    Returns
    -------
    dict
        Column of `quantities` to value; NaN where there are too few stars.
    """
    light_r = sky.luminosities[BANDS.index("r")]
    ellipse = light_ellipse(sky.x, sky.y, light_r, SHAPE_APERTURE * sky.half_mass_radius)
    row = {
        "sersic_n": sersic_index(sky.radii, light_r, sky.half_mass_radius),
        "sersic_n_elliptical": sersic_index(
            ellipse.radii(sky.x, sky.y), light_r, sky.half_mass_radius
        ),
        "light_axis_ratio": ellipse.axis_ratio,
    }
    for aperture in APERTURES:
        radius = aperture * sky.half_mass_radius
        row[feature_key("sfr_1gyr", aperture)] = star_formation_rate(sky, galaxy, radius)
        row[feature_key("sigma_v", aperture)] = sky.inside(radius).dispersion
        spin, with_noise = spin_parameters(sky, radius)
        row[feature_key("lambda_r", aperture)] = spin
        row[feature_key("lambda_r_with_noise", aperture)] = with_noise
    return row


def star_formation_rate(sky: SkyStars, galaxy: Galaxy, aperture: float) -> float:
    """Average the star formation of the last Gyr inside a circle on the sky.

    Parameters
    ----------
    sky : SkyStars
    galaxy : Galaxy
    aperture : float, kpc

    Returns
    -------
    float, Msun/yr
        Zero where no stars formed.
    """
    young = np.flatnonzero(galaxy.stars.ages < RECENT)
    inside = young[sky.radii[young] <= aperture]
    return float(galaxy.stars.initial_masses[inside].sum() / (RECENT * 1e9))
