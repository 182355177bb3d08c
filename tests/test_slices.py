import numpy as np
import pandas as pd
import pytest

from galmass_core.learning.metrics import Estimate, measure_errors
from galmass_core.learning.slices import measure_slices

TARGET = "log_mstar_1rhsm"


@pytest.fixture
def samples():
    """Twenty galaxies, two lines of sight each; every other one is a satellite with few stars."""
    numbers = np.repeat(np.arange(20), 2)
    return pd.DataFrame(
        {
            "name": [f"g{number}" for number in numbers],
            "los": ["x", "y"] * 20,
            "is_central": pd.array(numbers % 2 == 0, dtype="boolean"),
            "n_stars": np.where(numbers % 2 == 0, 20000, 2000),
            "log_mstar_1rhsm": 9.55 + 0.1 * numbers,
        }
    )


@pytest.fixture
def predictions(samples):
    """Satellites are predicted worse: they scatter by 0.2 dex and lie 0.1 dex too high."""
    errors = np.tile([0.01, -0.01], 20)
    errors = np.where(samples["is_central"], errors, 0.1 + 20 * errors)
    table = samples[["name", "los"]].assign(target=TARGET, y_true=samples[TARGET])
    return table.assign(y_pred=table["y_true"] + errors)


def by(slices, key):
    return {row["slice"]: row for row in slices.rows if row["by"] == key}


def test_the_first_row_is_of_all_samples(predictions, samples):
    first = measure_slices(predictions, samples).rows[0]
    delta = predictions["y_pred"] - predictions["y_true"]
    expected = measure_errors(delta, predictions["name"], resamples=400)["std"]
    assert (first["slice"], first["n"], first["n_galaxies"]) == ("all", 40, 20)
    assert first["std"] == vars(expected)


def test_scatter_and_bias_of_a_slice_are_those_of_its_samples(predictions, samples):
    rows = by(measure_slices(predictions, samples), "environment")
    assert list(rows) == ["central", "satellite"]
    satellite, central = rows["satellite"], rows["central"]
    assert satellite["std"]["value"] == pytest.approx(0.2)
    assert satellite["mean"]["value"] == pytest.approx(0.1)
    assert central["std"]["value"] == pytest.approx(0.01)
    assert (central["n"], central["n_galaxies"]) == (20, 10)


def test_slices_of_a_cut_are_in_order_and_hold_every_sample(predictions, samples):
    rows = by(measure_slices(predictions, samples), "truth")
    assert list(rows) == ["9.5 to 10", "10 to 10.5", "10.5 to 11", "11 to 11.5"]
    assert [row["n_galaxies"] for row in rows.values()] == [5, 5, 5, 5]


def test_a_value_on_an_edge_is_above_it(predictions, samples):
    samples["n_stars"] = np.repeat([2999, 3000, 9999, 10000, 200000], 8)
    rows = by(measure_slices(predictions, samples), "stars")
    assert {name: row["n"] for name, row in rows.items()} == {
        "below 3,000": 8,
        "3,000 to 10,000": 16,
        "10,000 to 30,000": 8,
        "100,000 or more": 8,
    }


def test_samples_without_the_property_are_a_slice(predictions, samples):
    samples.loc[:9, "is_central"] = pd.NA
    samples["n_stars"] = samples["n_stars"].astype(float)
    samples.loc[10:19, "n_stars"] = np.nan
    slices = measure_slices(predictions, samples)
    assert by(slices, "environment")["unknown"]["n"] == 10
    assert by(slices, "stars")["unknown"]["n_galaxies"] == 5
    assert slices.labels["environment"].iloc[:10].eq("unknown").all()


def test_a_prediction_of_an_unknown_sample_is_in_no_known_slice(predictions, samples):
    rows = by(measure_slices(predictions, samples.iloc[10:]), "environment")
    assert rows["unknown"]["n"] == 10


def test_labels_select_the_galaxies_of_a_slice(predictions, samples):
    labels = measure_slices(predictions, samples).labels
    chosen = predictions["name"][labels["stars"] == "below 3,000"].unique()
    assert list(chosen) == [f"g{number}" for number in range(1, 20, 2)]


def test_early_types_are_a_slice_and_need_all_their_columns(predictions, samples):
    old = np.repeat(np.arange(20) < 10, 2)
    samples = samples.assign(log_mstar2d_2rhsm=11.0, sfr_1gyr=0.1, sersic_n=np.where(old, 4.0, 1.0))
    samples.loc[0, "sersic_n"] = np.nan  # one line of sight of the first galaxy
    rows = by(measure_slices(predictions, samples), "type")
    assert {name: row["n_galaxies"] for name, row in rows.items()} == {
        "early": 9,
        "late": 10,
        "unknown": 1,
    }


def test_cuts_by_columns_that_the_data_lack_are_left_out_with_the_reason(predictions, samples):
    reasons = {"inclination": "a catalogue has no axis"}
    slices = measure_slices(predictions, samples.drop(columns="n_stars"), reasons=reasons)
    assert not by(slices, "stars")
    assert slices.left_out["star particles"] == "the data lack n_stars"
    assert slices.left_out["inclination [°]"] == "a catalogue has no axis"
    assert slices.left_out["distance to the training set [%]"] == "the data lack ood_percentile"


def test_catalogues_have_a_bulge_fraction_in_place_of_a_ratio(predictions, samples):
    rows = by(measure_slices(predictions, samples.assign(bulge_fraction=0.6)), "bulge")
    assert list(rows) == ["0.5 to 0.75"]


def test_coverage_counts_intervals_that_hold_the_truth(predictions, samples):
    half = np.where(samples["is_central"], 0.05, 0.15)
    limits = {"low_68": -half, "high_68": half, "low_90": -1.0, "high_90": 1.0}
    limits = {name: predictions["y_pred"] + width for name, width in limits.items()}
    rows = by(measure_slices(predictions.assign(**limits), samples), "environment")
    assert rows["central"]["coverage"]["0.68"]["value"] == 1
    assert rows["satellite"]["coverage"]["0.68"]["value"] == 0.5
    assert rows["satellite"]["coverage"]["0.90"]["value"] == 1
    assert rows["satellite"]["coverage"]["0.68"]["error"] == pytest.approx(0.1475, abs=1e-4)


def test_without_intervals_there_is_no_coverage(predictions, samples):
    assert measure_slices(predictions, samples).rows[0]["coverage"] is None


def test_a_few_galaxies_are_counted_but_not_measured(predictions, samples):
    samples["is_central"] = np.repeat(np.arange(20) > 3, 2)
    few = by(measure_slices(predictions, samples), "environment")["satellite"]
    assert (few["n_galaxies"], few["std"], few["mean"], few["coverage"]) == (4, None, None, None)


def test_scatter_that_rests_on_one_galaxy_has_a_finite_interval_wider_than_itself(
    predictions, samples
):
    samples["is_central"] = np.repeat(np.arange(20) > 5, 2)
    errors = np.where(np.arange(40) < 2, 3.0, 0.01 * np.arange(40))
    skewed = predictions.assign(y_pred=predictions["y_true"] + errors)
    row = by(measure_slices(skewed, samples), "environment")["satellite"]
    scatter = Estimate(**row["std"])
    assert row["n_galaxies"] == 6
    assert 0 < scatter.low < 0.05 < scatter.high < np.inf
    assert scatter.is_loose


def test_distance_to_the_training_set_is_a_cut(predictions, samples):
    predictions["ood_percentile"] = np.repeat([10.0, 60.0, 95.0, np.nan], 10)
    rows = by(measure_slices(predictions, samples), "distance")
    assert list(rows) == ["below 50", "50 to 75", "90 or more", "unknown"]


def test_there_must_be_predictions(predictions, samples):
    with pytest.raises(ValueError, match="at least one sample"):
        measure_slices(predictions.head(0), samples)
