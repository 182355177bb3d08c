"""Groups of trainings: what the noise of training adds to a difference."""

import numpy as np
import pandas as pd
import pytest

from galmass_core.benchmarks.coverage import equal_trainings, pairs_that_cover
from galmass_core.learning.metrics import measure_errors
from galmass_core.learning.uncertainty import (
    NO_NOISE,
    TrainingNoise,
    compare_groups,
    compare_paired,
    compare_splits,
    measure_group,
)


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


@pytest.fixture
def seeds():
    """Three trainings of one model whose σ differ by a tenth, as weight seeds do."""
    return equal_trainings(np.random.default_rng(7), 85, 3, noise=0.15)


def scatter(table):
    return np.std(table["y_pred"] - table["y_true"])


def test_paired_bootstrap_sees_a_difference_that_single_errors_hide(runs):
    comparison = compare_groups(runs[:1], runs[1:])
    assert comparison.difference.value < 0
    assert comparison.high95 < 0
    single = measure_errors(runs[0]["y_pred"] - runs[0]["y_true"], runs[0]["name"])["std"]
    assert single.error > 3 * comparison.difference.error


def test_a_run_does_not_differ_from_itself_in_another_order(runs):
    comparison = compare_groups(runs[:1], [runs[0].sample(frac=1, random_state=1)])
    assert comparison.difference.value == pytest.approx(0, abs=1e-12)
    assert abs(comparison.low95) < 1e-12
    assert (comparison.n_samples, comparison.n_galaxies) == (3000, 1000)


def test_equal_scatter_is_no_difference(runs):
    first = runs[0]
    flipped = first.assign(y_pred=2 * first["y_true"] - first["y_pred"])
    assert compare_groups([first], [flipped]).difference.value == pytest.approx(0, abs=1e-12)


def test_runs_of_different_quantities_do_not_compare(runs):
    other = runs[1].assign(y_true=runs[1]["y_true"] + 1)
    with pytest.raises(ValueError, match="must predict the same quantity"):
        compare_groups(runs[:1], [other])


def test_single_trainings_have_no_verdict(runs):
    comparison = compare_groups(runs[:1], runs[1:])
    assert (comparison.has_training_noise, comparison.verdict) == (False, "")


def test_methods_without_noise_have_a_verdict_and_the_same_interval(runs):
    plain = compare_groups(runs[:1], runs[1:])
    exact = compare_groups(runs[:1], runs[1:], noise=(NO_NOISE, NO_NOISE))
    assert (exact.low95, exact.high95) == (plain.low95, plain.high95)
    assert exact.verdict == "better"


def test_only_test_galaxies_tell_seeds_of_one_model_apart(seeds):
    """The paired interval of two trainings leaves zero out; with the group's spread it does not."""
    noise = measure_group(seeds).noise
    first, second = sorted(seeds, key=scatter)[::2]
    alone = compare_groups([first], [second])
    known = compare_groups([first], [second], noise=(noise, noise))
    assert alone.low95 > 0
    assert known.low95 < 0 < known.high95
    assert known.verdict == "equal"


def test_a_spread_known_once_has_one_freedom(runs):
    """Borrowed twice from one group it is known less well than from two."""
    one, two = TrainingNoise(1e-4, 1e-4, 2.0), TrainingNoise(1e-4, 1.0001e-4, 2.0)
    wide, narrow = (
        compare_groups(runs[:1], runs[1:], noise=(one, other)).high95 for other in (one, two)
    )
    assert wide > 1.4 * narrow


def test_the_scatter_of_a_group_is_the_mean_of_its_trainings(seeds):
    found = measure_group(seeds)
    assert found.errors["std"].value == pytest.approx(np.mean([scatter(each) for each in seeds]))
    assert found.spread == pytest.approx(np.std([scatter(each) for each in seeds], ddof=1))
    assert found.errors["std"].low < found.errors["std"].value < found.errors["std"].high


def test_a_group_of_one_is_a_run(seeds):
    table = seeds[0]
    alone = measure_errors(table["y_pred"] - table["y_true"], table["name"])
    found = measure_group([table])
    assert (found.errors, found.spread, found.noise) == (alone, None, None)


def test_spread_of_few_galaxies_is_not_noise_of_training():
    """Of equal trainings with errors of their own, σ differs because samples are few."""
    generator = np.random.default_rng(3)
    groups = [
        measure_group(equal_trainings(generator, 40, 5, noise=0.0), resamples=200) for _ in range(8)
    ]
    observed, noise = (
        np.mean([getattr(each.noise, name) for each in groups]) for name in ("observed", "variance")
    )
    assert noise < 0.4 * observed


def test_equal_models_with_noise_of_training_are_not_told_apart():
    """A part of ``python -m galmass_core.benchmarks.coverage``, which has 200 pairs and more."""
    assert 0.9 <= pairs_that_cover(40, 3) <= 1.0


def test_splits_with_one_test_set_are_compared_as_groups(runs):
    found, same = compare_splits(runs[:1], runs[1:]), compare_groups(runs[:1], runs[1:])
    assert (found.low95, found.high95) == pytest.approx((same.low95, same.high95))
    assert (found.n_samples, found.n_galaxies) == (same.n_samples, same.n_galaxies)


def test_the_difference_of_splits_is_of_each_own_test_set(runs):
    first, second = runs[0].iloc[:900], runs[1].iloc[600:1500]
    compared = compare_splits([first], [second], noise=(NO_NOISE, NO_NOISE))
    assert compared.difference.value == pytest.approx(scatter(second) - scatter(first))
    assert (compared.n_samples, compared.n_galaxies) == (300, 100)


def test_what_test_sets_have_in_common_cancels(runs):
    whole = compare_splits(runs[:1], runs[1:]).difference
    apart = compare_splits([runs[0].iloc[:1500]], [runs[1].iloc[1500:]]).difference
    assert apart.error > 3 * whole.error


def test_draws_that_miss_a_test_set_do_not_count(runs):
    few = runs[1].iloc[:6]  # two of a thousand galaxies: many draws have neither
    assert np.isfinite(compare_splits(runs[:1], [few]).difference.error)


def test_noise_that_both_of_a_pair_have_cancels(seeds):
    better = [each.assign(y_pred=each["y_true"] + 0.9 * error_of(each)) for each in seeds]
    paired, apart = compare_paired(seeds, better), compare_groups(seeds, better)
    truth = -0.1 * np.mean([scatter(each) for each in seeds])
    assert paired.difference.value == pytest.approx(truth)
    assert paired.verdict == "better"
    assert apart.verdict == "equal"


def error_of(table):
    return table["y_pred"] - table["y_true"]


def test_noise_of_its_own_widens_a_paired_interval(seeds):
    others = equal_trainings(np.random.default_rng(7), 85, 3, noise=0.15)[::-1]
    paired = compare_paired(seeds, others)  # the same three trainings, paired otherwise
    assert paired.difference.value == pytest.approx(0, abs=1e-12)
    assert paired.verdict == "equal"
    assert paired.high95 > 0.2 * abs(scatter(seeds[0]) - scatter(seeds[2]))


@pytest.mark.parametrize("numbers", [(1, 1), (2, 3)])
def test_pairs_are_two_or_more(seeds, numbers):
    one, two = (seeds[:number] for number in numbers)
    with pytest.raises(ValueError, match=f"got {numbers[0]} and {numbers[1]}"):
        compare_paired(one, two)


def test_an_interval_is_never_wider_than_the_fewest_trainings_make_it():
    """Nearly equal predictions of three trainings whose σ differ by few galaxies only."""
    trainings = equal_trainings(np.random.default_rng(3), 40, 3, noise=0.0)
    nearly = [
        each.assign(y_pred=each["y_pred"] + 1e-4 * (each["los"] == "x")) for each in trainings
    ]
    found = compare_groups(trainings, nearly)
    assert -0.1 < found.low95 < found.high95 < 0.1
