"""The Sersic fit finds the law that stars were drawn from."""

import numpy as np
import pytest
from scipy.special import gammaincinv

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
