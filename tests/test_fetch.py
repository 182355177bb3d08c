import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import tng_api
from tng_api import KEY, RUN, SNAPSHOT, TngApi, fetch, quick_client

from galmass_core.cli import main
from galmass_core.datasets.build import build_dataset
from galmass_core.datasets.dataset import open_dataset
from galmass_core.fetch import client as api
from galmass_core.fetch import remote, sample
from galmass_core.fetch.answers import secure_redirect
from galmass_core.fetch.catalogue import catalogue_path
from galmass_core.fetch.client import Client
from galmass_core.fetch.cutouts import FIELDS
from galmass_core.fetch.errors import ApiError, KeyRefusedError, NotFoundError, NothingWorksError
from galmass_core.fetch.key import key_from_environment
from galmass_core.fetch.plan import plan
from galmass_core.fetch.remote import find_remote
from galmass_core.fetch.sample import fetch_cutouts, fetch_file, open_fetcher
from galmass_core.galaxy import GalaxyFileError, UnavailableError
from galmass_core.sources import read_galaxy
from galmass_core.sources.group_catalogue import read_group_catalogue
from galmass_core.storage.lock import locked


@pytest.fixture
def server():
    with TngApi() as running:
        yield running


@pytest.fixture
def client(server):
    return quick_client(server)


def test_sample_is_fetched_and_can_be_built(client, tmp_path):
    fetched = fetch(client, tmp_path / "tng")
    assert (fetched.galaxies, fetched.failed) == (4, {})
    cutouts = tmp_path / "tng" / "cutouts"
    assert sorted(path.name for path in cutouts.glob("*.hdf5")) == [
        f"cutout_{subhalo}.hdf5" for subhalo in range(4)
    ]
    dataset = build_dataset([cutouts], tmp_path / "maps")
    assert dataset.galaxy_names == [f"TNG/TNG100-1/99/{subhalo}" for subhalo in range(4)]
    assert dataset.excluded.empty


def test_galaxy_has_the_catalogues_centre_size_and_host(client, tmp_path):
    fetch(client, tmp_path)
    galaxy = read_galaxy(tmp_path / "cutouts" / "cutout_1.hdf5")
    catalogue = read_group_catalogue(tmp_path).subhaloes.loc[1]
    assert galaxy.half_mass_radius == pytest.approx(catalogue["half_mass_radius"], rel=1e-6)
    assert (galaxy.is_central, galaxy.host_group) == (False, 0)
    assert galaxy.is_cosmological


def test_galaxy_without_gas_has_none(client, tmp_path):
    fetch(client, tmp_path)
    assert len(read_galaxy(tmp_path / "cutouts" / "cutout_2.hdf5").gas) == 3  # wind


def test_only_needed_fields_are_requested(server, client, tmp_path):
    fetch(client, tmp_path, limit=1)
    (path,) = server.requests_for("cutout.hdf5")
    assert "dm=Coordinates&" in path
    assert f"stars={','.join(FIELDS['stars'])}" in path


def test_key_is_sent_to_the_api_only(server, client, tmp_path):
    fetch(client, tmp_path)
    assert {has_key for host, _, has_key in server.log if host == "127.0.0.1"} == {True}
    assert {has_key for host, _, has_key in server.log if host == "localhost"} == {False}


def test_key_is_neither_printed_nor_stored(server, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("TNG_API_KEY", KEY)
    monkeypatch.setattr(api, "BASE", server.base)
    assert main(["fetch", "--out", str(tmp_path / "tng"), "--limit", "2"]) == 0
    server.faults["snapshots"] = [404]
    assert main(["fetch", "--out", str(tmp_path / "tng"), "--limit", "2"]) == 2
    assert KEY not in "".join(capfd.readouterr())
    assert KEY not in repr(Client(key=KEY))
    for path in tmp_path.rglob("*.*"):
        assert KEY.encode() not in path.read_bytes()


@pytest.mark.parametrize(
    "kind", [401, 429, {"Retry-After": "0"}, 500, 504, 520, "short", "cut", "html"]
)
def test_passing_faults_are_tried_again(server, client, tmp_path, kind):
    server.faults["subhalos/1/cutout"] = [kind, kind]
    fetched = fetch(client, tmp_path)
    assert fetched.failed == {}
    assert len(server.requests_for("subhalos/1/cutout")) == 3
    assert not list(tmp_path.rglob("*.part"))


def test_answer_that_a_proxy_has_packed_is_unpacked(server, client, tmp_path):
    server.faults["subhalos/1/cutout"] = ["gzip"]
    assert fetch(client, tmp_path).failed == {}
    assert len(server.requests_for("subhalos/1/cutout")) == 1


def test_slow_answer_is_tried_again(server, tmp_path):
    server.faults["subhalos/1/cutout"] = ["slow"]
    assert fetch(quick_client(server, timeout=(1.0, 0.5)), tmp_path).failed == {}
    assert len(server.requests_for("subhalos/1/cutout")) == 2


def test_refusal_by_the_data_host_is_tried_again_from_the_api(server, client, tmp_path):
    server.faults["subhalos/1/cutout"] = [403]
    assert fetch(client, tmp_path).failed == {}
    assert len(server.requests_for("subhalos/1/cutout")) == 2


def test_galaxy_that_cannot_be_fetched_stops_no_other_and_is_fetched_later(
    server, client, tmp_path
):
    server.faults["subhalos/1/cutout"] = [500] * 4
    fetched = fetch(client, tmp_path)
    assert fetched.galaxies == 3
    assert list(fetched.failed) == [1]
    assert "no good answer in 4 attempts; the last: status 500" in fetched.failed[1]
    assert "token" not in fetched.failed[1]
    assert fetch(client, tmp_path).failed == {}


def test_file_with_other_rows_than_the_catalogue_is_not_kept(server, client, tmp_path):
    server.galaxies[1]["PartType4"]["Masses"] = server.galaxies[1]["PartType4"]["Masses"][:-1]
    failed = fetch(client, tmp_path).failed
    assert "PartType4/Masses must have 200 rows, as in the catalogue, got 199" in failed[1]
    assert not (tmp_path / "cutouts" / "cutout_1.hdf5").exists()


def test_species_that_is_counted_but_absent_is_an_error_of_that_galaxy(server, client, tmp_path):
    with open_fetcher(client, RUN, SNAPSHOT, tmp_path) as fetcher:
        del server.galaxies[1]["PartType0"]
        failed = fetch_cutouts(fetcher, tmp_path).failed
    assert list(failed) == [1]
    assert "PartType0/Coordinates must be there, got none" in failed[1]


def test_only_fields_that_the_api_does_not_have_are_left_out(server, client, tmp_path):
    server.absent = {"Potential", "StellarHsml"}
    assert fetch(client, tmp_path).failed == {}
    for subhalo in range(4):
        with h5py.File(tmp_path / "cutouts" / f"cutout_{subhalo}.hdf5") as file:
            assert set(FIELDS["stars"]) - set(file["PartType4"]) == server.absent
    assert not list((tmp_path / "cutouts").glob("*.field"))


def test_refusal_of_one_galaxy_leaves_out_no_field(server, client, tmp_path):
    server.faults["subhalos/1/cutout"] = [400]
    assert list(fetch(client, tmp_path).failed) == [1]
    assert fetch(client, tmp_path).failed == {}
    for subhalo in range(4):
        with h5py.File(tmp_path / "cutouts" / f"cutout_{subhalo}.hdf5") as file:
            assert set(file["PartType4"]) == set(FIELDS["stars"])


def test_field_that_every_galaxy_needs_is_reported(server, client, tmp_path):
    server.absent = {"GFM_Metallicity"}
    failed = fetch(client, tmp_path).failed
    assert "the API does not have what was requested (400)" in failed[0]


def test_second_fetch_asks_for_nothing_again(server, client, tmp_path):
    fetch(client, tmp_path)
    server.log.clear()
    assert fetch(client, tmp_path).galaxies == 4
    assert not server.requests_for("cutout")
    assert not server.requests_for("groupcat")


def test_manifest_lists_every_cutout_once(client, tmp_path):
    fetch(client, tmp_path, limit=2)
    with (tmp_path / "manifest.csv").open("a") as stream:
        stream.write("3,12")  # cut by a kill
    fetch(client, tmp_path)
    fetch(client, tmp_path)
    manifest = pd.read_csv(tmp_path / "manifest.csv")
    assert sorted(manifest["subhalo"]) == [0, 1, 2, 3]
    sizes = [(tmp_path / "cutouts" / f"cutout_{n}.hdf5").stat().st_size for n in range(4)]
    assert manifest.sort_values("subhalo")["bytes"].tolist() == sizes


def test_manifest_follows_the_cutouts_that_are_there(client, tmp_path):
    fetch(client, tmp_path, limit=2)
    (tmp_path / "cutouts" / "cutout_0.hdf5").unlink()
    for suffix in ("hdf5", "json"):
        (tmp_path / "cutouts" / f"cutout_copy.{suffix}").touch()  # of another's
    assert fetch(client, tmp_path, limit=3).galaxies == 3
    assert pd.read_csv(tmp_path / "manifest.csv")["subhalo"].sort_values().to_list() == [0, 1, 2]


def test_two_fetches_into_one_folder_are_refused(client, tmp_path):
    message = "is being written by process"
    with locked(tmp_path), pytest.raises(ValueError, match=message):
        fetch(client, tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_full_disk_stops_with_the_file_named(client, tmp_path):
    (tmp_path / "cutouts").mkdir()
    (tmp_path / "cutouts" / "cutout_1.hdf5.part").symlink_to("/dev/full")
    with pytest.raises(NothingWorksError, match=r"cutout_1.hdf5: must be written, but: No space"):
        fetch(client, tmp_path)


def test_catalogue_comes_in_chunks_where_single_fields_do_not(server, client, tmp_path):
    server.one_field_files = False
    fetch(client, tmp_path, limit=1)
    whole = read_group_catalogue(tmp_path).subhaloes
    assert len(whole) == 6
    assert whole["flag"].tolist() == [True] * 4 + [False, True]
    assert sorted(path.name for path in catalogue_path(tmp_path, 99).parent.iterdir()) == [
        "fof_subhalo_tab_099.hdf5"
    ]


def test_catalogue_may_lack_the_flag(server, client, tmp_path):
    server.absent = {"Subhalo/SubhaloFlag"}  # Illustris
    assert fetch(client, tmp_path).galaxies == 5


def test_illustris_groups_without_subhaloes_have_an_unsigned_first(server, client, tmp_path):
    server.fields["Group/GroupFirstSub"] = np.array([0, 2**32 - 1, 2], dtype=np.uint32)
    fetch(client, tmp_path, limit=1)
    central = read_group_catalogue(tmp_path).subhaloes["is_central"]
    assert central.to_list() == [True, False, True, False, False, False]


def test_field_with_other_rows_than_the_box_is_refused(server, client, tmp_path):
    server.fields["Subhalo/SubhaloPos"] = np.zeros((5, 3), dtype="f4")
    with pytest.raises(ApiError, match="Subhalo/SubhaloPos must have 6 rows, got 5"):
        fetch(client, tmp_path)
    assert not server.requests_for("groupcat-99.")  # chunks would have no other rows


def test_catalogue_that_does_not_fit_together_is_fetched_again(server, client, tmp_path):
    server.fields["Group/GroupNsubs"] = np.array([2, 0, 3])
    with pytest.raises(GalaxyFileError, match="GroupNsubs must add up to the 6 subhaloes"):
        fetch(client, tmp_path)
    server.fields.clear()
    assert fetch(client, tmp_path).galaxies == 4


def test_box_without_galaxies_of_the_sample_is_an_error(server, client, tmp_path):
    server.fields["Subhalo/SubhaloMassType"] = np.zeros((6, 6), dtype="f4")
    with pytest.raises(ValueError, match="must have subhaloes of the paper's sample, got none of"):
        fetch(client, tmp_path)


def test_fields_that_are_there_are_not_fetched_again(server, client, tmp_path):
    server.faults["Subhalo=SubhaloPos"] = [404]
    with pytest.raises(NotFoundError):
        fetch(client, tmp_path)
    fetch(client, tmp_path)
    assert len(server.requests_for("Subhalo=SubhaloMassType")) == 1


@pytest.fixture
def small_blocks(monkeypatch):
    """Let files be written in small pieces, so that an interruption leaves some."""
    monkeypatch.setattr(api, "_BLOCK", 500)


@pytest.mark.usefixtures("small_blocks")
def test_interrupted_file_goes_on_where_it_stopped(server, client, tmp_path):
    server.faults["stellar_circs"] = ["cut"]
    path = fetch_file(client, RUN, SNAPSHOT, "stellar_circs.hdf5", tmp_path)
    whole = server.file(f"{RUN}/files/stellar_circs.hdf5", {})
    assert path.read_bytes() == whole
    assert server.ranges == ["bytes=1000-"]
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def interrupt(server, client, tmp_path):
    """Begin to fetch a file."""
    server.faults["stellar_circs"] = ["cut"]
    with pytest.raises(UnavailableError):
        client.download(
            f"{RUN}/files/stellar_circs.hdf5",
            tmp_path / "circs",
            lambda _: None,
            attempts=1,
            resume=True,
        )


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    "change",
    [
        lambda server, _: setattr(server, "version", "2"),
        lambda server, _: setattr(server, "is_exact", False),
        lambda _, folder: (folder / "circs.part.json").unlink(),
    ],
    ids=["another version", "no place stated", "version unknown"],
)
def test_part_of_a_file_that_may_have_changed_is_fetched_again(server, client, tmp_path, change):
    interrupt(server, client, tmp_path)
    part = tmp_path / "circs.part"
    part.write_bytes(part.read_bytes()[:-1] + b"X")  # so that a wrong join shows
    change(server, tmp_path)
    path = f"{RUN}/files/stellar_circs.hdf5"
    client.download(path, tmp_path / "circs", lambda _: None, resume=True)
    assert (tmp_path / "circs").read_bytes() == server.file(path, {})


@pytest.mark.parametrize("name", ["", "stellar_circs"])
def test_supplementary_catalogue_must_be_an_hdf5_file(client, tmp_path, name):
    with pytest.raises(ValueError, match=f"must be offsets or the name of an HDF5 .* got '{name}'"):
        fetch_file(client, RUN, SNAPSHOT, name, tmp_path)


def test_offsets_have_the_name_that_readers_expect(client, tmp_path):
    path = fetch_file(client, RUN, SNAPSHOT, "offsets", tmp_path)
    assert path == tmp_path / "postprocessing" / "offsets" / "offsets_099.hdf5"


def test_wrong_key_is_refused_at_once(server, tmp_path):
    with pytest.raises(KeyRefusedError, match="TNG_API_KEY"):
        fetch(Client(key="wrong", base=server.base), tmp_path)
    assert len(server.log) == 1


@pytest.mark.parametrize("text", [KEY, f'"{KEY}"', f"'{KEY}'\n", f" {KEY}\r\n"])
def test_blanks_and_quotes_around_the_key_are_removed(monkeypatch, text):
    monkeypatch.setenv("TNG_API_KEY", text)
    assert key_from_environment() == KEY


@pytest.mark.parametrize("text", ["abc\ndef", "schl\u00fcssel", "abc def", "<key>"])
def test_what_cannot_be_a_key_is_refused_and_not_shown(monkeypatch, text):
    monkeypatch.setenv("TNG_API_KEY", text)
    with pytest.raises(ValueError, match="letters and digits") as error:
        key_from_environment()
    assert text not in str(error.value)


def test_key_must_be_there(monkeypatch):
    monkeypatch.delenv("TNG_API_KEY", raising=False)
    with pytest.raises(ValueError, match="TNG_API_KEY must be your key"):
        key_from_environment()


@pytest.mark.parametrize(
    ("run", "snapshot", "message"),
    [
        ("TNG100", 99, "suite must be one of TNG100-1, Illustris-1, got TNG100"),
        (RUN, 98, "snapshot of TNG100-1 must be one of 84, 99, got 98"),
    ],
)
def test_unknown_run_or_snapshot_lists_those_that_exist(client, tmp_path, run, snapshot, message):
    with pytest.raises(ApiError, match=message), open_fetcher(client, run, snapshot, tmp_path):
        pass
    assert not (tmp_path / "fetch.json").exists()  # the folder is for no run yet


def test_last_snapshot_is_the_default(client, tmp_path):
    with open_fetcher(client, RUN, None, tmp_path) as fetcher:
        assert fetcher.info.snapshot == 99


@pytest.mark.parametrize(
    ("path", "answer", "message"),
    [
        ("", {"detail": "hello"}, "simulations in the answer must be a list of entries with name"),
        (f"{RUN}/snapshots/", [{"redshift": 0.0}], "must be a list of entries with number"),
        (f"{RUN}/snapshots/", [{"number": 99}], "redshift must be a number, got none"),
        (f"{RUN}/", {"name": RUN}, f"{RUN}/: hubble must be a number, got none"),
        (f"{RUN}/", [], f"{RUN}/: hubble must be a number, got none"),
    ],
)
def test_missing_key_of_an_answer_is_named(server, client, tmp_path, path, answer, message):
    server.answers[path] = answer
    with pytest.raises(ApiError, match=message):
        fetch(client, tmp_path)


class Clock:
    """A stopping event that counts the waits instead of waiting."""

    def __init__(self):
        self.waits = []

    def is_set(self):
        return False

    def wait(self, seconds):
        self.waits.append(seconds)


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("7", 7, 7),
        ("0", 0.005, 0.01),
        ("-5", 0.005, 0.01),
        ("soon", 0.005, 0.01),
        ("9" * 400, 3600, 3600),
        ("Fri, 01 Jan 2999 00:00:00 GMT", 3600, 3600),
        ("Fri, 01 Jan 1999 00:00:00 GMT", 0.005, 0.01),
    ],
)
def test_wait_is_what_the_server_asks_for_within_limits(server, value, least, most):
    clock = Clock()
    server.faults["/api/"] = [{"Retry-After": value}]
    quick_client(server, stopping=clock).json("")
    (wait,) = clock.waits
    assert least <= wait <= most


def test_endless_redirects_end(server, client):
    server.faults["/api/"] = ["loop"] * 100
    with pytest.raises(UnavailableError, match="more than 5 redirects"):
        client.json("")


def test_redirect_from_https_is_never_to_http():
    url = f"{api.BASE}x"
    secure = secure_redirect(api.BASE, url, "http://data.example/x?token=1")
    assert secure == "https://data.example/x?token=1"


def test_folder_of_another_snapshot_is_refused(client, tmp_path):
    (tmp_path / "fetch.json").write_text(json.dumps({"run": RUN, "snapshot": 84}))
    message = r"must be for TNG100-1, snapshot 99, but holds .* 84"
    with pytest.raises(ValueError, match=message):
        fetch(client, tmp_path)
    with pytest.raises(ValueError, match=message):
        plan(client, RUN, SNAPSHOT, tmp_path)


def test_description_that_is_damaged_is_named(client, tmp_path):
    (tmp_path / "fetch.json").write_text("{}")
    with pytest.raises(ValueError, match=r"fetch.json: must be JSON with run and snapshot"):
        fetch(client, tmp_path)


def test_plan_without_catalogue_is_an_estimate(server, client, tmp_path):
    estimate = plan(client, RUN, SNAPSHOT, tmp_path)
    assert (estimate.galaxies, estimate.missing, estimate.is_estimate) == (4, 4, True)
    assert any("mass_stars__gt=0.3387" in path for path in server.requests_for("subhalos"))
    assert not list(tmp_path.iterdir())


def test_plan_with_catalogue_counts_bytes(client, tmp_path):
    fetch(client, tmp_path, limit=2)
    exact = plan(client, RUN, SNAPSHOT, tmp_path)
    assert (exact.galaxies, exact.missing, exact.is_estimate) == (4, 2, False)
    stars, gas, dark = 200 * 92, 100 * 100, 150 * 24
    assert exact.cutout_bytes == 2 * (stars + dark + 28) + gas  # one has no gas


def test_build_on_arrival_equals_the_build_of_kept_cutouts(server, client, tmp_path, monkeypatch):
    monkeypatch.setenv("TNG_API_KEY", KEY)
    with open_fetcher(client, RUN, SNAPSHOT, tmp_path / "flat") as fetcher:
        flat = build_dataset(find_remote(fetcher, tmp_path / "flat"), tmp_path / "a", workers=2)
    fetch(client, tmp_path / "kept")
    kept = build_dataset([tmp_path / "kept"], tmp_path / "b")
    columns = flat.samples.columns.difference(["source"])
    pd.testing.assert_frame_equal(flat.samples[columns], kept.samples[columns])
    shard = "maps/shard-00000.h5"
    assert (flat.path / shard).read_bytes() == (kept.path / shard).read_bytes()
    assert not list((tmp_path / "flat").rglob("cutout_*"))


def test_command_fetches_and_builds(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TNG_API_KEY", KEY)
    monkeypatch.setattr(api, "BASE", server.base)
    monkeypatch.setattr(sample, "WORKERS", 1)  # several are tested with the build itself
    out, data = tmp_path / "tng", tmp_path / "maps"
    assert main(["fetch", "--out", str(out), "--dry-run"]) == 0
    assert "about 4 galaxies, 4 of them to be fetched" in capsys.readouterr().out
    assert main(["fetch", "--out", str(out), "--build", str(data), "--also", "offsets"]) == 0
    assert len(open_dataset(data).galaxies) == 4
    assert not (out / "cutouts").exists()


def test_command_reports_what_is_missing(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TNG_API_KEY", KEY)
    monkeypatch.setattr(api, "BASE", server.base)
    monkeypatch.setattr(tng_api, "KEY", KEY)
    server.faults["subhalos/1/cutout"] = [404]
    assert main(["fetch", "--out", str(tmp_path)]) == 2
    assert "1 of 4 galaxies could not be fetched, the first, 1" in capsys.readouterr().err


COMMAND = """
import sys
from galmass_core.cli import main
from galmass_core.fetch import client
client.BASE = sys.argv[1]
sys.exit(main(["fetch", "--out", *sys.argv[2:]]))
"""


@pytest.mark.parametrize("build", [False, pytest.param(True, marks=pytest.mark.long)])
def test_ctrl_c_ends_at_once_while_requests_wait(server, tmp_path, build):
    server.faults["subhalos/0/cutout"] = ["hang"]
    server.faults["subhalos/1/cutout"] = [{"Retry-After": "3600"}]
    arguments = [str(tmp_path / "tng"), *(["--build", str(tmp_path / "maps")] if build else [])]
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, server.base, *arguments],
        stderr=subprocess.PIPE,
        env=os.environ | {"TNG_API_KEY": KEY},
    )
    assert server.waiting.wait(120)
    process.send_signal(signal.SIGINT)
    _, shown = process.communicate(timeout=200)  # of requests that may take 300 s
    assert process.returncode == 130
    assert b"Run the same command again to resume" in shown


@pytest.fixture
def in_this_process(monkeypatch, server):
    """Let remote galaxies be fetched by a quick client."""
    monkeypatch.setenv("TNG_API_KEY", KEY)
    monkeypatch.setattr(remote, "Client", lambda **_: quick_client(server))
    remote.fetcher_of.cache_clear()
    yield
    remote.fetcher_of.cache_clear()


def build_on_arrival(client, tmp_path):
    with open_fetcher(client, RUN, SNAPSHOT, tmp_path / "tng") as fetcher:
        return build_dataset(find_remote(fetcher, tmp_path / "tng"), tmp_path / "maps")


@pytest.mark.usefixtures("in_this_process")
def test_build_excludes_a_galaxy_that_is_not_there(server, client, tmp_path):
    server.faults["subhalos/1/cutout"] = [404]
    dataset = build_on_arrival(client, tmp_path)
    assert len(dataset.galaxies) == 3
    assert dataset.samples["source"][0] == f"{server.base}{RUN}/snapshots/99/subhalos/0/"
    (reason,) = dataset.excluded["reason"]
    assert "subhalos/1/cutout" in reason
    assert "there is nothing at this address" in reason


@pytest.mark.usefixtures("in_this_process")
def test_build_stops_when_the_server_is_down_and_resumes(server, client, tmp_path):
    server.faults["subhalos/1/cutout"] = [500] * 4
    with pytest.raises(UnavailableError, match="no good answer in 4 attempts"):
        build_on_arrival(client, tmp_path)
    dataset = build_on_arrival(client, tmp_path)
    assert (len(dataset.galaxies), len(dataset.excluded)) == (4, 0)


@pytest.mark.usefixtures("in_this_process")
def test_disk_that_does_not_take_a_galaxy_does_not_exclude_it(client, tmp_path):
    with open_fetcher(client, RUN, SNAPSHOT, tmp_path / "tng") as fetcher:
        galaxy = find_remote(fetcher, tmp_path / "tng").galaxies[0]
    (tmp_path / "tng").rename(tmp_path / "gone")
    with pytest.raises(UnavailableError, match="tng: must be writable, but"):
        galaxy.read()


def test_stopped_client_does_not_wait(client):
    client.stop()
    with pytest.raises(UnavailableError, match="stopped"):
        client.json("")
