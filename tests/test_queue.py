import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from forks import FORKS
from sample_tables import make_dataset, make_samples

from galmass_core.datasets.dataset import open_dataset
from galmass_core.datasets.dataset_tables import replace_samples
from galmass_core.learning.fitting import predict
from galmass_core.storage.atomic import write_json
from galmass_core.storage.lock import identity
from galmass_core.training import queue
from galmass_core.training.model_runs import train_run
from galmass_core.training.queue import resume_run, stop_run
from galmass_core.training.run_writer import write_run
from galmass_core.training.runs import open_run

CONFIG = {
    "experiment": "mstar/features",
    "targets": ["log_mstar_1rhsm"],
    "method": "trees",
    "split": {"kind": "galaxy", "sizes": {}, "seed": 0},
}
PROVENANCE = {
    "dataset": {"name": "toys", "sha256": ""},
    "split": {"kind": "galaxy", "siblings": 0.0},
    "metrics": {},
}


class Waiter:
    """A process that comes to the queue, and trains until it is let go."""

    def __init__(self, home, name):
        self.line, theirs = FORKS.Pipe()
        self.process = FORKS.Process(target=wait_and_train, args=(home, name, theirs))
        self.process.start()
        theirs.close()

    def trains(self):
        """Wait until it trains; False if it ends before."""
        try:
            return self.line.recv()
        except EOFError:
            return False

    def let_go(self):
        self.line.send(None)
        assert self.ended() == 0

    def ended(self):
        """Wait until it ends; return its exit code."""
        self.process.join()
        return self.process.exitcode

    def kill(self):
        self.process.kill()
        self.process.join()


def wait_and_train(home, name, line):
    """Come to the queue of a home folder in a process of its own."""
    os.environ["GALMASS_HOME"] = str(home)
    queue.LOOK_EVERY = 0.05
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with write_run(home / "runs" / name, CONFIG, PROVENANCE, wait=queue.wait_for_turn):
            line.send(True)
            line.recv()
    except KeyboardInterrupt:
        sys.exit(130)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def come(home):
    """Let processes come to the queue, one after the other; they train until they are let go."""
    waiters = []

    def come(name):
        waiters.append(Waiter(home, name))
        wait_for(lambda: (home / "runs" / name / "run.json").exists())
        return waiters[-1]

    yield come
    for waiter in waiters:
        waiter.kill()


@pytest.fixture
def stopped(home, monkeypatch):
    """A run on toys that was stopped before its predictions."""
    data = make_dataset(home / "toys", make_samples(100))
    monkeypatch.setattr("galmass_core.training.model_runs.predict", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_run(data, "mstar/power-law", split="paper", seed=3, path=home / "runs" / "one")
    monkeypatch.setattr("galmass_core.training.model_runs.predict", predict)
    return open_run("one")


def interrupted(*_):
    raise KeyboardInterrupt


def wait_for(condition):
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def state(name):
    return open_run(name).state


def test_runs_train_one_at_a_time_in_the_order_they_came(come):
    first, second, third = (come(name) for name in "cab")
    assert first.trains()
    assert [state(name) for name in "cab"] == ["running", "queued", "queued"]
    first.let_go()
    assert second.trains()
    time.sleep(0.3)
    assert [state(name) for name in "cab"] == ["finished", "running", "queued"]
    second.let_go()
    assert third.trains()


def test_one_that_died_keeps_nobody_waiting(come):
    running, queued, last = (come(name) for name in "abc")
    assert running.trains()
    queued.kill()
    running.kill()
    assert last.trains()
    assert [state(name) for name in "abc"] == ["died", "died", "running"]


def test_a_training_outside_the_queue_is_waited_for(home, come):
    with write_run(home / "runs" / "z", CONFIG, PROVENANCE):
        waiter = come("a")
        time.sleep(0.3)
        assert state("a") == "queued"
    assert waiter.trains()


def test_a_queued_and_a_running_run_can_be_stopped(come):
    running, queued = come("a"), come("b")
    assert running.trains()
    stop_run(open_run("b"))
    stop_run(open_run("a"))
    wait_for(lambda: [state(name) for name in "ab"] == ["stopped", "stopped"])
    assert running.ended() != 0
    assert queued.ended() != 0


def test_only_a_run_under_way_can_be_stopped(home):
    with write_run(home / "runs" / "a", CONFIG, PROVENANCE):
        pass
    with pytest.raises(ValueError, match=r"run a must be queued or running .* it is finished"):
        stop_run(open_run("a"))


def test_a_process_that_only_has_the_number_is_not_stopped(home, monkeypatch):
    signals = []
    monkeypatch.setattr(os, "kill", lambda *signalled: signals.append(signalled))
    folder = home / "runs" / "a"
    with write_run(folder, CONFIG, PROVENANCE):
        run = open_run("a")
        lock = json.loads((folder / "lock").read_text())
        (folder / "lock").write_text(json.dumps(lock | {"process_start": 1}))
        with pytest.raises(ValueError, match=r"a process of this machine .* there is none"):
            stop_run(run)
        (folder / "lock").write_text(json.dumps(identity() | {"host": "far", "process_start": 1}))
        with pytest.raises(ValueError, match="it is on far"):
            stop_run(run)
        assert not signals
        (folder / "lock").write_text(json.dumps(identity()))
        stop_run(run)
    assert signals == [(os.getpid(), signal.SIGTERM)]


def test_a_stopped_run_goes_on_as_it_was_asked_for(stopped):
    assert stopped.state == "stopped"
    run, data = resume_run(stopped)
    assert (run.path, run.state, run.config) == (stopped.path, "finished", stopped.config)
    assert run.config["split"] == {"kind": "paper", "seed": 3} | run.config["split"]
    assert data.path == Path(stopped.record["dataset"]["path"])


def test_a_finished_run_is_returned_as_it_is(stopped):
    run, _ = resume_run(stopped)
    assert resume_run(run)[0].record == run.record


def test_a_run_does_not_go_on_with_other_data(stopped, home):
    data = open_dataset(home / "toys")
    replace_samples(data, data.samples.assign(log_mstar_1rhsm=10.0))
    with pytest.raises(ValueError, match="must be as it was when run one began"):
        resume_run(stopped)
    assert open_run("one").state == "stopped"


def test_a_run_does_not_go_on_without_its_data(stopped, home):
    open_dataset(home / "toys").path.rename(home / "elsewhere")
    with pytest.raises(ValueError, match="must be a data-set folder"):
        resume_run(stopped)


def test_a_resumed_run_keeps_its_draw_of_training_galaxies(home):
    data = make_dataset(home / "toys", make_samples(100))
    path = home / "runs" / "one"
    run = train_run(data, "mstar/power-law", training_seed=8, galaxies=30, path=path)
    write_json(path / "run.json", run.record | {"state": "stopped"})
    resumed, _ = resume_run(open_run("one"))
    assert resumed.config["split"]["galaxies"] == 30
    assert resumed.record["counts"]["train"] == 90


def test_a_resumed_run_keeps_the_seed_of_its_training(home, monkeypatch):
    data = make_dataset(home / "toys", make_samples(100))
    monkeypatch.setattr("galmass_core.training.model_runs.predict", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_run(data, "mstar/features", seed=3, training_seed=8, path=home / "runs" / "one")
    monkeypatch.setattr("galmass_core.training.model_runs.predict", predict)
    run, _ = resume_run(open_run("one"))
    assert (run.training_seed, run.config["split"]["seed"]) == (8, 3)
