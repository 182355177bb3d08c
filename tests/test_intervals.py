import numpy as np
import pandas as pd
import pytest

from galmass_core.benchmarks.intervals import measure as intervals_of_trees
from galmass_core.learning.coverage import effective_galaxies, measure_coverage, score_intervals
from galmass_core.learning.experiments import experiment
from galmass_core.learning.intervals import LEVELS, calibrate, half_widths, with_intervals
from galmass_core.learning.out_of_fold import ErrorScale, evaluate_intervals

LINES_OF_SIGHT = 3


def invent(galaxies, seed, *, lines=LINES_OF_SIGHT):
    """Return predictions whose errors grow with mass and agree within a galaxy."""
    rng = np.random.default_rng(seed)
    mass = np.repeat(rng.normal(10, 0.5, galaxies), lines)
    shared = np.repeat(rng.normal(size=galaxies), lines)
    error = (0.05 + 0.1 * (mass > 10)) * (0.8 * shared + 0.6 * rng.normal(size=len(mass)))
    names = np.repeat([f"g{number}" for number in range(galaxies)], lines)
    return pd.DataFrame({"name": names, "target": "m", "y_true": mass + error, "y_pred": mass})


@pytest.fixture(scope="module")
def many():
    return calibrate(invent(3000, 0)), invent(3000, 1)


def test_coverage_is_known_as_well_as_test_and_calibration_galaxies_are_many():
    rng, shares = np.random.default_rng(3), []
    for _ in range(100):
        error = rng.normal(size=(2, 60))
        table = pd.DataFrame({"y_true": error.ravel(), "y_pred": 0.0, "target": "m"})
        table["name"] = [f"g{number}" for number in range(120)]
        scored = score_intervals(table[60:], {"m": calibrate(table[:60])})
        shares.append(measure_coverage(scored)[0]["coverage"]["0.68"])
    assert effective_galaxies(scored) == pytest.approx(30)
    assert np.std([one["value"] for one in shares]) == pytest.approx(shares[0]["error"], rel=0.2)


def test_bins_of_as_many_galaxies_count_together():
    table = invent(800, 0, lines=1)
    scored = score_intervals(invent(800, 1, lines=1), {"m": calibrate(table)})
    assert scored["calibration_bin"].nunique() == 8
    assert effective_galaxies(scored) == pytest.approx(400, rel=0.02)
    assert effective_galaxies(scored[scored["calibration_bin"] == 3]) < 55


def test_half_widths_are_the_quantiles_of_sizes_of_errors_by_galaxy():
    table = invent(99, 0, lines=1).assign(y_true=np.arange(1, 100) / 100, y_pred=0.0)
    assert half_widths(table, (68, 90)) == pytest.approx({"68": 0.68, "90": 0.90})
    siblings = pd.concat([table, table[:50], table[:50]])  # small errors, three lines of sight
    assert half_widths(siblings, (68, 90)) == pytest.approx({"68": 0.68, "90": 0.90})


def test_too_few_galaxies_give_no_finite_half_width():
    assert half_widths(invent(2, 0), (90,)) == {"90": np.inf}


@pytest.mark.parametrize(("level", "tail"), [(0.68, 16), (0.90, 5)])
def test_without_lines_of_sight_limits_are_those_of_a_library(level, tail):
    from crepes import ConformalPredictiveSystem

    table = invent(99, 0, lines=1)  # a hundredth of the weight each
    library = ConformalPredictiveSystem().fit((table["y_true"] - table["y_pred"]).to_numpy())
    expected = library.predict_percentiles(
        np.array([10.0]), lower_percentiles=[tail], higher_percentiles=[100 - tail]
    )
    limits = np.concatenate(calibrate(table).interval([10.0], level))
    assert limits == pytest.approx(expected[0])


def test_bins_are_calibrated_as_by_a_library():
    from crepes import ConformalPredictiveSystem

    table, new = invent(298, 0, lines=1), np.array([9.0, 9.8, 10.2, 11.0])
    calibration = calibrate(table)
    assert calibration.galaxies.tolist() == [149, 149]
    library = ConformalPredictiveSystem().fit(
        (table["y_true"] - table["y_pred"]).to_numpy(), bins=calibration.bins_of(table["y_pred"])
    )
    expected = library.predict_percentiles(
        new, bins=calibration.bins_of(new), lower_percentiles=[16], higher_percentiles=[84]
    )
    assert np.transpose(calibration.interval(new, 0.68)) == pytest.approx(expected)


def test_predictions_that_are_equal_leave_no_bin_without_galaxies():
    table = invent(298, 0, lines=1).assign(y_pred=10.0)
    calibration = calibrate(table)
    assert calibration.galaxies.tolist() == [298]
    low, high = calibration.interval([8.0, 10.0, 12.0], 0.68)  # no galaxy was predicted so
    assert (high - low > 0.1).all()
    some = calibrate(table.assign(y_pred=np.where(np.arange(298) < 220, 10.0, 11.0)))
    assert some.galaxies.min() > 0


def test_bin_that_calibration_never_saw_is_not_certain_as_in_a_library():
    from crepes import ConformalPredictiveSystem

    table = invent(298, 0, lines=1)
    calibration = calibrate(table)
    errors = (table["y_true"] - table["y_pred"]).to_numpy()
    library = ConformalPredictiveSystem().fit(errors, bins=calibration.bins_of(table["y_pred"]))
    unseen = library.predict_percentiles(
        np.array([10.0]), bins=np.array([7]), lower_percentiles=[16], higher_percentiles=[84]
    )
    assert np.ptp(unseen) == 0  # crepes 0.9: a certain prediction
    low, high = calibration.interval([-50.0, 50.0], 0.68)  # beyond all, ours has its last bins
    assert (high - low > 0.05).all()


def test_missing_prediction_scale_or_truth_is_missing_in_all_that_follows(many):
    calibration, test = many
    known = test[:3].assign(scale=1.0)
    for column in ("y_pred", "scale", "y_true"):
        rows = known.assign(**{column: [np.nan, *known[column][1:]]})
        scored = score_intervals(rows, {"m": calibration})
        assert scored[["pit", "level", "crps"]].isna().to_numpy().tolist() == [
            [True] * 3,
            [False] * 3,
            [False] * 3,
        ]
        if column != "y_true":
            assert scored["low_68"].isna().tolist() == [True, False, False]


def test_target_without_calibration_has_no_scores():
    scored = score_intervals(invent(3, 0), {})
    assert scored[["pit", "level", "crps", "low_68", "high_90"]].isna().to_numpy().all()


def test_a_galaxy_counts_once_however_many_lines_of_sight_it_has():
    table = invent(60, 0, lines=1)
    often = pd.concat([table, *[table.iloc[[0]]] * 50], ignore_index=True)
    limits = np.concatenate(calibrate(often).interval([10.0], 0.9))
    assert limits == pytest.approx(np.concatenate(calibrate(table).interval([10.0], 0.9)))


def test_too_few_galaxies_for_a_level_have_no_limit():
    low, high = calibrate(invent(12, 0)).interval([10.0], 0.9)
    assert (low, high) == (-np.inf, np.inf)


@pytest.mark.parametrize("level", LEVELS)
def test_intervals_cover_as_often_as_they_say_at_any_mass(many, level):
    calibration, test = many
    scored = score_intervals(test, {"m": calibration})
    for row in measure_coverage(scored):
        found = row["coverage"][f"{level:.2f}"]
        assert abs(found["value"] - level) < 3 * found["error"]


def test_without_bins_heavy_galaxies_would_be_covered_too_rarely(many):
    calibration, test = many
    heavy = test[test["y_pred"] > 10]
    low, high = calibration.interval(np.full(len(heavy), 9.0), 0.68)  # limits of light galaxies
    inside = heavy["y_true"].between(low - 9 + heavy["y_pred"], high - 9 + heavy["y_pred"])
    assert inside.mean() < 0.35


def test_truths_are_evenly_spread_over_predicted_probabilities(many):
    calibration, test = many
    pit = calibration.probability(test["y_true"], test["y_pred"])
    assert np.histogram(pit, 10, (0, 1))[0] / len(pit) == pytest.approx(0.1, abs=0.02)


def test_crps_is_that_of_the_errors_drawn():
    table = invent(50, 0, lines=1)
    calibration, errors = calibrate(table), (table["y_true"] - table["y_pred"]).to_numpy()
    truth = 0.07
    expected = np.abs(errors - truth).mean() - np.abs(errors[:, None] - errors).mean() / 2
    assert calibration.crps([10 + truth], [10.0]) == pytest.approx([expected])


def test_scale_widens_intervals_in_proportion():
    for limits in calibrate(invent(50, 0)).interval([10, 10], 0.68, [1.0, 2.0]):
        assert limits[1] - 10 == pytest.approx(2 * (limits[0] - 10))


def test_targets_without_calibration_have_no_limits():
    table = with_intervals(invent(5, 0), {})
    assert table[["low_68", "high_68", "low_90", "high_90"]].isna().all(axis=None)


def test_errors_that_are_not_numbers_are_refused():
    table = invent(5, 0).assign(y_true=np.nan)
    with pytest.raises(ValueError, match="errors must be finite to calibrate, but 15 of 15"):
        calibrate(table)


@pytest.fixture(scope="module")
def noisy():
    """Return samples with one feature, whose errors are ten times larger for half of them."""
    rng = np.random.default_rng(0)
    light, disc = rng.normal(10, 0.5, (900)), rng.integers(0, 2, 900)
    mass = light + rng.normal(size=900) * np.where(disc, 0.3, 0.03)
    names = [f"synthetic/demo/99/{number}" for number in range(900)]
    columns = {"abs_mag_r": -2.5 * light, "b_over_t": disc, "log_mstar_1rhsm": mass}
    return pd.DataFrame({"name": names, "los": "x", **columns})


@pytest.fixture(scope="module")
def scored(noisy):
    from dataclasses import replace

    wanted = replace(experiment("mstar/features"), features=("abs_mag_r", "b_over_t"))
    return evaluate_intervals(wanted, noisy).merge(noisy[["name", "b_over_t"]], on="name")


def test_intervals_of_trees_are_wide_where_errors_are_large(scored):
    widths = (scored["high_68"] - scored["low_68"]).groupby(scored["b_over_t"]).median()
    assert widths[1] > 2 * widths[0]


def test_intervals_of_trees_hold(scored):
    row = measure_coverage(scored)[0]
    for level, found in row["coverage"].items():
        assert abs(found["value"] - float(level)) < 3 * found["error"]


def test_runs_without_a_scale_have_none(tmp_path):
    assert ErrorScale.load(tmp_path) is None


def test_galaxies_that_are_in_several_bins_count_once():
    rng = np.random.default_rng(0)
    count = 4000
    mass, uncertain = rng.normal(10, 0.5, count), np.arange(count) % 2
    jitter = np.where(uncertain, 0.4, 0.02)[:, None] * rng.normal(size=(count, 3))
    names = np.repeat([f"g{number}" for number in range(count)], 3)
    predicted = (mass[:, None] + jitter).ravel()
    table = pd.DataFrame(
        {"name": names, "target": "m", "y_true": np.repeat(mass, 3), "y_pred": predicted}
    )
    scored = score_intervals(table[6000:], {"m": calibrate(table[:6000])})
    row = measure_coverage(scored)[0]
    assert row["coverage"]["0.68"]["value"] == pytest.approx(0.68, abs=0.02)


def test_trees_hold_on_galaxies_of_the_embedded_universe():
    """A part of ``python -m galmass_core.benchmarks.intervals``, which draws 60,000 galaxies."""
    (entry,) = intervals_of_trees(900, seed=1, targets=["mdm"])
    found = entry["rows"][0]["coverage"]
    assert all(
        abs(each["value"] - float(level)) < 3 * each["error"] for level, each in found.items()
    )
