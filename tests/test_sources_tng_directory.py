import json
import pickle
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np
import pytest
from galaxy_files import BOX, DM_MASS, stellar_hsml, tng_particles, write_cutout, write_directory
from psutil import Process

from galmass_core.galaxy import GalaxyFileError
from galmass_core.measurements.targets import measure_targets
from galmass_core.sources import ReadOptions, find_galaxies, hdf5, read_galaxy
from galmass_core.sources.snapshot import Snapshot


def three_galaxies():
    """One that lies in both chunks, one without gas, one across the edge of the box."""
    gas_free = tng_particles(stars=160, dark=40, centre=(5e3, 6e3, 7e3), seed=3)
    del gas_free["PartType0"]
    galaxies = [
        tng_particles(stars=500, gas=200, dark=250, seed=2),
        gas_free,
        tng_particles(stars=150, gas=30, dark=20, centre=(0.0, BOX, 4e4), seed=4),
    ]
    for particles in galaxies:
        particles["PartType4"]["StellarHsml"] = stellar_hsml(particles)
    return galaxies


def write_as_cutout(folder, particles, record):
    path = write_cutout(folder, particles)
    path.with_suffix(".json").write_text(json.dumps(record))
    return read_galaxy(path)


def assert_same_particles(galaxy, expected):
    assert galaxy.half_mass_radius == expected.half_mass_radius
    assert (galaxy.is_central, galaxy.host_group) == (expected.is_central, expected.host_group)
    for name, component in expected.components.items():
        for field, values in vars(component).items():
            np.testing.assert_array_equal(vars(galaxy.components[name])[field], values, field)


LAYOUTS = {
    "offsets file": {},
    "no offsets file": {"offsets": False},
    "old names": {"names": ("snap", "groups"), "offsets": False},
    "new names": {"names": ("snapshot", "fof_subhalo_tab")},
    "zipped catalogue": {"zipped": True, "offsets": False},
    "one file": {"chunks": 1, "offsets": False, "names": ("snapshot", "groups")},
    "one file, old names": {"chunks": 1, "offsets": False, "snapshot": 33},
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_every_galaxy_is_as_its_cutout(tmp_path, layout):
    galaxies = three_galaxies()
    records = write_directory(tmp_path / "output", galaxies, **layout)
    for subhalo, (particles, record) in enumerate(zip(galaxies, records, strict=True)):
        galaxy = read_galaxy(tmp_path / "output", subhalo)
        assert_same_particles(galaxy, write_as_cutout(tmp_path, particles, record))
        snapshot = layout.get("snapshot", 99)
        assert str(galaxy.name) == f"TNG/TNG100-1/{snapshot}/{subhalo}"


def test_a_galaxy_across_chunks_has_all_its_particles(tmp_path):
    write_directory(tmp_path / "output", three_galaxies())
    galaxy = read_galaxy(tmp_path / "output", 0)
    assert (len(galaxy.stars), len(galaxy.gas), len(galaxy.dark_matter)) == (497, 203, 250)
    assert len(galaxy.stars.smoothing_lengths) == 497
    with h5py.File(tmp_path / "output" / "snapdir_099" / "snap_099.0.hdf5") as file:
        assert len(file["PartType4/Masses"]) < 500  # it does lie in both


def test_the_folder_that_holds_output_is_as_good(tmp_path):
    write_directory(tmp_path / "output", three_galaxies())
    galaxy = read_galaxy(tmp_path, 2)
    assert_same_particles(galaxy, read_galaxy(tmp_path / "output", 2))


def test_a_gas_free_galaxy_is_read(tmp_path):
    write_directory(tmp_path / "output", three_galaxies())
    galaxy = read_galaxy(tmp_path / "output", 1)
    assert len(galaxy.gas) == 3  # its wind
    assert any("PartType0 is empty" in note for note in galaxy.notes)


def test_a_wrapped_galaxy_is_in_one_piece(tmp_path):
    write_directory(tmp_path / "output", three_galaxies())
    galaxy = read_galaxy(tmp_path / "output", 2)
    assert max(component.radii.max() for component in galaxy.components.values()) < 10


def test_the_catalogue_says_who_is_central(tmp_path):
    write_directory(tmp_path / "output", three_galaxies())
    places = [read_galaxy(tmp_path / "output", subhalo) for subhalo in range(3)]
    assert [galaxy.is_central for galaxy in places] == [True, False, True]
    assert [galaxy.host_group for galaxy in places] == [0, 0, 2]


def test_offsets_inside_an_illustris_catalogue_are_used(tmp_path):
    galaxies = three_galaxies()
    records = write_directory(tmp_path, galaxies, names=("snap", "groups"), offsets=False)
    lengths = np.zeros((2, 6), dtype=np.int64)
    with h5py.File(tmp_path / "groups_099" / "groups_099.0.hdf5", "r+") as file:
        lengths[1] = file["Subhalo/SubhaloLenType"][0]
        file["Offsets/Subhalo_SnapByType"] = lengths
        del file["Group/GroupLenType"]
    galaxy = read_galaxy(tmp_path, 1)
    assert_same_particles(galaxy, write_as_cutout(tmp_path, galaxies[1], records[1]))


def test_camels_simba_is_read(tmp_path):
    galaxies = three_galaxies()
    for galaxy in galaxies:
        for group in ("PartType0", "PartType4"):
            if group in galaxy:
                metallicity = galaxy[group].pop("GFM_Metallicity")
                galaxy[group]["Metallicity"] = np.tile(metallicity[:, None], (1, 11))
        stars = galaxy["PartType4"]
        stars["StellarFormationTime"] = stars.pop("GFM_StellarFormationTime")
        galaxy["PartType1"]["Masses"] = np.full(len(galaxy["PartType1"]["Coordinates"]), 1e-3)
        del stars["GFM_InitialMass"], stars["GFM_StellarPhotometrics"]
    folder = tmp_path / "SIMBA" / "LH_0"
    header = {"SimulationName": None, "BoxSize": 25000.0, "MassTable": np.zeros(6)}
    write_directory(folder, galaxies[:1] + galaxies[2:], chunks=1, offsets=False, **header)
    galaxy = read_galaxy(folder, 0)
    assert str(galaxy.name) == "CAMELS/SIMBA-LH_0/99/0"
    assert galaxy.stars.magnitudes is None


def camels_trees(folder, names=("snapshot", "groups")):
    """Write CAMELS' two trees, snapshots and catalogues apart; return that of snapshots."""
    sims, groups = (folder / tree / "SIMBA" / "LH_0" for tree in ("Sims", "FOF_Subfind"))
    header = {"SimulationName": None, "BoxSize": 25000.0}
    write_directory(sims, three_galaxies(), chunks=1, offsets=False, names=names, **header)
    groups.mkdir(parents=True)
    for path in sims.glob(f"{names[1]}_*"):
        path.rename(groups / path.name)
    return sims


@pytest.mark.parametrize("names", [("snapshot", "groups"), ("snap", "fof_subhalo_tab")])
def test_catalogue_of_camels_is_found_in_its_other_tree(tmp_path, names):
    write_directory(tmp_path / "whole", three_galaxies(), chunks=1, offsets=False)
    sims = camels_trees(tmp_path, names)
    galaxy = read_galaxy(sims, 1)
    assert str(galaxy.name) == "CAMELS/SIMBA-LH_0/99/1"
    assert_same_particles(galaxy, read_galaxy(tmp_path / "whole", 1))
    assert len(find_galaxies([sims]).galaxies) == 3


def test_masses_of_camels_are_those_weighed_with_h5py(tmp_path):
    sims = camels_trees(tmp_path)
    groups = tmp_path / "FOF_Subfind" / "SIMBA" / "LH_0" / "groups_099.hdf5"
    with h5py.File(groups) as file, h5py.File(sims / "snapshot_099.hdf5") as snapshot:
        a, h = snapshot["Header"].attrs["Time"], snapshot["Header"].attrs["HubbleParam"]
        lengths = file["Subhalo/SubhaloLenType"][()]
        half = file["Subhalo/SubhaloHalfmassRadType"][1, 4] * a / h
        weighed = {}
        for part in (0, 1, 4):  # rows of subhalo 1 follow those of subhalo 0
            rows = slice(lengths[0, part], lengths[0, part] + lengths[1, part])
            group = snapshot[f"PartType{part}"]
            offsets = group["Coordinates"][rows] - file["Subhalo/SubhaloPos"][1].astype(float)
            radii = np.linalg.norm(offsets - 25000 * np.rint(offsets / 25000), axis=1) * a / h
            masses = np.full(len(radii), DM_MASS) if part == 1 else group["Masses"][rows]
            if part == 4:
                kept = group["GFM_StellarFormationTime"][rows] > 0
                radii, masses = radii[kept], masses[kept]
            weighed[part] = [masses[radii <= r * half].sum() * 1e10 / h for r in (1, 2)]
    galaxy = read_galaxy(sims, 1)
    row = measure_targets(galaxy)
    assert galaxy.half_mass_radius == pytest.approx(half, rel=1e-5)
    for key, part in {"mstar": 4, "mdm": 1}.items():
        found = [10 ** row[f"log_{key}_{aperture}rhsm"] for aperture in (1, 2)]
        np.testing.assert_allclose(found, weighed[part], rtol=1e-5)


def test_folder_of_the_catalogue_can_be_given(tmp_path):
    sims = camels_trees(tmp_path)
    groups = tmp_path / "elsewhere"
    (tmp_path / "FOF_Subfind" / "SIMBA" / "LH_0").rename(groups)
    with pytest.raises(FileNotFoundError, match="must hold the group catalogue of snapshot 99"):
        find_galaxies([sims])
    options = ReadOptions(groups=groups)
    refs = find_galaxies([sims], options).galaxies
    assert [ref.read().name.subhalo for ref in refs] == ["0", "1", "2"]


def test_snapshot_can_be_chosen(tmp_path):
    early = [tng_particles(stars=120, seed=seed) for seed in range(3)]
    write_directory(tmp_path / "output", early, snapshot=50, SnapshotNumber=50)
    shutil.move(tmp_path / "postprocessing", tmp_path / "early")
    write_directory(tmp_path / "output", three_galaxies())
    options = ReadOptions(snapshot=50)
    assert len(read_galaxy(tmp_path / "output", 0, options=options).stars) == 117
    assert len(read_galaxy(tmp_path / "output", 0).stars) == 497
    ref = find_galaxies([tmp_path / "output"], options).galaxies[0]
    assert str(ref.read().name) == "TNG/TNG100-1/50/0"


def test_type_that_was_not_downloaded_is_unknown(tmp_path):
    write_directory(tmp_path / "output", three_galaxies())
    for path in tmp_path.rglob("snap_099.*.hdf5"):
        with h5py.File(path, "r+") as file:
            del file["PartType1"]
    galaxy = read_galaxy(tmp_path / "output", 0)
    assert galaxy.dark_matter is None
    assert any("PartType1 is not in the file" in note for note in galaxy.notes)


def test_units_of_a_snapshots_datasets_are_read(tmp_path):
    write_directory(tmp_path / "usual" / "output", three_galaxies())
    usual = read_galaxy(tmp_path / "usual" / "output", 0)
    write_directory(tmp_path / "output", three_galaxies())
    for path in (tmp_path / "output").rglob("snap_099.*.hdf5"):
        with h5py.File(path, "r+") as file:
            masses = file["PartType4/Masses"]
            masses[...] = masses[()] / 1e3
            masses.attrs.update({"to_cgs": 1.989e46, "a_scaling": 0.0, "h_scaling": -1.0})
    galaxy = read_galaxy(tmp_path / "output", 0)
    np.testing.assert_allclose(galaxy.stars.masses, usual.stars.masses, rtol=1e-6)


def test_absent_snapshot_is_refused_with_those_there(tmp_path):
    write_directory(tmp_path / "output", three_galaxies())
    with pytest.raises(FileNotFoundError, match="must hold snapshot 50, found 99"):
        find_galaxies([tmp_path / "output"], ReadOptions(snapshot=50))


def test_listing_takes_what_may_pass_the_papers_cuts(tmp_path):
    write_directory(tmp_path / "output", three_galaxies())
    with h5py.File(next(tmp_path.rglob("fof_subhalo_tab_099.0.hdf5")), "r+") as file:
        file["Subhalo/SubhaloMassType"][0, 4] = 0.338  # 5e9 Msun is 0.3387
        file["Subhalo/SubhaloMassType"][1, 4] = 0.340
    with h5py.File(next(tmp_path.rglob("fof_subhalo_tab_099.1.hdf5")), "r+") as file:
        file["Subhalo/SubhaloMass"][0] = 6780.0  # 1e14 Msun is 6774
    assert [ref.subhalo for ref in find_galaxies([tmp_path / "output"]).galaxies] == ["1"]


def test_a_listed_galaxy_reads_itself(tmp_path):
    write_directory(tmp_path / "output", three_galaxies())
    refs = find_galaxies([tmp_path / "output"]).galaxies
    assert [ref.subhalo for ref in refs] == ["0", "1", "2"]
    assert pickle.loads(pickle.dumps(refs[2])).read().name.subhalo == "2"


def test_subhaloes_are_listed_in_the_order_of_numbers(tmp_path):
    galaxies = [tng_particles(stars=100, gas=2, dark=2, wind=0, seed=seed) for seed in range(12)]
    write_directory(tmp_path / "output", galaxies)
    numbers = [int(ref.subhalo) for ref in find_galaxies([tmp_path / "output"]).galaxies]
    assert numbers == list(range(12))


def test_a_galaxys_source_leads_back_to_it(tmp_path):
    write_directory(tmp_path / "output", three_galaxies())
    galaxy = read_galaxy(tmp_path / "output", 1)
    assert_same_particles(read_galaxy(galaxy.source, galaxy.name.subhalo), galaxy)


def test_a_directory_written_again_is_read_again(tmp_path):
    write_directory(tmp_path, three_galaxies(), offsets=False)
    assert len(read_galaxy(tmp_path, 0).stars) == 497
    for path in tmp_path.rglob("*.hdf5"):
        path.unlink()
    write_directory(tmp_path, three_galaxies()[::-1], offsets=False)
    assert len(read_galaxy(tmp_path, 0).stars) == 147


@pytest.fixture
def many_chunks(tmp_path):
    """Twenty chunks, whose particles' masses count up; two particles in each but the tenth."""
    paths, masses = {}, iter(np.arange(38.0))
    for number in range(20):
        paths[number] = tmp_path / f"snap_099.{number}.hdf5"
        count = 0 if number == 9 else 2
        with h5py.File(paths[number], "w") as file:
            counts = np.array([0, count, 0, 0, 0, 0])
            file.create_group("Header").attrs["NumPart_ThisFile"] = counts
            if count:
                file["PartType1/Masses"] = [next(masses), next(masses)]
    return Snapshot(paths, None)


def test_a_chunk_may_have_none_of_a_type(many_chunks):
    masses = many_chunks.read(many_chunks.runs(1, 17, 3), "PartType1/Masses").values
    np.testing.assert_array_equal(masses, [17, 18, 19])
    assert many_chunks.read(many_chunks.runs(1, 18, 1), "PartType1/Masses").values == [18]


def test_files_stay_open_only_in_small_numbers(many_chunks, tmp_path):
    masses = many_chunks.read(many_chunks.runs(1, 3, 30), "PartType1/Masses").values
    np.testing.assert_array_equal(masses, np.arange(3.0, 33.0))
    names = [file.path for file in Process().open_files()]
    assert 0 < sum(name.startswith(str(tmp_path)) for name in names) <= 8


def test_threads_do_not_close_each_others_files(many_chunks, monkeypatch):
    class SlowFile(hdf5.File):
        def find(self, dataset):
            time.sleep(1e-3)  # lets the others in
            return super().find(dataset)

    def read(start):
        return many_chunks.read(many_chunks.runs(1, start, 28), "PartType1/Masses").values[0]

    monkeypatch.setattr("galmass_core.sources.open_chunks._OPEN_FILES", 1)
    monkeypatch.setattr(hdf5, "File", SlowFile)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(read, range(10))) == list(range(10))


@pytest.mark.parametrize("subhalo", [3, 10**9])
def test_unknown_subhalo_is_named(tmp_path, subhalo):
    write_directory(tmp_path / "output", three_galaxies())
    with pytest.raises(GalaxyFileError, match=rf"subhalo {subhalo} of .*output"):
        read_galaxy(tmp_path / "output", subhalo)


@pytest.mark.parametrize("subhalo", [None, "a12", "-1"])
def test_directory_wants_a_number(tmp_path, subhalo):
    write_directory(tmp_path / "output", three_galaxies())
    with pytest.raises(GalaxyFileError, match="must be read with the number of a subhalo"):
        read_galaxy(tmp_path / "output", subhalo)


def test_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="must hold galaxies in HDF5 files or a snapshot"):
        read_galaxy(tmp_path, 0)


def test_absent_chunk_is_named_when_it_is_needed(tmp_path):
    write_directory(tmp_path / "output", three_galaxies())
    next(tmp_path.rglob("snap_099.0.hdf5")).unlink()
    assert len(read_galaxy(tmp_path / "output", 2).stars) == 147
    with pytest.raises(GalaxyFileError, match=r"subhalo 0 of .*chunk 0 must be there"):
        read_galaxy(tmp_path / "output", 0)


@pytest.mark.parametrize("file", ["snap_099.0.hdf5", "fof_subhalo_tab_099.0.hdf5"])
def test_without_offsets_absent_chunks_are_refused(tmp_path, file):
    write_directory(tmp_path / "output", three_galaxies(), offsets=False)
    next(tmp_path.rglob(file)).unlink()
    with pytest.raises(GalaxyFileError, match="without an offsets file all chunks"):
        read_galaxy(tmp_path / "output", 2)


def test_absent_first_catalogue_chunk_is_no_harm_with_offsets(tmp_path):
    write_directory(tmp_path / "output", three_galaxies())
    next(tmp_path.rglob("fof_subhalo_tab_099.0.hdf5")).unlink()
    assert len(read_galaxy(tmp_path / "output", 2).stars) == 147


def test_damaged_chunk_is_named(tmp_path):
    write_directory(tmp_path / "output", three_galaxies())
    path = next(tmp_path.rglob("snap_099.1.hdf5"))
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(GalaxyFileError, match=r"subhalo 0 of .*snap_099.1.hdf5: .* whole HDF5"):
        read_galaxy(tmp_path / "output", 0)


def test_chunk_that_is_shorter_than_promised_is_refused(tmp_path):
    write_directory(tmp_path / "output", three_galaxies())
    with h5py.File(next(tmp_path.rglob("snap_099.1.hdf5")), "r+") as file:
        masses = file["PartType4/Masses"][:-60]
        del file["PartType4/Masses"]
        file["PartType4/Masses"] = masses
    with pytest.raises(GalaxyFileError, match=r"PartType4/Masses must have \d+ rows"):
        read_galaxy(tmp_path / "output", 2)
