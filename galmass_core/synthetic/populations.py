"""Draw ages and metallicities of a synthetic galaxy's stars, and predict their light."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from galmass_core.photometry import SUN_AB, ssp_magnitudes_at_each, surviving_fraction

_RECENT = 1.0  # Gyr; younger stars are not of the log-normal population
_OLDEST = 13.5  # Gyr
_METALLICITY_SCATTER = 0.2  # dex, star to star
_METALLICITY_GRADIENT = -0.1  # dex per half-mass radius
_AGES = np.geomspace(_RECENT, _OLDEST, 80)  # Gyr
_YOUNG_SHARES = np.concatenate(([0.0], np.geomspace(1e-4, 0.6, 120)))  # of the stellar mass


@dataclass(frozen=True, kw_only=True)
class Population:
    """Ages and metallicities of the stars of one component.

    Attributes
    ----------
    age : float, Gyr
        Median of the stars older than 1 Gyr, which scatter log-normally.
    age_scatter : float, dex
    metallicity : float
        Median mass fraction; it falls outwards, and stars scatter about it log-normally.
    """

    age: float
    metallicity: float
    age_scatter: float = 0.1


def draw_ages(
    populations: tuple[Population, ...], component: NDArray, rng: np.random.Generator
) -> NDArray:
    """Draw the ages of stars older than 1 Gyr.

    Parameters
    ----------
    populations : tuple of Population
    component : (N,) int
        Population of each star.
    rng : numpy.random.Generator

    Returns
    -------
    (N,) float, Gyr
    """
    age = np.array([population.age for population in populations])[component]
    scatter = np.array([population.age_scatter for population in populations])[component]
    return _confine(age * 10.0 ** (scatter * rng.standard_normal(len(component))))


def _confine(ages: NDArray) -> NDArray:
    """Reflect log-normal ages at 1 Gyr and end them at the age of the oldest stars."""
    return np.minimum(np.maximum(ages, _RECENT**2 / ages), _OLDEST)


def draw_young(
    masses: NDArray, first: NDArray, formed: float, rng: np.random.Generator
) -> tuple[NDArray, NDArray]:
    """Choose stars that formed at a constant rate over the last Gyr.

    Parameters
    ----------
    masses : (N,) float, Msun
        Current masses of all stars.
    first : (N,) bool
        Stars to choose first.
    formed : float, Msun
        Total initial mass of the chosen stars.
    rng : numpy.random.Generator

    Returns
    -------
    chosen : (Y,) int
    ages : (Y,) float, Gyr
    """
    rank = rng.random(len(masses))
    kinds = (np.flatnonzero(first), np.flatnonzero(~first))
    order = np.concatenate([kind[np.argsort(rank[kind])] for kind in kinds])
    evenly = (np.arange(200) + 0.5) / 200.0 * _RECENT
    births = np.cumsum(masses[order]) * np.mean(1.0 / surviving_fraction(evenly))
    count = int(np.searchsorted(births, formed + 0.5 * births[0]))
    ages = (np.arange(count) + rng.random(count)) / max(count, 1) * _RECENT  # little noise
    return order[:count], rng.permutation(ages)


def draw_metallicities(
    populations: tuple[Population, ...],
    component: NDArray,
    radii: NDArray,
    rng: np.random.Generator,
) -> NDArray:
    """Draw metallicities, log-normal about a radial gradient.

    Parameters
    ----------
    populations : tuple of Population
    component : (N,) int
        Population of each star.
    radii : (N,) float
        In half-mass radii.
    rng : numpy.random.Generator

    Returns
    -------
    (N,) float, mass fraction
    """
    median = np.array([population.metallicity for population in populations])[component]
    outward = _METALLICITY_GRADIENT * np.minimum(radii, 2.0)
    scatter = _METALLICITY_SCATTER * rng.standard_normal(len(radii))
    return median * 10.0 ** (outward - outward.mean() + scatter)


def solve_population(
    *, colour: float, log_mass_to_light: float, metallicity: float, age_scatter: float
) -> tuple[Population, float]:
    """Find the ages that reproduce the light of a galaxy, without dust.

    Parameters
    ----------
    colour : float, mag
        g-r of all stars.
    log_mass_to_light : float, log10(Msun / Lsun)
        Mass of all stars over their light in r.
    metallicity : float
        Median mass fraction.
    age_scatter : float, dex

    Returns
    -------
    population : Population
        Of the stars older than 1 Gyr.
    young_share : float
        Mass fraction of the younger stars.
    """
    old, young = _mean_light(_AGES, metallicity, age_scatter), _mean_young_light(metallicity)
    share = _YOUNG_SHARES[:, None]
    g, r = ((1.0 - share) * old[band] + share * young[band] for band in (0, 1))
    found_colour = SUN_AB["g"] - SUN_AB["r"] - 2.5 * np.log10(g / r)
    miss = ((found_colour - colour) / 0.003) ** 2 + ((np.log10(r) + log_mass_to_light) / 0.02) ** 2
    i, j = np.unravel_index(miss.argmin(), miss.shape)
    population = Population(age=float(_AGES[j]), metallicity=metallicity, age_scatter=age_scatter)
    return population, float(_YOUNG_SHARES[i])


def _mean_light(ages: NDArray, metallicity: float, age_scatter: float) -> NDArray:
    """Return light per mass of log-normal populations of each median age; (2, A), Lsun / Msun."""
    nodes, weights = _normal_quadrature()
    spread = _confine(ages[:, None] * 10.0 ** (age_scatter * nodes))
    return _light(spread.ravel(), metallicity).reshape(2, *spread.shape) @ weights


def _mean_young_light(metallicity: float) -> NDArray:
    """Return light per mass of stars formed at a constant rate over 1 Gyr; (2,), Lsun / Msun."""
    ages = (np.arange(200) + 0.5) / 200.0 * _RECENT
    return _light(ages, metallicity).mean(axis=1)


def _light(ages: NDArray, metallicity: float) -> NDArray:
    """Return light per mass, the mean of log-normal metallicities; (2, A), Lsun / Msun."""
    nodes, weights = _normal_quadrature()
    metals = metallicity * 10.0 ** (_METALLICITY_SCATTER * nodes)
    sun = np.array([SUN_AB["g"], SUN_AB["r"]])[:, None, None]
    light = ssp_magnitudes_at_each(ages, metals)
    light -= sun
    light *= -0.4 * np.log(10.0)
    return weights @ np.exp(light, out=light) / surviving_fraction(ages)


@cache
def _normal_quadrature() -> tuple[NDArray, NDArray]:
    """Return nodes and weights of an average over a normal distribution."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(21)
    return nodes, weights / weights.sum()
