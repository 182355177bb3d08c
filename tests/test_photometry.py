"""Light of stars from the table and from the snapshot, against known magnitudes."""

import numpy as np
import pytest

from galmass_core.galaxy import Stars
from galmass_core.photometry import (
    absolute_magnitude,
    ssp_magnitudes,
    ssp_magnitudes_at_each,
    surviving_fraction,
)
from galmass_core.sources import read_galaxy


def make_stars(ages, metallicities, *, initial_mass=1.0, magnitudes=None):
    ages = np.array(ages, dtype=float)
    return Stars(
        positions=np.zeros((len(ages), 3)),
        velocities=np.zeros((len(ages), 3)),
        masses=np.full(len(ages), 0.6 * initial_mass),
        initial_masses=np.full(len(ages), initial_mass),
        ages=ages,
        metallicities=np.array(metallicities, dtype=float),
        magnitudes=magnitudes,
    )


def integrated_light(path):
    """M_r and g-r of all stars of a galaxy without dust."""
    light_g, light_r = read_galaxy(path).stars.luminosities.sum(axis=1)
    magnitude_r = absolute_magnitude(light_r, "r")
    return magnitude_r, absolute_magnitude(light_g, "g") - magnitude_r


def test_ten_gyr_solar_population_has_the_table_magnitudes():
    g, r = ssp_magnitudes(np.array([10.0]), np.array([0.02]))[:, 0]
    assert r == pytest.approx(6.626, abs=5e-4)
    assert g - r == pytest.approx(0.806, abs=5e-4)


def test_ten_gyr_solar_population_has_the_known_mass_to_light_ratio():
    light_r = make_stars([10.0], [0.02]).luminosities[1, 0]
    living_mass = 0.45947  # the table's last column at this age and metallicity
    assert living_mass / light_r == pytest.approx(2.84, rel=2e-3)


def test_magnitude_halfway_in_log_metallicity_is_the_mean():
    edges = ssp_magnitudes(np.array([10.0, 10.0]), np.array([0.008, 0.02]))
    middle = ssp_magnitudes(np.array([10.0]), np.sqrt([0.008 * 0.02]))
    np.testing.assert_allclose(middle[:, 0], edges.mean(axis=1), rtol=1e-12)


def test_magnitude_halfway_in_log_age_is_the_mean():
    grid = 10.0 ** (np.array([9.97772, 10.0]) - 9)
    edges = ssp_magnitudes(grid, np.full(2, 0.02))
    middle = ssp_magnitudes(np.array([np.sqrt(grid.prod())]), np.array([0.02]))
    np.testing.assert_allclose(middle[:, 0], edges.mean(axis=1), rtol=1e-12)


@pytest.mark.parametrize(
    ("outside", "edge"),
    [
        ((0.0, 0.02), (1e-3, 0.02)),
        ((20.0, 0.02), (14.0, 0.02)),
        ((10.0, 0.0), (10.0, 1e-4)),
        ((10.0, 0.3), (10.0, 0.1)),
    ],
    ids=["newborn", "older than the table", "no metals", "beyond the richest"],
)
def test_values_beyond_the_table_take_its_edge(outside, edge):
    ages, metallicities = np.array([outside, edge]).T
    magnitudes = ssp_magnitudes(ages, metallicities)
    np.testing.assert_allclose(magnitudes[:, 0], magnitudes[:, 1], atol=1e-4)


def test_light_grows_with_initial_mass():
    one, thousand = (
        make_stars([3.0], [0.01], initial_mass=mass).luminosities for mass in (1.0, 1e3)
    )
    np.testing.assert_allclose(thousand, 1e3 * one)


def test_snapshot_magnitudes_come_first():
    magnitudes = np.array([[5.11, 4.65 - 2.5], [5.11 + 5.0, 4.65]])
    stars = make_stars([1.0, 1.0], [0.02, 0.02], magnitudes=magnitudes)
    np.testing.assert_allclose(stars.luminosities, [[1.0, 0.01], [10.0, 1.0]])


def test_one_solar_luminosity_has_the_magnitude_of_the_sun():
    assert absolute_magnitude(1.0, "g") == pytest.approx(5.11)
    assert absolute_magnitude(100.0, "r") == pytest.approx(-0.35)


def test_magnitude_of_no_light_is_nan():
    assert np.isnan(absolute_magnitude(0.0, "r"))


def test_newborn_stars_have_kept_all_their_mass():
    assert surviving_fraction(0.0) == 1.0


@pytest.mark.parametrize(
    ("file", "magnitude_r", "colour"),
    [
        ("eagle_z0_group92_sub9.hdf5", -19.310, 0.768),
        ("colibre_z0.hdf5", -19.862, 0.519),
    ],
)
def test_real_galaxy_has_its_reference_light(shared_data, file, magnitude_r, colour):
    measured = integrated_light(shared_data / "particles" / file)
    assert measured == pytest.approx((magnitude_r, colour), abs=1.5e-3)


@pytest.mark.parametrize(
    ("file", "tolerance"), [("eagle_z0_group92_sub9.hdf5", 0.05), ("colibre_z0.hdf5", 0.06)]
)
def test_surviving_mass_of_real_galaxy_agrees_with_its_file(shared_data, file, tolerance):
    stars = read_galaxy(shared_data / "particles" / file).stars
    expected = np.sum(surviving_fraction(stars.ages) * stars.initial_masses)
    assert expected == pytest.approx(stars.masses.sum(), rel=tolerance)


def test_magnitudes_of_pairs_are_those_of_single_stars():
    ages, metals = np.array([1e-4, 0.03, 1.0, 7.0, 20.0]), np.array([1e-5, 0.004, 0.02, 0.2])
    pairs = ssp_magnitudes_at_each(ages, metals)
    for row, metal in enumerate(metals):
        expected = ssp_magnitudes(ages, np.full(len(ages), metal))
        assert pairs[:, row] == pytest.approx(expected, rel=1e-13)
