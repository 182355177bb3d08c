"""Estimate masses from a size and a velocity dispersion alone."""

import numpy as np

from galmass_core.dynamics.annuli import Annuli, Profile
from galmass_core.galaxy import G

VIRIAL = 5.0  # Cappellari et al. (2006), MNRAS 366, 1126, Eq. 19
WOLF = 4.0  # Wolf et al. (2010), MNRAS 406, 1220, Eq. 2


def mean_square(profile: Profile, annuli: Annuli, radius: float) -> tuple[float, float]:
    """Return the light-weighted mean of V² + σ² inside a circle, and its error from few stars.

    The annulus that the circle cuts counts by the share of its area inside.

    Parameters
    ----------
    profile : Profile
    annuli : Annuli
        Of velocities.
    radius : float, R_hsm

    Returns
    -------
    float, (km/s)²
        NaN where no star is.
    float, dex
        As if velocities were Gaussian.
    """
    inner, outer = annuli.edges[:-1], annuli.edges[1:]
    inside = annuli.shares @ np.clip((radius**2 - inner**2) / (outer**2 - inner**2), 0, 1)
    weights = profile.brightness * inside
    seen = weights > 0
    if not seen.any():
        return float("nan"), float("nan")
    light, squares = weights[seen], profile.squares[seen]
    mean = np.average(squares, weights=light)
    variance = np.sum((light * squares) ** 2 * 2 / (profile.stars * inside)[seen])
    return float(mean), float(variance**0.5 / light.sum() / mean / np.log(10))


def virial_mass(square: float, effective_radius: float) -> float:
    """Return half of the virial mass of Cappellari et al. (2006), ``5 σ_e² R_e / G``; Msun.

    Theirs is the total light times M/L inside R_e. Half of it is compared with what is inside the
    sphere of half of the stars.

    Parameters
    ----------
    square : float, (km/s)²
        σ_e², the mean of V² + σ² inside R_e.
    effective_radius : float, kpc
    """
    return 0.5 * VIRIAL * square * effective_radius / G


def wolf_mass(square: float, effective_radius: float) -> float:
    """Return the mass inside the sphere of half of the light of Wolf et al. (2010); Msun.

    Parameters
    ----------
    square : float, (km/s)²
        Mean of V² + σ² of the whole galaxy.
    effective_radius : float, kpc
    """
    return WOLF * square * effective_radius / G
