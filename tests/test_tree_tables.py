import lightgbm
import numpy as np
import pandas as pd
import pytest

from galmass_core.learning.boosting import BoostedTrees, BoostingConfig, fit_boosting
from galmass_core.learning.tree_tables import TreeTable

SETTINGS = {"objective": "regression", "verbosity": -1, "num_threads": 1, "num_leaves": 5}


@pytest.fixture(scope="module")
def table():
    generator = np.random.default_rng(3)
    inputs = generator.normal(size=(1500, 4))
    return inputs, inputs[:, 0] * inputs[:, 1] + 0.1 * generator.normal(size=1500)


def grown(table, trees=60, **settings):
    inputs, target = table
    return lightgbm.train(
        SETTINGS | settings, lightgbm.Dataset(inputs, target, params={"verbosity": -1}), trees
    )


@pytest.fixture(scope="module")
def text(table):
    return grown(table).model_to_string()


@pytest.mark.parametrize("leaves", [2, 5, 31])
@pytest.mark.parametrize("samples", [1, 256, 257, 1500])
def test_predictions_are_lightgbms_to_the_bit(table, leaves, samples):
    booster = grown(table, num_leaves=leaves)
    ours = TreeTable.of_text(booster.model_to_string()).predict(table[0][:samples])
    np.testing.assert_array_equal(ours, booster.predict(table[0][:samples]))


def test_values_on_a_threshold_and_none_at_all_go_where_lightgbm_sends_them(table, text):
    trees = TreeTable.of_text(text)
    odd = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, *trees.thresholds])
    inputs = np.stack(np.meshgrid(odd[:30], odd[:30], odd[:2], [0.5]), axis=-1).reshape(-1, 4)
    ours = trees.predict(inputs)
    np.testing.assert_array_equal(ours, lightgbm.Booster(model_str=text).predict(inputs))


def test_trees_without_a_split_are_their_value(table):
    booster = grown((table[0], np.full(1500, 0.7)), trees=2)
    trees = TreeTable.of_text(booster.model_to_string())
    assert trees.predict(table[0][:3]) == pytest.approx([0.7] * 3)


def missing(table):
    inputs = np.where(table[0] > 1, np.nan, table[0])
    return grown((inputs, table[1]))


@pytest.mark.parametrize(
    "other",
    [
        missing,
        lambda table: grown((table[0], abs(table[1])), objective="poisson"),
        lambda table: grown(table, linear_tree=True),
        lambda table: grown(table, num_leaves=40),
        lambda table: grown(table, boosting="rf", bagging_freq=1, bagging_fraction=0.5),
    ],
    ids=["missing values", "another objective", "linear trees", "large trees", "a forest"],
)
def test_what_does_more_than_compare_and_add_is_left_to_lightgbm(table, other):
    assert TreeTable.of_text(other(table).model_to_string()) is None


@pytest.mark.parametrize(
    ("line", "damaged"),
    [
        ("left_child=", "left_child=4 "),
        ("right_child=", "right_child=-9 "),
        ("split_feature=", "split_feature=7 "),
        ("leaf_value=", "leaf_value=0.5 "),
    ],
)
def test_numbers_that_lead_out_of_a_tree_are_not_followed(text, line, damaged):
    first, found, rest = text.partition(f"\n{line}")
    assert found
    number = "" if line == "leaf_value=" else rest.split(" ", 1)[0] + " "
    assert TreeTable.of_text(f"{first}\n{damaged}{rest.removeprefix(number)}") is None


def test_many_samples_are_predicted_without_lightgbm_and_few_are_as_they_are(table, monkeypatch):
    inputs = pd.DataFrame(table[0], columns=list("abcd"))
    model = fit_boosting(inputs, table[1], BoostingConfig(num_boost_round=20))
    few = [model.predict(inputs[start : start + 500]) for start in range(0, 1500, 500)]
    monkeypatch.setattr(lightgbm.Booster, "predict", None)
    np.testing.assert_array_equal(model.predict(inputs), np.concatenate(few))


def test_trees_that_are_no_table_are_predicted_by_lightgbm(table):
    booster = missing(table)
    samples = pd.DataFrame(table[0], columns=booster.feature_name())
    np.testing.assert_array_equal(BoostedTrees(booster).predict(samples), booster.predict(samples))
