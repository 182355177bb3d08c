"""Galaxies of fewer stars: what stays, what is drawn, and the leak that thinning stops."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import make_galaxy

from galmass_core.datasets.thinning import thin_stars
from galmass_core.galaxy import GalaxyName
from galmass_core.imaging.maps import render_maps

STAR_MASS = 1.4e6  # Msun, of every star of the toys, as in TNG100


def toy(count, *, subhalo=1, seed=0):
    """A galaxy of stars of equal mass at birth, of all ages, and dense in the middle."""
    rng = np.random.default_rng((subhalo, seed))
    positions = rng.normal(0.0, 0.3, (count, 3)) * rng.lognormal(0.0, 0.8, (count, 1))
    galaxy = make_galaxy(
        positions, rng.normal(0.0, 100.0, (count, 3)), STAR_MASS * rng.uniform(0.5, 0.7, count)
    )
    stars = replace(
        galaxy.stars,
        initial_masses=np.full(count, STAR_MASS),
        ages=rng.uniform(0.01, 13.0, count),
        magnitudes=rng.normal(-8.0, 1.0, (count, 2)),
    )
    return replace(galaxy, stars=stars, name=GalaxyName("synthetic", "toy", "0", str(subhalo)))


def totals(galaxy):
    stars = galaxy.stars
    sums = stars.masses.sum(), stars.initial_masses.sum(), *stars.luminosities.sum(axis=1)
    return np.array(sums)


def test_mass_initial_mass_and_light_of_the_galaxy_stay():
    galaxy = toy(3000)
    np.testing.assert_allclose(totals(thin_stars(galaxy, 500)), totals(galaxy), rtol=1e-12)


def test_light_of_a_file_without_magnitudes_stays_too():
    galaxy = toy(3000)
    galaxy = replace(galaxy, stars=replace(galaxy.stars, magnitudes=None))
    np.testing.assert_allclose(totals(thin_stars(galaxy, 500)), totals(galaxy), rtol=1e-12)


def test_drawn_stars_are_stars_of_the_galaxy_each_once():
    galaxy = toy(3000)
    thinned = thin_stars(galaxy, 500)
    ages = galaxy.stars.ages.tolist()
    drawn = [ages.index(age) for age in thinned.stars.ages]
    assert len(set(drawn)) == 500
    np.testing.assert_array_equal(thinned.stars.positions, galaxy.stars.positions[drawn])
    np.testing.assert_array_equal(thinned.stars.velocities, galaxy.stars.velocities[drawn])
    shares = thinned.stars.masses / galaxy.stars.masses[drawn]
    assert shares == pytest.approx(shares[0], rel=1e-12)
    assert shares[0] == pytest.approx(6.0, rel=0.02)


def test_stars_are_drawn_from_the_whole_galaxy_evenly():
    galaxy = toy(20_000)
    ranks = np.searchsorted(np.sort(galaxy.stars.radii), thin_stars(galaxy, 2000).stars.radii)
    counts, _ = np.histogram(ranks, bins=10, range=(0, 20_000))
    assert np.abs(counts - 200).max() < 4 * np.sqrt(200)


def test_same_name_same_stars_other_name_other_stars():
    galaxy = toy(3000)
    other = replace(galaxy, name=GalaxyName("synthetic", "toy", "0", "2"))
    ages = thin_stars(galaxy, 500).stars.ages
    np.testing.assert_array_equal(thin_stars(galaxy, 500).stars.ages, ages)
    assert len(set(thin_stars(other, 500).stars.ages) & set(ages)) < 150  # 83 by chance


def test_smoothing_lengths_of_all_stars_are_not_those_of_a_few():
    galaxy = toy(300)
    galaxy = replace(galaxy, stars=replace(galaxy.stars, smoothing_lengths=np.ones(300)))
    assert thin_stars(galaxy, 200).stars.smoothing_lengths is None


def test_all_but_the_stars_stays():
    galaxy = toy(300)
    thinned = thin_stars(galaxy, 200)
    assert replace(thinned, stars=galaxy.stars) == galaxy
    assert len(thin_stars(galaxy, 300).stars) == 300


def test_more_stars_than_there_are_is_an_error():
    with pytest.raises(ValueError, match="at most the 300 of synthetic/toy/0/1, got 301"):
        thin_stars(toy(300), 301)


def test_occupied_pixels_count_the_stars_unless_all_galaxies_have_as_many():
    """The leak: stars of equal mass, so that occupied pixels tell the mass without any light."""
    counts = np.geomspace(500, 8000, 20).astype(int)
    galaxies = [toy(count, subhalo=number) for number, count in enumerate(counts)]
    thinned = [thin_stars(galaxy, 500) for galaxy in galaxies]

    def occupied(sample):
        return [render_maps(galaxy, "z").view("occupancy").sum() for galaxy in sample]

    log_mass = np.log10([galaxy.stars.masses.sum() for galaxy in galaxies])
    full, alike = occupied(galaxies), occupied(thinned)
    assert np.corrcoef(log_mass, full)[0, 1] > 0.98
    assert full[-1] > 2.5 * full[0]
    assert abs(np.corrcoef(log_mass, alike)[0, 1]) < 0.45  # 0.25 by chance
    assert abs(np.polyfit(log_mass, alike, 1)[0]) < 0.02 * np.polyfit(log_mass, full, 1)[0]
