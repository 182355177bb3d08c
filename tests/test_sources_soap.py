"""Snapshots of SWIFT with a catalogue of SOAP, in the layouts of COLIBRE and FLAMINGO."""

import h5py
import numpy as np
import pytest

from galmass_core.galaxy import GalaxyFileError
from galmass_core.sample import TOO_FEW_STARS, TOO_HEAVY, TOO_LIGHT
from galmass_core.sources import ReadOptions, find_galaxies, read_galaxy

H, A, BOX = 0.681, 0.8, 25.0  # Mpc, comoving
MPC, MASS, MSUN, KM = 3.0856775814913673e24, 1.98841e43, 1.98841e33, 1e5
PHYSICAL = "Conversion factor to physical CGS (including cosmological corrections)"
COMOVING = "Conversion factor to CGS (not including cosmological corrections)"
NUMBERS = [40, 7, 12]  # HaloCatalogueIndex of each row
CENTRES = np.array([[24.999, 5.0, 0.001], [0.04, 5.0, 0.001], [9.0, 8.0, 7.0]])  # Mpc
TYPES = ("PartType0", "PartType1", "PartType4", "PartType5")
COUNTS = dict(zip(TYPES, (3000, 9000, 6000, 12), strict=True))


def put(file, name, values, cgs=1.0, a_power=0.0):
    attributes = file.create_dataset(name, data=values).attrs
    attributes[PHYSICAL], attributes[COMOVING] = [cgs * A**a_power], [cgs]
    attributes["a-scale exponent"], attributes["h-scale exponent"] = [a_power], [0.0]


def draw():
    """Particles of each type, and the number of the subhalo to which each is bound, or -1."""
    rng = np.random.default_rng(3)
    particles = {}
    for name, count in COUNTS.items():
        owners = rng.integers(0, 4, count)
        labels = np.append(NUMBERS, -1)[owners]
        width = {"PartType1": 0.02, "PartType5": 1e-4}.get(name, 0.004)
        centres = np.append(CENTRES, CENTRES[:1], axis=0)  # the unbound lie in the first
        positions = (centres[owners] + rng.normal(0.0, width, (count, 3))) % BOX
        mass = "DynamicalMasses" if name == "PartType5" else "Masses"
        particles[name] = {
            "Coordinates": (positions, MPC, 1.0),
            "Velocities": (rng.normal(0.0, 50.0, (count, 3)), KM, 0.0),
            mass: (rng.uniform(1e-4, 2e-4, count), MASS, 0.0),
            "GroupNr_bound": (labels, 1.0, 0.0),
        }
        if name in ("PartType0", "PartType4"):
            particles[name]["MetalMassFractions"] = (rng.uniform(0.0, 0.02, count), 1.0, 0.0)
        if name == "PartType0":
            particles[name]["Temperatures"] = (np.full(count, 5e3), 1.0, 0.0)
            fractions = np.tile([0.25, 0.7], (count, 1))  # helium first
            particles[name]["ElementMassFractions"] = (fractions, 1.0, 0.0)
        if name == "PartType4":
            particles[name]["BirthScaleFactors"] = (rng.uniform(0.1, 0.75, count), 1.0, 0.0)
            particles[name]["InitialMasses"] = (np.full(count, 2e-4), MASS, 0.0)
    return particles


def write_header(file, **changes):
    header = {
        "BoxSize": [BOX] * 3,
        "Redshift": [1 / A - 1],
        "Scale-factor": [A],
        "RunName": np.bytes_("L0025N0376 Thermal"),
        "OutputType": np.bytes_("FullVolume"),
        "NumFilesPerSnapshot": [1],
    }
    file.create_group("Header").attrs.update(header | changes)
    cosmology = {"h": [H], "Omega_m": [0.306], "Omega_lambda": [0.694]}
    file.create_group("Cosmology").attrs.update(cosmology)


def write_catalogue(path, *, redshift=None, box=BOX):
    path.parent.mkdir(parents=True, exist_ok=True)
    redshift = 1 / A - 1 if redshift is None else redshift
    with h5py.File(path, "w") as file:
        write_header(
            file,
            OutputType=np.bytes_("SOAP"),
            BoxSize=[box] * 3,
            Redshift=[redshift],
            **{"Scale-factor": [1 / (1 + redshift)]},
        )
        put(file, "InputHalos/HaloCatalogueIndex", NUMBERS)
        put(file, "InputHalos/IsCentral", [1, 0, 1])
        put(file, "SOAP/HostHaloIndex", [-1, 0, -1])
        put(file, "InputHalos/HaloCentre", CENTRES, MPC, 1.0)
        put(file, "BoundSubhalo/StellarMass", [6.0, 2.0, 1.0], MASS)
        put(file, "BoundSubhalo/TotalMass", [90.0, 20.0, 10.0], MASS)
        put(file, "BoundSubhalo/NumberOfStarParticles", [1500, 1500, 1500])
        put(file, "BoundSubhalo/HalfMassRadiusStars", np.array([0.006, 0.007, 0.0], "f4"), MPC, 1.0)


def write_particles(path, particles, *, labels=True, **header):
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        counts = np.array(
            [len(particles.get(f"PartType{i}", {}).get("Coordinates", [()])[0]) for i in range(7)]
        )
        write_header(file, NumPart_ThisFile=counts, **header)
        file.create_group("Cells")
        file["SubgridScheme/NamedColumns/ElementMassFractions"] = [b"Helium", b"Hydrogen"]
        for name, fields in particles.items():
            for field, (values, cgs, a_power) in fields.items():
                if labels or field != "GroupNr_bound":
                    put(file, f"{name}/{field}", values, cgs, a_power)
    return path


def write_labels(path, particles):
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, fields in particles.items():
            file[f"{name}/GroupNr_bound"] = fields["GroupNr_bound"][0]


def part(particles, chunk, chunks):
    cut = {name: np.array_split(np.arange(COUNTS[name]), chunks)[chunk] for name in particles}
    return {
        name: {field: (values[cut[name]], *unit) for field, (values, *unit) in fields.items()}
        for name, fields in particles.items()
    }


def write_colibre(run, *, chunks=1, virtual=False):
    """Write a run with chunks of snapshot and membership, or a file with both."""
    particles = draw()
    write_catalogue(run / "SOAP-HBT" / "halo_properties_0102.hdf5")
    if chunks == 1:
        write_particles(run / "SOAP-HBT" / "colibre_with_SOAP_membership_0102.hdf5", particles)
        return run
    folder, memberships = run / "snapshots" / "colibre_0102", run / "SOAP-HBT" / "membership_0102"
    for chunk in range(chunks):
        rows = part(particles, chunk, chunks)
        path = folder / f"colibre_0102.{chunk}.hdf5"
        write_particles(path, rows, labels=False, NumFilesPerSnapshot=[chunks])
        write_labels(memberships / f"membership_0102.{chunk}.hdf5", rows)
    if virtual:
        write_virtual(folder / "colibre_0102.hdf5", particles, chunks)
    return run


def write_virtual(path, particles, chunks):
    with h5py.File(path, "w") as file:
        write_header(file)
        for name, fields in particles.items():
            for field, (values, cgs, a_power) in fields.items():
                if field == "GroupNr_bound":
                    continue
                layout, start = h5py.VirtualLayout(values.shape, values.dtype), 0
                for rows in np.array_split(np.arange(COUNTS[name]), chunks):
                    source = f"{path.stem}.{start * chunks // COUNTS[name]}.hdf5"
                    shape = (len(rows), *values.shape[1:])
                    layout[start : start + len(rows)] = h5py.VirtualSource(
                        source, f"{name}/{field}", shape=shape
                    )
                    start += len(rows)
                attributes = file.create_virtual_dataset(f"{name}/{field}", layout).attrs
                attributes[PHYSICAL] = [cgs * A**a_power]


def weigh(number, particles, radius=None):
    """Weigh a subhalo: R_hsm of its stars, and the mass of each type in R_hsm and 2 R_hsm."""
    centre = CENTRES[NUMBERS.index(number)]
    found = {}
    for name, fields in particles.items():
        bound = fields["GroupNr_bound"][0] == number
        offsets = fields["Coordinates"][0][bound] - centre
        offsets -= BOX * np.round(offsets / BOX)
        masses = fields.get("Masses", fields.get("DynamicalMasses"))[0][bound] * MASS / MSUN
        found[name] = np.linalg.norm(offsets, axis=1) * 1e3 * A, masses
    if radius is None:
        radii, masses = found["PartType4"]
        order = np.argsort(radii)
        enclosed = np.cumsum(masses[order])
        radius = np.interp(enclosed[-1] / 2, enclosed, radii[order])
    inside = {
        (name, times): masses[radii <= times * radius].sum()
        for name, (radii, masses) in found.items()
        for times in (1, 2)
    }
    return radius, inside


@pytest.mark.parametrize(
    ("number", "radius"),
    [(40, 1e3 * np.float32(0.006) * A), (7, 1e3 * np.float32(0.007) * A), (12, None)],
)
@pytest.mark.parametrize("chunks", [1, 3])
def test_masses_are_those_weighed_with_numpy(tmp_path, number, radius, chunks):
    radius, inside = weigh(number, draw(), radius)
    galaxy = read_galaxy(write_colibre(tmp_path / "run", chunks=chunks), number)
    assert galaxy.half_mass_radius == pytest.approx(radius, rel=1e-5)
    names = ("gas", "dark_matter", "stars", "black_holes")
    for part_type, name in zip(TYPES, names, strict=True):
        component = galaxy.components[name]
        for times in (1, 2):
            mass = component.masses[component.radii <= times * galaxy.half_mass_radius].sum()
            assert mass == pytest.approx(inside[part_type, times], rel=1e-5), (name, times)
            assert mass > 0


def test_unbound_particles_are_not_counted(tmp_path):
    labels = draw()["PartType4"]["GroupNr_bound"][0]
    galaxy = read_galaxy(write_colibre(tmp_path / "run"), 40)
    assert len(galaxy.stars) == np.count_nonzero(labels == 40)
    assert np.count_nonzero(labels == -1) > 1000  # at the same place


def test_galaxies_are_named_after_files_run_and_index(tmp_path):
    found = find_galaxies([write_colibre(tmp_path / "run")])
    assert [ref.subhalo for ref in found.galaxies] == ["7", "12", "40"]
    galaxy = found.galaxies[0].read()
    assert str(galaxy.name) == "COLIBRE/L0025N0376-Thermal/102/7"
    assert (galaxy.is_central, galaxy.host_group) == (False, 40)
    assert read_galaxy(tmp_path / "run", 12).host_group == 12
    assert galaxy.redshift == pytest.approx(0.25)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "SOAP-HBT",
        "snapshots/colibre_0102",
        "snapshots/colibre_0102/colibre_0102.0.hdf5",
        "snapshots/colibre_0102/colibre_0102.hdf5",
    ],
)
def test_source_is_the_run_or_a_part_of_it(tmp_path, source):
    run = write_colibre(tmp_path / "run", chunks=2, virtual=True)
    if source == "SOAP-HBT":
        write_particles(run / "SOAP-HBT" / "colibre_with_SOAP_membership_0102.hdf5", draw())
    (first, *_) = find_galaxies([run / source]).galaxies
    assert len(first.read().stars) == np.count_nonzero(draw()["PartType4"]["GroupNr_bound"][0] == 7)


def test_catalogue_may_be_a_file_elsewhere(tmp_path):
    path = write_particles(tmp_path / "snaps" / "snap_0102.hdf5", draw())
    write_catalogue(tmp_path / "any" / "soap.hdf5")
    options = ReadOptions(groups=tmp_path / "any" / "soap.hdf5", simulation="test")
    assert str(read_galaxy(path, 40, options=options).name) == "SWIFT/test/102/40"
    assert len(find_galaxies([path], options).galaxies) == 3


@pytest.mark.parametrize("name", ["membership_0102.hdf5", "membership_0102.0.hdf5"])
def test_snapshot_of_one_file_has_one_file_of_labels(tmp_path, name):
    path = write_particles(tmp_path / "colibre_0102.hdf5", draw(), labels=False)
    write_catalogue(tmp_path / "halo_properties_0102.hdf5")
    write_labels(tmp_path / name, draw())
    bound = draw()["PartType4"]["GroupNr_bound"][0] == 40
    assert len(read_galaxy(path, 40).stars) == np.count_nonzero(bound)


def test_snapshot_is_chosen(tmp_path):
    run = write_colibre(tmp_path / "run")
    for path in list(run.rglob("*.hdf5")):
        path.with_name(path.name.replace("0102", "0127")).write_bytes(path.read_bytes())
    assert read_galaxy(run, 7).name.snapshot == "127"
    assert read_galaxy(run, 7, options=ReadOptions(snapshot=102)).name.snapshot == "102"


def test_named_column_of_hydrogen_is_read(tmp_path):
    gas = read_galaxy(write_colibre(tmp_path / "run"), 40).gas
    np.testing.assert_allclose(gas.neutral_hydrogen_masses, 0.7 * gas.masses)  # all cold


def test_cuts_take_bound_masses(tmp_path):
    run = write_colibre(tmp_path / "run")
    with h5py.File(run / "SOAP-HBT" / "halo_properties_0102.hdf5", "r+") as file:
        file["BoundSubhalo/StellarMass"][0] = 0.4
        file["BoundSubhalo/TotalMass"][1] = 2e4
        file["BoundSubhalo/NumberOfStarParticles"][2] = 99
    assert find_galaxies([run]).left_out == {TOO_LIGHT: 1, TOO_HEAVY: 1, TOO_FEW_STARS: 1}


def test_species_without_labels_is_unknown(tmp_path):
    run = write_colibre(tmp_path / "run")
    with h5py.File(run / "SOAP-HBT" / "colibre_with_SOAP_membership_0102.hdf5", "r+") as file:
        del file["PartType1/GroupNr_bound"]
    galaxy = read_galaxy(run, 40)
    assert galaxy.dark_matter is None
    assert galaxy.gas is not None


def test_labels_of_another_length_are_refused(tmp_path):
    run = write_colibre(tmp_path / "run", chunks=2)
    path = run / "SOAP-HBT" / "membership_0102" / "membership_0102.1.hdf5"
    with h5py.File(path, "r+") as file:
        labels = file["PartType4/GroupNr_bound"][:-1]
        del file["PartType4/GroupNr_bound"]
        file["PartType4/GroupNr_bound"] = labels
    message = r"membership_0102.1.hdf5: PartType4/GroupNr_bound must have a row .* 3000 .* got 2999"
    with pytest.raises(GalaxyFileError, match=message):
        read_galaxy(run, 40)


def test_column_of_another_length_is_refused(tmp_path):
    run = write_colibre(tmp_path / "run")
    with h5py.File(run / "SOAP-HBT" / "halo_properties_0102.hdf5", "r+") as file:
        del file["InputHalos/IsCentral"]
        file["InputHalos/IsCentral"] = [1, 0]
    with pytest.raises(GalaxyFileError, match="InputHalos/IsCentral must have 3 rows, got 2"):
        find_galaxies([run])


def test_number_of_two_galaxies_is_refused(tmp_path):
    run = write_colibre(tmp_path / "run")
    with h5py.File(run / "SOAP-HBT" / "halo_properties_0102.hdf5", "r+") as file:
        numbers = file["InputHalos/HaloCatalogueIndex"]
        numbers[1] = numbers[0]
        twice = numbers[0]
    message = rf"HaloCatalogueIndex must be different in each row, got {twice} twice"
    with pytest.raises(GalaxyFileError, match=message):
        find_galaxies([run])


def test_column_without_unit_is_refused(tmp_path):
    run = write_colibre(tmp_path / "run")
    with h5py.File(run / "SOAP-HBT" / "halo_properties_0102.hdf5", "r+") as file:
        for name in list(file["InputHalos/HaloCentre"].attrs):
            del file["InputHalos/HaloCentre"].attrs[name]
    with pytest.raises(GalaxyFileError, match="InputHalos/HaloCentre must state its unit"):
        find_galaxies([run])


@pytest.mark.parametrize(
    ("change", "message"),
    [({"redshift": 0.3}, r"Redshift must be 0\.25"), ({"box": 50.0}, r"BoxSize must be 25, .* 50")],
)
def test_catalogue_of_another_snapshot_is_refused(tmp_path, change, message):
    run = write_colibre(tmp_path / "run")
    write_catalogue(run / "SOAP-HBT" / "halo_properties_0102.hdf5", **change)
    with pytest.raises(GalaxyFileError, match=message):
        read_galaxy(run, 40)


def test_unknown_subhalo_is_named(tmp_path):
    run = write_colibre(tmp_path / "run")
    with pytest.raises(GalaxyFileError, match="HaloCatalogueIndex must have 3, found no such"):
        read_galaxy(run, 3)


def test_virtual_file_without_its_files_is_refused(tmp_path):
    run = write_colibre(tmp_path / "run", chunks=2, virtual=True)
    folder = run / "snapshots" / "colibre_0102"
    for chunk in range(2):
        (folder / f"colibre_0102.{chunk}.hdf5").unlink()
    with h5py.File(folder / "colibre_0102.hdf5", "r+") as file:
        for name, fields in draw().items():
            file[f"{name}/GroupNr_bound"] = fields["GroupNr_bound"][0]
    message = r"Coordinates must be in colibre_0102.\d.hdf5, found no such file"
    with pytest.raises(GalaxyFileError, match=message):
        read_galaxy(run, 40)


def test_whole_snapshot_without_catalogue_is_refused(tmp_path):
    path = write_particles(tmp_path / "colibre_0102.hdf5", draw())
    with pytest.raises(GalaxyFileError, match=r"whole volume of SWIFT.*--groups CATALOGUE"):
        read_galaxy(path)
