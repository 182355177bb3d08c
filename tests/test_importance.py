from dataclasses import replace

import numpy as np
import pytest
from sample_tables import make_samples

from galmass_core.learning.experiments import experiment
from galmass_core.learning.importance import NOISE, measure_importance

FEATURES = ("abs_mag_r", "twin", "g_minus_r", "f_hot")


@pytest.fixture(scope="module")
def table():
    """Importance for log M*, a line in M_r and g-r; `twin` is M_r again, f_hot says nothing."""
    samples = make_samples(500)
    noise = np.random.default_rng(3).normal(0, 0.02, len(samples))
    samples = samples.assign(twin=samples["abs_mag_r"] + noise)
    wanted = replace(experiment("mstar/features"), features=FEATURES)
    return measure_importance(samples, wanted, seeds=(0, 1, 2))


def test_every_feature_and_two_noise_columns_are_measured(table):
    assert set(table.index) == {*FEATURES, *NOISE}
    assert table["gain"].sum() == pytest.approx(100)


def test_features_that_say_the_same_are_one_cluster(table):
    assert table.at["twin", "cluster"] == table.at["abs_mag_r", "cluster"]
    assert table["cluster"].nunique() == 5


def test_noise_is_the_floor(table):
    for measure in ("shap", "permutation", "drop_column", "drop_cluster"):
        floor = table.loc[list(NOISE), measure].max()
        assert table.at["abs_mag_r", "permutation"] > 100 * abs(floor)
        assert abs(floor) < 0.01
        assert table.at["f_hot", measure] < 2 * abs(floor) + 0.001


def test_a_copy_hides_a_feature_from_dropping_it_alone(table):
    light = table.loc["abs_mag_r"]
    assert light["drop_column"] < 0.01
    assert light["drop_cluster"] > 0.4
    assert table.at["twin", "drop_cluster"] == light["drop_cluster"]


def test_a_feature_of_its_own_is_worth_the_same_alone_and_as_a_cluster(table):
    colour = table.loc["g_minus_r"]
    assert colour["drop_column"] == colour["drop_cluster"] > 0.1


def test_seeds_give_an_error(table):
    assert (table["shap_error"] > 0).all()
    assert table.at["abs_mag_r", "drop_cluster_error"] < 0.1 * table.at["abs_mag_r", "drop_cluster"]


def test_only_trees_have_it():
    with pytest.raises(ValueError, match="mstar/ridge is ridge"):
        measure_importance(make_samples(30), experiment("mstar/ridge"))


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="mstar/features needs columns that the data lack: f_hot"):
        measure_importance(make_samples(30).drop(columns="f_hot"), experiment("mstar/features"))
