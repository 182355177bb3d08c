import numpy as np
import pandas as pd
import pytest
from sample_tables import make_samples

from galmass_core.learning.boosting import (
    BoostedTrees,
    BoostingConfig,
    TrainingInputs,
    fit_boosting,
    fit_with_curves,
)


@pytest.fixture(scope="module")
def table():
    generator = np.random.default_rng(1)
    inputs = pd.DataFrame(generator.uniform(-1, 1, (2000, 3)), columns=["light", "spin", "dust"])
    return inputs, np.sin(3 * inputs["light"]) + 0.1 * generator.normal(size=2000)


@pytest.fixture(scope="module")
def model(table):
    return fit_boosting(*table)


def test_the_defaults_are_those_of_table_3(model):
    text = model.booster.model_to_string()
    for line in (
        "[num_leaves: 5]",
        "[num_iterations: 500]",
        "[min_data_in_leaf: 20]",
        "[max_depth: -1]",
        "[learning_rate: 0.1]",
        "[objective: regression]",
    ):
        assert line in text
    assert model.booster.num_trees() == 500


def test_trees_learn_a_curve(table, model):
    inputs, _ = table
    truth = np.sin(3 * inputs["light"])
    assert np.std(model.predict(inputs) - truth) < 0.06


def test_two_trainings_are_equal_to_the_bit(table, model):
    again = fit_boosting(*table)
    assert again.booster.model_to_string() == model.booster.model_to_string()


def test_inputs_in_bins_give_each_target_the_trees_of_its_own_training(table, model):
    binned = TrainingInputs(table[0])
    other = binned.fit(table[0]["dust"])
    for trees, target in ((other, table[0]["dust"]), (binned.fit(table[1]), table[1])):
        alone = fit_boosting(table[0], target).booster.model_to_string()
        assert trees.booster.model_to_string() == alone
    assert other.gain()["dust"] > 99


def test_trees_have_no_training_noise(table, model):
    """At this size LightGBM draws nothing, so that any seed gives the same trees."""
    other = fit_boosting(*table, BoostingConfig(seed=7))
    np.testing.assert_array_equal(other.predict(table[0]), model.predict(table[0]))


def test_a_model_comes_back_from_its_file(table, model, tmp_path):
    model.save(tmp_path)
    back = BoostedTrees.load(tmp_path)
    assert back.features == ("light", "spin", "dust")
    np.testing.assert_array_equal(back.predict(table[0]), model.predict(table[0]))


def test_order_of_columns_does_not_matter(table, model):
    inputs, _ = table
    np.testing.assert_array_equal(
        model.predict(inputs[["dust", "light", "spin"]]), model.predict(inputs)
    )


def test_curves_end_at_the_losses_of_the_model(table):
    inputs, target = table
    train, test = slice(0, 1500), slice(1500, 2000)
    model, history = fit_with_curves(inputs[train], target[train], inputs[test], target[test])
    assert history["iteration"].tolist() == list(range(1, 501))
    for part, rows in (("train", train), ("test", test)):
        delta = model.predict(inputs[rows]) - target[rows]
        assert history[f"{part}_l1"].iloc[-1] == pytest.approx(np.abs(delta).mean(), rel=1e-5)
        assert history[f"{part}_l2"].iloc[-1] == pytest.approx((delta**2).mean(), rel=1e-5)


def test_measuring_curves_changes_no_tree(table, model):
    watched, _ = fit_with_curves(*table, *table)
    np.testing.assert_array_equal(watched.predict(table[0]), model.predict(table[0]))


def test_gain_adds_up_to_a_hundred_and_names_the_cause(model):
    gain = model.gain()
    assert gain.sum() == pytest.approx(100)
    assert gain["light"] > 98


def test_contributions_add_up_to_the_prediction(table, model):
    inputs, _ = table
    parts = model.contributions(inputs)
    base = model.predict(inputs) - parts.sum(axis=1)
    np.testing.assert_allclose(base, base[0], atol=1e-9)


def test_trees_of_five_leaves_are_three_or_four_levels_deep(model):
    assert set(np.unique(model.tree_depths())) <= {3, 4}


def test_a_constant_target_gains_nothing(table):
    assert not fit_boosting(table[0], np.ones(2000), BoostingConfig(num_boost_round=3)).gain().any()


def test_a_missing_column_is_named(table, model):
    with pytest.raises(KeyError, match="dust"):
        model.predict(table[0].drop(columns="dust"))


def test_columns_of_any_name_are_learned_from_and_keep_it(table, tmp_path):
    inputs, target = table
    names = ["M[200c]", "log M200", "distance, km"]
    odd = inputs.set_axis(names, axis=1)
    model = fit_boosting(odd, target, BoostingConfig(num_boost_round=20))
    model.save(tmp_path)
    loaded = BoostedTrees.load(tmp_path)
    assert loaded.features == tuple(names)
    assert list(loaded.gain().index) == list(loaded.contributions(odd).columns) == names
    np.testing.assert_array_equal(loaded.predict(odd), model.predict(odd))


def test_names_that_lightgbm_would_make_equal_stay_apart(table):
    inputs, target = table
    odd = inputs.set_axis(["a b", "a_b", "a%20b"], axis=1)
    model = fit_boosting(odd, target, BoostingConfig(num_boost_round=20))
    assert model.features == ("a b", "a_b", "a%20b")
    assert model.gain()["a b"] > 90


def test_plain_words_are_the_names_inside_the_model(model):
    assert model.booster.feature_name() == ["light", "spin", "dust"]


def test_the_number_of_threads_changes_nothing(monkeypatch):
    samples = make_samples(60)
    inputs, target = samples[["abs_mag_r", "g_minus_r"]], samples["log_mstar_1rhsm"]
    trees = []
    for threads in (1, 2):
        monkeypatch.setattr("galmass_core.learning.boosting._THREADS", threads)
        text = fit_boosting(inputs, target).booster.model_to_string()
        trees.append(text.partition("\nparameters:")[0])
    assert trees[0] == trees[1]


def test_beyond_200_000_rows_the_seed_changes_no_tree():
    generator = np.random.default_rng(2)
    inputs = pd.DataFrame({"light": generator.normal(size=220_000)})
    target = np.sin(3 * inputs["light"]) + 0.1 * generator.normal(size=len(inputs))
    one, other = (
        fit_boosting(inputs, target, BoostingConfig(num_boost_round=5, seed=seed))
        for seed in (0, 1)
    )
    np.testing.assert_array_equal(one.predict(inputs[:1000]), other.predict(inputs[:1000]))
