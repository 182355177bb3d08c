"""Snapshots of SIMBA with a catalogue of caesar, in the layout of its saver.py."""

import h5py
import numpy as np
import pytest
from galaxy_files import write_file

from galmass_core.galaxy import GalaxyFileError
from galmass_core.sample import TOO_FEW_STARS, TOO_HEAVY, TOO_LIGHT
from galmass_core.sources import ReadOptions, find_galaxies, read_galaxy

H, A, BOX = 0.68, 0.5, 25000.0  # ckpc/h
CENTRES = np.array([[20.0, 12000.0, 24990.0], [60.0, 12000.0, 24990.0], [5e3, 6e3, 7e3]])  # ckpc/h
TYPES = {"glist": "PartType0", "dmlist": "PartType1", "slist": "PartType4", "bhlist": "PartType5"}
COUNTS = {"PartType0": 3000, "PartType1": 9000, "PartType4": 6000, "PartType5": 9}


def blobs(name, rng):
    """Particles of a type, and the galaxy nearest to each; half of the last are in none."""
    count = COUNTS[name]
    owners = np.sort(rng.integers(0, 4, count))
    rng.shuffle(owners)
    width = {"PartType1": 30.0, "PartType5": 0.1}.get(name, 4.0)
    centres = np.append(CENTRES, [[12e3, 12e3, 12e3]], axis=0)
    positions = centres[owners] + rng.normal(0.0, width, (count, 3))
    fields = {
        "Coordinates": positions % BOX,
        "Velocities": rng.normal(100.0, 50.0, (count, 3)).astype("f4"),
        "Masses": rng.uniform(1e-3, 2e-3, count).astype("f4"),
    }
    if name in ("PartType0", "PartType4"):
        fields["Metallicity"] = rng.uniform(0.0, 0.02, (count, 11)).astype("f4")
        fields["HaloID"] = np.where(owners == 3, 0, 1 + owners // 2)
    if name == "PartType0":
        fields["Density"] = rng.uniform(1e-6, 1e-4, count).astype("f4")
        fields["StarFormationRate"] = rng.uniform(0.0, 1.0, count).astype("f4")
        fields["Dust_Masses"] = np.zeros(count, "f4")
    if name == "PartType4":
        fields["StellarFormationTime"] = rng.uniform(0.1, 0.45, count).astype("f4")
    return fields, np.where(owners == 3, -1, owners)


def lists(members, groups):
    """Concatenate the members of each group, with starts and ends, as caesar's saver does."""
    parts = [np.flatnonzero(members == group) for group in groups]
    ends = np.cumsum([len(part) for part in parts])
    return np.concatenate(parts), np.r_[0, ends[:-1]], ends


def write_simba(
    folder, *, unit="kpccm", minima=True, parents=(0, 0, 1), chunks=1, redshift=None, box=BOX
):
    """Two galaxies in halo 0, across the edge of the box, and one in halo 1."""
    rng = np.random.default_rng(5)
    particles, owners = {}, {}
    for name in COUNTS:
        particles[name], owners[name] = blobs(name, rng)
    header = {
        "BoxSize": BOX,
        "HubbleParam": H,
        "Omega0": 0.3,
        "OmegaLambda": 0.7,
        "Time": A,
        "Redshift": 1 / A - 1,
        "MassTable": np.zeros(6),
        "NumFilesPerSnapshot": chunks,
    }
    folder.mkdir(parents=True, exist_ok=True)
    for chunk in range(chunks):
        content, counts = {}, np.zeros(6, dtype=int)
        for name, fields in particles.items():
            rows = slice(COUNTS[name] * chunk // chunks, COUNTS[name] * (chunk + 1) // chunks)
            content[name] = {key: values[rows] for key, values in fields.items()}
            counts[int(name[-1])] = rows.stop - rows.start
        end = "" if chunks == 1 else f".{chunk}"
        path = folder / f"snap_m25n512_105{end}.hdf5"
        write_file(path, header | {"NumPart_ThisFile": counts}, content)
    stellar = np.array([6e10, 2e10, 1e10])
    with h5py.File(folder / "m25n512_105.hdf5", "w") as file:
        attributes = file.create_group("simulation_attributes").attrs
        attributes.update(
            {
                "redshift": 1 / A - 1 if redshift is None else redshift,
                "hubble_constant": H,
                "boxsize": box / H,
            }
        )
        file["simulation_attributes"].create_group("units").attrs["boxsize"] = np.bytes_("kpccm")
        scale = {"kpccm": 1 / H, "kpc": A / H, "Mpccm/h": 1e-3}[unit]
        galaxies, halos = file.create_group("galaxy_data"), file.create_group("halo_data")
        galaxies["GroupID"], galaxies["central"] = np.arange(3), np.array([True, False, True])
        galaxies["parent_halo_index"] = np.array(parents)
        for name, offset in {"pos": 1.0, **({"minpotpos": 0.0} if minima else {})}.items():
            galaxies[name] = ((CENTRES + offset) * scale).astype("f4")
            galaxies[name].attrs["unit"] = np.bytes_(unit)
        galaxies["dicts/masses.stellar"], galaxies["dicts/masses.total"] = stellar, 2 * stellar
        halos["dicts/masses.total"] = np.array([9e13, 2e12])
        for name in ("galaxy_data/dicts/masses.stellar", "galaxy_data/dicts/masses.total"):
            file[name].attrs["unit"] = np.bytes_("Msun")
        halos["dicts/masses.total"].attrs["unit"] = np.bytes_("Msun")
        for name, part_type in TYPES.items():
            if name != "dmlist":
                values = lists(owners[part_type], range(3))
                galaxies[f"lists/{name}"] = values[0]
                galaxies[f"{name}_start"], galaxies[f"{name}_end"] = values[1:]
            values = lists(np.where(owners[part_type] < 0, -1, owners[part_type] // 2), range(2))
            halos[f"lists/{name}"], halos[f"{name}_start"], halos[f"{name}_end"] = values
    return folder


def weigh(folder, galaxy, halo):
    """Weigh a galaxy with h5py alone: R_hsm, and mass of each type in R_hsm and 2 R_hsm."""
    with (
        h5py.File(folder / "snap_m25n512_105.hdf5") as snapshot,
        h5py.File(folder / "m25n512_105.hdf5") as catalogue,
    ):
        centre = catalogue["galaxy_data/minpotpos"][galaxy] * A  # kpccm
        found = {}
        for name, part_type in TYPES.items():
            group, row = ("halo_data", halo) if name == "dmlist" else ("galaxy_data", galaxy)
            start, end = catalogue[f"{group}/{name}_start"], catalogue[f"{group}/{name}_end"]
            rows = catalogue[f"{group}/lists/{name}"][start[row] : end[row]]
            positions = snapshot[f"{part_type}/Coordinates"][()][rows] * A / H - centre
            side = BOX * A / H
            radii = np.linalg.norm((positions + side / 2) % side - side / 2, axis=1)
            found[part_type] = radii, snapshot[f"{part_type}/Masses"][()][rows] * 1e10 / H
    radii, masses = found["PartType4"]
    order = np.argsort(radii)
    enclosed = np.cumsum(masses[order], dtype=float)
    radius = np.interp(enclosed[-1] / 2, enclosed, radii[order])
    inside = {
        (part_type, times): masses[radii <= times * radius].sum(dtype=float)
        for part_type, (radii, masses) in found.items()
        for times in (1, 2)
    }
    return radius, inside


@pytest.mark.parametrize(("galaxy", "halo"), [(0, 0), (1, 0), (2, 1)])
def test_masses_are_those_weighed_with_h5py(tmp_path, galaxy, halo):
    radius, inside = weigh(write_simba(tmp_path), galaxy, halo)
    found = read_galaxy(tmp_path, galaxy)
    assert found.half_mass_radius == pytest.approx(radius, rel=1e-5)
    names = ("gas", "dark_matter", "stars", "black_holes")
    for part_type, name in zip(COUNTS, names, strict=True):
        component = found.components[name]
        for times in (1, 2):
            mass = component.masses[component.radii <= times * found.half_mass_radius].sum()
            assert mass == pytest.approx(inside[part_type, times], rel=1e-5), (name, times)
            assert mass > 0


def test_galaxies_are_named_after_run_snapshot_and_group_id(tmp_path):
    write_simba(tmp_path)
    found = find_galaxies([tmp_path])
    assert [ref.subhalo for ref in found.galaxies] == ["0", "1", "2"]
    galaxy = found.galaxies[1].read()
    assert str(galaxy.name) == "SIMBA/m25n512/105/1"
    assert (galaxy.is_central, galaxy.host_group) == (False, 0)
    assert galaxy.redshift == pytest.approx(1.0)


def test_snapshot_file_is_a_source(tmp_path):
    path = write_simba(tmp_path) / "snap_m25n512_105.hdf5"
    assert len(find_galaxies([path]).galaxies) == 3
    assert len(read_galaxy(path, 0).stars) == len(read_galaxy(tmp_path, 0).stars)


@pytest.mark.parametrize("groups", ["catalogues", "catalogues/any_name.hdf5", "Groups"])
def test_catalogue_may_be_elsewhere(tmp_path, groups):
    path = write_simba(tmp_path / "snaps") / "snap_m25n512_105.hdf5"
    target = tmp_path / groups
    if not target.suffix:
        target /= "caesar_m25n512_105.hdf5"
    target.parent.mkdir()
    (path.parent / "m25n512_105.hdf5").rename(target)
    options = ReadOptions() if groups == "Groups" else ReadOptions(groups=tmp_path / groups)
    (first, *_) = find_galaxies([path], options).galaxies
    assert str(first.read().name) == "SIMBA/m25n512/105/0"


def test_chunks_may_be_in_a_folder_of_their_own(tmp_path):
    folder = write_simba(tmp_path / "snapdir_105", chunks=2)
    (tmp_path / "Groups").mkdir()
    (folder / "m25n512_105.hdf5").rename(tmp_path / "Groups" / "caesar_snap_m25n512_105.hdf5")
    assert len(find_galaxies([tmp_path]).galaxies) == 3
    assert len(read_galaxy(tmp_path, 1).stars) == len(read_galaxy(folder, 1).stars)


def test_catalogue_of_a_number_is_read_with_its_snapshot(tmp_path):
    folder = write_simba(tmp_path)
    later = folder / "snap_m25n512_151.hdf5"
    later.write_bytes((folder / "snap_m25n512_105.hdf5").read_bytes())
    catalogue = tmp_path / "elsewhere" / "caesar_m25n512_105.hdf5"
    catalogue.parent.mkdir()
    (folder / "m25n512_105.hdf5").rename(catalogue)
    assert read_galaxy(folder, 0, options=ReadOptions(groups=catalogue)).name.snapshot == "105"


def test_lists_count_over_all_chunks(tmp_path):
    write_simba(tmp_path / "one")
    write_simba(tmp_path / "three", chunks=3)
    one, three = read_galaxy(tmp_path / "one", 1), read_galaxy(tmp_path / "three", 1)
    np.testing.assert_array_equal(one.dark_matter.positions, three.dark_matter.positions)
    np.testing.assert_array_equal(one.stars.masses, three.stars.masses)
    chunk = tmp_path / "three" / "snap_m25n512_105.1.hdf5"
    assert len(read_galaxy(chunk, 1).stars) == len(one.stars)


@pytest.mark.parametrize("unit", ["kpc", "Mpccm/h"])
def test_unit_of_the_centre_is_read(tmp_path, unit):
    write_simba(tmp_path / "usual")
    write_simba(tmp_path / "other", unit=unit)
    usual, other = read_galaxy(tmp_path / "usual", 0), read_galaxy(tmp_path / "other", 0)
    np.testing.assert_allclose(usual.stars.positions, other.stars.positions, atol=2e-3)


def test_unlisted_star_is_not_counted(tmp_path):
    write_simba(tmp_path)
    before = read_galaxy(tmp_path, 2).stars.masses.sum()
    with h5py.File(tmp_path / "m25n512_105.hdf5", "r+") as file:
        start, star = file["galaxy_data/slist_start"], file["galaxy_data/lists/slist"]
        left_out = star[start[2]]
        start[2] += 1
    with h5py.File(tmp_path / "snap_m25n512_105.hdf5") as file:
        mass = file["PartType4/Masses"][left_out] * 1e10 / H
    assert before - read_galaxy(tmp_path, 2).stars.masses.sum() == pytest.approx(mass, rel=1e-5)


def test_dark_matter_of_the_halo_is_noted(tmp_path):
    write_simba(tmp_path)
    central, satellite = (read_galaxy(tmp_path, number).notes for number in (0, 1))
    assert "Dark matter is that of the whole halo, as caesar gives galaxies none." in central
    assert any("spheres about this satellite hold that of its host" in note for note in satellite)


def test_halo_is_the_one_that_lists_the_stars(tmp_path):
    write_simba(tmp_path / "right")
    write_simba(tmp_path / "wrong", parents=(0, 1, 0))
    right, wrong = read_galaxy(tmp_path / "right", 2), read_galaxy(tmp_path / "wrong", 2)
    assert (wrong.host_group, wrong.is_central) == (1, None)
    np.testing.assert_array_equal(wrong.dark_matter.masses, right.dark_matter.masses)
    assert any("parent_halo_index is 0, but halo 1 lists the stars" in note for note in wrong.notes)


def test_centre_of_mass_is_taken_where_there_is_no_minimum(tmp_path):
    write_simba(tmp_path / "minima")
    write_simba(tmp_path / "none", minima=False)
    offset = read_galaxy(tmp_path / "minima", 0).stars.positions
    offset = offset - read_galaxy(tmp_path / "none", 0).stars.positions
    np.testing.assert_allclose(offset, A / H, atol=2e-3)
    assert any("minpotpos is missing" in note for note in read_galaxy(tmp_path / "none", 0).notes)


def test_unlisted_species_is_unknown(tmp_path):
    write_simba(tmp_path)
    with h5py.File(tmp_path / "m25n512_105.hdf5", "r+") as file:
        del file["galaxy_data/lists/glist"]
    galaxy = read_galaxy(tmp_path, 0)
    assert galaxy.gas is None
    assert galaxy.dark_matter is not None


def test_list_beyond_the_snapshot_is_refused(tmp_path):
    write_simba(tmp_path)
    with h5py.File(tmp_path / "m25n512_105.hdf5", "r+") as file:
        file["galaxy_data/lists/slist"][5] = 6000
    message = r"m25n512_105.hdf5: galaxy_data/lists/slist must have numbers from 0 to 5999, .* 6000"
    with pytest.raises(GalaxyFileError, match=message):
        read_galaxy(tmp_path, 0)


def test_list_shorter_than_its_end_is_refused(tmp_path):
    write_simba(tmp_path)
    with h5py.File(tmp_path / "m25n512_105.hdf5", "r+") as file:
        file["halo_data/dmlist_end"][1] += 1
    with pytest.raises(GalaxyFileError, match=r"halo_data/lists/dmlist must have \d+ rows"):
        read_galaxy(tmp_path, 2)


def test_column_of_another_length_is_refused(tmp_path):
    write_simba(tmp_path)
    with h5py.File(tmp_path / "m25n512_105.hdf5", "r+") as file:
        del file["galaxy_data/central"]
        file["galaxy_data/central"] = np.array([True, True])
    with pytest.raises(GalaxyFileError, match="galaxy_data/central must have 3 rows, got 2"):
        find_galaxies([tmp_path])


@pytest.mark.parametrize("name", ["minpotpos", "dicts/masses.stellar"])
def test_column_without_unit_is_refused(tmp_path, name):
    write_simba(tmp_path)
    with h5py.File(tmp_path / "m25n512_105.hdf5", "r+") as file:
        del file[f"galaxy_data/{name}"].attrs["unit"]
    with pytest.raises(GalaxyFileError, match=f"galaxy_data/{name} must state its unit"):
        find_galaxies([tmp_path])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"redshift": 0.98}, r"redshift must be 1, as in .*, got 0\.98"),
        ({"box": 2 * BOX}, r"boxsize must be 18382\.4, as in .*, got 36764\.7"),
    ],
)
def test_catalogue_of_another_snapshot_is_refused(tmp_path, change, message):
    write_simba(tmp_path, **change)
    with pytest.raises(GalaxyFileError, match=message):
        read_galaxy(tmp_path, 0)


def test_unknown_galaxy_is_named(tmp_path):
    write_simba(tmp_path)
    with pytest.raises(GalaxyFileError, match="GroupID must have 7, found no such galaxy"):
        read_galaxy(tmp_path, 7)


def test_cuts_take_masses_of_galaxies_and_of_the_halos_of_centrals(tmp_path):
    write_simba(tmp_path)
    with h5py.File(tmp_path / "m25n512_105.hdf5", "r+") as file:
        file["galaxy_data/dicts/masses.stellar"][1] = 4e9
        file["halo_data/dicts/masses.total"][0] = 2e14
        file["galaxy_data/slist_end"][2] = file["galaxy_data/slist_start"][2] + 99
    assert find_galaxies([tmp_path]).left_out == {TOO_LIGHT: 1, TOO_HEAVY: 1, TOO_FEW_STARS: 1}


def test_snapshot_without_its_catalogue_is_refused(tmp_path):
    path = write_simba(tmp_path) / "snap_m25n512_105.hdf5"
    (tmp_path / "m25n512_105.hdf5").unlink()
    with pytest.raises(GalaxyFileError, match=r"whole snapshot.*--groups CATALOGUE"):
        read_galaxy(path)
    with pytest.raises(
        FileNotFoundError, match=r"must be or hold the catalogue of .*snap_m25n512_105.hdf5"
    ):
        find_galaxies([tmp_path])
    with pytest.raises(FileNotFoundError, match="must hold snapshot 9 with its catalogue"):
        find_galaxies([tmp_path], ReadOptions(snapshot=9))
    with pytest.raises(FileNotFoundError, match="must be or hold the catalogue of"):
        find_galaxies([path], ReadOptions(groups=path))
