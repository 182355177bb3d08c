import json
import shutil
from math import nan

import h5py
import pytest
from sample_tables import make_dataset, make_samples
from toy_maps import make_map_dataset

from galmass_core.check import check_folder
from galmass_core.cli import main as galmass
from galmass_core.datasets.dataset import open_dataset
from galmass_core.datasets.dataset_tables import replace_samples
from galmass_core.datasets.folders import DataSetError, shard_path
from galmass_core.storage.checksums import checksum
from galmass_core.training.model_runs import train_run
from galmass_core.training.run_files import record_rule
from galmass_core.training.run_predictions import load_model, predict_run
from galmass_core.training.runs import open_run


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A home with maps of six galaxies, a table of 40, and a run on it."""
    home = tmp_path_factory.mktemp("good") / "home"
    make_map_dataset(home / "maps", 6)
    (home / "maps" / "unfinished").rmdir()
    table = make_dataset(home / "table", make_samples(40))
    train_run(table, "mstar/power-law", path=home / "runs" / "formula")
    return home


@pytest.fixture
def home(good, tmp_path, monkeypatch):
    """A copy of it that a test may change."""
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path / "home"))
    return shutil.copytree(good, tmp_path / "home")


def alter(path, **changes):
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | changes))


def test_a_whole_home_has_nothing_wrong(good, capsys):
    assert galmass(["check", str(good)]) == 0
    assert capsys.readouterr().out == f"{good}: 46 galaxies, 13 files: nothing wrong\n"


def test_rows_of_a_shard_in_another_order_are_found(home, capsys):
    with h5py.File(shard_path(home / "maps", 0), "r+") as shard:
        shard["light"][()] = shard["light"][()][::-1]
    assert galmass(["check", "maps"]) == 1
    assert "shard-00000.h5: sha256 must be" in capsys.readouterr().out


def test_faults_come_as_json(home, capsys):
    (home / "table" / "excluded.parquet").unlink()
    assert galmass(["check", "--json"]) == 1
    (report,) = json.loads(capsys.readouterr().out)
    assert report["galaxies"] == 6
    assert "excluded.parquet: must be a file, got nothing" in report["faults"][0]


def test_another_folder_is_refused(tmp_path, capsys):
    assert galmass(["check", str(tmp_path)]) == 2
    assert "must be a data set, a run or a home folder" in capsys.readouterr().err


def test_data_without_checksums_open_and_are_listed(home):
    folder = home / "maps"
    content = json.loads((folder / "dataset.json").read_text())
    del content["tables"]
    content["shards"] = {name: {} for name in content["shards"]}
    (folder / "dataset.json").write_text(json.dumps(content))
    assert open_dataset(folder).maps("synthetic/table/0/1", "x") is not None
    report = check_folder(folder)
    assert report.faults == []
    assert len(report.unrecorded) == 3


def test_counts_unlike_the_index_are_found(home):
    alter(home / "table" / "dataset.json", counts={"galaxies": 3, "samples": 120, "excluded": 0})
    (fault,) = check_folder(home / "table").faults
    assert fault.endswith("counts.galaxies must be 40, as in index.parquet, got 3")


def test_a_model_is_checked_before_it_is_loaded(home):
    run = open_run("formula")
    content = (run.path / "model.json").read_text()
    (run.path / "model.json").write_text(content.replace("1", "2"))
    with pytest.raises(ValueError, match=r"model.json: sha256 must be .*, as when it was written"):
        load_model(run)
    with pytest.raises(ValueError, match=r"model.json: sha256 must be"):
        predict_run(run, open_dataset("table"))


def test_predictions_of_other_galaxies_are_found(home):
    run = open_run("formula")
    path = run.path / "predictions.parquet"
    table = run.predictions()
    table.assign(y_true=table["y_true"] + 1).to_parquet(path)
    files = run.record["files"] | {path.name: checksum(path)}
    alter(run.path / "run.json", files=files)
    (fault,) = check_folder(run.path).faults
    assert "predictions.parquet: y_true of synthetic/table/0/" in fault


def test_a_run_at_home_without_a_split_is_damaged(home, capsys):
    path = home / "runs" / "formula" / "config.json"
    content = json.loads(path.read_text())
    del content["split"]
    path.write_text(json.dumps(content))
    assert galmass(["runs"]) == 0
    assert f"damaged: {path}: split must be a JSON object" in capsys.readouterr().err


def test_a_data_set_whose_maps_have_no_sizes_is_described(home, capsys):
    assert galmass(["info", "maps"]) == 0
    assert "light on ?², kinematics on ?² pixels over ±3 R_hsm" in capsys.readouterr().out


def test_a_record_that_is_no_file_is_one_fault_in_one_line(home, capsys):
    (home / "runs" / "formula" / "run.json").unlink()
    (home / "runs" / "formula" / "run.json").symlink_to("/dev/null")
    assert galmass(["check", str(home)]) == 1
    assert capsys.readouterr().out.count("run.json: must be a file") == 1


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"metrics": {}}, "metrics.log_mstar_1rhsm must be a JSON object, got nothing"),
        (
            {"metrics": {"log_mstar_1rhsm": {"std": {"value": None, "low": 0.1, "high": 0.1}}}},
            "metrics.log_mstar_1rhsm.std.value must be a number, got None",
        ),
        ({"subsets": {"r": {}}}, "subsets.2V must be a JSON object, got nothing"),
    ],
)
def test_a_network_has_errors_of_its_target_from_every_set_of_maps(tmp_path, changes, rule):
    score = {"log_mstar_1rhsm": {"std": {"value": 0.1, "low": 0.09, "high": 0.11}, "n": 9}}
    record = {"metrics": score, "subsets": {"r": score, "2V": score}} | changes
    config = {"method": "network", "targets": ["log_mstar_1rhsm"], "subsets": ["r", "2V"]}
    faults = record_rule(tmp_path / "runs" / "one", config, "finished").faults(record)
    found = [f"{place} must be {words}, got {value}" for place, words, value in faults]
    assert rule in found


def test_a_scatter_that_is_not_known_is_infinite(home):
    assert open_run("formula").scatter("log_mstar_1rhsm") < 1
    alter(
        home / "runs" / "formula" / "run.json",
        metrics={"log_mstar_1rhsm": {"std": dict.fromkeys(("value", "low", "high"), nan), "n": 9}},
    )
    assert open_run("formula").scatter("log_mstar_1rhsm") == float("inf")


def test_a_join_that_was_killed_before_the_index_leaves_a_usable_data_set(home, monkeypatch):
    data = open_dataset("table")
    monkeypatch.setattr("galmass_core.datasets.dataset_tables.publish", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        replace_samples(data, data.samples.assign(bar=1.0))
    assert "bar" not in open_dataset("table").samples
    assert check_folder(home / "table").faults == []


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"row": 99}, "row must be below the 18 of shard 0, got 99"),
        ({"shard": 7}, "shard must be one of 1 in dataset.json, got 7"),
        ({"name": "one"}, "name must be suite/simulation/snapshot/subhalo, got 'one'"),
        ({"los": "x"}, "name must be there once for each los"),
        ({"log_mstar_1rhsm": "heavy"}, "log_mstar_1rhsm must be numbers"),
    ],
)
def test_samples_that_cannot_be_are_refused(home, changes, rule):
    data = open_dataset("maps")
    replace_samples(data, data.samples.assign(**changes))
    with pytest.raises(DataSetError, match=rule):
        open_dataset("maps")


def test_scales_that_are_not_finite_are_refused(home):
    path = shard_path(home / "maps", 0)
    with h5py.File(path, "r+") as shard:
        shard["light_scale"][0] = float("nan")
    with pytest.raises(DataSetError, match=r"shard-00000.h5: light_scale must be finite"):
        open_dataset("maps").maps("synthetic/table/0/1", "x")
