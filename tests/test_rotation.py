"""lambda_R of galaxies that do not rotate, and of galaxies that do nothing else."""

import numpy as np
import pytest
from conftest import make_galaxy
from toy_galaxies import cold_disc, isotropic_sphere

from galmass_core.imaging.projection import project
from galmass_core.measurements.rotation import adaptive_bins, spin_parameter, spin_parameters


def spin(galaxy, line_of_sight="z"):
    return spin_parameter(project(galaxy, line_of_sight, dust="none"), 2 * galaxy.half_mass_radius)


def test_solid_body_that_only_rotates_has_lambda_one():
    rng = np.random.default_rng(0)
    positions = rng.uniform(-2, 2, (20_000, 3))
    velocities = np.cross([0.0, 100.0, 0.0], positions)
    assert spin(make_galaxy(positions, velocities)) > 0.97


@pytest.mark.parametrize("line_of_sight", ["x", "y", "z"])
@pytest.mark.parametrize("count", [1_000, 3_500, 20_000])
def test_sphere_that_does_not_rotate_has_small_lambda(count, line_of_sight):
    assert spin(isotropic_sphere(count), line_of_sight) < 0.1


def test_lambda_does_not_count_stars():
    disc = cold_disc()
    stars = disc.stars
    third = make_galaxy(
        stars.positions[::3], stars.velocities[::3], half_mass_radius=disc.half_mass_radius
    )
    assert spin(third, "x") == pytest.approx(spin(disc, "x"), abs=0.04)


def test_disc_rotates_edge_on_and_not_face_on():
    disc = cold_disc()
    assert spin(disc, "x") > 0.9
    assert spin(disc, "z") < 0.15


def test_lambda_weighs_a_known_rotation_against_a_known_dispersion():
    """Half of a sphere approaches at 60 km/s, the other half recedes."""
    stars = isotropic_sphere(20_000).stars
    velocities = stars.velocities.copy()
    velocities[:, 2] += 60 * np.sign(stars.positions[:, 0])
    lever = np.hypot(*stars.positions[:, :2].T)
    inside = lever < 7.2
    expected = 60 / np.sqrt(np.average(velocities[inside, 2] ** 2, weights=lever[inside]))
    rotating = make_galaxy(stars.positions, velocities, half_mass_radius=3.6)
    assert spin(rotating) == pytest.approx(expected, abs=0.06)


def test_stars_at_rest_have_no_lambda():
    positions = np.random.default_rng(0).uniform(-1, 1, (1_000, 3))
    assert np.isnan(spin(make_galaxy(positions)))


def test_too_few_stars_have_no_lambda():
    assert np.isnan(spin(isotropic_sphere(100)))


@pytest.mark.parametrize("count", [10, 59, 60, 1_000, 12_345])
def test_bins_share_out_all_stars_alike(count):
    x, y = np.random.default_rng(0).standard_normal((2, count))
    bins = adaptive_bins(x, y)
    np.testing.assert_array_equal(np.sort(np.concatenate(bins)), np.arange(count))
    sizes = [len(members) for members in bins]
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) < 60
    assert min(sizes) >= min(30, count)


@pytest.mark.parametrize("places", [10, 40, 10**9])
def test_bins_are_those_of_halving_by_stable_sorts(places):
    """Stars of equal coordinates, as in files of 32-bit numbers, are in the order of rows."""
    x, y = np.random.default_rng(1).integers(places, size=(2, 3_000)).astype(float)
    halves, axis = [np.arange(len(x))], 0
    while len(x) >= 60 * len(halves):
        sides = [side[np.argsort((x, y)[axis][side], kind="stable")] for side in halves]
        halves = [np.sort(half) for side in sides for half in np.split(side, [len(side) // 2])]
        axis = 1 - axis
    found = adaptive_bins(x, y)
    assert [np.sort(one).tolist() for one in found] == [one.tolist() for one in halves]


def test_noise_of_few_stars_counts_as_rotation_unless_subtracted():
    """A bin of n stars of a sphere at rest has a mean velocity of about 0.8 sigma/sqrt(n)."""
    sky = project(isotropic_sphere(20_000), "z", dust="none")
    without, with_noise = spin_parameters(sky, 2 * sky.half_mass_radius)
    assert without == spin_parameter(sky, 2 * sky.half_mass_radius)
    inside = sky.radii <= 2 * sky.half_mass_radius
    stars = np.count_nonzero(inside) / len(adaptive_bins(sky.x[inside], sky.y[inside]))
    assert with_noise == pytest.approx((2 / np.pi / stars) ** 0.5, rel=0.1)
    assert without < 0.6 * with_noise


def test_noise_does_not_matter_where_all_stars_rotate():
    without, with_noise = spin_parameters(
        project(disc := cold_disc(), "x", dust="none"), 2 * disc.half_mass_radius
    )
    assert with_noise == pytest.approx(without, abs=0.01)
    assert with_noise >= without


def test_lambda_is_the_sum_over_bins():
    sky = project(cold_disc(), "y", dust="none")
    inside = np.flatnonzero(sky.radii <= 2 * sky.half_mass_radius)
    motion = rotation = 0.0
    for members in adaptive_bins(sky.x[inside], sky.y[inside]):
        stars = inside[members]
        light, velocity = sky.luminosities[1][stars], sky.velocities[stars]
        mean, square = np.average(np.stack([velocity, velocity**2]), axis=1, weights=light)
        lever = light @ sky.radii[stars]
        rotation, motion = rotation + lever * abs(mean), motion + lever * np.sqrt(square)
    _, with_noise = spin_parameters(sky, 2 * sky.half_mass_radius)
    assert with_noise == pytest.approx(rotation / motion, rel=1e-12)
