"""Stars on the sky: who is where, and the sign of the velocity."""

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


def test_stars_inside_a_circle_are_counted_from_the_centre_outwards():
    sky = project(make_galaxy([[3, 0, 9], [0, 1, -9], [2, 0, 0], [0, 4, 0]]), "z")
    assert sky.inside(3.0).tolist() == [1, 2, 0]  # one on the circle is inside
    assert sky.inside(0.5).tolist() == []
