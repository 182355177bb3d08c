"""Known answers: Gaussian errors, whose CRPS has a closed form, and models that are wrong."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from galmass_core.learning.calibration import (
    NOMINAL,
    binomial_band,
    coverage_by_level,
    mean_crps,
    measure_calibration,
    pit_histogram,
    widths_by_prediction,
)
from galmass_core.learning.coverage import score_intervals
from galmass_core.learning.intervals import calibrate, limit_names

SIGMA = 0.1  # dex


def invent(galaxies, seed, sigma=SIGMA):
    """Return predictions with Gaussian errors, one line of sight for each galaxy."""
    rng = np.random.default_rng(seed)
    mass = rng.normal(10, 0.5, galaxies)
    names = [f"g{number}" for number in range(galaxies)]
    true = mass + rng.normal(0, sigma, galaxies)
    return pd.DataFrame({"name": names, "target": "m", "y_true": true, "y_pred": mass})


@pytest.fixture(scope="module")
def calibration():
    return calibrate(invent(4000, 0))


def score(calibration, sigma):
    return score_intervals(invent(4000, 1, sigma), {"m": calibration})


@pytest.fixture(scope="module")
def right(calibration):
    return score(calibration, SIGMA)


@pytest.fixture(scope="module")
def too_narrow(calibration):
    """A test set whose errors are twice those of the calibration."""
    return score(calibration, 2 * SIGMA)


def test_crps_of_gaussian_errors_has_its_closed_form(right):
    # Gneiting & Raftery 2007, eq. 21: the mean over draws from the predicted distribution itself
    crps = mean_crps(right["crps"], right["name"])
    assert abs(crps.value - SIGMA / np.sqrt(np.pi)) < 3 * crps.error


def test_crps_of_one_gaussian_prediction_has_its_closed_form(calibration):
    z = 1.3
    closed = SIGMA * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
    assert calibration.crps([10 + z * SIGMA], [10.0]) == pytest.approx([closed], rel=0.05)


def test_error_of_the_crps_counts_galaxies():
    once, galaxies = [1.0, 2.0, 3.0, 4.0], ["a", "b", "c", "d"]
    apart, thrice = mean_crps(once, galaxies), mean_crps(once * 3, galaxies * 3)
    assert apart.error == pytest.approx(np.std(once) / 2)
    assert (thrice.value, thrice.error) == pytest.approx((apart.value, apart.error))


def test_a_correct_model_covers_as_often_as_it_says(right):
    rows = coverage_by_level(right["level"], right["name"].nunique())
    inside = rows["coverage"].between(rows["low"], rows["high"])
    assert inside.mean() >= 0.9
    assert tuple(rows["nominal"]) == NOMINAL


def test_a_correct_model_has_an_even_pit(right):
    rows = pit_histogram(right["pit"], right["name"].nunique())
    assert rows["share"].between(rows["low"], rows["high"]).mean() >= 0.9
    assert rows["share"].sum() == pytest.approx(1)


def test_intervals_that_are_too_narrow_have_a_pit_like_a_u(too_narrow):
    share = pit_histogram(too_narrow["pit"], too_narrow["name"].nunique())["share"].to_numpy()
    assert share[[0, -1]].min() > 0.2 > 0.1 > share[3:7].max()


def test_intervals_that_are_too_narrow_cover_as_the_gaussian_says(too_narrow):
    rows = coverage_by_level(too_narrow["level"], too_narrow["name"].nunique())
    expected = 2 * norm.cdf(norm.ppf(0.5 * (1 + rows["nominal"])) / 2) - 1
    assert rows["coverage"].to_numpy() == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize("level", [0.68, 0.90])
def test_levels_agree_with_the_limits_of_intervals(right, level):
    low, high = (right[name] for name in limit_names(level))
    assert ((right["level"] <= level) == right["y_true"].between(low, high)).all()


def test_levels_agree_with_limits_where_errors_are_few_or_equal():
    table = invent(6, 0).assign(y_true=[9.9, 9.9, 10.0, 10.0, 10.0, 10.2], y_pred=10.0)
    calibration, truths = calibrate(table), np.linspace(9.801, 10.303, 51)
    reached = calibration.covering_level(truths, np.full(51, 10.0))
    for level in (0.1, 0.3, 0.5, 0.65):
        low, high = calibration.interval(np.full(51, 10.0), level)
        np.testing.assert_array_equal(reached <= level, (low <= truths) & (truths <= high))


def test_binomial_band_is_that_of_many_draws():
    drawn = np.random.default_rng(0).binomial(200, 0.68, 100_000) / 200
    low, high = binomial_band([0.68], 200)
    assert np.mean((drawn >= low) & (drawn <= high)) == pytest.approx(0.95, abs=0.015)


def test_widths_are_those_of_the_gaussian(right):
    widths = widths_by_prediction(right)
    assert widths["width_68"].to_numpy() == pytest.approx(2 * SIGMA * norm.ppf(0.84), rel=0.15)
    assert widths["n"].sum() == len(right)


def test_intervals_without_end_have_no_width():
    few = score_intervals(invent(40, 1), {"m": calibrate(invent(12, 0))})
    widths = widths_by_prediction(few)
    assert widths["width_90"].isna().all()
    assert widths["width_68"].notna().all()


def test_all_measures_are_of_the_same_samples(right):
    measured = measure_calibration(right)
    assert (measured["n"], measured["n_galaxies"]) == (4000, 4000)
    assert len(measured["levels"]) == len(NOMINAL)
    assert set(measured) == {"n", "n_galaxies", "levels", "pit", "crps", "widths"}
