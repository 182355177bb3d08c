import json

import numpy as np
import pytest
from sample_tables import make_dataset, make_samples, make_simulation

from galmass_core.cli import main
from galmass_core.datasets.dataset import open_dataset
from galmass_core.learning.splits import split_samples
from galmass_core.transfers.records import (
    TEST_SIZES,
    list_transfers,
    run_transfer,
)
from galmass_core.transfers.scores import CASES


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder with two data sets of one rule."""
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    for seed, name in enumerate(("ours", "theirs")):
        make_simulation(tmp_path / name, seed)
    return tmp_path


@pytest.fixture
def pair(home):
    return open_dataset("ours"), open_dataset("theirs")


def test_a_record_holds_every_case_with_its_scores(pair):
    run = run_transfer(*pair, "mstar/features", adapt="coral")
    assert [row["case"] for row in run.record["scores"]] == [
        "source",
        "transfer",
        "adapted",
        "ceiling",
    ]
    assert run.record["synthetic"]
    assert [found.name for found in list_transfers()] == [run.name]


def test_no_test_galaxy_was_used_for_training_or_adaptation(pair):
    run = run_transfer(*pair, "mstar/power-law")
    table = run.predictions().query("part == 'test'")
    parts = split_samples(pair[1].samples, sizes=TEST_SIZES)
    used = set(pair[1].samples["name"][np.isin(parts, ["train", "validation"])])
    tested = table[table["case"].isin(["transfer", "ceiling"])]["name"]
    assert used.isdisjoint(tested)
    assert len(used) == tested.nunique() == 30


def test_the_same_call_opens_the_record_that_is_there(pair, monkeypatch):
    first = run_transfer(*pair, "mstar/power-law")
    monkeypatch.setattr("galmass_core.transfers.records.feature_cases", None)
    assert run_transfer(*pair, "mstar/power-law").record == first.record


def test_a_stopped_record_is_resumed(pair, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("galmass_core.transfers.records.feature_cases", stop)
        with pytest.raises(KeyboardInterrupt):
            run_transfer(*pair, "mstar/power-law")
    assert [run.state for run in list_transfers()] == ["stopped"]
    assert run_transfer(*pair, "mstar/power-law").state == "finished"
    assert len(list_transfers()) == 1


@pytest.mark.parametrize(
    ("name", "adapt", "message"),
    [
        ("mstar/features", "mmd", "adapt must be one of none, coral for trees, got mmd"),
        ("mstar/ridge", "coral", "adapt must be one of none for ridge, got coral"),
        ("mstar/r", "none", "needs the maps r, but the data have only tables"),
    ],
)
def test_what_does_not_go_together_is_refused(pair, name, adapt, message):
    with pytest.raises(ValueError, match=message):
        run_transfer(*pair, name, adapt=adapt)


def test_too_few_samples_are_refused(pair, tmp_path):
    few = make_samples(20)
    few["name"] = few["name"].str.replace("table", "few")
    with pytest.raises(ValueError, match=r"10 usable samples .* validation, got 6"):
        run_transfer(pair[0], make_dataset(tmp_path / "few", few), "mstar/features")


def test_command_prints_a_row_for_every_case(home, capsys):
    words = ["transfer", "--train", "ours", "--test", "theirs", "--adapt", "coral"]
    assert main([*words, "--experiment", "mstar/features"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if line.startswith("M*")]
    assert [next(word for word in row.split() if word in CASES) for row in rows] == list(CASES)
    assert "synthetic galaxies: no measurement of any simulation" in lines


def test_command_measures_all_its_targets_as_json(home, capsys):
    assert main(["transfer", "--train", "ours", "--test", "theirs", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert {row["target"] for row in content["rows"]} == {
        "log_mstar_1rhsm",
        "log_mtot_1rhsm",
        "log_ml_r_1rhsm",
    }
    assert content["n"] == 9


def test_data_sets_that_differ_are_one_sentence(home, capsys):
    make_simulation(home / "thin", 2, stars=500)
    assert main(["transfer", "--train", "ours", "--test", "thin"]) == 2
    error = capsys.readouterr().err
    assert "thin both with the same --stars" in error
    assert len(error.splitlines()) == 1
