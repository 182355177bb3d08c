import subprocess
import sys
from dataclasses import replace
from threading import Thread

import pytest
from sample_tables import make_dataset, make_samples

from galmass_core.training import several
from galmass_core.training.model_runs import train_run
from galmass_core.training.runs import open_run
from galmass_core.training.several import Training, TrainingTask, run_training, train_several

LINE = Training(experiment="mstar/power-law")
TREES = Training(experiment="mstar/features", seed=1, training_seed=2)
NETWORK = Training(experiment="mstar/r@60")  # the data set has no maps
HOLD = """
import sys, time
from pathlib import Path
from galmass_core.storage.lock import locked
folder = Path(sys.argv[1])
folder.mkdir()
with locked(folder):
    print("locked", flush=True)
    time.sleep(300)
"""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data") / "table", make_samples(60))


@pytest.fixture
def task(dataset, tmp_path):
    return TrainingTask(
        training=LINE,
        data=dataset.path,
        checksum=dataset.checksum,
        path=LINE.path(tmp_path, dataset.checksum),
        device="cpu",
    )


def test_training_among_several_equals_one_alone(dataset, tmp_path):
    (path,) = train_several(dataset, [TREES], tmp_path / "runs")
    alone = train_run(dataset, TREES.experiment, seed=1, training_seed=2, path=tmp_path / "alone")
    run = open_run(path)
    assert run.config == alone.config
    assert run.predictions().equals(alone.predictions())


def test_failed_training_stops_no_other(dataset, tmp_path):
    counts = []
    reasons = train_several(
        dataset, [NETWORK, LINE], tmp_path, progress=lambda *reported: counts.append(reported)
    )
    first, second = reasons
    assert "the data have only tables" in reasons[first]
    assert reasons[second] == ""
    assert counts == [(1, 2, 1), (2, 2, 1)]


def test_finished_training_is_not_repeated(dataset, tmp_path, monkeypatch):
    (path,) = train_several(dataset, [LINE], tmp_path)
    monkeypatch.setattr(several, "train_run", lambda *_, **__: pytest.fail("trained again"))
    assert train_several(dataset, [LINE], tmp_path) == {path: ""}


def test_every_configuration_has_a_folder_of_its_own(tmp_path):
    changes = ({}, {"seed": 1}, {"training_seed": 1}, {"split": "paper"}, {"features": ("a",)})
    paths = {replace(LINE, **change).path(tmp_path, "0") for change in changes}
    assert len({*paths, LINE.path(tmp_path, "1")}) == 6


def test_training_waits_for_a_lost_worker_that_is_still_training(task):
    holder = subprocess.Popen([sys.executable, "-c", HOLD, task.path], stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"locked\n"
        reasons = []
        waiting = Thread(target=lambda: reasons.append(run_training(task)))
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
    finally:
        holder.kill()
        holder.communicate()
    waiting.join(60)
    assert reasons == [""]
    assert open_run(task.path).state == "finished"


def test_worker_with_another_galmass_is_refused(task):
    assert "must have galmass 9.9, as the client" in run_training(replace(task, version="9.9"))


def test_worker_that_sees_no_folder_of_runs_is_refused(task, tmp_path):
    reason = run_training(replace(task, path=tmp_path / "nowhere/run"))
    assert "nowhere: must be a folder that the Dask worker on" in reason


def test_worker_that_sees_another_data_set_is_refused(task):
    assert "but it sees another" in run_training(replace(task, checksum="0"))
