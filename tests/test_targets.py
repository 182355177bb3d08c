"""Masses, sizes and profiles of galaxies that can be weighed by hand."""

import numpy as np
import pytest
from conftest import make_galaxy

from galmass_core.galaxy import BlackHoles, DarkMatter, G
from galmass_core.imaging.projection import project
from galmass_core.measurements.targets import (
    effective_radius,
    mass_profiles,
    measure_projected,
    measure_targets,
)

STARS = [[0.5, 0, 0], [0, 1.5, 0], [0, 0, 5.0]]


@pytest.fixture
def galaxy():
    """Stars of 1, 2 and 4 Msun at 0.5, 1.5 and 5 kpc; dark matter 9 at 0.9; a black hole of 3."""
    return make_galaxy(
        STARS,
        masses=[1.0, 2.0, 4.0],
        dark_matter=DarkMatter(positions=np.array([[0, 0.9, 0]]), masses=np.array([9.0])),
        black_holes=BlackHoles(positions=np.zeros((1, 3)), masses=np.array([3.0])),
    )


def test_spheres_of_one_and_two_radii_hold_what_lies_in_them(galaxy):
    row = measure_targets(galaxy)
    assert 10 ** row["log_mstar_1rhsm"] == pytest.approx(1.0)
    assert 10 ** row["log_mstar_2rhsm"] == pytest.approx(3.0)
    assert 10 ** row["log_mdm_1rhsm"] == pytest.approx(9.0)
    assert 10 ** row["log_mtot_1rhsm"] == pytest.approx(13.0)
    assert 10 ** row["log_mtot"] == pytest.approx(19.0)


def test_fractions_are_shares_of_the_total(galaxy):
    row = measure_targets(galaxy)
    assert row["f_star_2rhsm"] == pytest.approx(3 / 15)
    assert row["f_dm_2rhsm"] == pytest.approx(9 / 15)


def test_the_logarithm_of_no_gas_is_nan(galaxy):
    assert np.isnan(measure_targets(galaxy)["log_mgas"])


def test_a_circle_holds_the_whole_column(galaxy):
    row = measure_projected(project(galaxy, "z"))  # the star at z = 5 falls on the centre
    assert 10 ** row["log_mstar2d_1rhsm"] == pytest.approx(5.0)
    assert 10 ** row["log_lr_1rhsm"] == pytest.approx(2.0)
    assert 10 ** row["log_ml_r_1rhsm"] == pytest.approx(2.5)


def test_one_solar_luminosity_has_the_solar_magnitude():
    row = measure_projected(project(make_galaxy([[0, 0, 0.0]]), "z"))
    assert row["abs_mag_r"] == pytest.approx(4.65)
    assert row["g_minus_r"] == pytest.approx(0.46)


def test_effective_radius_of_a_uniform_disc_is_its_radius_over_root_two():
    radii = np.sqrt(np.linspace(0, 1, 100_001))
    assert effective_radius(radii, np.ones_like(radii)) == pytest.approx(0.5**0.5, rel=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_effective_radius_is_where_the_growth_of_all_stars_reaches_half(seed):
    rng = np.random.default_rng(seed)
    radii = rng.gamma(0.5, size=1_000 // 5**seed) ** 3
    light = rng.exponential(size=len(radii)) * (rng.uniform(size=len(radii)) < 0.9)
    order = np.argsort(radii)
    growth = np.cumsum(light[order])
    expected = np.interp(0.5 * growth[-1], growth, radii[order])
    assert effective_radius(radii, light) == pytest.approx(expected, rel=1e-12)


def test_profile_grows_by_the_mass_at_each_radius(galaxy):
    table = mass_profiles(galaxy, np.array([0.4, 1.0, 2.0, 10.0]))
    assert table["mstar"].tolist() == [0, 1, 3, 7]
    assert table["mtot"].tolist() == [3, 13, 15, 19]


def test_circular_velocity_is_keplerian_outside_the_mass(galaxy):
    table = mass_profiles(galaxy, np.array([100.0]))
    assert table["v_circ"][0] == pytest.approx(np.sqrt(G * 19 / 100))


def test_profile_agrees_with_the_targets_at_the_half_mass_radius(galaxy):
    inside = mass_profiles(galaxy, np.array([galaxy.half_mass_radius]))["mtot"][0]
    assert np.log10(inside) == pytest.approx(measure_targets(galaxy)["log_mtot_1rhsm"])


def test_an_aperture_must_be_positive():
    with pytest.raises(ValueError, match=r"radius of a sphere must be positive \(kpc\), got 0"):
        make_galaxy(STARS).stars.mass_within(0.0)
