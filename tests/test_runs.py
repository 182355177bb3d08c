import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from galmass_core.training.run_writer import write_run
from galmass_core.training.runs import list_runs, new_run_folder, open_run, read_runs

CONFIG = {
    "experiment": "mstar/features",
    "targets": ["log_mstar_1rhsm"],
    "method": "trees",
    "features": ["abs_mag_r"],
    "split": {"kind": "galaxy", "sizes": {}, "seed": 0},
}
PROVENANCE = {"device": "cpu", "seed": 3}
AT_HOME = {  # what a finished run of the home folder has
    "dataset": {"name": "toys", "sha256": ""},
    "split": {"kind": "galaxy", "siblings": 0.0},
    "metrics": {},
}
PREDICTIONS = pd.DataFrame(
    {
        "name": ["a"],
        "los": ["x"],
        "part": ["test"],
        "target": ["t"],
        "y_true": [1.0],
        "y_pred": [1.1],
    }
)


@pytest.fixture
def finished(tmp_path):
    with write_run(tmp_path / "one", CONFIG, PROVENANCE) as writer:
        writer.write_history(pd.DataFrame({"iteration": [1, 2], "train_l2": [0.5, 0.25]}))
        writer.write_predictions(PREDICTIONS)
    return open_run(tmp_path / "one")


def test_a_run_comes_back_as_it_was_written(finished):
    assert finished.state == "finished"
    assert finished.config == CONFIG
    assert finished.history["train_l2"].tolist() == [0.5, 0.25]
    pd.testing.assert_frame_equal(finished.predictions(), PREDICTIONS, check_dtype=False)


def test_the_record_says_where_it_comes_from(finished):
    record = finished.record
    assert record["seed"] == 3
    assert record["pid"] == os.getpid()
    assert record["started"] <= record["heartbeat"] <= record["ended"]
    assert record["versions"]["numpy"]
    assert record["versions"]["python"].startswith("3.")
    if (Path(__file__).parents[1] / ".git").exists():
        assert len(record["git_commit"].removesuffix("-dirty")) == 40


def test_a_summary_is_json(finished):
    summary = json.loads(json.dumps(finished.summary()))
    assert summary["run"] == "one"
    assert (summary["experiment"], summary["state"]) == ("mstar/features", "finished")


def test_a_failed_run_keeps_its_reason(tmp_path):
    with pytest.raises(ZeroDivisionError), write_run(tmp_path / "one", CONFIG, {}):
        1 / 0  # noqa: B018
    run = open_run(tmp_path / "one")
    assert run.state == "failed"
    assert run.record["reason"] == "ZeroDivisionError: division by zero"


def test_an_interrupted_run_is_stopped(tmp_path):
    with pytest.raises(KeyboardInterrupt), write_run(tmp_path / "one", CONFIG, {}):
        raise KeyboardInterrupt
    assert open_run(tmp_path / "one").state == "stopped"


def test_a_run_that_goes_on_shows_its_progress(tmp_path):
    with write_run(tmp_path / "one", CONFIG, {}) as writer:
        writer.report(epoch=4, epochs=200)
        run = open_run(tmp_path / "one")
        assert run.state == "running"
        assert run.record["progress"] == {"epoch": 4, "epochs": 200}


@pytest.fixture(scope="module")
def killed_once(tmp_path_factory):
    """A run whose process was killed in the middle."""
    path = tmp_path_factory.mktemp("killed") / "one"
    code = (
        "import sys, time, pathlib\n"
        "from galmass_core.training.run_writer import write_run\n"
        f"with write_run(pathlib.Path(sys.argv[1]), {CONFIG!r}, {{}}):\n"
        "    print('training', flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "training\n"
        assert open_run(path).state == "running"
        process.send_signal(signal.SIGKILL)
    return path


@pytest.fixture
def killed(killed_once, tmp_path):
    """A copy of it that a test may change."""
    return shutil.copytree(killed_once, tmp_path / "one")


def test_a_killed_run_is_shown_as_died(killed):
    assert open_run(killed).state == "died"
    assert [run.state for run in list_runs(killed.parent)] == ["died"]
    assert json.loads((killed / "run.json").read_text())["state"] == "running"


def test_a_killed_run_is_taken_up_again(killed):
    with write_run(killed, CONFIG, {}):
        pass
    assert open_run(killed).state == "finished"


def test_a_run_is_not_taken_up_with_another_configuration(killed):
    with (
        pytest.raises(ValueError, match=r"same config\.json"),
        write_run(killed, CONFIG | {"features": []}, {}),
    ):
        pass
    assert open_run(killed).state == "died"


def test_a_finished_run_is_not_written_again(finished):
    with (
        pytest.raises(ValueError, match="but it is finished"),
        write_run(finished.path, CONFIG, {}),
    ):
        pass


def test_two_do_not_write_the_same_run(tmp_path):
    with (
        write_run(tmp_path / "one", CONFIG, {}),
        pytest.raises(ValueError, match="is being written by process"),
        write_run(tmp_path / "one", CONFIG, {}),
    ):
        pass


def test_there_are_no_predictions_before_the_end(killed):
    with pytest.raises(ValueError, match="must be finished to have predictions, but it is died"):
        open_run(killed).predictions()


def test_the_newest_run_is_listed_first(tmp_path):
    for name in ("b", "a"):
        with write_run(tmp_path / name, CONFIG, {}) as writer:
            writer.write_predictions(PREDICTIONS)
    assert [run.name for run in list_runs(tmp_path)] == ["a", "b"]


DAMAGES = {
    "text": ("run.json", lambda _: "hello", "must be JSON"),
    "list": ("run.json", lambda _: [], "must be a JSON object"),
    "no state": ("run.json", lambda record: record | {"state": None}, "state must be one of"),
    "other state": ("run.json", lambda record: record | {"state": "well"}, "state must be one of"),
    "no start": ("run.json", lambda record: record | {"started": 3}, "started must be a time"),
    "metrics": (
        "run.json",
        lambda record: record | {"metrics": [1]},
        "metrics must be a JSON object",
    ),
    "configuration": ("config.json", lambda _: {}, "experiment must be TARGET/INPUTS"),
    "targets": ("config.json", lambda config: config | {"targets": "a"}, "targets must be a list"),
    "gone": ("config.json", lambda _: None, "No such file"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_run_takes_no_other_down(finished, tmp_path, damage):
    other = tmp_path / "other"
    shutil.copytree(finished.path, other)
    name, change, rule = DAMAGES[damage]
    content = change(json.loads((other / name).read_text()))
    if content is None:
        (other / name).unlink()
    else:
        (other / name).write_text(content if damage == "text" else json.dumps(content))
    assert [run.name for run in list_runs(tmp_path)] == ["one"]
    ((path, reason),) = read_runs(tmp_path)[1].items()
    assert path == other
    assert f"{other / name}" in reason
    assert rule in reason
    with pytest.raises((ValueError, OSError), match=rule):
        open_run(other)


def test_a_run_opens_by_its_name_under_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    with write_run(tmp_path / "runs" / "one", CONFIG, AT_HOME):
        pass
    assert open_run("one").path == tmp_path / "runs" / "one"
    with pytest.raises(ValueError, match=r"one of one.*; got two"):
        open_run("two")


def test_a_run_that_waits_is_queued_until_its_turn(tmp_path):
    seen = []

    def wait(writer):
        seen.append(open_run(writer.path).state)

    with write_run(tmp_path / "one", CONFIG, {}, wait=wait):
        seen.append(open_run(tmp_path / "one").state)
    assert seen == ["queued", "running"]


def test_a_run_that_is_stopped_while_it_waits_is_stopped(tmp_path):
    def wait(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), write_run(tmp_path / "one", CONFIG, {}, wait=wait):
        pytest.fail("it trains")
    assert open_run(tmp_path / "one").state == "stopped"


def test_new_runs_never_share_a_folder(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: new_run_folder("mstar/features", tmp_path), range(32)))
    assert len(set(folders)) == 32
    assert all(folder.name.startswith("mstar-features-2") for folder in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "opened", "maps"),
    [
        ("r", "any-0:r", ["r"]),
        ("gr", "any-0:g,r", ["r", "g-r"]),
        ("g,r+2V", "any-0", ["r", "g-r", "V", "sigma"]),
        ("g-r", "g-r", ["g-r"]),
    ],
)
def test_the_network_that_ships_opens_by_its_maps_with_predictions(name, opened, maps):
    run = open_run(name)
    assert (run.name, run.config["maps"]) == (opened, maps)
    assert len(run.predictions()) == 3 * 891


def test_the_network_that_ships_is_calibrated_for_its_maps():
    errors = open_run("r+2V").calibration()
    assert errors["part"].unique() == ["validation"]
    assert (errors["y_pred"] - errors["y_true"]).abs().median() < 0.1
