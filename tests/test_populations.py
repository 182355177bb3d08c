import numpy as np
import pytest

from galmass_core.photometry import SUN_AB, ssp_magnitudes, surviving_fraction
from galmass_core.synthetic.populations import (
    Population,
    draw_ages,
    draw_metallicities,
    draw_young,
    solve_population,
)

COUNT = 200_000


def colour_and_mass_to_light(ages, metallicities):
    """g-r and log M*/L_r of stars of equal mass."""
    light = 10 ** (-0.4 * ssp_magnitudes(ages, metallicities)) / surviving_fraction(ages)
    g, r = light.mean(axis=1)
    return -2.5 * np.log10(g / r), -np.log10(r) - 0.4 * SUN_AB["r"]


@pytest.mark.parametrize(
    ("colour", "log_mass_to_light"),
    [(0.40, 0.05), (0.60, 0.30), (0.76, 0.44)],
    ids=["blue", "green", "red"],
)
def test_solved_population_has_the_colour_and_light_asked_for(colour, log_mass_to_light):
    population, share = solve_population(
        colour=colour, log_mass_to_light=log_mass_to_light, metallicity=0.02, age_scatter=0.25
    )
    rng = np.random.default_rng(1)
    alike = np.zeros(COUNT, dtype=int)
    ages = draw_ages((population,), alike, rng)
    young = slice(0, round(share * COUNT))
    ages[young] = rng.uniform(0, 1, len(ages[young]))
    metals = draw_metallicities((population,), alike, np.ones(COUNT), rng)
    found = colour_and_mass_to_light(ages, metals)
    assert found == pytest.approx((colour, log_mass_to_light), abs=0.02)


def test_young_stars_weigh_at_birth_what_was_formed():
    masses = np.full(10_000, 1e6)
    chosen, ages = draw_young(masses, np.arange(10_000) < 100, 5e8, np.random.default_rng(2))
    assert (masses[chosen] / surviving_fraction(ages)).sum() == pytest.approx(5e8, abs=1.5e6)
    assert np.isin(np.arange(100), chosen).all()
    assert ages.max() < 1


def test_ages_of_components_scatter_about_their_medians():
    populations = (
        Population(age=10.0, metallicity=0.02),
        Population(age=4.0, metallicity=0.02, age_scatter=0.2),
    )
    component = np.arange(COUNT) % 2
    ages = draw_ages(populations, component, np.random.default_rng(3))
    assert np.median(ages[component == 0]) == pytest.approx(10, rel=0.01)
    assert np.log10(ages[component == 1]).std() == pytest.approx(0.2, abs=0.005)
    assert ages.min() >= 1
    assert ages.max() <= 13.5


def test_metallicity_falls_outwards():
    populations = (Population(age=5.0, metallicity=0.02),)
    radii = np.repeat([0.0, 1.0, 2.0], COUNT)
    metals = draw_metallicities(
        populations, np.zeros(len(radii), dtype=int), radii, np.random.default_rng(4)
    )
    medians = [np.median(metals[radii == radius]) for radius in (0, 1, 2)]
    assert np.log10(medians) == pytest.approx(np.log10(0.02) + np.array([0.1, 0, -0.1]), abs=0.005)
