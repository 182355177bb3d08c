"""Tags and notes of runs, and runs that are deleted and restored."""

import json

import pytest
from sample_tables import make_dataset, make_samples

from galmass_core.benchmarks.invented import make_run
from galmass_core.check import check_folder
from galmass_core.cli import main
from galmass_core.datasets.dataset import open_dataset
from galmass_core.training.deleted import delete_run, deleted_runs, restore_run
from galmass_core.training.labels import Labels, labels_of, read_labels, write_labels
from galmass_core.training.model_runs import train_run
from galmass_core.training.run_predictions import predict_run
from galmass_core.training.run_writer import write_run
from galmass_core.training.runs import list_runs, open_run, shipped_runs


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def run(home):
    data = make_dataset(home / "toys", make_samples(60))
    return make_run(home, open_dataset(data.path), "mstar/r", 0.06)


def test_tags_and_notes_are_kept_as_text_each_tag_once(run):
    assert read_labels(run.path) == Labels()
    written = write_labels(run, [" best ", "", "<b>bold</b>", "best"], "  first line\r\nsecond ")
    assert written == Labels(("best", "<b>bold</b>"), "first line\nsecond")
    assert read_labels(run.path) == written
    write_labels(run, [], "")
    assert read_labels(run.path) == Labels()


@pytest.mark.parametrize(
    ("tags", "notes", "sentence"),
    [
        (["a,b"], "", "tags.0 must be 1 to 40 letters without comma"),
        (["x" * 41], "", "tags.0 must be"),
        (["\x1b[31mred"], "", "tags.0 must be"),
        ([], "bell\x07", "notes must be up to 4000 letters without control characters"),
        ([], "x" * 4001, "notes must be up to 4000 letters"),
    ],
)
def test_what_could_harm_a_terminal_or_is_too_long_is_refused(run, tags, notes, sentence):
    write_labels(run, ["kept"], "")
    with pytest.raises(ValueError, match=sentence):
        write_labels(run, tags, notes)
    assert read_labels(run.path).tags == ("kept",)


def test_runs_that_ship_are_read_only():
    with pytest.raises(ValueError, match="must be one of your own to have tags or notes"):
        write_labels(shipped_runs()[0], ["mine"], "")


def test_damaged_labels_are_named_and_hide_no_run(run, capsys):
    (run.path / "labels.json").write_text('{"tags": "best", "notes": ""}')
    labels, damaged = labels_of([run])
    assert labels == [Labels()]
    assert "labels.json: tags must be a list, got 'best'" in damaged[0]
    assert main(["runs"]) == 0
    listed = capsys.readouterr()
    assert "mstar/r" in listed.out
    assert "labels.json: tags must be a list" in listed.err
    assert "labels.json: tags must be a list" in " ".join(check_folder(run.path).faults)


def test_runs_command_shows_labels_in_words_and_in_json(run, capsys):
    assert main(["runs"]) == 0
    assert "tags" not in capsys.readouterr().out
    write_labels(run, ["best", "paper"], "two\nlines")
    assert main(["runs"]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.endswith("tags         notes")
    assert line.endswith("best, paper  two lines")
    assert main(["runs", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)["rows"][0]
    assert (row["tags"], row["notes"]) == (["best", "paper"], "two\nlines")


def test_labels_written_while_a_run_trains_are_no_file_of_its_result(home, run):
    config = dict(run.config)
    with write_run(home / "runs" / "new", config, {"split": run.record["split"]}) as writer:
        write_labels(open_run(writer.path), ["early"], "")
        writer.update(dataset=run.record["dataset"], metrics=run.record["metrics"])
    ended = open_run(home / "runs" / "new")
    assert "labels.json" not in ended.record["files"]
    write_labels(ended, ["late"], "")
    assert not check_folder(ended.path).faults


def test_a_deleted_run_is_listed_no_more_and_comes_back_whole(run):
    write_labels(run, ["best"], "")
    delete_run(run)
    assert list_runs() == []
    assert [each.name for each in deleted_runs()] == [run.name]
    restore_run(run.name)
    assert deleted_runs() == []
    assert read_labels(list_runs()[0].path).tags == ("best",)


def test_nothing_is_deleted_or_restored_over_another(home, run):
    delete_run(run)
    again = make_run(home, open_dataset(home / "toys"), "mstar/r", 0.06)
    with pytest.raises(ValueError, match="must not exist yet"):
        delete_run(again)
    with pytest.raises(ValueError, match="must not exist yet"):
        restore_run(run.name)
    with pytest.raises(ValueError, match="run must be one of the deleted mstar-r-0; got other"):
        restore_run("other")


def test_only_runs_at_home_that_have_ended_are_deleted(home, run):
    with pytest.raises(ValueError, match="to be deleted"):
        delete_run(shipped_runs()[0])
    with write_run(home / "runs" / "new", dict(run.config), {}) as writer:
        with pytest.raises(ValueError, match="must be stopped before it is deleted"):
            delete_run(open_run(writer.path))
        writer.update(
            dataset=run.record["dataset"],
            metrics=run.record["metrics"],
            split=run.record["split"],
        )


def test_some_samples_are_predicted_as_among_all(home):
    data = make_dataset(home / "toys", make_samples(60))
    run = train_run(data, "mtot/power-law")
    among = data.are_of(data.galaxy_names[:5])
    whole, _ = predict_run(run, data)
    some, left_out = predict_run(run, data, among)
    assert len(some) == among.sum()
    assert not left_out
    assert whole[among].reset_index(drop=True).equals(some.reset_index(drop=True))
