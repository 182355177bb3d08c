"""Stars on the sky: who is where, and the sign of the velocity."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import make_galaxy

from galmass_core.imaging.projection import project


@pytest.mark.parametrize(
    ("line_of_sight", "x", "y", "v"), [("x", 2, 3, 40), ("y", 3, 1, 50), ("z", 1, 2, 60)]
)
def test_each_line_of_sight_sees_its_plane_and_its_velocity(line_of_sight, x, y, v):
    sky = project(make_galaxy([[1, 2, 3]], [[40, 50, 60]]), line_of_sight)
    assert (sky.x[0], sky.y[0], sky.velocities[0]) == (x, y, v)


def test_without_gas_no_light_is_lost():
    sky = project(make_galaxy(np.zeros((3, 3))), "z")
    assert sky.luminosities == pytest.approx(np.ones((2, 3)))


def test_lines_of_sight_share_orders_of_the_same_coordinate_alone():
    galaxy = make_galaxy(np.random.default_rng(0).integers(9, size=(50, 3)))
    x, y, z = (project(galaxy, line_of_sight) for line_of_sight in "xyz")
    assert x.rightward is z.upward
    assert x.upward is y.rightward
    assert y.upward is z.rightward
    for sky in (z, replace(z, x=-z.x)):
        np.testing.assert_array_equal(sky.rightward, np.argsort(sky.x, kind="stable"))


def test_stars_inside_a_circle_are_counted_from_the_centre_outwards():
    sky = project(make_galaxy([[3, 0, 9], [0, 1, -9], [2, 0, 0], [0, 4, 0]]), "z")
    assert sky.inside(3.0).tolist() == [1, 2, 0]  # one on the circle is inside
    assert sky.inside(0.5).tolist() == []
