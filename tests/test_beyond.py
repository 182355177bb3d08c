"""Tables of what goes beyond the paper, from the runs that exist."""

import json

import pytest
from sample_tables import make_dataset, make_samples

from galmass_core.benchmarks.invented import make_run
from galmass_core.beyond import SECTIONS, Subject, format_section, measure_beyond
from galmass_core.cli import main
from galmass_core.datasets.dataset import open_dataset
from galmass_core.training.curves import curve_trainings, curves_folder
from galmass_core.training.runs import Run
from galmass_core.training.several import train_several

COLUMNS = ["name", "los", "is_central", "host_group", "abs_mag_r", "g_minus_r", "log_mstar_1rhsm"]


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """The sections of a data set without runs, as the command prints them; it has one target."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.setenv("GALMASS_HOME", str(home))
        make_dataset(home / "toys", make_samples(60)[COLUMNS])
        printed = []
        patch.setattr("builtins.print", printed.append)
        assert main(["beyond", "toys", "--json"]) == 0
    return by_number(json.loads(printed[0])["rows"])


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """The sections of a data set with a group, the paper's split beside it, and a curve."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.setenv("GALMASS_HOME", str(home))
        samples = make_samples(60)[COLUMNS]
        data = make_dataset(home / "toys", samples)
        for seed in range(3):
            make_run(home, data, "mstar/r", 0.05, training_seed=seed)
        make_run(home, data, "mstar/r", 0.03, seed=7, split="paper")
        make_run(home, data, "mstar/any", 0.05)
        trainings = curve_trainings(data, "mstar/power-law", sizes=[10, 20, 40])
        train_several(data, trainings, curves_folder())
        yield by_number(measure_beyond(data))


def by(run, read=Run.whole_predictions):
    return read(run)


def by_number(sections):
    return {entry["section"]: entry for entry in sections}


def test_every_section_has_a_title_and_a_command(empty):
    assert list(empty) == [section.number for section in SECTIONS]
    assert all(entry["command"].startswith("galmass ") for entry in empty.values())
    assert all(
        format_section(entry).startswith(f"{number}. {entry['title']}\n")
        for number, entry in empty.items()
    )


def test_a_section_without_runs_says_what_makes_them(empty):
    assert empty[1]["status"] == "no runs"
    text = format_section(empty[1])
    assert "no runs; galmass train toys --experiment mstar/r --preset laptop --repeats 3" in text
    assert format_section(empty[9]).endswith("no runs; galmass switches toys --repeats 3")


def test_trees_are_measured_without_runs(empty):
    assert empty[4]["status"] == empty[8]["status"] == "measured"
    assert empty[8]["rows"][0]["table"] == "5"


def test_a_network_for_every_set_stands_beside_one_of_one_set(full):
    rows = {row["inputs"]: row for row in full[3]["rows"]}
    assert len(rows) == 15
    assert rows["g,r"]["alone"] is None
    alone = rows["r"]["alone"]
    assert len(alone["runs"]) == 3
    difference = rows["r"]["std"]["value"] - alone["std"]["value"]
    assert alone["difference"]["value"] == pytest.approx(difference)


def test_a_network_of_profiles_is_not_among_those_of_masses(full):
    (section,) = [section for section in SECTIONS if section.number == 3]
    subject = Subject(open_dataset("toys"))
    assert len(section.measure(subject)) == len(full[3]["rows"])
    for run in subject.runs:
        run.__dict__["config"] = run.config | {"method": "profile-network"}
    assert section.measure(subject) == []


def test_predictions_are_read_once_for_all_sets_and_targets(full, monkeypatch):
    whole = Subject(open_dataset("toys"))
    read = []
    monkeypatch.setattr(Run, "whole_predictions", lambda run: read.append(run.path) or by(run))
    runs = [each for run in whole.runs for each in run.with_each_inputs()]
    for run in runs:
        assert (
            len(whole.tested([run], "log_mstar_1rhsm")[0])
            == run.predictions().eval("part == 'test'").sum()
        )
    assert len(runs) > 15
    assert len(read) == len(set(read))


def test_a_group_has_its_spread(full):
    (row,) = full[1]["rows"]
    assert row["training_seeds"] == [0, 1, 2]
    assert row["spread"] > 0


def test_rows_have_their_training_set(full):
    assert {row["cohort"].partition("@")[0] for row in full[2]["rows"]} == {"toys"}


def test_curves_stand_with_what_they_support(full):
    (row,) = full[7]["rows"]
    assert [point["galaxies"] for point in row["points"]] == [10, 20, 40]
    assert "cannot be continued" in format_section(full[7])


def test_leakage_of_networks_stands_beside_that_of_trees(full):
    tables = [row["table"] for row in full[8]["rows"]]
    assert tables.count("4") == 1
    assert full[8]["rows"][-1]["leakage"]["value"] < 0


def test_a_section_that_cannot_be_measured_says_why(empty):
    entry = empty[4] | {"rows": [], "status": "not available: the data lack M*"}
    assert format_section(entry).splitlines()[1] == "not available: the data lack M*"
