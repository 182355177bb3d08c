"""Motions by radius: a disc whose speed is known, and stars that do not turn."""

import numpy as np
import pytest
from conftest import make_galaxy
from oblique import INCLINATION, SPEED, oblique_maps

from galmass_core.dynamics.motion import FEWEST_STARS, motion_profile
from galmass_core.imaging.maps import render_maps


def test_a_disc_turns_with_its_speed_on_the_sky():
    table = motion_profile(oblique_maps(300, 96))
    outer = table[table["radius"] > 4]
    on_axis = SPEED * np.sin(np.radians(INCLINATION))
    assert len(outer) > 3
    assert outer["v"].between(0.8 * on_axis, on_axis).all()  # an eighth less: see `rotation_of`
    assert (outer["v_over_sigma"] > 3).all()
    assert (outer["lambda_r"] > 0.9).all()


@pytest.fixture(scope="module")
def ball():
    random = np.random.default_rng(3)
    places, speeds = random.normal(size=(3000, 3)), 100 * random.normal(size=(3000, 3))
    return motion_profile(render_maps(make_galaxy(places, speeds), "x"))


def test_dispersion_does_not_depend_on_stars_in_a_pixel(ball):
    outer = ball[ball["radius"] > 1]  # one or two stars in a pixel
    assert np.average(outer["sigma"], weights=outer["stars"]) == pytest.approx(100, rel=0.05)


def test_random_motion_is_no_order(ball):
    assert ball["lambda_r"].iloc[-1] < 0.12
    assert ball["v_over_sigma"].iloc[-1] < 0.3


def test_annuli_of_few_stars_are_left_out(ball):
    assert (ball["stars"] >= FEWEST_STARS).all()
    few = make_galaxy(np.random.default_rng(3).normal(size=(FEWEST_STARS - 1, 3)))
    assert motion_profile(render_maps(few, "x")).empty
