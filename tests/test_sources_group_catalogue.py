import gzip

import h5py
import numpy as np
import pandas as pd
import pytest
from galaxy_files import DM_MASS, A, H, tng_particles, write_directory

from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources.group_catalogue import COLUMNS, read_group_catalogue


@pytest.fixture
def directory(tmp_path):
    galaxies = [tng_particles(stars=5, gas=3, dark=4, wind=0, seed=seed) for seed in range(3)]
    write_directory(tmp_path, galaxies, offsets=False)
    return tmp_path


@pytest.fixture(scope="module")
def tng100(shared_data):
    return read_group_catalogue(shared_data / "tng100_groupcat")


def test_columns_are_in_internal_units(directory):
    subhaloes = read_group_catalogue(directory).subhaloes
    np.testing.assert_allclose(subhaloes["mstar"], np.array([1, 1.5, 2]) * 1e10 / H, rtol=1e-6)
    np.testing.assert_allclose(subhaloes["mdm"], 4 * DM_MASS * 1e10 / H, rtol=1e-6)
    np.testing.assert_allclose(subhaloes["half_mass_radius"], 1.5 * A / H, rtol=1e-7)
    np.testing.assert_allclose(subhaloes[["x", "y", "z"]], np.tile([1e4, 2e4, 3e4], (3, 1)) * A / H)


def test_identity_is_the_whole_catalogues(directory):
    catalogue = read_group_catalogue(directory)
    assert catalogue.subhaloes.index.to_list() == [0, 1, 2]
    assert catalogue.subhaloes["is_central"].to_list() == [True, False, True]
    assert catalogue.subhaloes["host_group"].to_list() == [0, 0, 2]
    assert (catalogue.suite, catalogue.simulation, catalogue.snapshot) == ("TNG", "TNG100-1", 99)
    assert catalogue.redshift == pytest.approx(1 / A - 1)


def test_absent_first_chunk_changes_no_identity(directory):
    (directory / "groups_099" / "fof_subhalo_tab_099.0.hdf5").unlink()
    catalogue = read_group_catalogue(directory)
    assert catalogue.subhaloes.index.to_list() == [2]
    assert (catalogue.chunks, catalogue.all_chunks) == (1, 2)


def test_missing_fields_are_nan_and_unflagged_subhaloes_pass(directory):
    subhaloes = read_group_catalogue(directory).subhaloes
    assert set(subhaloes.columns) == set(COLUMNS)
    assert subhaloes["magnitude_r"].isna().all()
    assert subhaloes["flag"].all()


def test_only_wanted_columns_are_read(directory):
    subhaloes = read_group_catalogue(directory, columns=("mstar", "is_central")).subhaloes
    assert subhaloes.columns.to_list() == ["mstar", "is_central"]


def test_chunk_without_subhaloes_adds_none(directory):
    path = directory / "groups_099" / "fof_subhalo_tab_099.2.hdf5"
    with h5py.File(directory / "groups_099" / "fof_subhalo_tab_099.0.hdf5") as file:
        attributes = dict(file["Header"].attrs)
    with h5py.File(path, "w") as file:
        file.create_group("Header").attrs.update(attributes)
        file.create_group("Subhalo")
        file["Group/GroupNsubs"] = np.zeros(4, dtype=np.int32)
    assert len(read_group_catalogue(directory).subhaloes) == 3


def test_the_first_subhaloes_need_not_name_the_simulation(directory):
    groups = directory / "groups_099"
    first = groups / "fof_subhalo_tab_099.0.hdf5"
    first.rename(groups / "fof_subhalo_tab_099.2.hdf5")
    with h5py.File(groups / "fof_subhalo_tab_099.2.hdf5", "r+") as file:
        with h5py.File(first, "w") as empty:  # as chunks after a cluster's are
            file.copy("Header", empty)
            empty["Group/GroupNsubs"] = np.zeros(4, dtype=np.int32)
        for field in ("SubhaloMassType", "SubhaloLenType"):  # a clump without dark matter
            values = file["Subhalo"][field][()]
            values[0, 1] = 0
            file["Subhalo"][field][...] = values
    (groups / "fof_subhalo_tab_099.1.hdf5").unlink()
    assert read_group_catalogue(directory).simulation == "TNG100-1"


def test_missing_required_field_is_named(directory):
    with h5py.File(directory / "groups_099" / "fof_subhalo_tab_099.1.hdf5", "r+") as file:
        del file["Subhalo/SubhaloMassType"]
    with pytest.raises(GalaxyFileError, match=r"099.1.hdf5: Subhalo/SubhaloMassType must be there"):
        read_group_catalogue(directory)


def test_group_fields_of_different_length_are_named(directory):
    with h5py.File(directory / "groups_099" / "fof_subhalo_tab_099.1.hdf5", "r+") as file:
        first = file["Group/GroupFirstSub"][()]
        del file["Group/GroupFirstSub"]
        file["Group/GroupFirstSub"] = np.append(first, 0)
    with pytest.raises(GalaxyFileError, match="must have 2 rows as GroupNsubs has, got 3"):
        read_group_catalogue(directory)


def test_missing_group_field_is_named(directory):
    with h5py.File(directory / "groups_099" / "fof_subhalo_tab_099.1.hdf5", "r+") as file:
        del file["Group/GroupNsubs"]
    with pytest.raises(GalaxyFileError, match=r"099.1.hdf5: Group/GroupNsubs must be there"):
        read_group_catalogue(directory)


def test_groups_with_subhaloes_elsewhere_are_refused(directory):
    with h5py.File(directory / "groups_099" / "fof_subhalo_tab_099.1.hdf5", "r+") as file:
        file["Group/GroupNsubs"][0] = 5
    with pytest.raises(GalaxyFileError, match="GroupNsubs must add up to the 1 subhaloes"):
        read_group_catalogue(directory)


@pytest.mark.parametrize("damage", [lambda b: b[:-100], lambda b: b[:50] + b"xyz" + b[53:]])
def test_damaged_zip_is_refused(directory, damage):
    path = directory / "groups_099" / "fof_subhalo_tab_099.0.hdf5"
    content = gzip.compress(path.read_bytes())
    path.with_suffix(".hdf5.gz").write_bytes(damage(content))
    path.unlink()
    with pytest.raises(GalaxyFileError, match=r"099.0.hdf5.gz: .*whole HDF5"):
        read_group_catalogue(directory)


def test_unzipped_file_is_preferred(directory):
    (directory / "groups_099" / "fof_subhalo_tab_099.0.hdf5.gz").write_bytes(b"half a download")
    assert len(read_group_catalogue(directory).subhaloes) == 3


def test_no_catalogue_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="must hold a group catalogue"):
        read_group_catalogue(tmp_path)


def test_a_named_snapshot_is_read(directory):
    galaxies = [tng_particles(stars=5, gas=3, dark=4, wind=0, seed=seed) for seed in range(4)]
    write_directory(directory, galaxies, offsets=False, snapshot=84)
    assert len(read_group_catalogue(directory).subhaloes) == 3
    assert len(read_group_catalogue(directory, 84).subhaloes) == 4


def test_real_chunks_are_tng100s(tng100):
    assert (tng100.suite, tng100.simulation, tng100.snapshot) == ("TNG", "TNG100-1", 99)
    assert tng100.all_chunks == 448
    assert tng100.redshift == pytest.approx(0, abs=1e-12)
    assert tng100.subhaloes.index.is_unique


def test_real_first_rows_are_the_centrals_the_groups_name(tng100, shared_data):
    path = shared_data / "tng100_groupcat" / "fof_subhalo_tab_099.100.hdf5.gz"
    with gzip.open(path) as stream, h5py.File(stream) as file:
        firsts = file["Group/GroupFirstSub"][()]
        masses = file["Subhalo/SubhaloMassInHalfRadType"][()]
        groups = file["Subhalo/SubhaloGrNr"][()]
    rows = tng100.subhaloes.loc[firsts[0] : firsts[0] + len(masses) - 1]
    np.testing.assert_allclose(rows["mstar_1rhsm"], masses[:, 4] * 1e10 / 0.6774, rtol=1e-6)
    assert rows.index[rows["is_central"]].to_list() == firsts.tolist()
    np.testing.assert_array_equal(rows["host_group"], groups)


def test_real_hosts_have_one_central_each(tng100):
    centrals = tng100.subhaloes.groupby("host_group")["is_central"].sum()
    assert (centrals == 1).all()


def test_stated_units_keep_the_precision_of_the_file(tmp_path):
    galaxies = [tng_particles(seed=seed) for seed in range(3)]
    write_directory(tmp_path / "plain", galaxies, offsets=False)
    write_directory(tmp_path / "stated", galaxies, offsets=False, UnitMass_in_g=1.98841e43)
    plain, stated = (
        read_group_catalogue(tmp_path / name).subhaloes for name in ("plain", "stated")
    )
    pd.testing.assert_frame_equal(stated, plain, check_exact=True)
