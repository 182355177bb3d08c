"""Fits of learning curves, on curves whose power law is known."""

import numpy as np
import pytest

from galmass_core.benchmarks.coverage import curves_that_cover, simulated_curve
from galmass_core.learning.learning_curves import PAPER_GALAXIES, fit_curve


@pytest.fixture(scope="module")
def curve():
    return simulated_curve(np.random.default_rng(1), noise=0.01)


@pytest.fixture(scope="module")
def fit(curve):
    return fit_curve(*curve)


def test_16000_samples_are_5333_galaxies_along_three_axes():
    assert PAPER_GALAXIES == 5333


def test_floor_and_exponent_are_those_of_the_curve(fit):
    assert abs(fit.floor.value - 0.05) < 2 * fit.floor.error
    assert abs(fit.exponent.value - 0.5) < 2 * fit.exponent.error


def test_the_extrapolation_is_the_curve_there(fit):
    true = 0.05 + 0.06 * (PAPER_GALAXIES / 2048) ** -0.5
    assert fit.reasons == ()
    assert abs(fit.extrapolated.value - true) < 2 * fit.extrapolated.error
    assert fit.extrapolated == fit.at([PAPER_GALAXIES])[0]


def test_intervals_of_extrapolations_hold():
    assert 0.4 < curves_that_cover(15) < 0.95


def test_errors_grow_outside_the_points(fit):
    inside, outside = fit.at([1024, 20000])
    assert outside.error / outside.value > inside.error / inside.value


def test_a_flat_curve_is_not_continued():
    fit = fit_curve(*simulated_curve(np.random.default_rng(2), floor=0.1, amplitude=0.0))
    assert fit.extrapolated is None
    assert "σ does not fall" in fit.reasons[0]


def test_a_curve_is_not_continued_to_far_more_galaxies(curve):
    fit = fit_curve(*curve, galaxies=100_000)
    assert fit.extrapolated is None
    assert "49 times the largest training set" in fit.reasons[0]


def test_a_curve_that_is_no_power_law_is_not_continued(curve):
    sizes, trainings = curve
    bent = [
        [table.assign(y_pred=10 + factor * (table["y_pred"] - 10)) for table in tables]
        for factor, tables in zip((1, 1, 1.5, 1.5, 1, 1), trainings, strict=True)
    ]
    assert "does not describe the curve" in " ".join(fit_curve(sizes, bent).reasons)


def test_three_sizes_cannot_check_the_fit(curve):
    sizes, trainings = curve
    fit = fit_curve(sizes[-3:], trainings[-3:])
    assert np.isnan(fit.p_value)
    assert fit.reasons[0].startswith("4 sizes are needed")


def test_single_trainings_do_not_show_their_noise(curve):
    sizes, trainings = curve
    fit = fit_curve(sizes, [tables[:1] for tables in trainings])
    assert "no size has two trainings" in fit.reasons[0]


def test_one_size_is_no_curve(curve):
    sizes, trainings = curve
    with pytest.raises(ValueError, match="two sizes at least, got 1"):
        fit_curve(sizes[:1], trainings[:1])
