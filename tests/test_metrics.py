import numpy as np
import pandas as pd
import pytest

from galmass_core.learning.metrics import STATISTICS, compare_runs, measure_errors


def test_hand_example():
    errors = measure_errors([-0.3, 0.0, 0.0, 0.1, 0.2], list("abcde"))
    assert errors["mean"].value == pytest.approx(0.0)
    assert errors["std"].value == pytest.approx(np.sqrt(0.14 / 5))
    assert errors["median"].value == 0.0
    assert errors["half_width"].value == pytest.approx(0.5 * (0.136 - (-0.108)))
    assert errors["nmad"].value == pytest.approx(1.4826 * 0.1)
    assert errors["outliers"].value == pytest.approx(0.2)  # only -0.3: 0.2 itself is none


def brute_force(delta, galaxies, resamples, seed):
    """Draw galaxies one by one and take the statistics of what they hold."""
    names, generator = np.unique(galaxies), np.random.default_rng(seed)
    rows = []
    for _ in range(resamples):
        drawn = generator.choice(names, len(names))
        d = np.concatenate([delta[galaxies == name] for name in drawn])
        low, median, high = np.quantile(d, (0.16, 0.5, 0.84))
        nmad = 1.4826 * np.median(np.abs(d - median))
        rows.append((d.mean(), d.std(), median, (high - low) / 2, nmad, np.mean(abs(d) > 0.2)))
    return np.quantile(rows, (0.16, 0.84), axis=0).T


def test_intervals_are_those_of_drawing_galaxies_one_by_one():
    generator = np.random.default_rng(2)
    galaxies = np.repeat(np.arange(200).astype(str), generator.integers(1, 5, 200))
    delta = 0.1 * generator.standard_t(4, len(galaxies))
    ours = measure_errors(delta, galaxies, resamples=2000)
    reference = brute_force(delta, galaxies, 1000, seed=5)
    for name, (low, high) in zip(STATISTICS, reference, strict=True):
        assert ours[name].low == pytest.approx(low, abs=0.15 * (high - low))
        assert ours[name].high == pytest.approx(high, abs=0.15 * (high - low))


@pytest.mark.parametrize("seed", range(5))
def test_one_draw_has_the_statistics_of_the_samples_it_repeats(seed):
    generator = np.random.default_rng(seed)
    galaxies = np.sort(generator.integers(100, size=400))
    delta = generator.normal(0, 0.1, 400).round(3)  # some are equal
    ours = measure_errors(delta, galaxies, resamples=1, seed=seed)
    names = np.unique(galaxies)
    drawn = names[np.random.default_rng(seed).integers(len(names), size=len(names))]
    d = np.concatenate([delta[galaxies == name] for name in drawn])
    low, median, high = np.quantile(d, (0.16, 0.5, 0.84), method="inverted_cdf")
    deviation = np.quantile(np.abs(d - median), 0.5, method="inverted_cdf")
    truth = (d.mean(), d.std(), median, (high - low) / 2, 1.4826 * deviation, np.mean(abs(d) > 0.2))
    assert [ours[name].low for name in STATISTICS] == pytest.approx(truth, abs=1e-9)


def test_the_same_seed_gives_the_same_intervals_in_any_order():
    generator = np.random.default_rng(1)
    galaxies, delta = np.arange(300) // 3, generator.normal(0, 0.1, 300)
    order = generator.permutation(300)
    first = measure_errors(delta, galaxies, resamples=50)
    again = measure_errors(delta[order], galaxies[order], resamples=50)
    for name, one in first.items():
        assert (again[name].low, again[name].high) == pytest.approx((one.low, one.high))
    assert measure_errors(delta, galaxies, resamples=50, seed=1)["std"].low != first["std"].low


def test_siblings_that_err_alike_widen_the_interval():
    shared = np.repeat(np.random.default_rng(3).normal(0, 0.1, 500), 3)
    alone = measure_errors(shared, np.arange(1500))
    together = measure_errors(shared, np.repeat(np.arange(500), 3))
    assert together["std"].value == alone["std"].value
    assert together["mean"].error == pytest.approx(np.sqrt(3) * alone["mean"].error, rel=0.1)


def test_interval_of_gaussian_scatter_is_the_textbooks():
    delta = np.random.default_rng(4).normal(0, 0.05, 5000)
    errors = measure_errors(delta, np.arange(5000))
    assert errors["std"].error == pytest.approx(0.05 / np.sqrt(2 * 5000), rel=0.1)
    assert errors["nmad"].value == pytest.approx(0.05, rel=0.05)


def test_errors_that_are_not_numbers_are_refused():
    with pytest.raises(ValueError, match="delta must be finite, but 1 of 2 samples are not"):
        measure_errors([0.0, np.nan], ["a", "b"])
    with pytest.raises(ValueError, match="at least one sample, got none"):
        measure_errors([], [])


@pytest.fixture
def runs():
    """Two runs that share most of their error; the second has 10 % less of the rest."""
    generator = np.random.default_rng(6)
    truth = np.repeat(generator.normal(10, 0.5, 1000), 3)
    keys = {"name": np.repeat(np.arange(1000).astype(str), 3), "los": np.tile(list("xyz"), 1000)}
    shared = generator.normal(0, 0.05, 3000)
    own = generator.normal(0, 0.03, 3000)
    first = pd.DataFrame({**keys, "y_true": truth, "y_pred": truth + shared + own})
    second = pd.DataFrame({**keys, "y_true": truth, "y_pred": truth + shared + 0.9 * own})
    return first, second


def test_paired_bootstrap_sees_a_difference_that_single_errors_hide(runs):
    comparison = compare_runs(*runs)
    assert comparison.difference.value < 0
    assert comparison.high95 < 0
    single = measure_errors(runs[0]["y_pred"] - runs[0]["y_true"], runs[0]["name"])["std"]
    assert single.error > 3 * comparison.difference.error


def test_a_run_does_not_differ_from_itself_in_another_order(runs):
    comparison = compare_runs(runs[0], runs[0].sample(frac=1, random_state=1))
    assert comparison.difference.value == pytest.approx(0, abs=1e-12)
    assert abs(comparison.low95) < 1e-12
    assert comparison.n_samples == 3000
    assert comparison.n_galaxies == 1000


def test_equal_scatter_is_no_difference(runs):
    first = runs[0]
    flipped = first.assign(y_pred=2 * first["y_true"] - first["y_pred"])
    assert compare_runs(first, flipped).difference.value == pytest.approx(0, abs=1e-12)


def test_runs_of_different_quantities_do_not_compare(runs):
    other = runs[1].assign(y_true=runs[1]["y_true"] + 1)
    with pytest.raises(ValueError, match="must predict the same quantity"):
        compare_runs(runs[0], other)
