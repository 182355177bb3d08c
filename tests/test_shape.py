"""Axis ratios of ellipsoids that are known."""

import numpy as np
import pytest

from galmass_core.measurements.shape import axis_ratios


def draw_ellipsoid(b_over_a, c_over_a, count=10_000, seed=0):
    """Stars of an ellipsoid with density ~ m^-2.5, turned at random."""
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    turn, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    radii = 30 * rng.uniform(size=(count, 1)) ** 2
    return (radii * directions * [1.0, b_over_a, c_over_a]) @ turn


@pytest.mark.parametrize("ratios", [(1.0, 0.5), (0.9, 0.7), (0.6, 0.3), (0.95, 0.15), (0.5, 0.5)])
def test_axis_ratios_of_an_ellipsoid_are_found(ratios):
    measured = axis_ratios(draw_ellipsoid(*ratios), np.ones(10_000), 10.0)
    assert measured == pytest.approx(ratios, abs=0.03)


def test_sphere_is_round():
    _, c_over_a = axis_ratios(draw_ellipsoid(1.0, 1.0), np.ones(10_000), 10.0)
    assert c_over_a > 0.95


def test_mass_counts_and_not_stars():
    """Of two ellipsoids that cross, the heavy one decides."""
    flat = draw_ellipsoid(1.0, 0.3, seed=1)
    masses = np.repeat([1.0, 1e-6], 10_000)
    positions = np.concatenate((flat, flat[:, [1, 2, 0]]))
    both = axis_ratios(positions, masses, 10.0)
    assert both == pytest.approx(axis_ratios(flat, masses[:10_000], 10.0), abs=1e-3)


def test_sheet_has_no_thickness():
    positions = draw_ellipsoid(0.8, 0.4)
    positions[:, 2] = 0.0
    assert axis_ratios(positions, np.ones(10_000), 10.0)[1] == pytest.approx(0.0, abs=1e-6)


def test_star_in_the_centre_changes_nothing():
    positions = draw_ellipsoid(0.8, 0.4)
    centred = np.concatenate((np.zeros((1, 3)), positions))
    assert axis_ratios(centred, np.ones(10_001), 10.0) == pytest.approx(
        axis_ratios(positions, np.ones(10_000), 10.0)
    )


def test_fewer_than_a_hundred_stars_have_no_shape():
    assert np.isnan(axis_ratios(draw_ellipsoid(1.0, 1.0, 99), np.ones(99), 30.0)).all()
