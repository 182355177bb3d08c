import shutil

import numpy as np
import pandas as pd
import pytest
from sample_tables import make_dataset, make_samples

import galmass_core as galmass
from galmass_core.benchmarks.invented import make_run
from galmass_core.learning.experiments import FEATURES
from galmass_core.learning.out_of_distribution import OOD
from galmass_core.training.model_runs import train_run
from galmass_core.training.slices import slices_of_run, slices_of_trees, unseen_predictions
from galmass_core.training.training_sets import training_distance, training_samples


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def data(home):
    return make_dataset(home / "data", make_samples(100))


@pytest.fixture
def run(data):
    return galmass.train(data, "mstar/power-law")


@pytest.mark.parametrize("galaxies", [None, 20])
def test_the_training_set_of_a_run_is_that_of_its_predictions(data, galaxies):
    run = train_run(data, "mstar/power-law", galaxies=galaxies)
    predictions = run.predictions()
    trained = predictions.loc[predictions["part"] == "train", ["name", "los"]]
    found = training_samples(run, data)[["name", "los"]]
    pd.testing.assert_frame_equal(found.reset_index(drop=True), trained.reset_index(drop=True))


def test_the_training_set_is_opened_where_it_was(home, data, run):
    other = make_dataset(home / "other", make_samples(20, seed=1))
    pd.testing.assert_frame_equal(training_samples(run, other), training_samples(run, data))


def test_predictions_say_how_unusual_a_galaxy_is(home, run):
    usual, strange = make_samples(50, seed=1), make_samples(50, seed=2)
    strange["abs_mag_r"] -= 10
    percentiles = [
        galmass.predict(run, make_dataset(home / f"other{number}", table))[OOD]
        for number, table in enumerate((usual, strange))
    ]
    assert 30 < percentiles[0].mean() < 70
    assert percentiles[1].min() == 100


@pytest.mark.parametrize("change", ["deleted", "changed"])
def test_without_its_training_set_a_run_does_not_know(home, run, change):
    shutil.rmtree(home / "data")
    if change == "changed":
        make_dataset(home / "data", make_samples(100, seed=1))
    other = make_dataset(home / "other", make_samples(20, seed=1))
    assert galmass.predict(run, other)[OOD].isna().all()


def test_networks_are_measured_in_the_summary_features(data):
    run = make_run(data.path.parent, data, "mstar/r", 0.05)
    distance = training_distance(run, data)
    assert distance.features == FEATURES
    assert len(distance.training) == len(training_samples(run, data))


def test_slices_of_a_run_are_of_its_test_set(data, run):
    (entry,) = slices_of_run(run, data)
    tested = (run.predictions()["part"] == "test").sum()
    assert entry["rows"][0]["n"] == tested
    assert entry["rows"][0]["std"]["value"] == pytest.approx(
        run.record["metrics"]["log_mstar_1rhsm"]["std"]["value"]
    )
    distances = [row["n"] for row in entry["rows"] if row["by"] == "distance"]
    assert sum(distances) == tested


def test_another_data_set_is_predicted_whole(home, run):
    samples = make_samples(20, seed=1)
    samples["name"] = samples["name"].str.replace("table", "elsewhere")
    samples.loc[0, "log_mstar_1rhsm"] = np.nan
    other = make_dataset(home / "other", samples)
    assert len(unseen_predictions(run, other)) == 59


def test_a_run_without_known_truth_has_no_slices(home, run):
    samples = make_samples(20, seed=1).drop(columns="log_mstar_1rhsm")
    other = make_dataset(home / "other", samples)
    with pytest.raises(ValueError, match="other must have samples with a true value"):
        slices_of_run(run, other)


def test_networks_are_not_trained_for_slices(data):
    with pytest.raises(ValueError, match="must learn from columns, got mstar/r"):
        slices_of_trees(data, "mstar/r")


def test_a_constant_has_slices_but_no_distance(data):
    (entry,) = slices_of_trees(data, "mstar/constant")
    assert "distance to the training set [%]" in entry["left_out"]
    assert {row["by"] for row in entry["rows"]} >= {"all", "truth", "colour"}
