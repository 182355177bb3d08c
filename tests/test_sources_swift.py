import h5py
import numpy as np
import pytest

from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources import read_galaxy

Z, A = 1.0, 0.5
PHYSICAL = "Conversion factor to physical CGS (including cosmological corrections)"
COMOVING = "Conversion factor to CGS (not including cosmological corrections)"
MPC, MASS = 3.0856775814913673e24, 1.98841e43


@pytest.fixture(scope="module")
def colibre(shared_data):
    return read_galaxy(shared_data / "particles" / "colibre_z0.hdf5")


def write_swift(path, *, physical=True, omega=True):
    """Write two stars and a gas particle at z = 1, with one kind of unit attribute."""
    raw = {
        "PartType4/Coordinates": ([[0.25, 5, 5], [9.25, 5, 5]], MPC, 1.0),
        "PartType4/Velocities": ([[100.0, 0, 0], [0, 0, 0]], 1e5, 0.0),
        "PartType4/Masses": ([1e-4, 3e-4], MASS, 0.0),
        "PartType4/InitialMasses": ([2e-4, 4e-4], MASS, 0.0),
        "PartType4/BirthScaleFactors": ([0.3, 0.4], 1.0, 0.0),
        "PartType4/MetalMassFractions": ([0.01, 0.02], 1.0, 0.0),
        "PartType0/Coordinates": ([[0.25, 5, 5]], MPC, 1.0),
        "PartType0/Velocities": ([[0.0, 0, 0]], 1e5, 0.0),
        "PartType0/Masses": ([1e-4], MASS, 0.0),
        "PartType0/MetalMassFractions": ([0.01], 1.0, 0.0),
        "PartType0/SmoothingLengths": ([0.001], MPC, 1.0),
        "PartType0/Temperatures": ([5000.0], 1.0, 0.0),
        "PartType0/ElementMassFractions/Hydrogen": ([0.7], 1.0, 0.0),
    }
    with h5py.File(path, "w") as file:
        header = {"BoxSize": [10.0] * 3, "HubbleParam": 0.681, "Redshift": [Z]}
        file.create_group("Header").attrs.update(header | ({"Omega0": 0.3} if omega else {}))
        for name, (values, cgs, a_power) in raw.items():
            attributes = file.create_dataset(name, data=values).attrs
            if physical:
                attributes[PHYSICAL] = [cgs * A**a_power]
            attributes[COMOVING] = [cgs]
            attributes["a-scale exponent"] = [a_power]
            attributes["h-scale exponent"] = [0.0]
    return path


@pytest.mark.parametrize("physical", [True, False])
def test_expansion_enters_once_whichever_attribute_says_it(tmp_path, physical):
    galaxy = read_galaxy(write_swift(tmp_path / "swift.hdf5", physical=physical))
    separation = galaxy.stars.positions[1] - galaxy.stars.positions[0]
    np.testing.assert_allclose(separation, [-1000 * A, 0, 0], atol=1e-9)
    np.testing.assert_allclose(galaxy.stars.masses, [1e6, 3e6])
    difference = galaxy.stars.velocities[0] - galaxy.stars.velocities[1]
    np.testing.assert_allclose(difference, [100, 0, 0], atol=1e-12)


def test_kernel_ends_at_its_multiple_of_the_smoothing_length(tmp_path):
    gas = read_galaxy(write_swift(tmp_path / "swift.hdf5")).gas
    np.testing.assert_allclose(gas.smoothing_lengths, 1.0 * A * 2.018932)


def test_negative_star_formation_rates_are_none(tmp_path):
    path = write_swift(tmp_path / "swift.hdf5")
    with h5py.File(path, "r+") as file:  # SWIFT: when the gas last formed stars
        file["PartType0/StarFormationRates"] = [-0.4]
        file["PartType0/StarFormationRates"].attrs[PHYSICAL] = [1.0]
    assert read_galaxy(path).gas.star_formation_rates == [0.0]


def test_cold_gas_is_neutral(tmp_path):
    galaxy = read_galaxy(write_swift(tmp_path / "swift.hdf5"))
    np.testing.assert_allclose(galaxy.gas.neutral_hydrogen_masses, 0.7e6)
    assert any("colder than 10000 K" in note for note in galaxy.notes)


@pytest.mark.parametrize("named", [True, False], ids=["named columns", "a dataset each"])
def test_hi_and_h2_of_the_simulation_go_before_cold_gas(tmp_path, named):
    """0.2 of the nuclei are atoms, and 0.1 molecules a nucleus hold another 0.2."""
    path = write_swift(tmp_path / "swift.hdf5")
    with h5py.File(path, "r+") as file:
        if named:
            names = [b"elec", b"HI", b"HII", b"H2"]
            file["SubgridScheme/NamedColumns/SpeciesFractions"] = names
            written = {"SpeciesFractions": [[0.6, 0.2, 0.6, 0.1]]}
        else:
            written = {"SpeciesFractions/HI": [0.2], "SpeciesFractions/H2": [0.1]}
        for name, values in written.items():
            file[f"PartType0/{name}"] = np.array(values)
            file[f"PartType0/{name}"].attrs[PHYSICAL] = [1.0]
    galaxy = read_galaxy(path)
    np.testing.assert_allclose(galaxy.gas.neutral_hydrogen_masses, 0.4 * 0.7e6)
    assert not any("colder than" in note for note in galaxy.notes)


def test_dataset_without_unit_is_refused(tmp_path):
    path = write_swift(tmp_path / "swift.hdf5")
    with h5py.File(path, "r+") as file:
        for name in list(file["PartType4/Masses"].attrs):
            del file["PartType4/Masses"].attrs[name]
    with pytest.raises(GalaxyFileError, match="PartType4/Masses must state its unit"):
        read_galaxy(path)


def test_assumed_cosmology_is_stated(tmp_path):
    assumed = read_galaxy(write_swift(tmp_path / "assumed.hdf5", omega=False))
    given = read_galaxy(write_swift(tmp_path / "given.hdf5"))
    assert any("Omega0" in note for note in assumed.notes)
    assert not any("Omega0" in note for note in given.notes)
    assert given.cosmology.omega_matter == 0.3


def test_cosmology_is_read_from_its_own_group(tmp_path):
    path = write_swift(tmp_path / "swift.hdf5", omega=False)
    with h5py.File(path, "r+") as file:
        cosmology = {"h": [0.7], "Omega_m": [0.25], "Omega_lambda": [0.75]}
        file.create_group("Cosmology").attrs.update(cosmology)
    assert read_galaxy(path).cosmology.omega_matter == 0.25


def test_colibre_masses_are_the_catalogues(colibre):
    assert colibre.stars.masses.sum() == pytest.approx(1.129e10, rel=1e-3)
    assert (len(colibre.stars), len(colibre.dark_matter), len(colibre.gas)) == (935, 1157, 62)


def test_colibre_is_centred_where_a_direct_sum_is_deepest(colibre):
    """Half of the mass is inside 2.60 kpc about that particle, with a softening of 0.5 kpc."""
    parts = [part for part in colibre.components.values() if part is not None]
    positions = np.concatenate([part.positions for part in parts])
    masses = np.concatenate([part.masses for part in parts])
    squares = ((positions[:, None] - positions) ** 2).sum(axis=2)
    deepest = np.argmax((masses / np.sqrt(squares + 0.5**2)).sum(axis=1))
    assert np.linalg.norm(positions[deepest]) < 0.2
    assert colibre.half_mass_radius == pytest.approx(2.60, abs=0.02)


def test_colibre_is_named_after_its_run(colibre):
    assert str(colibre.name) == "COLIBRE/L0050/127/colibre_z0"
    assert any("Omega0" in note for note in colibre.notes)


def test_colibre_gas_is_finite_and_some_of_it_neutral(colibre):
    gas = colibre.gas
    assert 0 < gas.neutral_hydrogen_masses.sum() < 0.76 * gas.masses.sum()
    assert (gas.smoothing_lengths > 0).all()
    assert gas.star_formation_rates.sum() == pytest.approx(0.588, abs=0.001)  # Msun/yr


@pytest.mark.parametrize("birth", [-1.0, 0.0])
def test_stars_without_a_time_of_birth_stay_stars(tmp_path, birth):
    path = write_swift(tmp_path / "swift.hdf5")
    with h5py.File(path, "r+") as file:  # SWIFT: of the initial conditions
        file["PartType4/BirthScaleFactors"][0] = birth
    galaxy = read_galaxy(path)
    assert len(galaxy.stars) == 2
    assert len(galaxy.gas) == 1
    assert any("BirthScaleFactors of 1 stars is no time of birth" in n for n in galaxy.notes)
    now = galaxy.cosmology.age(A)
    assert galaxy.stars.ages[0] == pytest.approx(min(10.0, 0.75 * now))
