"""Dask itself: real workers, schedulers and sockets on this machine."""

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
from demo_folder import NAMES, write_demo_galaxies
from sample_tables import make_dataset, make_samples

import galmass_core.datasets.build
from galmass_core import cluster
from galmass_core.cluster import connect, dashboard_link, map_as_completed
from galmass_core.datasets.build import build_dataset
from galmass_core.training.runs import open_run
from galmass_core.training.several import Training, train_several


@pytest.fixture(scope="module")
def client():
    with connect("local", 2) as client:
        yield client


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Seven files: the third is cut short, the last two are galaxies 1 and 4 again."""
    folder = write_demo_galaxies(tmp_path_factory.mktemp("sources") / "cutouts")
    third = folder / "cutout_3.hdf5"
    third.write_bytes(third.read_bytes()[:5000])
    for number in (1, 4):
        again = folder / f"cutout_{number + 5}_is_{number}.hdf5"
        again.write_bytes((folder / f"cutout_{number}.hdf5").read_bytes())
    return folder


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    """Two galaxies a shard."""
    monkeypatch.setattr(galmass_core.datasets.build, "GALAXIES_PER_SHARD", 2)


@pytest.fixture(scope="module")
def whole(sources, tmp_path_factory):
    """Return the files of a data set that one process built."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(galmass_core.datasets.build, "GALAXIES_PER_SHARD", 2)
        return files(build_dataset([sources], tmp_path_factory.mktemp("whole") / "data"))


def files(dataset):
    paths = (path for path in dataset.path.rglob("*") if path.is_file())
    return {str(path.relative_to(dataset.path)): path.read_bytes() for path in paths}


def results(task, items, client):
    return dict(map_as_completed(task, items, client, lambda: None))


def square(number):
    return number**2 if number else 1 / number


def die(_):
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def dask_process(*command):
    """Run a scheduler or worker as a process of its own; yield it and the address it prints."""
    command += ("--dashboard-address", "127.0.0.1:0")
    command = [sys.executable, "-m", "dask", *command, "--host", "127.0.0.1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        address = next(found[1] for line in process.stderr if (found := ADDRESS.search(line)))
        yield process, address
    finally:
        process.kill()
        process.communicate()


ADDRESS = re.compile(r" (?:Scheduler|Start worker) at: +(tcp://\S+)")


def test_a_failed_task_stops_no_other(client):
    found = results(square, range(4), client)
    assert isinstance(found.pop(0), ZeroDivisionError)
    assert found == {1: 1, 2: 4, 3: 9}


def test_the_dashboard_of_dask_has_an_address(client):
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/status", dashboard_link(client))


# Before the tests of addresses without a scheduler: distributed 2026.8 may wait for ever where a
# client that has not connected is collected while another one starts
def test_workers_need_the_same_galmass(client, monkeypatch):
    monkeypatch.setattr(cluster, "__version__", "0.0")
    address = client.scheduler.address
    with (
        pytest.raises(
            ConnectionError, match=r"^worker tcp://\S+: must have galmass 0\.0 installed, got \d"
        ),
        connect(address),
    ):
        pass


def test_data_set_of_a_cluster_has_the_bytes_of_one_process(client, sources, whole, tmp_path):
    counts = []
    progress = lambda *reported: counts.append(reported)  # noqa: E731
    dataset = build_dataset([sources], tmp_path / "data", client=client, progress=progress)
    assert files(dataset) == whole
    assert list(dataset.excluded["name"]) == ["", NAMES[0], NAMES[3]]
    assert counts[-1][:2] == (7, 7)


def test_killed_worker_costs_only_its_shards(client, sources, whole, tmp_path):
    pids, counts = list(client.run(os.getpid).values()), []

    def kill_one(done, total, excluded):
        if not counts:
            os.kill(pids[0], signal.SIGKILL)
        counts.append(done)

    dataset = build_dataset([sources], tmp_path / "data", client=client, progress=kill_one)
    assert files(dataset) == whole
    assert len(counts) == 4


def test_task_that_kills_its_workers_is_an_error_in_words(client, monkeypatch):
    monkeypatch.setattr(client.cluster.scheduler, "allowed_failures", 0)
    (error,) = results(die, [0], client).values()
    assert isinstance(error, ChildProcessError)
    assert "worker after worker was lost in the same task" in str(error)


def test_galaxies_in_memory_are_not_sent_to_a_cluster(client, sources, tmp_path):
    galaxy = galmass_core.read_galaxy(sources / "cutout_1.hdf5")
    with pytest.raises(ValueError, match=r"sources must be files .* got galaxies in memory"):
        build_dataset([galaxy], tmp_path / "data", client=client)


def test_trainings_on_a_cluster_equal_those_in_one_process(client, tmp_path):
    dataset = make_dataset(tmp_path / "table", make_samples(60))
    names = ("mstar/power-law", "mstar/r@60", "mtot/features")  # the data set has no maps
    trainings = [Training(experiment=name, training_seed=3) for name in names]
    here = train_several(dataset, trainings, tmp_path / "here")
    there = train_several(dataset, trainings, tmp_path / "there", client=client)
    assert [path.name for path in there] == [path.name for path in here]
    assert [bool(reason) for reason in there.values()] == [False, True, False]
    for one, other in list(zip(here, there, strict=True))[::2]:
        assert open_run(other).predictions().equals(open_run(one).predictions())


def test_build_whose_scheduler_is_killed_is_resumed(sources, whole, tmp_path):
    with dask_process("scheduler", "--port", "0") as (scheduler, address):

        def kill_scheduler(*_):
            scheduler.kill()

        with (
            dask_process("worker", address, "--nthreads", "1", "--no-nanny"),
            connect(address) as client,
            pytest.raises(ConnectionError, match=r"scheduler at .* was lost; the same"),
        ):
            build_dataset([sources], tmp_path / "data", client=client, progress=kill_scheduler)
    records = list((tmp_path / "data/unfinished").glob("shard-*.json"))
    assert 1 <= len(records) < 4
    assert files(build_dataset([sources], tmp_path / "data")) == whole


def test_address_without_scheduler_is_an_error_in_words(monkeypatch):
    monkeypatch.setattr(cluster, "_CONNECT", 0.2)
    rule = "scheduler must be local or the address of a running Dask scheduler"
    with (
        pytest.raises(ConnectionError, match=rf"{rule}.*got tcp://127.0.0.1:9 "),
        connect("tcp://127.0.0.1:9"),
    ):
        pass


def test_address_that_is_none_is_an_error_in_words(monkeypatch):
    monkeypatch.setattr(cluster, "_CONNECT", 0.2)
    with pytest.raises(ConnectionError, match="scheduler must be local or"), connect("nowhere"):
        pass


def test_no_worker_is_not_allowed():
    with pytest.raises(ValueError, match="workers must be at least 1, got 0"), connect("local", 0):
        pass
