"""Compiled iterations of shapes, beside the same with numpy's linear algebra."""

import numpy as np
import pytest

from galmass_core.measurements.ellipse import light_ellipse
from galmass_core.measurements.shape import first_and_converged_ratios


def shape_steps(positions, masses, radius):
    """Return the axis ratios of an ellipsoid, or an ellipse, after each step."""
    form, ratios = np.eye(positions.shape[1]), []
    for _ in range(100):
        square = np.einsum("ij,jk,ik->i", positions, form, positions)
        weights = np.where(square < radius**2, masses / square, 0.0)
        moments, axes = np.linalg.eigh((weights * positions.T) @ positions)
        ratios.append(np.sqrt(moments[::-1] / moments[-1])[1:])
        form = axes @ np.diag(moments[-1] / moments) @ axes.T
    return np.array(ratios)


@pytest.fixture
def drawn():
    generator = np.random.default_rng(3)
    turn, _ = np.linalg.qr(generator.normal(size=(3, 3)))
    positions = generator.normal(size=(5000, 3)) * [3.0, 2.0, 1.2] @ turn
    return positions, generator.uniform(0.5, 1.5, 5000)


def test_an_ellipsoid_is_that_of_numpy(drawn):
    ratios = shape_steps(*drawn, 5.0)
    first, converged = first_and_converged_ratios(*drawn, 5.0)
    changes = np.abs(np.diff(ratios, axis=0, prepend=1.0)).max(axis=1)
    assert first == pytest.approx(ratios[np.argmax(changes < 0.01)], rel=1e-11)
    assert converged == pytest.approx(ratios[np.argmax(changes < 1e-5)], rel=1e-11)


def test_an_ellipse_is_that_of_numpy(drawn):
    positions, light = drawn[0][:, :2], drawn[1]
    ratios = shape_steps(positions, light, 5.0)
    changes = np.abs(np.diff(ratios[:, 0], prepend=1.0)) / ratios[:, 0]
    last = np.argmax(changes < 0.005)
    ellipse = light_ellipse(*positions.T, light, 5.0)
    assert ellipse.axis_ratio == pytest.approx(ratios[last, 0], rel=1e-11)


def test_an_ellipse_lies_along_its_light():
    x, y = np.random.default_rng(4).normal(size=(2, 40_000)) * [[2.0], [1.0]]
    turn = 0.7
    u, v = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    ellipse = light_ellipse(u, v, np.ones(40_000), 4.0)
    assert ellipse.angle == pytest.approx(turn, abs=0.02)
    assert ellipse.axis_ratio == pytest.approx(0.5, abs=0.02)


def test_light_on_a_line_has_no_ellipse():
    x = np.linspace(-1, 1, 100)
    assert np.isnan(light_ellipse(x, 0.5 * x, np.ones(100), 2.0)).all()
