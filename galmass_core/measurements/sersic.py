"""Fit the Sersic index n of a light profile: 1 is an exponential disc, 4 de Vaucouleurs' law."""

import numpy as np
from numpy.typing import NDArray

from galmass_core.measurements.rings import in_rings

OUTER_RADIUS = 5.0  # R_hsm, the paper's aperture
INNER_RADIUS = 0.05  # R_hsm, but at least _RESOLUTION
ANNULI = 40  # equal in log radius
FEWEST_STARS = 5  # in an annulus that counts
INDEX_RANGE = (0.1, 200.0)  # wider than galaxies: the paper drops fits with n > 100
_RESOLUTION = 0.3  # kpc, below the softening of the simulations
_LEAST_ERROR = 0.02  # dex, so that crowded annuli do not dominate the fit
_FEWEST_ANNULI = 5
_STEPS = np.linspace(0, 1, ANNULI + 1)  # of edges, in log radius
_BETWEEN = np.linspace(0, 1, 129)
_INDICES = np.geomspace(*INDEX_RANGE, len(_BETWEEN))


def sersic_index(radii: NDArray, luminosities: NDArray, half_mass_radius: float) -> float:
    """Fit Sersic's law to the light inside 5 R_hsm on the sky (Chu et al. 2024, Table 1).

    ``I(R) = I_e exp(-b_n [(R/R_e)^(1/n) - 1])`` (Sersic 1968), fitted to log I in circular annuli
    with Poisson errors. For a given n, log I is linear in R^(1/n): the best line is exact for each
    n, and n is searched on a grid and a finer one, so there is no initial guess.

    Parameters
    ----------
    radii : (N,) float, kpc
        On the sky.
    luminosities : (N,) float, Lsun
    half_mass_radius : float, kpc

    Returns
    -------
    float
        Within `INDEX_RANGE`; NaN where fewer than 5 annuli hold 5 stars each, or light rises.
    """
    log_radius, log_intensity, weight = _profile(radii, luminosities, half_mass_radius)
    if len(log_radius) < _FEWEST_ANNULI:
        return np.nan
    best = int(_explained(_INDICES, log_radius, log_intensity, weight).argmax())
    low, high = max(best - 1, 0), min(best + 1, len(_INDICES) - 1)
    between = _INDICES[low] * (_INDICES[high] / _INDICES[low]) ** _BETWEEN
    gain = _explained(between, log_radius, log_intensity, weight)
    best = int(gain.argmax())
    return float(between[best]) if gain[best] > 0 else np.nan


def _profile(
    radii: NDArray, luminosities: NDArray, half_mass_radius: float
) -> tuple[NDArray, NDArray, NDArray]:
    """Return ln(R/R_hsm), log10 of intensity, and weight 1/error^2 of annuli with enough stars."""
    inner = max(_RESOLUTION, INNER_RADIUS * half_mass_radius)
    outer = OUTER_RADIUS * half_mass_radius
    if not inner < outer:
        return np.empty(0), np.empty(0), np.empty(0)
    edges = inner * (outer / inner) ** _STEPS
    count, light = (each[1:-1] for each in in_rings(radii, luminosities, edges))
    used = (count >= FEWEST_STARS) & (light > 0)
    intensity = light[used] / (np.pi * np.diff(edges**2)[used])
    error = np.maximum(1 / (np.log(10) * np.sqrt(count[used])), _LEAST_ERROR)
    centre = np.sqrt(edges[1:] * edges[:-1])[used]
    return np.log(centre / half_mass_radius), np.log10(intensity), error**-2


def _explained(
    indices: NDArray, log_radius: NDArray, log_intensity: NDArray, weight: NDArray
) -> NDArray:
    """Return the decrease of chi^2 by a falling line in R^(1/n) over constant light, for each n."""
    power = np.expm1(log_radius / indices[:, None]) * indices[:, None]  # ln R as n grows
    whole = weight.sum()
    power -= (power @ (weight / whole))[:, None]
    intensity = log_intensity - log_intensity @ weight / whole
    slope = np.minimum(power @ (weight * intensity), 0.0)  # light never rises outwards
    return slope**2 / (power**2 @ weight)
