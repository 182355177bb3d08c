from dataclasses import replace

import numpy as np
import pytest
from sample_tables import make_samples

from galmass_core.learning.experiments import (
    EXPERIMENTS,
    FEATURES,
    TABLE_4,
    default_features,
    experiment,
    input_maps,
    input_sets,
    inputs_of,
    missing_columns,
    require_columns,
    true_values,
    usable_rows,
)
from galmass_core.quantities import QUANTITIES, map_keys


@pytest.fixture
def samples():
    return make_samples(10)


def test_every_column_of_every_experiment_has_a_meaning():
    for wanted in EXPERIMENTS.values():
        assert {*wanted.targets, *wanted.features} <= set(QUANTITIES)


def test_the_ten_features_are_those_of_table_1():
    assert len(FEATURES) == 10
    assert all(QUANTITIES[key].kind == "feature" for key in FEATURES)


def test_an_unknown_experiment_lists_the_known_ones():
    with pytest.raises(
        ValueError, match=r"no experiment 'mstar/luck'; .*targets: mstar .*inputs: .* r\+2V "
    ):
        experiment("mstar/luck")


def test_all_fifteen_combinations_of_maps_have_a_name_and_the_papers_come_first():
    combinations = {maps for name, maps in input_sets().items() if name != "occupancy"}
    assert len(combinations) == 15
    assert all(set(maps) <= set(map_keys()) for maps in combinations)
    assert all(list(maps) == sorted(maps, key=map_keys().index) for maps in combinations)
    assert tuple(input_sets())[:5] == ("r", "g,r", "2V", "r+2V", "g,r+2V")
    assert input_maps("g,r+2V") == map_keys()
    assert len(input_sets()) == 16


def test_maps_have_one_name_in_any_order():
    assert inputs_of(["sigma", "V", "r"]) == "r+2V"
    assert inputs_of([]) == inputs_of(["r", "occupancy"]) == inputs_of(["h5"]) == ""


@pytest.mark.parametrize("name", ["", "V+r", "r+g-r", "V+sigma", "r+r", "r+occupancy", "h5"])
def test_other_names_of_maps_are_unknown(name):
    assert input_maps(name) == ()


def test_a_name_says_targets_maps_and_pixels():
    wanted = experiment("mstar,mtot_2r/g,r+2V@60")
    assert wanted.targets == ("log_mstar_1rhsm", "log_mtot_2rhsm")
    assert wanted.target == "log_mstar_1rhsm"
    assert (wanted.method, wanted.maps, wanted.pixels) == ("network", map_keys(), 60)
    assert wanted.features == ()
    assert experiment("mstar2d_2r/features").target == "log_mstar2d_2rhsm"


def test_a_name_has_no_pixels_that_say_nothing():
    assert experiment("mstar/r@300") == experiment("mstar/r")
    assert experiment("mstar/2V@60") == experiment("mstar/2V")
    assert experiment("mstar/occupancy").maps == ("occupancy",)


def test_table_4_has_21_trainings_and_three_more():
    assert len(set(TABLE_4)) == 24
    assert [experiment(name).name for name in TABLE_4] == list(TABLE_4)


@pytest.mark.parametrize(
    "name",
    [
        "luck",
        "luck/r",
        "mstar/",
        "/r",
        "mstar,mstar/r",
        "mstar/r@61",
        "mstar/r@",
        "mstar,mtot/features",
        "mstar/features@60",
        "fdm/virial",
    ],
)
def test_names_that_mean_nothing_are_refused(name):
    with pytest.raises(ValueError, match=f"no experiment '{name}'"):
        experiment(name)


def test_a_network_needs_maps(samples):
    wanted = experiment("mstar,mtot/r+2V")
    with pytest.raises(
        ValueError, match="needs the maps r, V, sigma, but the data have only table"
    ):
        require_columns(wanted, samples)
    require_columns(wanted, samples.assign(shard=0))
    with pytest.raises(ValueError, match="lack: log_mtot_1rhsm"):
        require_columns(wanted, samples.drop(columns="log_mtot_1rhsm"))


def test_only_masses_have_a_virial_estimator():
    assert "mtot/virial" in EXPERIMENTS
    assert "fdm/virial" not in EXPERIMENTS


def test_fractions_are_learned_as_logarithms(samples):
    samples.loc[0, "f_dm_1rhsm"] = 0.0
    values = true_values(samples, "f_dm_1rhsm")
    assert np.isnan(values[0])
    np.testing.assert_allclose(10 ** values[1:], samples["f_dm_1rhsm"][1:])
    np.testing.assert_array_equal(
        true_values(samples, "log_mstar_1rhsm"), samples["log_mstar_1rhsm"]
    )


def test_bad_rows_are_left_out_and_counted_once(samples):
    samples.loc[0, ["log_mstar_1rhsm", "sersic_n"]] = -np.inf, 150.0
    samples.loc[1, "sersic_n"] = 150.0
    samples.loc[2, "b_over_t"] = 1.2
    samples.loc[3, "sigma_v"] = np.nan
    samples.loc[4, "sigma_v"] = 0.0
    usable, left_out = usable_rows(samples, FEATURES, ["log_mstar_1rhsm"])
    assert np.flatnonzero(~usable).tolist() == [0, 1, 2, 3, 4]
    assert left_out == {
        "log_mstar_1rhsm is zero or not a number": 1,
        "sersic_n is above 100": 1,
        "sigma_v is not a number": 1,
        "sigma_v is not above 0": 1,
        "b_over_t is above 1": 1,
    }


def test_edges_of_the_papers_cuts_are_kept(samples):
    samples.loc[0, ["sersic_n", "b_over_t"]] = 100.0, 1.0
    assert usable_rows(samples, FEATURES)[0].all()


def test_a_column_without_a_value_counts_as_missing(samples):
    samples["f_hot"] = np.nan
    assert missing_columns(samples.drop(columns="f_cold"), FEATURES) == ["f_cold", "f_hot"]


def test_catalogues_stand_in_with_their_own_bulges(samples):
    catalogue = samples.drop(columns=["b_over_t", "sersic_n", "f_hot"])
    catalogue = catalogue.assign(bulge_fraction=0.5, bulge_index=3.0)
    features = default_features(catalogue)
    assert {"bulge_fraction", "bulge_index"} < set(features)
    assert not {"b_over_t", "sersic_n", "f_hot"} & set(features)
    assert default_features(samples) == list(FEATURES)


def test_sizes_of_the_simulation_are_marked_as_truth():
    from dataclasses import replace

    wanted = replace(experiment("mdm/features"), features=("sigma_v", "half_mass_radius"))
    assert wanted.truth_level == ("half_mass_radius",)
    assert experiment("mdm/virial").truth_level == ()


def test_text_is_no_feature(samples):
    wanted = replace(experiment("mstar/features"), features=("sigma_v", "kind"))
    with pytest.raises(ValueError, match="must learn from numbers, got columns of text: kind"):
        require_columns(wanted, samples.assign(kind="disc"))


def test_a_joined_column_has_no_limits_of_a_feature_whose_name_it_begins_with(samples):
    joined = samples.assign(sigma_v_offset=-1.0)
    assert usable_rows(joined, ["sigma_v_offset"])[0].all()


def test_any_inputs_are_all_sets_of_branches():
    wanted = experiment("mstar,ml/any@60")
    assert (wanted.name, wanted.maps, wanted.pixels) == ("mstar,ml/any@60", map_keys(), 60)
    assert set(wanted.subsets) == set(input_sets()) - {"occupancy"}
    assert experiment("mstar/r").subsets == ()
