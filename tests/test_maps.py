"""The four maps against galaxies whose maps are known."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import make_galaxy

from galmass_core.imaging.maps import (
    GalaxyMaps,
    MapConfig,
    rebin,
    render_maps,
    support_radii,
)
from galmass_core.quantities.map_views import mean_velocity, velocity_dispersion

RNG = np.random.default_rng(3)


@pytest.fixture(scope="module")
def ring():
    """4,000 stars on a circle of 1.5 kpc in the (x, y) plane, all turning with 200 km/s."""
    angle = RNG.uniform(0, 2 * np.pi, 4000)
    zero = np.zeros_like(angle)
    positions = np.stack([1.5 * np.cos(angle), 1.5 * np.sin(angle), zero], axis=1)
    velocities = 200 * np.stack([-np.sin(angle), np.cos(angle), zero], axis=1)
    return make_galaxy(positions, velocities)


@pytest.fixture(scope="module")
def cloud():
    """20,000 stars in a Gaussian ball, velocities Gaussian with 120 km/s in every direction."""
    return make_galaxy(RNG.normal(0, 0.7, (20_000, 3)), RNG.normal(0, 120, (20_000, 3)))


def test_image_holds_the_light_of_the_galaxy(cloud):
    maps = render_maps(cloud, "z", MapConfig(half_width=6.0))
    assert maps.flux_CHW[1].sum(dtype=float) == pytest.approx(20_000, rel=1e-4)


def test_moments_hold_every_star_in_the_frame(cloud):
    x, y = cloud.stars.positions[:, 0], cloud.stars.positions[:, 1]
    inside = (np.abs(x) < 3) & (np.abs(y) < 3)
    assert render_maps(cloud, "z").moments_CHW[0].sum() == inside.sum()


def test_right_is_x_and_up_is_y():
    positions = np.tile([2.0, -1.0, 0.0], (40, 1))
    maps = render_maps(make_galaxy(positions), "z")
    row, column = np.unravel_index(maps.view("r").argmax(), (300, 300))
    assert (row, column) == (100, 250)


def test_velocity_map_of_an_edge_on_ring_is_antisymmetric(ring):
    # seen along x: y to the right, moving away where y ... v_x = -200 sin(angle) = -200 y / 1.5
    velocity = render_maps(ring, "x").view("V", 12)
    middle = velocity[5:7]
    left, right = middle[:, 3:5], middle[:, 7:9][:, ::-1]
    assert np.nanmean(left + right) == pytest.approx(0.0, abs=8.0)
    assert np.nanmean(left) > 80


def test_dispersion_of_a_gaussian_cloud_is_its_own(cloud):
    dispersion = render_maps(cloud, "y").view("sigma", 6)
    assert dispersion[2:4, 2:4].mean() == pytest.approx(120, rel=0.03)


def test_a_constant_velocity_moves_only_v():
    stars = RNG.normal(0, 1, (500, 3)), RNG.normal(0, 50, (500, 3))
    still = render_maps(make_galaxy(*stars), "z")
    moving = render_maps(make_galaxy(stars[0], stars[1] + 300.0), "z")
    difference = moving.view("V") - still.view("V")
    assert difference[np.isfinite(difference)] == pytest.approx(300.0, abs=0.01)
    assert moving.view("sigma") == pytest.approx(still.view("sigma"), abs=0.1, nan_ok=True)


def test_turning_the_galaxy_by_a_right_angle_turns_the_maps():
    positions, velocities = RNG.normal(0, 1, (3000, 3)), RNG.normal(0, 100, (3000, 3))
    turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])  # x -> y, y -> -x
    maps = render_maps(make_galaxy(positions, velocities), "z")
    turned = render_maps(make_galaxy(positions @ turn.T, velocities @ turn.T), "z")
    np.testing.assert_allclose(turned.view("V"), np.rot90(maps.view("V"), -1), atol=1e-3)
    error = turned.view("r") - np.rot90(maps.view("r"), -1)
    assert np.linalg.norm(error) < 1e-3 * np.linalg.norm(maps.view("r"))


def test_a_lone_star_has_dispersion_zero_and_empty_pixels_are_nan():
    maps = render_maps(make_galaxy(np.zeros((1, 3)), [[0, 0, 70.0]]), "z")
    velocity, dispersion = maps.view("V"), maps.view("sigma")
    assert np.isfinite(velocity).sum() == 1
    assert np.nanmax(velocity) == pytest.approx(70.0)
    assert np.nanmax(dispersion) == 0.0


def test_occupancy_says_which_pixels_have_a_star():
    maps = render_maps(make_galaxy([[0.1, 0.1, 0.0], [0.1, 0.1, 1.0], [-2.9, 2.9, 0.0]]), "z")
    occupancy = maps.view("occupancy")
    assert (occupancy.shape, occupancy.dtype) == ((48, 48), np.float32)
    assert np.argwhere(occupancy).tolist() == [[24, 24], [47, 0]]
    assert occupancy.sum() == 2.0


def test_equal_light_in_g_and_r_has_the_colour_of_equal_solar_luminosities(cloud):
    colour = render_maps(cloud, "z").view("g-r", 60)
    assert np.nanmin(colour) == pytest.approx(0.46, abs=1e-4)
    assert np.nanmax(colour) == pytest.approx(0.46, abs=1e-4)


@pytest.mark.parametrize("pixels", [150, 60])
def test_rebinning_keeps_the_light(cloud, pixels):
    maps = render_maps(cloud, "z")
    assert maps.view("r", pixels).sum(dtype=float) == pytest.approx(
        maps.view("r", 300).sum(dtype=float), rel=1e-6
    )


def test_rebinned_moments_equal_moments_of_coarse_pixels(cloud):
    fine = render_maps(cloud, "z")
    coarse = render_maps(cloud, "z", MapConfig(kinematic_pixels=48))
    np.testing.assert_allclose(fine.view("V", 48), coarse.view("V", 48), atol=1e-3)


def test_a_side_that_does_not_divide_is_refused():
    with pytest.raises(ValueError, match="must divide the stored side of 300, got 70"):
        rebin(np.zeros((2, 300, 300)), 70)


def test_an_unknown_map_is_refused():
    maps = GalaxyMaps(
        flux_CHW=np.zeros((2, 300, 300)),
        moments_CHW=np.zeros((4, 96, 96)),
        half_mass_radius=1.0,
        half_width=3.0,
    )
    with pytest.raises(ValueError, match=r"one of r, g-r, V, sigma, occupancy, .*, got 'h5'"):
        maps.view("h5")


def test_two_stars_of_unequal_light_have_their_weighted_moments():
    # weights 1 and 3, velocities 0 and 4: mean 3, variance 3
    moments = np.array([2.0, 4.0, 12.0, 48.0]).reshape(4, 1, 1)
    mean, dispersion = mean_velocity(moments), velocity_dispersion(moments)
    assert (mean[0, 0], dispersion[0, 0]) == pytest.approx((3.0, np.sqrt(3.0)))


def test_smoothing_lengths_of_the_file_are_taken_up_to_the_frame():
    galaxy = make_galaxy(np.random.default_rng(3).normal(size=(50, 3)))
    lengths = np.linspace(0.1, 9.0, 50)
    known = replace(galaxy, stars=replace(galaxy.stars, smoothing_lengths=lengths))
    np.testing.assert_array_equal(support_radii(known, MapConfig()), np.minimum(lengths, 3.0))


def test_smoothing_lengths_to_another_neighbour_are_searched_for():
    galaxy = make_galaxy(np.random.default_rng(3).normal(size=(50, 3)))
    known = replace(galaxy, stars=replace(galaxy.stars, smoothing_lengths=np.ones(50)))
    config = MapConfig(neighbours=8)
    np.testing.assert_array_equal(support_radii(known, config), support_radii(galaxy, config))


def test_a_single_star_has_no_dispersion_that_means_anything(cloud):
    maps = render_maps(cloud, "x")
    stars, dispersion = maps.stars(48), maps.meaningful("sigma")
    assert (stars == 1).any()
    assert (maps.view("sigma")[stars == 1] == 0).all()
    np.testing.assert_array_equal(np.isfinite(dispersion), stars >= 2)
    np.testing.assert_array_equal(dispersion[stars >= 2], maps.view("sigma")[stars >= 2])
    np.testing.assert_array_equal(maps.meaningful("V"), maps.view("V"))
    few = maps.meaningful("V", least_stars=5)
    np.testing.assert_array_equal(np.isfinite(few), stars >= 5)
    np.testing.assert_array_equal(maps.meaningful("r", least_stars=5), maps.view("r"))
