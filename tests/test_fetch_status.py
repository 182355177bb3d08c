"""How a fetch stands: its file, the end of its process, and what the command prints of it."""

import json
import os
import shutil

import pytest
from tng_api import KEY, RUN, SNAPSHOT, TngApi, fetch, quick_client

from galmass_core.cli import main
from galmass_core.datasets.dataset import open_dataset
from galmass_core.fetch import sample, status
from galmass_core.fetch.errors import KeyRefusedError, NothingWorksError
from galmass_core.fetch.plan import BYTES_OF_MAPS, plan
from galmass_core.fetch.sample import fetch_cutouts, open_fetcher
from galmass_core.fetch.status import (
    announce,
    note_fault,
    read_status,
    size_text,
    write_status,
)
from galmass_core.storage.lock import locked

REQUEST = {"suite": RUN, "snapshot": None, "where": None, "limit": None, "build": None, "also": []}


@pytest.fixture
def server():
    with TngApi() as running:
        yield running


@pytest.fixture
def client(server):
    return quick_client(server)


@pytest.fixture
def in_the_environment(server, monkeypatch):
    monkeypatch.setenv("TNG_API_KEY", KEY)
    monkeypatch.setenv("TNG_API_URL", server.base)


def test_finished_fetch_counts_galaxies_and_bytes(client, tmp_path):
    fetch(client, tmp_path, limit=3)
    content = read_status(tmp_path).content
    assert (content["state"], content["stage"]) == ("finished", "cutouts")
    assert (content["done"], content["total"], content["failed"]) == (3, 3, 0)
    assert content["bytes"] == content["all_bytes"] == 3 * (200 * 92 + 150 * 24 + 28) + 2 * 10000
    assert content["request"] == REQUEST | {"snapshot": SNAPSHOT, "limit": 3}


def test_status_is_written_while_galaxies_come(client, tmp_path, monkeypatch):
    monkeypatch.setattr(status, "EVERY", -1.0)
    monkeypatch.setattr(status, "_SHORTEST", 0.0)
    seen = []
    with open_fetcher(client, RUN, SNAPSHOT, tmp_path) as fetcher:
        fetch_cutouts(fetcher, tmp_path, lambda *_: seen.append(read_status(tmp_path)))
    assert [one.content["done"] for one in seen] == [1, 2, 3, 4]
    assert {one.state for one in seen} == {"running"}
    assert seen[-2].content["seconds_left"] > 0


def test_galaxies_that_failed_have_reasons(server, client, tmp_path):
    server.faults["subhalos/1/cutout"] = [404]
    fetch(client, tmp_path)
    found = read_status(tmp_path)
    assert found.content["failed"] == 1
    assert "there is nothing at this address (404)" in found.content["reasons"][0]
    assert "(404)" in found.last_fault


def test_fault_that_another_attempt_cures_is_noted(server, client, tmp_path):
    server.faults["subhalos/1/cutout"] = [504]
    fetch(client, tmp_path)
    assert read_status(tmp_path).last_fault == (
        f"{RUN}/snapshots/99/subhalos/1/cutout.hdf5: status 504; trying again in 0 s"
    )


def test_faults_of_an_earlier_fetch_are_not_the_last(tmp_path):
    for _ in range(50):  # a fault and the next start often fall into one millisecond
        note_fault(tmp_path, "old")
        announce(tmp_path, REQUEST)
        assert read_status(tmp_path).last_fault == ""


def test_refused_key_ends_with_the_reason(client, tmp_path):
    client.key = "wrong"
    with pytest.raises(KeyRefusedError):
        fetch(client, tmp_path)
    found = read_status(tmp_path)
    assert found.state == "failed"
    assert (
        "the API must accept the key in TNG_API_KEY, but refuses it (403)"
        in (found.content["reason"])
    )


def test_interrupted_fetch_is_stopped(tmp_path):
    with pytest.raises(KeyboardInterrupt), write_status(tmp_path, REQUEST):
        raise KeyboardInterrupt
    assert read_status(tmp_path).state == "stopped"


def test_fetch_without_a_process_has_died(tmp_path):
    with write_status(tmp_path, REQUEST):
        text = (tmp_path / "status.json").read_text()
    (tmp_path / "status.json").write_text(text)
    assert read_status(tmp_path).state == "died"


def test_fetch_that_does_not_come_up_has_died(tmp_path):
    announce(tmp_path, REQUEST)
    assert read_status(tmp_path).state == "starting"
    os.utime(tmp_path / "status.json", (1e9, 1e9))
    assert read_status(tmp_path).state == "died"


def test_process_that_is_refused_leaves_the_status_of_the_other(tmp_path):
    with (
        write_status(tmp_path, REQUEST),
        pytest.raises(ValueError, match="is being written by process"),
        write_status(tmp_path, REQUEST | {"limit": 1}),
    ):
        pass
    assert read_status(tmp_path).request == REQUEST


def test_folder_that_is_deleted_ends_the_fetch(client, tmp_path, monkeypatch):
    monkeypatch.setattr(status, "EVERY", -1.0)
    folder = tmp_path / "tng"
    message = "tng: must stay there while galaxies are fetched, but it is gone"
    with (
        pytest.raises(NothingWorksError, match=message),
        open_fetcher(client, RUN, SNAPSHOT, folder) as fetcher,
    ):
        fetch_cutouts(fetcher, folder, lambda *_: shutil.rmtree(folder, ignore_errors=True))


def test_disk_that_is_too_small_is_found_before_any_cutout(server, client, tmp_path, monkeypatch):
    monkeypatch.setattr("galmass_core.fetch.plan.free_bytes", lambda _: 5000)
    message = r"the disk must have 118 kB free for 4 galaxies, got 5.0 kB"
    with pytest.raises(NothingWorksError, match=message):
        fetch(client, tmp_path)
    assert not server.requests_for("cutout")


def test_maps_need_less_space_than_large_cutouts(client, tmp_path):
    kept = plan(client, RUN, SNAPSHOT, tmp_path)
    built = plan(client, RUN, SNAPSHOT, tmp_path, build=tmp_path / "maps")
    assert kept.disk_bytes == kept.catalogue_bytes + kept.cutout_bytes
    assert built.disk_bytes == kept.disk_bytes + 4 * BYTES_OF_MAPS  # four come at a time


def test_condition_is_one_on_the_catalogue(client, tmp_path):
    assert fetch(client, tmp_path, where="is_central").galaxies == 2
    with open_fetcher(client, RUN, SNAPSHOT, tmp_path, where="is_central") as fetcher:
        assert fetcher.subhaloes.index.to_list() == [0, 2]
        assert dict(fetcher.left_out) == {"does not fulfil is_central": 2}
    assert plan(client, RUN, SNAPSHOT, tmp_path, where="not is_central").missing == 2


@pytest.mark.parametrize("where", ["mass > 10", "log_mstar >"])
def test_condition_is_checked_before_anything_is_requested(server, client, tmp_path, where):
    for attempt in (plan, fetch_nothing):
        with pytest.raises(ValueError, match=r"filter|column"):
            attempt(client, RUN, SNAPSHOT, tmp_path / "tng", where=where)
    assert not server.log
    assert not (tmp_path / "tng").exists()


def fetch_nothing(*arguments, **options):
    with open_fetcher(*arguments, **options):
        pass


def test_no_galaxy_fulfils_the_condition(client, tmp_path):
    with pytest.raises(ValueError, match="the paper's sample with log_mstar > 20, got none of 6"):
        fetch(client, tmp_path, where="log_mstar > 20")


@pytest.mark.usefixtures("in_the_environment")
def test_dry_run_as_json(tmp_path, capsys):
    assert main(["fetch", "--out", str(tmp_path / "tng"), "--dry-run", "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert (planned["galaxies"], planned["is_estimate"]) == (4, True)
    assert planned["free_bytes"] > planned["disk_bytes"] > 0
    assert not (tmp_path / "tng").exists()


@pytest.mark.usefixtures("in_the_environment")
def test_build_on_arrival_writes_its_status(server, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sample, "WORKERS", 1)
    server.faults["subhalos/1/cutout"] = [404]
    arguments = ["--out", str(tmp_path / "tng"), "--build", str(tmp_path / "maps")]
    assert main(["fetch", *arguments, "--where", "is_central or host_group == 0"]) == 0
    content = read_status(tmp_path / "tng").content
    assert (content["state"], content["stage"], content["failed"]) == ("finished", "maps", 1)
    assert (content["done"], content["total"]) == (3, 3)
    assert content["bytes"] == content["all_bytes"]
    assert "(404)" in content["reasons"][0]
    data = open_dataset(tmp_path / "maps")
    assert data.info["selection"] == {"does not fulfil is_central or host_group == 0": 1}
    shown = capsys.readouterr().err
    assert "excluded=1" in shown
    assert KEY not in shown + json.dumps(content)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (75e9, "75.0 GB"), (2e12, "2.0 TB")],
)
def test_sizes_as_text(size, text):
    assert size_text(size) == text


def test_locked_folder_without_status_is_no_fetch(tmp_path):
    with locked(tmp_path), pytest.raises(FileNotFoundError):
        read_status(tmp_path)
