"""A data set from the real TNG100 group catalogue: every number as the files have it."""

import gzip
import io

import h5py
import numpy as np
import pytest

from galmass_core.cli.data import print_dataset
from galmass_core.datasets.catalogue import build_catalogue
from galmass_core.galaxy import GalaxyName
from galmass_core.sample import NOT_COSMOLOGICAL, TOO_HEAVY, TOO_LIGHT

HUBBLE = 0.6774


@pytest.fixture(scope="module")
def folder(shared_data):
    return shared_data / "tng100_groupcat"


@pytest.fixture(scope="module")
def data(folder, tmp_path_factory):
    return build_catalogue(folder, tmp_path_factory.mktemp("catalogue") / "tng")


@pytest.fixture(scope="module")
def raw(folder):
    """The fields of all chunks as they lie in the files, one after another."""
    fields = {}
    for path in sorted(folder.glob("*.hdf5.gz")):
        with h5py.File(io.BytesIO(gzip.decompress(path.read_bytes()))) as file:
            if "SubhaloMass" in file["Subhalo"]:
                firsts = file["Group/GroupFirstSub"][()]
                count = len(file["Subhalo/SubhaloMass"])
                ids = firsts[firsts >= 0][0] + np.arange(count)
                fields.setdefault("id", []).append(ids)
                for name in ("SubhaloMass", "SubhaloMassType", "SubhaloMassInHalfRadType"):
                    fields.setdefault(name, []).append(file["Subhalo"][name][()])
                fields.setdefault("SubhaloFlag", []).append(file["Subhalo/SubhaloFlag"][()])
    return {name: np.concatenate(parts) for name, parts in fields.items()}


def test_every_subhalo_is_taken_or_counted_with_its_reason(data, raw):
    assert data.info["sources"]["galaxies"] == len(raw["id"])
    assert len(data) + sum(data.info["selection"].values()) == len(raw["id"])


def test_the_cuts_are_the_papers(data, raw):
    heavy_enough = raw["SubhaloMassType"][:, 4] * 1e10 / HUBBLE > 5e9
    light_enough = raw["SubhaloMass"] * 1e10 / HUBBLE < 1e14
    counts = data.info["selection"]
    assert counts[TOO_LIGHT] == (~heavy_enough).sum()
    assert counts[TOO_HEAVY] == (heavy_enough & ~light_enough).sum()
    passing = heavy_enough & light_enough
    assert counts[NOT_COSMOLOGICAL] == (passing & (raw["SubhaloFlag"] == 0)).sum()


def test_masses_are_those_of_the_files_to_float_precision(data, raw):
    row_of = {subhalo: row for row, subhalo in enumerate(raw["id"])}
    subhaloes = [int(GalaxyName.parse(name).subhalo) for name in data.samples["name"]]
    inside = raw["SubhaloMassInHalfRadType"][[row_of[subhalo] for subhalo in subhaloes]]
    for column, species in (("log_mstar_1rhsm", 4), ("log_mdm_1rhsm", 1)):
        mass = inside[:, species].astype(float) * 1e10 / HUBBLE
        np.testing.assert_allclose(10 ** data.samples[column], mass, rtol=3e-7)


def test_it_has_no_maps_and_no_line_of_sight(data):
    assert not data.has_maps
    assert set(data.samples["los"]) == {"none"}


def test_any_line_of_sight_finds_a_galaxys_one_sample(data):
    name = data.galaxy_names[5]
    assert data.row(name, "x")["name"] == data.row(name, "z")["name"] == name


def test_it_says_which_columns_the_paper_defines_differently(data):
    assert "no dust" in data.info["definitions"]["abs_mag_r"]
    assert "not_available" in data.info


def test_the_description_counts_the_files_that_there_are(data, folder, capsys):
    print_dataset(data, as_json=False)
    assert f"from {len(list(folder.iterdir()))} of 448 files of the catalogue" in (
        capsys.readouterr().out
    )
