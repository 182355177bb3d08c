"""What each control keeps exactly, and what it destroys."""

from dataclasses import replace

import numpy as np
import pytest
from toy_galaxies import cold_disc

from galmass_core.datasets.star_controls import (
    annulus_numbers,
    bin_adaptively,
    keep_pixels,
    shuffle_velocities,
)
from galmass_core.datasets.thinning import thin_stars
from galmass_core.imaging.projection import project
from galmass_core.imaging.sums import kinematic_moments
from galmass_core.measurements.rotation import spin_parameter
from galmass_core.quantities import MAPS

PIXELS = 48
NAME = "synthetic/toy/0/1"


@pytest.fixture(scope="module")
def sky():
    """A cold disc seen edge-on, whose stars have light of many strengths."""
    seen = project(cold_disc(), "x")
    light = np.random.default_rng(3).lognormal(0, 1, seen.luminosities.shape)
    return replace(seen, luminosities=seen.luminosities * light)


def moments(sky, pixels=PIXELS):
    return kinematic_moments(sky, 3 * sky.half_mass_radius, pixels)


def sums(sky, chosen=slice(None)):
    """Return light, and its sums with v and v², of some stars."""
    weight, v = sky.luminosities[1][chosen], sky.velocities[chosen]
    return np.array([weight.sum(), (weight * v).sum(), (weight * v**2).sum()])


def spin(sky):
    return spin_parameter(sky, 2 * sky.half_mass_radius)


@pytest.mark.parametrize("annuli", [False, True])
def test_exchanged_velocities_keep_light_occupancy_and_both_moments(sky, annuli):
    changed = shuffle_velocities(sky, NAME, annuli=annuli)
    np.testing.assert_array_equal(moments(changed)[:2], moments(sky)[:2])
    np.testing.assert_allclose(sums(changed), sums(sky), rtol=1e-10)
    assert np.abs(changed.velocities - sky.velocities).mean() > 30


@pytest.mark.parametrize("annuli", [False, True])
def test_exchanged_velocities_have_no_rotation(sky, annuli):
    assert spin(sky) > 0.6
    assert spin(shuffle_velocities(sky, NAME, annuli=annuli)) < 0.2


def test_annuli_keep_the_radial_profile_of_mean_and_dispersion(sky):
    numbers = annulus_numbers(sky)
    assert set(numbers) == set(range(13))
    kept, lost = (shuffle_velocities(sky, NAME, annuli=annuli) for annuli in (True, False))
    for number in range(13):
        of = numbers == number
        np.testing.assert_allclose(sums(kept, of), sums(sky, of), rtol=1e-9, atol=1e-6)
    profiles = [
        np.array([sums(each, numbers == number) for number in range(13)]) for each in (sky, lost)
    ]
    spread = [np.sqrt(profile[:, 2] / profile[:, 0]) for profile in profiles]
    assert np.abs(spread[1] - spread[0]).max() > 20  # km/s: without annuli it is not kept


def test_without_light_to_weigh_by_velocities_are_only_exchanged(sky):
    equal = replace(sky, luminosities=np.ones_like(sky.luminosities))
    changed = shuffle_velocities(equal, NAME)
    np.testing.assert_allclose(np.sort(changed.velocities), np.sort(sky.velocities), rtol=1e-12)


def test_a_star_that_is_alone_in_its_annulus_keeps_its_velocity(sky):
    far = replace(sky, x=sky.x.copy(), y=np.where(np.arange(len(sky.y)) == 5, 1e4, sky.y * 0.01))
    far.x[:] *= 0.01
    changed = shuffle_velocities(far, NAME, annuli=True)
    assert changed.velocities[5] == pytest.approx(sky.velocities[5])


def test_galaxy_and_seed_decide_the_draw_and_lines_of_sight_share_it(sky):
    def drawn(name=NAME, seed=0, seen=sky):
        return shuffle_velocities(seen, name, seed=seed).velocities

    np.testing.assert_array_equal(drawn(), drawn())
    assert not np.allclose(drawn(), drawn(seed=1))
    assert not np.allclose(drawn(), drawn(name="synthetic/toy/0/2"))
    numbers = np.arange(float(len(sky.x)))
    equal = replace(sky, luminosities=np.ones_like(sky.luminosities), velocities=numbers)
    turned = replace(equal, x=sky.y, y=-sky.x)
    np.testing.assert_array_equal(drawn(seen=equal), drawn(seen=turned))


def test_half_of_the_stars_keeps_the_expected_count_of_each_pixel():
    galaxy = cold_disc()
    whole = moments(project(galaxy, "z"), 4)[0]
    halves = [
        moments(project(thin_stars(galaxy, len(galaxy.stars) // 2, seed=seed), "z"), 4)[0]
        for seed in range(40)
    ]
    error = np.sqrt(np.maximum(whole, 1) / 4 / 40)  # binomial, of the mean of 40 draws
    assert (np.abs(np.mean(halves, axis=0) - whole / 2) < 4 * error).all()
    assert not np.array_equal(halves[0], halves[1])


def test_pixels_of_half_of_the_stars_keep_v_and_sigma_of_all(sky):
    galaxy = cold_disc()
    whole, half = (
        moments(project(each, "z"))
        for each in (galaxy, thin_stars(galaxy, len(galaxy.stars) // 2, seed=0))
    )
    kept = keep_pixels(whole, half)
    np.testing.assert_array_equal(kept[0] > 0, half[0] > 0)
    there = half[0] > 0
    assert there.sum() < (whole[0] > 0).sum()
    for key in ("V", "sigma"):
        np.testing.assert_array_equal(MAPS[key].view(kept)[there], MAPS[key].view(whole)[there])
        assert np.isnan(MAPS[key].view(kept)[~there]).all()


def test_adaptive_bins_have_thirty_stars_and_fill_the_frame(sky):
    own = moments(sky)
    binned = bin_adaptively(own)
    assert (binned[0] >= 30).all()
    assert np.isfinite(MAPS["V"].view(binned)).all()
    assert MAPS["occupancy"].view(binned).all()
    values, places = np.unique(binned.reshape(4, -1), axis=1, return_index=True)
    assert len(places) > 20
    np.testing.assert_allclose(values.sum(axis=1), own.sum(axis=(1, 2)), rtol=1e-5)


def test_adaptive_bins_keep_rotation_and_take_away_its_noise(sky):
    own, binned = (MAPS["V"].view(each) for each in (moments(sky), bin_adaptively(moments(sky))))
    left, right = np.nanmean(binned[20:28, :16]), np.nanmean(binned[20:28, 32:])
    assert abs(left - right) > 200
    assert left * np.nanmean(own[20:28, :16]) > 0
    spreads = [MAPS["sigma"].view(each) for each in (moments(sky), bin_adaptively(moments(sky)))]
    assert np.mean(spreads[0][own == own] == 0) > 0.05  # stars that are alone in their pixel
    assert spreads[1].min() > 5  # km/s


def test_few_stars_are_one_bin_and_none_are_none(sky):
    few = np.zeros((4, PIXELS, PIXELS), np.float32)
    few[:, 10, 10], few[:, 40, 12] = (10, 2, 4, 10), (5, 1, 1, 1)
    np.testing.assert_allclose(bin_adaptively(few)[:, 0, 0], [15, 3, 5, 11])
    assert not bin_adaptively(np.zeros_like(few)).any()
