import numpy as np
import pytest
from scipy.stats import t

from galmass_core.benchmarks.coverage import scatters_that_cover
from galmass_core.learning import metrics
from galmass_core.learning.metrics import STATISTICS, draw_galaxies, measure_errors


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
        if name == "std":  # has no percentiles but a jackknife
            continue
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
    found = [ours[name].low for name in STATISTICS]
    assert found[:1] + found[2:] == pytest.approx(truth[:1] + truth[2:], abs=1e-9)


def test_the_same_seed_gives_the_same_intervals_in_any_order():
    generator = np.random.default_rng(1)
    galaxies, delta = np.arange(300) // 3, generator.normal(0, 0.1, 300)
    order = generator.permutation(300)
    first = measure_errors(delta, galaxies, resamples=50)
    again = measure_errors(delta[order], galaxies[order], resamples=50)
    for name, one in first.items():
        assert (again[name].low, again[name].high) == pytest.approx((one.low, one.high))
    assert measure_errors(delta, galaxies, resamples=50, seed=1)["mean"].low != first["mean"].low


def test_draws_that_are_kept_are_those_of_drawing_again(monkeypatch):
    kept = [np.concatenate([*draw_galaxies(300, 500, 3)]) for _ in range(2)]
    monkeypatch.setattr(metrics, "_KEPT", 0)
    drawn = np.concatenate([*draw_galaxies(300, 500, 3)])
    assert drawn.sum(axis=1) == pytest.approx(300)
    assert all(np.array_equal(each, drawn) for each in kept)


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


def test_interval_of_the_scatter_leaves_each_galaxy_out():
    delta = 0.1 * np.random.default_rng(8).standard_t(6, (20, 3))
    left = [np.log(np.delete(delta, one, axis=0).std()) for one in range(20)]
    factor = np.exp(t.ppf(0.84, 19) * np.sqrt(19) * np.std(left))
    ours = measure_errors(delta.ravel(), np.repeat(np.arange(20), 3))["std"]
    assert (ours.low, ours.high) == pytest.approx((delta.std() / factor, delta.std() * factor))


def test_interval_of_a_scatter_that_one_galaxy_makes_alone_has_percentiles():
    ours = measure_errors([0.0, 0.0, 0.3], list("abc"))["std"]
    assert (ours.low, ours.high) == pytest.approx((0.0, 0.3 * np.sqrt(2) / 3))


def test_intervals_of_few_galaxies_cover_more_than_percentiles_and_do_not_explode():
    """A part of ``python -m galmass_core.benchmarks.coverage``."""
    normal = scatters_that_cover(100, 10, "normal")
    assert normal["jackknife"][0] > normal["percentiles"][0] + 0.05
    wide = scatters_that_cover(100, 10, "5 % five times as wide")
    assert wide["jackknife"][1] < 0.5 * wide["studentised"][1]


@pytest.mark.parametrize("delta", [[0.1], [0.1, 0.1, 0.1]])
def test_errors_without_scatter_have_an_interval_of_zero_width(delta):
    std = measure_errors(delta, range(len(delta)))["std"]
    assert (std.low, std.high) == (pytest.approx(0, abs=1e-8),) * 2
