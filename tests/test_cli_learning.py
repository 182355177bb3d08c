import csv
import io
import json
import os
import re
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from sample_tables import make_dataset, make_samples

from galmass_core.benchmarks.invented import make_run
from galmass_core.cli import main
from galmass_core.datasets.dataset import open_dataset
from galmass_core.networks.presets import PRESETS, TrainingConfig
from galmass_core.training.queue import wait_for_turn
from galmass_core.training.run_writer import RunWriter
from galmass_core.training.runs import list_runs, open_run

COMMANDS = [
    "train",
    "resume",
    "stop",
    "runs",
    "predict",
    "table",
    "importance",
    "coverage",
    "slices",
    "curve",
    "controls",
    "twins",
    "dynamics",
    "beyond",
]

pytestmark = pytest.mark.usefixtures("own_signals")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder with the data set ``toys``."""
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    make_dataset(tmp_path / "toys", make_samples(100))
    return tmp_path


def output(capsys, *words):
    assert main([*words]) == 0
    return capsys.readouterr()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert f"example: galmass {command}" in capsys.readouterr().out


def test_training_makes_a_run_that_predicts(home, capsys):
    train = output(capsys, "train", "toys", "--experiment", "mstar/features", "--json")
    row = json.loads(train.out)["rows"][0]
    assert row["state"] == "finished"
    lines = output(capsys, "predict", row["run"], "toys").out
    table = list(csv.DictReader(io.StringIO(lines)))
    assert len(table) == 300
    assert abs(float(table[0]["y_true"]) - float(table[0]["y_pred"])) < 0.5
    (home / "m.csv").write_text("before")
    output(capsys, "predict", row["run"], "toys", "--out", str(home / "m.csv"))
    assert (home / "m.csv").read_text() == lines.replace("\r\n", "\n")
    output(capsys, "predict", row["run"], "toys", "--out", os.devnull)
    assert not Path(os.devnull).is_file()
    limits = ["low_90", "low_68", "y_pred", "high_68", "high_90"]
    assert sorted(limits, key=lambda name: float(table[0][name])) == limits


def test_several_experiments_are_trained_and_then_skipped(home, capsys):
    command = ["train", "toys", "--repeats", "2", "--json"]
    for name in ("mstar/power-law", "mtot/power-law"):
        command += ["--experiment", name]
    rows, again = (json.loads(output(capsys, *command).out)["rows"] for _ in range(2))
    assert [row["experiment"] for row in rows] == ["mstar/power-law"] * 2 + ["mtot/power-law"] * 2
    assert {row["state"] for row in rows} == {"finished"}
    assert again == rows


def test_failed_training_is_an_error_after_the_others(home, capsys):
    names = ["--experiment", "mstar/r@60", "--experiment", "mstar/power-law"]
    assert main(["train", "toys", *names, "--json"]) == 2
    shown = capsys.readouterr()
    assert [row["experiment"] for row in json.loads(shown.out)["rows"]] == ["mstar/power-law"]
    assert re.search(r"galmass: 1 of 2 trainings failed, .*: mstar-r@60-seed0-", shown.err)


def test_all_are_the_trainings_of_table_4(home, monkeypatch):
    trained = []

    def take(dataset, trainings, *_, **__):
        trained.extend(training.experiment for training in trainings)
        return {}

    monkeypatch.setattr("galmass_core.training.several.train_several", take)
    assert main(["train", "toys", "--experiment", "all", "--preset", "laptop"]) == 0
    assert len(set(trained)) == 21


def test_training_on_both_splits_prints_what_leaks(home, capsys):
    words = ("train", "toys", "--experiment", "mstar/power-law", "--split", "both")
    content = json.loads(output(capsys, *words, "--json").out)
    assert [row["split"]["kind"] for row in content["rows"]] == ["galaxy", "paper"]
    (leakage,) = content["leakage"]
    assert leakage["low"] < leakage["value"] < leakage["high"]


def test_queue_of_the_home_folder_does_not_go_with_a_cluster(home, capsys):
    words = ["--experiment", "mstar/power-law", "--queue", "--scheduler", "local"]
    assert main(["train", "toys", *words]) == 2
    assert "--queue must go with one experiment and no --scheduler" in capsys.readouterr().err


def test_runs_are_listed_in_words_and_in_json(home, capsys):
    output(capsys, "train", "toys", "--experiment", "mtot/power-law", "--split", "paper")
    words = output(capsys, "runs").out
    assert "mtot/power-law" in words
    assert "paper" in words
    content = json.loads(output(capsys, "runs", "--json").out)
    assert content["n"] == 1
    assert content["rows"][0]["metrics"]["log_mtot_1rhsm"]["std"]["value"] > 0


def test_a_damaged_run_is_named_beside_the_others(home, capsys):
    (home / "runs" / "broken").mkdir(parents=True)
    (home / "runs" / "broken" / "run.json").write_text("{}")
    listed = output(capsys, "runs")
    assert listed.out.startswith("run")
    assert "broken/run.json: state must be one of queued, running" in listed.err


def test_no_runs_are_an_empty_list(home, capsys):
    assert json.loads(output(capsys, "runs", "--json").out)["rows"] == []
    assert output(capsys, "runs").out.startswith("run")


def test_table_5_in_json_has_the_envelope(home, capsys):
    command = ["table", "5", "toys", "--split", "folds", "--features", "abs_mag_r,g_minus_r"]
    content = json.loads(output(capsys, *command, "--json").out)
    assert content["schema"] == 1
    assert content["source"] == str(home / "toys")
    assert content["split"]["kind"] == "folds"
    assert content["n"] == 300
    assert [row["row"] for row in content["rows"]] == list(range(1, 10))
    assert content["rows"][0]["features"] == ["abs_mag_r", "g_minus_r"]
    assert content["rows"][0]["n_galaxies"] == 100


@pytest.mark.parametrize(
    ("table", "word"), [("5", "0.05"), ("baselines", "virial"), ("text", "T22")]
)
def test_tables_are_printed_in_words(home, capsys, table, word):
    assert word in output(capsys, "table", table, "toys").out


def test_coverage_of_trees_and_of_networks_is_measured(home, capsys, monkeypatch):
    make_run(home, open_dataset("toys"), "mstar/r", 0.05)
    monkeypatch.setattr("galmass_core.training.coverage.TABLE_5_TARGETS", ("mstar", "mtot"))
    content = json.loads(output(capsys, "coverage", "toys", "--json").out)
    entries = {entry["experiment"]: entry for entry in content["rows"]}
    assert entries["mstar/features"]["run"] is entries["mtot/features"]["run"] is None
    assert entries["mstar/r"]["run"]
    for entry in entries.values():
        first, *bins = entry["rows"]
        assert first["n"] == sum(row["n"] for row in bins)
        assert first["coverage"]["0.68"]["value"] < first["coverage"]["0.90"]["value"]
    text = output(capsys, "coverage", "toys").out
    assert "68 % [%]" in text.splitlines()[0]


def test_slices_of_a_run_and_of_trees_are_sorted(home, capsys):
    run = make_run(home, open_dataset("toys"), "mstar/r", 0.05)
    content = json.loads(output(capsys, "slices", "toys", run.name, "--json").out)
    (entry,) = content["rows"]
    assert (entry["run"], entry["rows"][0]["slice"]) == (run.name, "all")
    scatters = [row["std"]["value"] for row in entry["rows"][1:] if row["std"]]
    assert scatters == sorted(scatters, reverse=True)
    command = ["slices", "toys", "--experiment", "mstar/power-law", "--sort", "property"]
    text = output(capsys, *command).out
    assert "trained now" in text.splitlines()[0]
    assert "no slices by inclination [°]: the data lack inclination" in text
    assert text.index("true M") < text.index("g−r") < text.index("distance to the training set")


def test_importance_shows_the_noise_beside_the_features(home, capsys, monkeypatch):
    monkeypatch.setattr("galmass_core.learning.importance.SEEDS", (0,))
    command = ["importance", "toys", "--experiment", "mstar/features"]
    content = json.loads(
        output(capsys, *command, "--features", "abs_mag_r,g_minus_r", "--json").out
    )
    assert {row["feature"] for row in content["rows"]} == {
        "abs_mag_r",
        "g_minus_r",
        "noise_1",
        "noise_2",
    }


def test_table_4_reads_the_runs_of_the_home_folder(home, capsys):
    run = make_run(home, open_dataset("toys"), "mtot/r", 0.05)
    content = json.loads(output(capsys, "table", "4", "toys", "--json").out)
    measured = [row for row in content["rows"] if row["status"] == "measured"]
    assert [(row["row"], row["run"]) for row in measured] == [(11, run.name)]
    assert content["split"] == {"kind": "galaxy"}
    assert "not trained" in output(capsys, "table", "4", "toys", "--split", "paper").out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "toys", "--experiment", "luck"], "no experiment 'luck'; must be TARGET/INPUTS"),
        (["train", "toys", "--experiment", "mstar/features", "--features", "x"], "lack: x"),
        (["train", "nowhere", "--experiment", "mstar/features"], "nowhere: must be a data-set"),
        (["train", "toys", "--experiment", "mstar/r"], "needs the maps r, but the data"),
        (
            ["train", "toys", "--experiment", "mstar/features", "--batch", "9"],
            "batch must go",
        ),
        (["train", "toys", "--experiment", "mstar/features", "--estimate"], "--estimate must go"),
        (["train", "toys", "--experiment", "mstar/r@60", "--pixels", "150"], "pixels must be as"),
        (["train", "toys", "--experiment", "mstar/r", "--epochs", "0"], "epochs must be positive"),
        (
            ["train", "toys", "--experiment", "mstar/features", "--features", "f_hot,f_hot"],
            "features must be named once each, got f_hot again",
        ),
        (["resume", "nothing"], "got nothing"),
        (["predict", "nothing", "toys"], "got nothing"),
        (["slices", "toys", "nothing"], "got nothing"),
        (["slices", "toys", "a", "--features", "x"], "--features must go without a run, got it"),
        (["slices", "toys", "--experiment", "mstar/r"], "must learn from columns, got mstar/r"),
        (["table", "5", "toys", "--features", "spin"], "lacks spin"),
        (["table", "text", "toys", "--features", "f_hot"], "features must go with table 5"),
        (["table", "4", "toys", "--split", "folds"], "split must be galaxy or paper for table 4"),
        (["table", "text", "toys", "--split", "folds"], "split must be one of galaxy, paper"),
        (["importance", "toys", "--experiment", "mstar/ridge"], "mstar/ridge is ridge"),
        (["table", "text", "toys", "--split", "both"], "split must be one of galaxy, paper"),
        (["curve", "toys", "mstar/power-law", "--sizes", "10,900"], "training galaxies, got 900"),
    ],
)
def test_bad_input_is_one_sentence_and_code_2(home, words, message, capsys):
    assert main(words) == 2
    error = capsys.readouterr().err
    assert error.startswith("galmass: ")
    assert message in error
    assert len(error.splitlines()) == 1


def test_a_training_that_receives_sigterm_is_stopped(home, capsys, monkeypatch):
    def terminate(*_):
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("galmass_core.training.model_runs.predict", terminate)
    assert main(["train", "toys", "--experiment", "mstar/power-law"]) == 130
    assert "A run that had begun can be resumed." in capsys.readouterr().err
    assert [run.state for run in list_runs()] == ["stopped"]


@pytest.fixture
def requested(home, monkeypatch):
    """What a training is asked for, instead of the training."""
    requested = {}

    def train_run(dataset, name, **options):
        requested.update(options, name=name)
        raise KeyboardInterrupt

    monkeypatch.setattr("galmass_core.api.train_run", train_run)
    return requested


def test_what_is_not_given_is_as_in_the_preset(requested, capsys):
    command = "train toys --experiment mstar/r+2V --preset laptop --epochs 3 --no-augment --seed 4"
    assert main(command.split()) == 130
    preset, pixels = PRESETS["laptop"]
    assert requested["name"] == f"mstar/r+2V@{pixels}"
    assert requested["training"] == replace(preset, epochs=3, augment=False, seed=4)
    assert (requested["seed"], requested["wait"]) == (4, None)


def test_without_a_preset_a_network_is_the_papers(requested):
    assert main(["train", "toys", "--experiment", "mstar/r", "--queue"]) == 130
    assert requested["name"] == "mstar/r"
    assert requested["training"] == TrainingConfig()
    assert requested["wait"] is wait_for_turn


@pytest.mark.parametrize("words", [["mstar/r@150"], ["mstar/r", "--pixels", "150"]])
def test_pixels_of_the_name_or_the_option_win_over_the_preset(requested, words):
    assert main(["train", "toys", "--preset", "laptop", "--experiment", *words]) == 130
    assert requested["name"] == "mstar/r@150"


def test_a_stopped_run_is_resumed_by_command(home, capsys, monkeypatch):
    def terminate(*_):
        os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr("galmass_core.training.model_runs.predict", terminate)
        assert main(["train", "toys", "--experiment", "mstar/power-law"]) == 130
    name = list_runs()[0].name
    row = json.loads(output(capsys, "resume", name, "--queue", "--json").out)["rows"][0]
    assert (row["run"], row["state"]) == (name, "finished")
    assert main(["stop", name]) == 2
    assert "must be queued or running to be stopped" in capsys.readouterr().err


def test_a_second_signal_does_not_disturb_how_the_first_is_obeyed(home, monkeypatch):
    def terminate(*_):
        os.kill(os.getpid(), signal.SIGTERM)

    update = RunWriter.update

    def update_and_be_told_again(writer, **entries):
        if entries.get("state") == "stopped":
            os.kill(os.getpid(), signal.SIGTERM)
        update(writer, **entries)

    monkeypatch.setattr("galmass_core.training.model_runs.predict", terminate)
    monkeypatch.setattr(RunWriter, "update", update_and_be_told_again)
    assert main(["train", "toys", "--experiment", "mstar/power-law"]) == 130
    assert [run.state for run in list_runs()] == ["stopped"]


def test_the_seed_of_the_training_is_not_that_of_the_split(requested):
    command = "train toys --experiment mstar/r --preset laptop --seed 4 --training-seed 7"
    assert main(command.split()) == 130
    assert (requested["seed"], requested["training_seed"], requested["training"].seed) == (4, 7, 7)


def test_repeats_are_runs_that_differ_only_in_the_training_seed(home, capsys):
    command = "train toys --experiment mstar/features --seed 3 --repeats 2 --json"
    assert main([*command.split(), "--out", str(home / "runs" / "trees")]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["run"] for row in rows] == ["trees-seed3", "trees-seed4"]
    assert [row["training_seed"] for row in rows] == [3, 4]
    first, second = (open_run(row["run"]) for row in rows)
    assert first.config["split"] == second.config["split"]
    assert first.config["parameters"] == second.config["parameters"] | {"seed": 3}


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (["--repeats", "0"], "must be an integer from 1, got '0'"),
        (["--seed", "100000000000000000000"], "must be an integer from 0 to 2147483647, got '1000"),
        (["--training-seed", "-1"], "must be an integer from 0 to 2147483647, got '-1'"),
        (["--workers", "1.5"], "must be an integer from 1, got '1.5'"),
    ],
)
def test_numbers_out_of_range_are_refused(words, rule, capsys):
    with pytest.raises(SystemExit):
        main(["train", "toys", "--experiment", "mstar/r", *words])
    assert rule in capsys.readouterr().err
