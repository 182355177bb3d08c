"""The Sersic fit finds the law that stars were drawn from, round or flat."""

import numpy as np
import pytest
from scipy.special import gammaincinv

from galmass_core.measurements.ellipse import light_ellipse
from galmass_core.measurements.sersic import sersic_index


def draw_radii(index, count=10_000, effective_radius=4.0, seed=0):
    """Draw radii on the sky by Sersic's law, by its growth curve."""
    rank = np.random.default_rng(seed).uniform(size=count)
    ratio = gammaincinv(2 * index, rank) / gammaincinv(2 * index, 0.5)
    return effective_radius * ratio**index


@pytest.mark.parametrize("count", [3_500, 50_000])
@pytest.mark.parametrize("index", [1.0, 2.0, 4.0])
def test_index_of_a_drawn_profile_is_found(index, count):
    radii = draw_radii(index, count)
    assert sersic_index(radii, np.ones(count), 5.0) == pytest.approx(index, rel=0.1)


def test_light_counts_and_not_stars():
    """Stars of an even density whose light falls off as an exponential disc's."""
    radii = 25 * np.sqrt(np.random.default_rng(0).uniform(size=50_000))
    assert sersic_index(radii, np.exp(-radii / 3), 5.0) == pytest.approx(1.0, rel=0.05)


def test_index_has_no_scale():
    radii, light = draw_radii(2.5), np.ones(10_000)
    assert sersic_index(3 * radii, 7 * light, 30.0) == pytest.approx(
        sersic_index(radii, light, 10.0)
    )


def test_power_law_has_an_index_that_the_paper_leaves_out():
    radii = np.geomspace(0.1, 50, 10_000)
    assert sersic_index(radii, np.ones(10_000), 10.0) > 100


def test_light_that_rises_outwards_has_no_index():
    radii = 25 * np.random.default_rng(0).uniform(size=10_000) ** 0.25
    assert np.isnan(sersic_index(radii, np.ones(10_000), 5.0))


def test_too_few_stars_have_no_index():
    assert np.isnan(sersic_index(draw_radii(1.0, 20), np.ones(20), 5.0))


def draw_ellipse(index, axis_ratio, count=50_000, angle=0.7, seed=0):
    """Draw places on the sky by Sersic's law in ellipses of one shape and direction."""
    radii = draw_radii(index, count, seed=seed)
    turn = np.random.default_rng(seed + 1).uniform(0, 2 * np.pi, count)
    along, across = radii * np.cos(turn), axis_ratio * radii * np.sin(turn)
    cosine, sine = np.cos(angle), np.sin(angle)
    return cosine * along - sine * across, sine * along + cosine * across


@pytest.mark.parametrize("axis_ratio", [1.0, 0.5, 0.2])
@pytest.mark.parametrize("index", [1.0, 2.0, 4.0])
def test_index_in_elliptical_annuli_is_that_of_the_law_at_any_flattening(index, axis_ratio):
    x, y = draw_ellipse(index, axis_ratio)
    light = np.ones(len(x))
    ellipse = light_ellipse(x, y, light, 15.0)
    measured = sersic_index(ellipse.radii(x, y), light, 5.0)
    assert measured == pytest.approx(index, rel=0.03 if index == 1 else 0.05)


def test_circular_annuli_take_a_flat_disc_for_something_steeper():
    x, y = draw_ellipse(1.0, 0.2)
    assert sersic_index(np.hypot(x, y), np.ones(len(x)), 5.0) > 1.4


@pytest.mark.parametrize("axis_ratio", [0.9, 0.5, 0.2, 0.05])
def test_ellipse_of_the_light_has_its_shape_and_direction(axis_ratio):
    x, y = draw_ellipse(2.0, axis_ratio, angle=-1.1)
    found = light_ellipse(x, y, np.ones(len(x)), 15.0)
    assert found.axis_ratio == pytest.approx(axis_ratio, rel=0.02)
    assert np.cos(found.angle + 1.1) ** 2 > 0.995


def test_ellipse_follows_light_and_not_stars():
    x, y = draw_ellipse(1.0, 0.4)
    light = np.repeat([1.0, 1e-6], len(x))
    both = light_ellipse(np.append(x, y), np.append(y, -x), light, 15.0)
    assert both.axis_ratio == pytest.approx(0.4, abs=0.01)


def test_light_on_a_line_or_in_one_point_has_no_ellipse():
    line = np.linspace(-1, 1, 101)
    assert np.isnan(light_ellipse(line, 2 * line, np.ones(101), 5.0)).all()
    assert np.isnan(light_ellipse(np.zeros(3), np.zeros(3), np.ones(3), 5.0)).all()


def test_stars_without_a_radius_and_outside_all_annuli_do_not_count():
    radii, light = draw_radii(2.0), np.ones(10_000)
    odd = np.concatenate([radii, [np.nan, 0.0, 1e9]])
    with_odd = np.concatenate([light, [1e9, 1e9, 1e9]])
    assert sersic_index(odd, with_odd, 5.0) == sersic_index(radii, light, 5.0)
