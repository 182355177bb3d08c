"""Tables that commands write: nothing that is read is replaced, and bad paths fail at once."""

import json

import pandas as pd
import pytest
from sample_tables import make_dataset, make_samples
from survey_files import Disc, write_manga

from galmass_core import api
from galmass_core.cli import main


@pytest.fixture
def maps(tmp_path):
    write_manga(tmp_path / "maps.fits.gz", Disc(shape=(31, 34)))
    return tmp_path / "maps.fits.gz"


@pytest.fixture
def trees(tmp_path, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    dataset = make_dataset(tmp_path / "toys", make_samples(100))
    return api.train(dataset, "mstar/features", out=tmp_path / "runs" / "trees")


def test_a_table_never_replaces_the_file_of_a_galaxy(maps, capsys):
    before = maps.read_bytes()
    assert main(["observe", str(maps), "--out", str(maps)]) == 2
    assert "--out: must be no file that is read" in capsys.readouterr().err
    assert maps.read_bytes() == before


@pytest.mark.parametrize("inside", ["toys/index.parquet", "runs/trees/run.json"])
@pytest.mark.parametrize("command", [["predict", "trees", "toys"], ["dynamics", "toys", "trees"]])
def test_a_table_never_replaces_a_file_of_the_data_set_or_run(
    trees, tmp_path, capsys, command, inside
):
    before = (tmp_path / inside).read_bytes()
    assert main([*command, "--out", str(tmp_path / inside)]) == 2
    assert "outside of data set and run" in capsys.readouterr().err
    assert (tmp_path / inside).read_bytes() == before


@pytest.mark.parametrize(
    ("name", "rule"), [("", "must be a file"), ("none/m.csv", "must be in a folder that exists")]
)
def test_a_path_that_cannot_be_written_is_refused_before_the_work(maps, capsys, name, rule):
    out = f"{maps.parent}/{name}"
    assert main(["observe", str(maps), "--out", out]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"galmass: --out: {rule}, got ")
    assert captured.err.count("\n") == 1
    assert [*maps.parent.iterdir()] == [maps]


def test_predictions_are_printed_as_json_and_written_as_csv(trees, tmp_path, capsys):
    out = tmp_path / "m.csv"
    assert main(["predict", "trees", "toys", "--json", "--out", str(out)]) == 0
    assert len(json.loads(capsys.readouterr().out)["rows"]) == len(pd.read_csv(out))


def test_maps_of_a_run_on_numbers_cannot_be_chosen(trees, capsys):
    assert main(["predict", "trees", "toys", "--branches", "r"]) == 2
    assert "must be a network for every set of maps, to choose r" in capsys.readouterr().err
