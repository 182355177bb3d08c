import json

import numpy as np
import pandas as pd
import pytest
from sample_tables import make_dataset, make_samples

import galmass_core as galmass
from galmass_core.api import configure
from galmass_core.benchmarks.invented import make_run
from galmass_core.cli import main
from galmass_core.networks.presets import PRESETS, TrainingConfig


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder with the data set ``toys``."""
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    make_dataset(tmp_path / "toys", make_samples(100))
    return tmp_path


def test_training_predicts_by_name_by_folder_and_as_object(home):
    data = galmass.open_dataset("toys")
    run = galmass.train(data, "mstar/power-law", seed=3)
    assert (run.state, run.record["seed"]) == ("finished", 3)
    predictions = galmass.predict(run, data)
    assert len(predictions) == 300
    assert predictions.attrs["left_out"] == {}
    pd.testing.assert_frame_equal(galmass.predict(run.name, "toys"), predictions)
    pd.testing.assert_frame_equal(galmass.predict(run.path, home / "toys"), predictions)


def test_run_lies_in_the_folder_that_is_given(home):
    run = galmass.train("toys", "mstar/power-law", out=str(home / "mine"))
    assert run.path == home / "mine"


def test_a_finished_run_is_returned_where_nothing_differs(home):
    run = galmass.train("toys", "mstar/power-law", out=home / "mine")
    assert galmass.train("toys", "mstar/power-law", out=home / "mine").record == run.record
    make_dataset(home / "others", make_samples(100, seed=1))
    for data, name in (("toys", "mtot/power-law"), ("others", "mstar/power-law")):
        with pytest.raises(ValueError, match="but it is finished"):
            galmass.train(data, name, out=home / "mine")


def test_samples_left_out_of_a_prediction_are_counted(home):
    run = galmass.train("toys", "mstar/power-law")
    samples = make_samples(100)
    samples.loc[:6, galmass.open_run(run.path).config["features"][0]] = np.nan
    predictions = galmass.predict(run, make_dataset(home / "holes", samples))
    assert len(predictions) == 293
    assert sum(predictions.attrs["left_out"].values()) == 7


def test_same_training_from_python_and_from_the_command_line(home, capsys):
    command = "train toys --experiment mtot/features --split paper --seed 5 --features sigma_v"
    assert main(command.split()) == 0
    run = galmass.train("toys", "mtot/features", split="paper", seed=5, features=["sigma_v"])
    other = galmass.open_run(capsys.readouterr().out.splitlines()[0])
    assert other.path != run.path
    assert other.config == run.config
    pd.testing.assert_frame_equal(other.predictions(), run.predictions())


def test_hyperparameters_change_the_preset():
    name, training = configure("mstar/r", preset="laptop", epochs=3, augment=False, seed=4)
    preset, pixels = PRESETS["laptop"]
    assert name == f"mstar/r@{pixels}"
    assert training.epochs == 3
    assert not training.augment
    assert (training.width, training.seed) == (preset.width, 4)


def test_network_is_the_papers_by_default():
    assert configure("mstar/r")[1] == TrainingConfig()


@pytest.mark.parametrize(
    ("experiment", "options", "message"),
    [
        ("mstar/features", {"learning_rate": 1.0}, "learning_rate must go with a network"),
        ("mstar/r", {"preset": "huge"}, "preset must be one of paper, laptop, got huge"),
        ("mstar/r@60", {"pixels": 150}, "pixels must be as in mstar/r@60, got 150"),
        ("mstar/r", {"epochs": 0}, "epochs must be positive"),
    ],
)
def test_wrong_configuration_is_refused(experiment, options, message):
    with pytest.raises(ValueError, match=message):
        configure(experiment, **options)


def test_unknown_hyperparameter_is_refused():
    with pytest.raises(TypeError, match="epoch"):
        configure("mstar/r", epoch=3)


@pytest.mark.parametrize("number", ["4", "baselines"])
def test_same_table_from_python_and_from_the_command_line(home, capsys, number):
    make_run(home, galmass.open_dataset("toys"), "mtot/r", 0.05)
    assert main(["table", number, "toys", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert json.loads(json.dumps(galmass.table(number, "toys"))) == rows
    assert any(row["status"] == "measured" for row in rows)


def test_number_of_a_table_may_be_a_number(home):
    assert len(galmass.table(4, "toys")) == 24
    assert len(galmass.table(5, "toys", features=["abs_mag_r", "g_minus_r"])) == 9


@pytest.mark.parametrize(
    ("number", "options", "message"),
    [
        (6, {}, "table must be one of 4, 5, baselines, text, got 6"),
        (4, {"features": ["sigma_v"]}, "features must go with table 5"),
        (4, {"split": "folds"}, "split must be galaxy or paper for table 4"),
    ],
)
def test_wrong_table_is_refused(home, number, options, message):
    with pytest.raises(ValueError, match=message):
        galmass.table(number, "toys", **options)
