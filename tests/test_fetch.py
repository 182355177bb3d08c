import json
import subprocess
import sys

import h5py
import pandas as pd
import pytest
import tng_api
from tng_api import KEY, RUN, SNAPSHOT, TngApi

from galmass_core.cli import main
from galmass_core.datasets.build import build_dataset
from galmass_core.datasets.dataset import open_dataset
from galmass_core.fetch import client as api
from galmass_core.fetch.catalogue import catalogue_path
from galmass_core.fetch.client import (
    ApiError,
    Client,
    KeyRefusedError,
    NotFoundError,
    key_from_environment,
)
from galmass_core.fetch.cutouts import FIELDS
from galmass_core.fetch.remote import find_remote
from galmass_core.fetch.sample import fetch_cutouts, fetch_file, open_fetcher, plan
from galmass_core.galaxy import UnavailableError
from galmass_core.sources import read_galaxy
from galmass_core.sources.group_catalogue import read_group_catalogue


@pytest.fixture
def server():
    with TngApi() as running:
        yield running


@pytest.fixture
def client(server):
    return quick_client(server)


def quick_client(server, **changes):
    settings = {"attempts": 4, "first_wait": 0.01, "longest_wait": 0.05, "timeout": (5.0, 5.0)}
    return Client(key=KEY, base=server.base, **settings | changes)


def fetch(client, folder, **options):
    fetcher = open_fetcher(client, RUN, SNAPSHOT, folder, **options)
    return fetch_cutouts(fetcher, folder)


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
    (path,) = server.asked("cutout.hdf5")
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


@pytest.mark.parametrize("kind", [429, "busy", 500, 502, 503, 504, "short", "cut", "html"])
def test_passing_faults_are_tried_again(server, client, tmp_path, kind):
    server.faults["subhalos/1/cutout"] = [kind, kind]
    fetched = fetch(client, tmp_path)
    assert fetched.failed == {}
    assert len(server.asked("subhalos/1/cutout")) == 3
    assert not list(tmp_path.rglob("*.part"))


def test_slow_answer_is_tried_again(server, tmp_path):
    server.faults["subhalos/1/cutout"] = ["slow"]
    assert fetch(quick_client(server, timeout=(1.0, 0.5)), tmp_path).failed == {}
    assert len(server.asked("subhalos/1/cutout")) == 2


def test_refusal_by_the_data_host_is_tried_again_from_the_api(server, client, tmp_path):
    server.faults["subhalos/1/cutout"] = [403]
    assert fetch(client, tmp_path).failed == {}
    assert len(server.asked("subhalos/1/cutout")) == 2


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
    fetcher = open_fetcher(client, RUN, SNAPSHOT, tmp_path)
    server.galaxies[1]["PartType4"]["Masses"] = server.galaxies[1]["PartType4"]["Masses"][:-1]
    failed = fetch_cutouts(fetcher, tmp_path).failed
    assert "PartType4/Masses must have 200 rows, as in the catalogue, got 199" in failed[1]
    assert not (tmp_path / "cutouts" / "cutout_1.hdf5").exists()


def test_fields_that_the_api_does_not_have_are_left_out(server, client, tmp_path):
    server.absent = {"Potential", "StellarHsml"}
    assert fetch(client, tmp_path).failed == {}
    with h5py.File(tmp_path / "cutouts" / "cutout_0.hdf5") as file:
        assert "Potential" not in file["PartType4"]
        assert "Masses" in file["PartType4"]


def test_field_that_every_galaxy_needs_is_reported(server, client, tmp_path):
    server.absent = {"GFM_Metallicity"}
    failed = fetch(client, tmp_path).failed
    assert "the API does not have what was requested (400)" in failed[0]


def test_second_fetch_asks_for_nothing_again(server, client, tmp_path):
    fetch(client, tmp_path)
    server.log.clear()
    assert fetch(client, tmp_path).galaxies == 4
    assert not server.asked("cutout")
    assert not server.asked("groupcat")


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


def test_fields_that_are_there_are_not_fetched_again(server, client, tmp_path):
    server.faults["Subhalo=SubhaloPos"] = [404]
    with pytest.raises(NotFoundError):
        fetch(client, tmp_path)
    fetch(client, tmp_path)
    assert len(server.asked("Subhalo=SubhaloMassType")) == 1


def test_interrupted_file_goes_on_where_it_stopped(server, client, tmp_path):
    part = tmp_path / "postprocessing" / "stellar_circs.hdf5.part"
    part.parent.mkdir()
    whole = server.file(f"{RUN}/files/stellar_circs.hdf5", {})
    part.write_bytes(whole[:1000])
    path = fetch_file(client, RUN, SNAPSHOT, "stellar_circs.hdf5", tmp_path)
    assert path.read_bytes() == whole


def test_offsets_have_the_name_that_readers_expect(client, tmp_path):
    path = fetch_file(client, RUN, SNAPSHOT, "offsets", tmp_path)
    assert path == tmp_path / "postprocessing" / "offsets" / "offsets_099.hdf5"


def test_wrong_key_is_refused_at_once(server, tmp_path):
    with pytest.raises(KeyRefusedError, match="TNG_API_KEY"):
        fetch(Client(key="wrong", base=server.base), tmp_path)
    assert len(server.log) == 1


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
    with pytest.raises(ApiError, match=message):
        open_fetcher(client, run, snapshot, tmp_path)


def test_folder_of_another_snapshot_is_refused(client, tmp_path):
    (tmp_path / "fetch.json").write_text(json.dumps({"run": RUN, "snapshot": 84}))
    with pytest.raises(ValueError, match=r"must be for TNG100-1, snapshot 99, but holds .* 84"):
        open_fetcher(client, RUN, SNAPSHOT, tmp_path)


def test_plan_without_catalogue_is_an_estimate(server, client, tmp_path):
    estimate = plan(client, RUN, SNAPSHOT, tmp_path)
    assert (estimate.galaxies, estimate.missing, estimate.is_estimate) == (4, 4, True)
    assert any("mass_stars__gt=0.3387" in path for path in server.asked("subhalos"))
    assert not list(tmp_path.iterdir())


def test_plan_with_catalogue_counts_bytes(client, tmp_path):
    fetch(client, tmp_path, limit=2)
    exact = plan(client, RUN, SNAPSHOT, tmp_path)
    assert (exact.galaxies, exact.missing, exact.is_estimate) == (4, 2, False)
    stars, gas, dark = 200 * 92, 100 * 100, 150 * 24
    assert exact.cutout_bytes == 2 * (stars + dark + 28) + gas  # one has no gas


def test_build_on_arrival_equals_the_build_of_kept_cutouts(server, client, tmp_path, monkeypatch):
    monkeypatch.setenv("TNG_API_KEY", KEY)
    fetcher = open_fetcher(client, RUN, SNAPSHOT, tmp_path / "flat")
    flat = build_dataset(find_remote(fetcher, tmp_path / "flat"), tmp_path / "a", workers=2)
    fetch(client, tmp_path / "kept")
    kept = build_dataset([tmp_path / "kept" / "cutouts"], tmp_path / "b")
    columns = flat.samples.columns.difference(["source"])
    pd.testing.assert_frame_equal(flat.samples[columns], kept.samples[columns])
    shard = "maps/shard-00000.h5"
    assert (flat.path / shard).read_bytes() == (kept.path / shard).read_bytes()
    assert not list((tmp_path / "flat").rglob("cutout_*"))


FETCH = """
import sys
from pathlib import Path
from galmass_core.fetch.client import Client
from galmass_core.fetch.sample import fetch_cutouts, open_fetcher
client, folder = Client(key=sys.argv[1], base=sys.argv[2], first_wait=0.01), Path(sys.argv[3])
fetcher = open_fetcher(client, "TNG100-1", 99, folder)
fetch_cutouts(fetcher, folder, lambda done, *_: print(done, flush=True))
"""


def test_killed_fetch_resumes(server, client, tmp_path):
    server.faults["subhalos/3/cutout"] = ["slow", "slow"]
    command = [sys.executable, "-c", FETCH, KEY, server.base, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline()
        process.kill()
    assert fetch(client, tmp_path).galaxies == 4
    assert len(pd.read_csv(tmp_path / "manifest.csv")["subhalo"].unique()) == 4


def test_command_fetches_and_builds(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TNG_API_KEY", KEY)
    monkeypatch.setattr(api, "BASE", server.base)
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
    assert "1 galaxies could not be fetched, first 1" in capsys.readouterr().err


def test_stopped_client_does_not_wait(client):
    client.stop()
    with pytest.raises(UnavailableError, match="stopped"):
        client.json("")
