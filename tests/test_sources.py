import pickle
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from galaxy_files import tng_particles, write_cutout, write_directory, write_file

from galmass_core.galaxy import GalaxyFileError, UnavailableError
from galmass_core.sources import ReadOptions, find_galaxies, hdf5_opening, read_galaxy
from galmass_core.sources.naming import (
    simulation_from_box,
    simulation_from_folder,
    simulation_from_label,
    subhalo_from_path,
    url_safe,
)


def refuse(path, match):
    with pytest.raises(GalaxyFileError, match=match) as caught:
        read_galaxy(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.hdf5"):
        read_galaxy(tmp_path / "nowhere.hdf5")


def test_truncated_file_is_refused(tmp_path):
    path = write_cutout(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    refuse(path, "must be whole HDF5")


def test_text_is_not_hdf5(tmp_path):
    path = tmp_path / "notes.hdf5"
    path.write_text("no galaxy")
    refuse(path, "must be whole HDF5.*of another format")


def test_a_pointer_of_git_lfs_is_named(tmp_path):
    path = tmp_path / "galaxy.hdf5"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:cf88\nsize 9\n")
    refuse(path, "pointer of Git LFS: run git lfs pull")


def test_unknown_format_lists_the_known_ones(tmp_path):
    path = write_file(tmp_path / "nbody.hdf5", {}, {"PartType2": {"x": np.zeros(3)}})
    refuse(path, "TNG cutout.*EAGLE.*SWIFT")


def test_a_group_catalogue_is_no_galaxy(tmp_path):
    write_directory(tmp_path, [tng_particles(seed=1)], offsets=False)
    refuse(tmp_path / "groups_099" / "fof_subhalo_tab_099.0.hdf5", "galmass catalogue FOLDER")


@pytest.mark.parametrize(
    "field",
    [
        "PartType4/Coordinates",
        "PartType4/Velocities",
        "PartType4/Masses",
        "PartType4/GFM_StellarFormationTime",
        "PartType4/GFM_Metallicity",
        "PartType0/Masses",
        "PartType1/Coordinates",
    ],
)
def test_missing_field_is_named(tmp_path, field):
    particles = tng_particles()
    group, name = field.split("/")
    del particles[group][name]
    refuse(write_cutout(tmp_path, particles), f"{field} must be there")


@pytest.mark.parametrize("name", ["BoxSize", "Omega0", "OmegaLambda"])
def test_missing_header_value_is_named(tmp_path, name):
    refuse(write_cutout(tmp_path, **{name: None}), f"Header/{name} must be there")


def test_header_value_must_be_positive(tmp_path):
    refuse(
        write_cutout(tmp_path, HubbleParam=0.0), r"Header/HubbleParam must be a positive .* 0\.0"
    )


def test_dark_matter_without_any_mass_is_refused(tmp_path):
    refuse(write_cutout(tmp_path, MassTable=np.zeros(6)), "MassTable")


@pytest.mark.parametrize("stars", [0, 3])
def test_no_stars_but_wind_is_refused(tmp_path, stars):
    refuse(write_cutout(tmp_path, tng_particles(stars=stars, wind=stars)), "PartType4 must hold")


def test_no_star_group_is_refused(tmp_path):
    particles = tng_particles()
    del particles["PartType4"]
    refuse(write_cutout(tmp_path, particles), "PartType4 must hold")


@pytest.mark.parametrize("group", ["PartType0", "PartType1", "PartType4", "PartType5"])
def test_nan_positions_are_refused(tmp_path, group):
    particles = tng_particles()
    particles[group]["Coordinates"][0, 1] = np.nan
    refuse(write_cutout(tmp_path, particles), f"{group}/Coordinates must be finite")


def test_zero_half_mass_radius_is_refused(tmp_path):
    particles = tng_particles()
    particles["PartType4"]["Coordinates"][:] = particles["PartType5"]["Coordinates"]
    refuse(write_cutout(tmp_path, particles), r"half-mass radius .* positive .* 0\.0")


def test_rows_must_be_as_many_as_particles(tmp_path):
    particles = tng_particles()
    particles["PartType4"]["Masses"] = particles["PartType4"]["Masses"][:-1]
    refuse(write_cutout(tmp_path, particles), "PartType4/Masses must have a row .* 200 .* 199")


@pytest.mark.parametrize(
    ("field", "shape"),
    [("Coordinates", (200, 2)), ("Masses", (200, 3)), ("GFM_StellarPhotometrics", (200, 3))],
)
def test_wrong_shape_is_refused(tmp_path, field, shape):
    particles = tng_particles()
    particles["PartType4"][field] = np.ones(shape)
    refuse(write_cutout(tmp_path, particles), f"PartType4/{field} must have shape")


def test_particle_count_in_the_header_is_not_believed(tmp_path):
    path = write_cutout(tmp_path, NumPart_ThisFile=np.array([13587, 0, 0, 0, 123468, 0]))
    assert len(read_galaxy(path).stars) == 197


def test_folder_lists_its_files_sorted_and_once(tmp_path):
    for name in ("cutout_2.hdf5", "cutout_1.hdf5"):
        write_cutout(tmp_path, name=name)
    (tmp_path / "cutout_1.json").write_text("{}")
    refs = find_galaxies([tmp_path, tmp_path / "cutout_2.hdf5"]).galaxies
    assert [ref.path.name for ref in refs] == ["cutout_1.hdf5", "cutout_2.hdf5"]


def test_listing_opens_no_file(tmp_path):
    (tmp_path / "broken.hdf5").write_text("no galaxy")
    assert len(find_galaxies([str(tmp_path)]).galaxies) == 1


def test_listing_nothing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="found none"):
        find_galaxies([tmp_path])
    with pytest.raises(FileNotFoundError, match="nowhere"):
        find_galaxies([tmp_path / "nowhere"])


def test_a_listed_galaxy_reads_itself_in_another_process(tmp_path):
    write_cutout(tmp_path)
    (ref,) = find_galaxies([tmp_path]).galaxies
    assert str(pickle.loads(pickle.dumps(ref)).read().name) == "TNG/TNG100-1/84/501761"


def test_demo_galaxies_are_synthetic(tmp_path):
    path = write_cutout(tmp_path, SimulationName="demo-1", SnapshotNumber=99, CutoutID=17)
    galaxy = read_galaxy(path)
    assert str(galaxy.name) == "synthetic/demo-1/99/17"
    assert galaxy.is_synthetic


def test_subhalo_is_named_after_the_file_where_the_header_is_silent(tmp_path):
    path = write_cutout(tmp_path, name="cutout_42.hdf5", CutoutID=None)
    assert read_galaxy(path).name.subhalo == "42"


@pytest.mark.parametrize(
    ("name", "subhalo"),
    [
        ("cutout_501761", "501761"),
        ("cutout_501761_snap84", "501761"),
        ("TNG100-1_099_17", "TNG100-1_099_17"),  # which of 99 and 17 is it?
        ("tng100_snap78_subhalo9_subsample", "9"),
        ("galaxy17_z0.5", "17"),
        ("lens", "lens"),
    ],
)
def test_only_number_of_a_file_name_is_the_subhalo(name, subhalo):
    assert subhalo_from_path(Path(f"{name}.hdf5")) == subhalo


@pytest.mark.parametrize(
    ("label", "simulation"),
    [
        ("L35n2160TNG", ("TNG", "TNG50-1")),
        ("L35n270TNG", ("TNG", "TNG50-4")),
        ("L75n1820TNG", ("TNG", "TNG100-1")),
        ("L75n455TNG", ("TNG", "TNG100-3")),
        ("L205n1250TNG", ("TNG", "TNG300-2")),
        ("L75n1820FP", ("Illustris", "Illustris-1")),
        ("L75n910FP", ("Illustris", "Illustris-2")),
        ("L12n34XYZ", ("TNG", "L12n34XYZ")),
    ],
)
def test_simulations_have_the_names_people_use(label, simulation):
    assert simulation_from_label(label) == simulation


@pytest.mark.parametrize(
    ("box", "hubble", "dm_mass", "simulation"),
    [
        (35000, 0.6774, 3.07367708626464e-05, "TNG50-1"),
        (75000, 0.6774, 5.05574296436975e-04, "TNG100-1"),
        (75000, 0.6774, 64 * 5.05574296436975e-04, "TNG100-3"),
        (75000, 0.704, 4.4089652436109e-04, "Illustris-1"),
    ],
)
def test_simulations_are_recognised_by_box_and_particle_mass(box, hubble, dm_mass, simulation):
    assert simulation_from_box(box, hubble, dm_mass)[1] == simulation


@pytest.mark.parametrize(
    ("box", "hubble", "dm_mass"),
    [(75000, 0.6774, 1e-3), (25000, 0.6711, 6.5e-3), (75000, 0.6774, 0.0)],
)
def test_unknown_boxes_stay_unknown(box, hubble, dm_mass):
    assert simulation_from_box(box, hubble, dm_mass) is None


def test_camels_runs_are_named_after_their_folders():
    folder = Path("/data/Sims/SIMBA/L25n256/LH/LH_7")
    assert simulation_from_folder(folder, 25000.0) == ("CAMELS", "SIMBA-LH_7")
    assert simulation_from_folder(folder, 12345.0) == ("TNG", "unknown")


def test_name_parts_are_url_safe():
    assert url_safe("a b/c?#d") == "a-b-c-d"
    assert url_safe("//") == "unknown"


def test_names_can_be_given(tmp_path):
    options = ReadOptions(suite="Auriga", simulation="level 4")
    galaxy = read_galaxy(write_cutout(tmp_path), options=options)
    assert str(galaxy.name) == "Auriga/level-4/84/501761"


def test_file_in_use_is_tried_again_and_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5_opening, "PATIENCE", 0.3)
    path = write_cutout(tmp_path)
    script = (
        "import h5py, sys\n"
        f"with h5py.File({str(path)!r}, 'r+'):\n"
        "    print('open', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"open\n"
        with pytest.raises(UnavailableError, match=r"cutout.hdf5: the file must not be in use"):
            read_galaxy(path)
        writer.stdin.close()
        writer.wait()
    assert len(read_galaxy(path).stars) == 197


def test_arrays_cannot_be_written(tmp_path):
    galaxy = read_galaxy(write_cutout(tmp_path))
    with pytest.raises(ValueError, match="read-only"):
        galaxy.stars.masses[0] = 0


def test_file_is_closed_after_reading(tmp_path):
    path = write_cutout(tmp_path)
    read_galaxy(path)
    with h5py.File(path, "r+") as file:
        assert file.mode == "r+"
