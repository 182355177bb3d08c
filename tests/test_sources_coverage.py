"""What a file does not hold is unknown, and a file of several galaxies is refused."""

import h5py
import numpy as np
import pytest
from galaxy_files import tng_particles, write_cutout, write_directory

from galmass_core.galaxy import GalaxyFileError
from galmass_core.imaging.projection import project
from galmass_core.measurements.features import measure_galaxy_features
from galmass_core.measurements.targets import mass_profiles, measure_projected, measure_targets
from galmass_core.sources import find_galaxies, read_galaxy

DARK_COLUMNS = ("n_dm", "log_mdm", "log_mtot", "log_mdm_1rhsm", "log_mtot_2rhsm", "f_dm_1rhsm")
LIGHT_COLUMNS = ("abs_mag_r", "g_minus_r", "log_lr_1rhsm", "log_ml_r_2rhsm")


def without(folder, *groups, **header):
    """Read a cutout without some groups."""
    particles = tng_particles()
    for group in groups:
        del particles[group]
    return read_galaxy(write_cutout(folder, particles, **header))


def columns(galaxy):
    return measure_targets(galaxy) | measure_projected(project(galaxy, "z"))


def test_dark_matter_that_is_not_in_the_file_is_unknown(tmp_path):
    galaxy = without(tmp_path, "PartType1")
    row = columns(galaxy)
    assert galaxy.dark_matter is None
    assert np.isnan([row[key] for key in DARK_COLUMNS]).all()
    assert np.isnan(row["f_star_1rhsm"])
    assert np.isfinite([row["log_mstar_1rhsm"], row["log_mgas"], row["log_ml_r_1rhsm"]]).all()


def test_dark_matter_that_was_requested_and_is_not_there_is_none(tmp_path):
    galaxy = without(tmp_path, "PartType1", CutoutRequest="stars=Masses&gas=Masses&dm=Coordinates")
    assert len(galaxy.dark_matter) == 0
    assert columns(galaxy)["f_dm_1rhsm"] == 0


@pytest.mark.parametrize(
    ("header", "known"),
    [
        ({}, False),
        ({"NumPart_ThisFile": [0, 150, 0, 0, 200, 1]}, True),
        ({"NumPart_ThisFile": [100, 150, 0, 0, 200, 1]}, False),
        ({"CutoutRequest": "PartType1=Coordinates+PartType4=Masses"}, False),
        ({"CutoutRequest": ["PartType0=Masses+PartType4=Masses"]}, True),
        ({"CutoutRequest": "all"}, True),
        ({"TypesExtracted": [1, 1, 1, 1, 1, 1]}, True),
        ({"TypesExtracted": [0, 1, 1, 1, 1, 1]}, False),
    ],
)
def test_file_says_whether_a_galaxy_has_no_gas(tmp_path, header, known):
    galaxy = without(tmp_path, "PartType0", **header)
    assert (galaxy.gas is not None) is known


def test_light_behind_unknown_dust_is_unknown(tmp_path):
    galaxy = without(tmp_path, "PartType0")
    row = columns(galaxy)
    assert np.isnan([row[key] for key in (*LIGHT_COLUMNS, "log_mgas", "log_mtot", "n_gas")]).all()
    assert np.isfinite([row["log_mdm_1rhsm"], row["abs_mag_r_intrinsic"]]).all()
    dustless = measure_projected(project(galaxy, "z", dust="none"))
    assert np.isfinite([dustless[key] for key in LIGHT_COLUMNS]).all()


def test_orbits_in_an_unknown_field_are_unknown(tmp_path):
    row = measure_galaxy_features(without(tmp_path, "PartType1"))
    assert np.isnan(row["f_cold_1rhsm"])
    assert np.isfinite(row["b_over_t_1rhsm"])


def test_profiles_of_unknown_matter_are_empty(tmp_path):
    table = mass_profiles(without(tmp_path, "PartType1"))
    assert table[["mdm", "mtot", "v_circ"]].isna().all(axis=None)
    assert table[["mstar", "mgas"]].notna().all(axis=None)


@pytest.mark.parametrize(
    ("group", "note"),
    [
        ("PartType0", "gas mass, total mass and dust are unknown"),
        ("PartType1", "dark-matter mass and total mass are unknown"),
        ("PartType5", "the total mass lacks black holes"),
    ],
)
def test_what_is_unknown_is_noted(tmp_path, group, note):
    notes = without(tmp_path, group).notes
    assert f"{group} is not in the file: {note}." in notes


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"CutoutType": "halo"}, "Header/CutoutType must be subhalo, one galaxy, got halo"),
        ({"CutoutType": ["fof"]}, "Header/CutoutType must be subhalo, one galaxy, got fof"),
        ({"NumFilesPerSnapshot": [448]}, "got one of 448 files of a snapshot"),
        (
            {"NumPart_ThisFile": [9, 0, 0, 0, 1, 0], "NumPart_Total": [90, 0, 0, 0, 10, 0]},
            "got 10 of the 100 particles of a snapshot",
        ),
        (
            {
                "NumPart_ThisFile": [9, 0, 0, 0, 1, 0],
                "NumPart_Total": [9, 0, 0, 0, 1, 0],
                "NumPart_Total_HighWord": [1, 0, 0, 0, 0, 0],
            },
            "got 10 of the 4294967306 particles",
        ),
        ({"OutputType": "FullVolume"}, "got a whole volume of SWIFT"),
    ],
)
def test_file_of_more_than_a_galaxy_is_refused(tmp_path, header, message):
    path = write_cutout(tmp_path, **header)
    with pytest.raises(GalaxyFileError, match=message) as caught:
        read_galaxy(path)
    assert str(path) in str(caught.value)


def test_type_of_a_cutout_precedes_its_counts(tmp_path):
    path = write_cutout(tmp_path, CutoutType=["subhalo"], NumFilesPerSnapshot=448)
    assert len(read_galaxy(path).stars) == 197


def test_snapshot_is_known_by_its_name(tmp_path):
    path = write_cutout(tmp_path, name="snap_033.hdf5", CutoutID=None)
    with pytest.raises(GalaxyFileError, match="has the name of a whole snapshot"):
        read_galaxy(path)


@pytest.mark.parametrize("name", ["GroupNumber", "SubGroupNumber", "HaloID"])
def test_particles_of_several_objects_are_refused(tmp_path, name):
    particles = tng_particles()
    particles["PartType4"][name] = np.full(200, 7)
    particles["PartType1"][name] = np.full(150, 7)
    assert len(read_galaxy(write_cutout(tmp_path, particles)).stars) == 197
    particles["PartType1"][name][-1] = 8
    with pytest.raises(GalaxyFileError, match=rf"{name} must be the same .* 2 values \(7, 8\)"):
        read_galaxy(write_cutout(tmp_path, particles))


def test_other_counts_in_the_header_are_noted(tmp_path):
    galaxy = read_galaxy(write_cutout(tmp_path, NumPart_ThisFile=[100, 150, 0, 0, 123468, 1]))
    assert "Header/NumPart_ThisFile counts 123468 of PartType4, but there are 200." in galaxy.notes
    assert not any("PartType0" in note for note in galaxy.notes)


def test_snapshot_without_its_catalogue_is_refused(tmp_path):
    write_directory(tmp_path / "output", [tng_particles(seed=seed) for seed in range(3)])
    for path in tmp_path.rglob("fof_subhalo_tab_*"):
        path.unlink()
    with pytest.raises(FileNotFoundError, match="must hold the group catalogue of snapshot 99"):
        find_galaxies([tmp_path / "output"])
    with pytest.raises(FileNotFoundError, match="--groups DIR"):
        find_galaxies([tmp_path / "output" / "snapdir_099"])


def test_group_where_a_dataset_is_expected_is_refused(tmp_path):
    path = write_cutout(tmp_path)
    with h5py.File(path, "r+") as file:
        del file["PartType4/Masses"]
        file.create_group("PartType4/Masses")
    with pytest.raises(GalaxyFileError, match="PartType4/Masses must be a dataset, got a group"):
        read_galaxy(path)
