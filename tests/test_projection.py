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


def test_a_circle_holds_the_stars_on_it():
    positions = [[3, 0, 9], [0, 1, -9], [2, 0, 0], [0, 4, 0]]
    sky = project(make_galaxy(positions, masses=[1, 10, 100, 1000]), "z")
    assert [sky.inside(radius).mass for radius in (0.5, 1, 2.5, 3, 9)] == [0, 10, 110, 111, 1111]
    assert np.isnan(sky.inside(0.5).dispersion)


@pytest.mark.parametrize("count", [50, 5_000])  # of stars, more than are summed at once
def test_circles_sum_their_stars(count):
    rng = np.random.default_rng(0)
    galaxy = make_galaxy(
        rng.normal(size=(count, 3)), rng.normal(800, 3, (count, 3)), rng.uniform(1, 2, count)
    )
    sky = project(galaxy, "x")
    sky = replace(sky, luminosities=rng.uniform(size=(2, count)))
    for radius in (0.8, 1.0, 2.0):
        inside = np.hypot(sky.x, sky.y) <= radius
        light_g, light_r = sky.luminosities[:, inside]
        velocities = sky.velocities[inside]
        mean = np.average(velocities, weights=light_r)
        dispersion = np.average((velocities - mean) ** 2, weights=light_r) ** 0.5
        sums = sky.masses[inside].sum(), light_g.sum(), light_r.sum()
        assert sky.inside(radius) == pytest.approx((*sums, dispersion), rel=1e-13)
