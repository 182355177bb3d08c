"""Trainings of learning curves, and what their runs show."""

import json

import pytest
from sample_tables import make_dataset, make_samples

from galmass_core.cli import main
from galmass_core.learning.experiments import experiment
from galmass_core.networks.presets import TrainingConfig
from galmass_core.training.curves import (
    curve_features,
    curve_sizes,
    curve_trainings,
    curves_folder,
    extrapolation_text,
    fit_text,
    learning_curves,
    measure_curve,
)
from galmass_core.training.runs import list_runs
from galmass_core.training.several import Training


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.setenv("GALMASS_HOME", str(home))
        make_dataset(home / "toys", make_samples(100))
        yield home


@pytest.fixture(scope="module")
def dataset(home):
    return make_dataset(home / "other", make_samples(100))


@pytest.fixture(scope="module")
def printed(home):
    """The curve of a formula as JSON, trained by the command."""
    with pytest.MonkeyPatch.context() as patch:
        lines = []
        patch.setattr("builtins.print", lines.append)
        assert main(["curve", "toys", "mstar/power-law", "--json"]) == 0
    return json.loads(lines[-1])


def test_sizes_are_a_geometric_series_up_to_all():
    assert curve_sizes(2048) == [64, 128, 256, 512, 1024, 2048]
    assert curve_sizes(199) == [20, 32, 50, 79, 126, 199]
    assert curve_sizes(12) == [12]


def test_trees_are_trained_once_on_all_galaxies_and_networks_as_often(dataset):
    trees = curve_trainings(dataset, "mstar/features", sizes=[20, 67], repeats=3)
    assert [training.galaxies for training in trees] == [20, 20, 20, 67]
    assert [training.training_seed for training in trees] == [0, 1, 2, 0]


def test_the_folder_of_a_training_on_all_galaxies_has_its_old_name(tmp_path):
    training = Training(experiment="mstar/features", seed=1, training_seed=2)
    path = training.path(tmp_path, "checksum")
    assert path.name == "mstar-features-seed2-9a58955d"


def test_trees_learn_from_what_a_catalogue_has():
    samples = make_samples(10).drop(columns=["f_hot"])
    assert "f_hot" not in curve_features(samples, experiment("mstar/features"))
    assert "abs_mag_r" not in curve_features(samples, experiment("mstar/no-magnitude"))
    assert curve_features(make_samples(10), experiment("mstar/features")) is None


def test_every_point_has_errors_and_the_same_test_galaxies(printed):
    (row,) = printed["rows"]
    assert [point["galaxies"] for point in row["points"]] == [20, 25, 32, 41, 53, 67]
    assert {(point["n"], point["n_galaxies"]) for point in row["points"]} == {(99, 33)}
    assert all(point["std"]["low"] < point["std"]["high"] for point in row["points"])
    assert row["points"][0]["n_train"] == 60
    assert row["points"][0]["spread"] > 0
    assert row["points"][-1]["spread"] is None


def test_a_formula_does_not_get_better_and_is_not_continued(printed):
    fit = printed["rows"][0]["fit"]
    assert fit["extrapolated"] is None
    assert (fit["galaxies"], fit["samples"]) == (5333, 16000)
    assert any("80 times the largest" in reason for reason in fit["reasons"])
    assert extrapolation_text(fit).startswith("cannot be continued to 5,333 galaxies (16,000")


def test_a_floor_of_zero_is_none_seen():
    none = {"value": 0.0, "low": 0.0, "high": 0.0}
    exponent = {"value": 0.5, "low": 0.4, "high": 0.6}
    assert fit_text({"floor": none, "exponent": exponent}) == (
        "no floor seen, exponent 0.50 ± 0.10"
    )


def test_runs_of_curves_are_no_runs_of_the_home_folder(printed, home):
    assert list_runs() == []
    assert len(list_runs(curves_folder())) == 16


def test_the_curves_of_the_home_folder_are_found_again(printed, home):
    (curve,) = learning_curves(list_runs(curves_folder()))
    assert curve.name == "mstar/power-law · toys"
    assert measure_curve(curve) == printed["rows"]


def test_the_same_command_trains_nothing_again(printed, home, capsys):
    assert main(["curve", "toys", "mstar/power-law", "--dry-run"]) == 0
    assert "0 of 16 trainings to do" in capsys.readouterr().out


def test_a_curve_is_printed_in_words(printed, home, capsys):
    assert main(["curve", "toys", "mstar/power-law"]) == 0
    text = capsys.readouterr().out
    assert "tested on the same 99 samples of 33 galaxies" in text
    assert "cannot be continued to 5,333 galaxies" in text


def test_trainings_of_networks_differ_in_their_seeds(dataset, monkeypatch):
    monkeypatch.setattr("galmass_core.training.curves.require_columns", lambda *_: None)
    trainings = curve_trainings(
        dataset, "mstar/r", sizes=[20, 57], repeats=2, network=TrainingConfig(epochs=3)
    )
    assert [training.network.seed for training in trainings] == [0, 1, 0, 1]
