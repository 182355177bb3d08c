"""Features meet their apertures and columns."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import make_galaxy
from toy_galaxies import cold_disc, isotropic_sphere

from galmass_core.imaging.projection import project
from galmass_core.measurements.features import measure_galaxy_features, measure_sky_features
from galmass_core.quantities import QUANTITIES
from galmass_core.sources import read_galaxy


def sky_features(galaxy, line_of_sight="z"):
    return measure_sky_features(project(galaxy, line_of_sight, dust="none"), galaxy)


@pytest.fixture(scope="module")
def disc():
    return cold_disc()


def test_every_feature_is_a_quantity_of_its_kind(disc):
    per_galaxy, per_sample = measure_galaxy_features(disc), sky_features(disc)
    for row, expected in ((per_galaxy, False), (per_sample, True)):
        assert all(QUANTITIES[key].kind == "feature" for key in row)
        assert all(QUANTITIES[key].per_sample == expected for key in row)


def test_every_feature_is_measured(disc):
    measured = {**measure_galaxy_features(disc), **sky_features(disc)}
    elsewhere = {"abs_mag_r", "g_minus_r", "effective_radius"}  # in `targets`
    elsewhere |= {"effective_radius_image"}  # in `image_size`
    elsewhere |= {"bulge_fraction", "bulge_index"}  # in tables that `join` reads
    assert measured.keys() | elsewhere == {k for k, q in QUANTITIES.items() if q.kind == "feature"}


def test_features_of_a_disc_are_those_of_a_disc(disc):
    row = {**measure_galaxy_features(disc), **sky_features(disc)}
    assert row["sersic_n"] == pytest.approx(1.0, rel=0.1)
    assert row["c_over_a"] < 0.1
    assert row["b_over_t"] < 0.02


def test_features_of_a_sphere_are_those_of_a_sphere():
    sphere = isotropic_sphere(10_000)
    row = {**measure_galaxy_features(sphere), **sky_features(sphere)}
    assert row["c_over_a"] > 0.94
    assert row["f_hot"] > 0.4
    assert row["lambda_r"] < 0.1


def test_constant_star_formation_has_its_rate():
    ages = np.linspace(0, 10, 10_000, endpoint=False)
    galaxy = make_galaxy(np.zeros((10_000, 3)))
    stars = replace(galaxy.stars, ages=ages, initial_masses=np.full(10_000, 1e6))
    row = sky_features(replace(galaxy, stars=stars))
    assert row["sfr_1gyr"] == pytest.approx(1.0)  # 1e10 Msun in 1e10 yr


def test_star_formation_is_that_inside_the_circle_at_any_depth():
    galaxy = make_galaxy([[0.5, 0, 30.0], [0, 1.5, 0], [2.5, 0, 0]])
    stars = replace(galaxy.stars, ages=np.zeros(3), initial_masses=np.array([1e9, 2e9, 4e9]))
    row = sky_features(replace(galaxy, stars=stars))
    assert row["sfr_1gyr_1rhsm"] == pytest.approx(1.0)
    assert row["sfr_1gyr"] == pytest.approx(3.0)


def test_dispersion_of_a_gaussian_cloud_is_its_spread():
    rng = np.random.default_rng(0)
    cloud = make_galaxy(rng.standard_normal((20_000, 3)), 90 * rng.standard_normal((20_000, 3)))
    row = sky_features(cloud)
    assert row["sigma_v"] == pytest.approx(90, rel=0.02)
    assert row["sigma_v_1rhsm"] == pytest.approx(90, rel=0.03)


@pytest.mark.parametrize("file", ["eagle_z0_group92_sub9.hdf5", "colibre_z0.hdf5"])
def test_real_galaxy_has_all_its_features(shared_data, file):
    galaxy = read_galaxy(shared_data / "particles" / file)
    for line_of_sight in ("x", "y", "z"):
        row = {**measure_galaxy_features(galaxy), **sky_features(galaxy, line_of_sight)}
        assert np.isfinite(list(row.values())).all()
        assert 0 < row["c_over_a"] < 1
        assert 0 <= row["lambda_r"] <= 1
        assert row["b_over_t"] < 1


def test_lonely_stars_have_no_features_but_no_error():
    row = measure_galaxy_features(make_galaxy(np.eye(3))) | sky_features(make_galaxy(np.eye(3)))
    assert np.isnan([row[key] for key in ("sersic_n", "lambda_r", "c_over_a")]).all()
