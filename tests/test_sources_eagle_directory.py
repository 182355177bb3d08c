import h5py
import numpy as np
import pytest
from eagle_files import (
    BOX,
    DM_MASS,
    NONE,
    A,
    H,
    masses_inside,
    particles,
    write_file,
    write_snapshot,
)

from galmass_core.galaxy import GalaxyFileError
from galmass_core.measurements.targets import measure_targets
from galmass_core.sample import NOT_COSMOLOGICAL, TOO_LIGHT
from galmass_core.sources import ReadOptions, find_galaxies, read_galaxy

CENTRES = {(1, 0): (10.0, 20.0, 30.0), (1, 3): (10.1, 20.1, 30.0), (7, 0): (0.0, BOX, 40.0)}
GALAXIES = [
    particles(1, 0, CENTRES[1, 0], (150, 400, 500, 1), seed=1),
    particles(1, 3, CENTRES[1, 3], (0, 200, 300, 1), seed=2),
    particles(7, 0, CENTRES[7, 0], (40, 100, 250, 0), seed=3),
    particles(9, 0, (50.0, 50.0, 50.0), (10, 100, 20, 0), seed=4),  # too light
    particles(1, NONE, CENTRES[1, 0], (30, 30, 30, 0), seed=5),  # not bound to a subhalo
    particles(-1, NONE, CENTRES[1, 0], (30, 30, 30, 0), seed=6),  # not in the group
]
TABLE = """#
#SQL: SELECT SH.GalaxyID, SH.SnapNum, SH.GroupNumber, SH.SubGroupNumber, ...
#
GalaxyID,SnapNum,GroupNumber,SubGroupNumber,CentreOfPotential_x,CentreOfPotential_y,\
CentreOfPotential_z,Spurious
101,25,1,0,{x},{y},{z},0
102,25,1,3,{x},{y},{z},1
103,24,1,0,0.0,0.0,0.0,0
#OK
"""


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    folder = tmp_path_factory.mktemp("eagle") / "RefL0100N1504"
    return write_snapshot(folder, GALAXIES).parent


def rows_of(folder, group, subgroup, part_type, name):
    """Read an object's rows of a dataset with h5py alone."""
    parts = []
    for path in sorted(folder.rglob("*.hdf5")):
        with h5py.File(path) as file:
            if part_type in file:
                kind = file[part_type]
                mine = kind["GroupNumber"][()] == group
                mine &= kind["SubGroupNumber"][()] == subgroup
                parts.append(kind[name][()][mine])
    return np.concatenate(parts).astype(float)


def weigh(folder, group, subgroup, centre):
    """Return log masses in R_hsm and 2 R_hsm, R_hsm and log M_DM; centre in Mpc/h, comoving."""
    radii, masses = {}, {}
    for part_type in ("PartType1", "PartType4"):
        offsets = rows_of(folder, group, subgroup, part_type, "Coordinates") - centre
        offsets = (offsets + BOX / 2) % BOX - BOX / 2
        radii[part_type] = 1e3 * A / H * np.sqrt((offsets**2).sum(axis=1))
        masses[part_type] = np.full(len(offsets), DM_MASS * 1e10 / H)
    masses["PartType4"] = rows_of(folder, group, subgroup, "PartType4", "Mass") * 1e10 / H
    return masses_inside(radii, masses)


def deepest(folder, group, subgroup):
    """Return the position of the most bound of all particles."""
    types = [f"PartType{number}" for number in (0, 1, 4, 5)]
    energies, places = (
        np.concatenate([rows_of(folder, group, subgroup, kind, name) for kind in types])
        for name in ("ParticleBindingEnergy", "Coordinates")
    )
    return places[np.argmin(energies)]


@pytest.mark.parametrize("numbers", CENTRES, ids=str)
def test_galaxy_weighs_what_its_particles_weigh(snapshot, numbers):
    galaxy = read_galaxy(snapshot, "{}-{}".format(*numbers))
    expected = weigh(snapshot, *numbers, deepest(snapshot, *numbers))
    found = measure_targets(galaxy) | {"half_mass_radius": galaxy.half_mass_radius}
    assert {key: found[key] for key in expected} == pytest.approx(expected, abs=1e-6)


def test_galaxy_has_name_and_place_in_its_halo(snapshot):
    satellite = read_galaxy(snapshot, "1-3")
    assert str(satellite.name) == "EAGLE/L0100/25/1-3"
    assert (satellite.is_central, satellite.host_group) == (False, 1)
    assert read_galaxy(snapshot, "7-0").is_central
    assert len(satellite.gas) == 0


def test_candidates_are_listed_by_the_papers_cuts(snapshot):
    found = find_galaxies([snapshot])
    assert [ref.subhalo for ref in found.galaxies] == ["1-0", "1-3", "7-0"]
    assert found.left_out == {TOO_LIGHT: 1}
    assert found.galaxies[1].read().name.subhalo == "1-3"


@pytest.mark.parametrize(
    "layout",
    [{"chunks": 1}, {"names": ("particledata", "eagle_subfind_particles")}],
    ids=["one file", "particledata"],
)
def test_other_layouts_give_the_same_galaxy(snapshot, tmp_path, layout):
    folder = write_snapshot(tmp_path, GALAXIES, **layout)
    expected = read_galaxy(snapshot, "1-0")
    for directory in (tmp_path, folder, next(folder.iterdir())):
        galaxy = read_galaxy(directory, "1-0")
        assert galaxy.name == expected.name
        assert galaxy.half_mass_radius == pytest.approx(expected.half_mass_radius)
        assert galaxy.dark_matter.masses.sum() == expected.dark_matter.masses.sum()


def test_chunks_are_one_snapshot_not_a_galaxy_each(snapshot):
    (folder,) = snapshot.iterdir()
    assert len(find_galaxies([folder]).galaxies) == 3
    assert len(find_galaxies([next(folder.iterdir())]).galaxies) == 3


def test_snapshot_can_be_chosen(snapshot):
    assert read_galaxy(snapshot, "1-0", options=ReadOptions(snapshot=25)).name.snapshot == "25"
    for source in (snapshot, next(snapshot.rglob("*.hdf5"))):
        with pytest.raises(FileNotFoundError, match="must hold snapshot 24, found 25"):
            find_galaxies([source], ReadOptions(snapshot=24))


def test_central_without_binding_energies_is_read(tmp_path):
    write_snapshot(tmp_path, GALAXIES, without=("ParticleBindingEnergy",))
    galaxy = read_galaxy(tmp_path, "1-0")
    offset = np.linalg.norm(galaxy.stars.positions.mean(axis=0))  # of a blob of 500 stars
    assert offset < 0.5 * galaxy.half_mass_radius


@pytest.mark.parametrize("given", [False, True])
def test_table_of_the_database_gives_centres(snapshot, tmp_path, given):
    centre = np.array(CENTRES[1, 0]) + 1e-3  # Mpc/h
    folder = write_snapshot(tmp_path / "data", GALAXIES)
    path = (tmp_path if given else folder) / "subhaloes.csv"
    path.write_text(TABLE.format(**dict(zip("xyz", centre / H, strict=True))))
    options = ReadOptions(groups=path if given else None)
    galaxy = read_galaxy(tmp_path / "data", "1-0", options=options)
    expected = weigh(snapshot, 1, 0, centre)
    found = measure_targets(galaxy) | {"half_mass_radius": galaxy.half_mass_radius}
    assert {key: found[key] for key in expected} == pytest.approx(expected, abs=1e-6)
    assert galaxy.is_cosmological is True
    left_out = find_galaxies([tmp_path / "data"], options).left_out
    assert left_out == {TOO_LIGHT: 1, NOT_COSMOLOGICAL: 1}


def test_galaxy_that_is_not_in_the_table_has_its_own_centre(snapshot, tmp_path):
    (tmp_path / "table.csv").write_text(TABLE.format(x=1.0, y=2.0, z=3.0))
    galaxy = read_galaxy(snapshot, "7-0", options=ReadOptions(groups=tmp_path / "table.csv"))
    assert galaxy.half_mass_radius == read_galaxy(snapshot, "7-0").half_mass_radius
    assert galaxy.is_cosmological is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("CentreOfPotential_x", "x"), "must have the columns .*centreofpotential_x"),
        (("SnapNum", "Snap"), r"must have one row for a subhalo .* \[1, 0\]"),
        (("101,25,1,0", "101,25,1.5,0"), "groupnumber must be a whole number"),
        (("101,25,1,0", "101,25,one,0"), "groupnumber must be a whole number"),
        (("101,25,1,0,1.0", "101,25,1,0,?"), "centreofpotential_x must be a number"),
        (("3.0,1", "3.0,"), "spurious must be a whole number"),
        (("3.0,1", "3.0,1,5,6"), "must be a CSV table of EAGLE's database, got"),
    ],
)
def test_table_that_is_ambiguous_is_refused(snapshot, tmp_path, change, message):
    (tmp_path / "table.csv").write_text(TABLE.format(x=1.0, y=2.0, z=3.0).replace(*change))
    with pytest.raises(GalaxyFileError, match=message):
        read_galaxy(snapshot, "1-0", options=ReadOptions(groups=tmp_path / "table.csv"))


@pytest.mark.parametrize("subhalo", ["1", "1-0-2", "a-b"])
def test_galaxy_is_named_by_group_and_subgroup(snapshot, subhalo):
    with pytest.raises(GalaxyFileError, match="must be read with GroupNumber-SubGroupNumber"):
        read_galaxy(snapshot, subhalo)


def test_subhalo_without_stars_is_refused(snapshot):
    with pytest.raises(GalaxyFileError, match=r"subhalo 8-0 of .* must hold stars of the subhalo"):
        read_galaxy(snapshot, "8-0")


def test_missing_chunk_is_named(tmp_path):
    folder = write_snapshot(tmp_path, GALAXIES)
    (folder / "snap_025_z000p250.1.hdf5").unlink()
    with pytest.raises(GalaxyFileError, match=r"all 3 files .* must be there, got no number 1"):
        read_galaxy(tmp_path, "1-0")


def test_particles_without_numbers_are_refused(tmp_path):
    write_snapshot(tmp_path, GALAXIES, without=("SubGroupNumber",))
    with pytest.raises(GalaxyFileError, match=r"SubGroupNumber must be there"):
        find_galaxies([tmp_path])


def test_dark_matter_that_is_in_no_chunk_is_unknown(tmp_path):
    folder = write_snapshot(tmp_path, GALAXIES, chunks=1)
    with h5py.File(folder / "snap_025_z000p250.hdf5", "r+") as file:
        del file["PartType1"]
    assert len(find_galaxies([tmp_path]).galaxies) == 3
    assert read_galaxy(tmp_path, "1-0").dark_matter is None


def test_real_file_is_read_as_a_snapshot(shared_data, tmp_path):
    path = shared_data / "particles" / "eagle_z0_group92_sub9.hdf5"
    folder = tmp_path / "snapshot_028_z000p000"
    folder.mkdir()
    (folder / "snap_028_z000p000.hdf5").symlink_to(path)
    galaxy, expected = read_galaxy(tmp_path, "92-9"), read_galaxy(path)
    assert galaxy.name == expected.name
    assert galaxy.half_mass_radius == expected.half_mass_radius
    for species in ("stars", "dark_matter", "black_holes"):
        found, file = galaxy.components[species], expected.components[species]
        np.testing.assert_array_equal(found.masses, file.masses)
        np.testing.assert_array_equal(found.positions, file.positions)


def test_one_file_of_a_subhalo_is_as_its_directory(snapshot, tmp_path):
    path = write_file(tmp_path / "galaxy.hdf5", GALAXIES[0], ExtractedFromSnapshot=25)
    galaxy, expected = read_galaxy(path), read_galaxy(snapshot, "1-0")
    assert (galaxy.name, galaxy.is_central) == (expected.name, True)
    assert galaxy.half_mass_radius == pytest.approx(expected.half_mass_radius)
