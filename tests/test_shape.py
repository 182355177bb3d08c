"""Axis ratios of ellipsoids that are known."""

import numpy as np
import pytest

from galmass_core.measurements.shape import axis_ratios, first_and_converged_ratios


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


def iterate(positions, steps=100):
    """Take many steps of the iteration as its definition writes them, with even masses."""
    frame, ratios = np.eye(3), np.ones(3)
    for _ in range(steps):
        squares = (((positions @ frame) / ratios) ** 2).sum(axis=1)
        weights = (squares < 10.0**2) / squares
        moments, axes = np.linalg.eigh((positions.T * weights) @ positions)
        frame, ratios = axes[:, ::-1], np.sqrt(moments[::-1] / moments[-1])
    return tuple(ratios[1:])


@pytest.mark.parametrize("ratios", [(0.9, 0.7), (0.6, 0.3), (0.95, 0.15)])
@pytest.mark.parametrize("count", [300, 1_000, 10_000])
def test_converged_ratios_are_the_limit_of_the_iteration(ratios, count):
    positions = draw_ellipsoid(*ratios, count)
    first, converged = first_and_converged_ratios(positions, np.ones(count), 10.0)
    assert converged == pytest.approx(iterate(positions), abs=1e-3)
    assert first == axis_ratios(positions, np.ones(count), 10.0)


def test_converged_ratios_of_many_stars_are_those_of_the_ellipsoid():
    positions = draw_ellipsoid(0.6, 0.3, 100_000)
    _, converged = first_and_converged_ratios(positions, np.ones(100_000), 10.0)
    assert converged == pytest.approx((0.6, 0.3), abs=0.01)


def test_first_ratios_stop_short_of_the_converged_ones():
    off = [
        np.subtract(
            *first_and_converged_ratios(draw_ellipsoid(0.6, 0.3, seed=seed), np.ones(10_000), 10.0)
        )
        for seed in range(5)
    ]
    assert np.abs(off).max() > 2e-3
