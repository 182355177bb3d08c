import h5py
import numpy as np
import pytest

from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources import read_galaxy
from galmass_core.sources.fallbacks import surviving_fraction

A, H = 0.5, 0.7


@pytest.fixture(scope="module")
def eagle(shared_data):
    return read_galaxy(shared_data / "particles" / "eagle_z0_group92_sub9.hdf5")


def write_eagle(path):
    """Write two stars 1 cMpc/h apart across the box edge, at z = 1."""
    raw = {
        "Coordinates": ([[0.25, 5, 5], [9.25, 5, 5]], 3.085678e24, 1.0, -1.0),
        "Velocity": ([[100.0, 0, 0], [0, 0, 0]], 1e5, 0.5, 0.0),
        "Mass": ([1e-4, 3e-4], 1.989e43, 0.0, -1.0),
        "InitialMass": ([2e-4, 4e-4], 1.989e43, 0.0, -1.0),
        "StellarFormationTime": ([0.3, 0.4], 1.0, 0.0, 0.0),
        "Metallicity": ([0.01, 0.02], 1.0, 0.0, 0.0),
    }
    gas = {
        "Coordinates": ([[0.25, 5, 5], [9.25, 5, 5]], 3.085678e24, 1.0, -1.0),
        "Velocity": ([[0.0, 0, 0], [0, 0, 0]], 1e5, 0.5, 0.0),
        "Mass": ([1e-4, 1e-4], 1.989e43, 0.0, -1.0),
        "Metallicity": ([0.01, 0.02], 1.0, 0.0, 0.0),
        "SmoothingLength": ([0.002, 0.004], 3.085678e24, 1.0, -1.0),
        "StarFormationRate": ([0.5, 0.0], 1.989e33 / 3.155e7, 0.0, 0.0),
        "Temperature": ([1e5, 1e5], 1.0, 0.0, 0.0),
        "ElementAbundance/Hydrogen": ([0.7, 0.7], 1.0, 0.0, 0.0),
    }
    with h5py.File(path, "w") as file:
        header = {"BoxSize": 10.0, "HubbleParam": H, "ExpansionFactor": A, "Omega0": 0.307}
        file.create_group("Header").attrs.update(header | {"OmegaLambda": 0.693})
        for group, datasets in (("PartType4", raw), ("PartType0", gas)):
            for name, (values, cgs, a_power, h_power) in datasets.items():
                dataset = file.create_dataset(f"{group}/{name}", data=values)
                dataset.attrs["CGSConversionFactor"] = cgs
                dataset.attrs["aexp-scale-exponent"] = a_power
                dataset.attrs["h-scale-exponent"] = h_power
    return path


def test_gas_is_in_internal_units(tmp_path):
    gas = read_galaxy(write_eagle(tmp_path / "eagle.hdf5")).gas
    np.testing.assert_allclose(gas.star_formation_rates, [0.5, 0.0])
    np.testing.assert_allclose(gas.smoothing_lengths, np.array([2.0, 4.0]) * A / H)
    np.testing.assert_allclose(gas.neutral_hydrogen_masses, [0.7e6 / H, 0.0])  # stars form there


def test_units_follow_the_exponents_in_the_file(tmp_path):
    stars = read_galaxy(write_eagle(tmp_path / "eagle.hdf5")).stars
    np.testing.assert_allclose(stars.masses, np.array([1e6, 3e6]) / H)
    np.testing.assert_allclose(stars.initial_masses, np.array([2e6, 4e6]) / H)
    separation = stars.positions[1] - stars.positions[0]
    np.testing.assert_allclose(separation, [-1000 * A / H, 0, 0], atol=1e-9)
    difference = stars.velocities[0] - stars.velocities[1]
    np.testing.assert_allclose(difference, [100 * np.sqrt(A), 0, 0], atol=1e-12)


def test_attributes_may_be_arrays_of_one_element(tmp_path):
    scalars = read_galaxy(write_eagle(tmp_path / "scalars.hdf5"))
    path = write_eagle(tmp_path / "arrays.hdf5")
    with h5py.File(path, "r+") as file:  # as R writes them
        for group in ("PartType0", "PartType4"):
            file[group].visititems(as_arrays)
    arrays = read_galaxy(path)
    np.testing.assert_array_equal(arrays.stars.positions, scalars.stars.positions)
    np.testing.assert_array_equal(arrays.gas.masses, scalars.gas.masses)


def as_arrays(_, dataset):
    for key, value in dataset.attrs.items():
        dataset.attrs[key] = np.atleast_1d(value)


@pytest.mark.parametrize(
    ("label", "suite"),
    [("Magneticum", "Magneticum"), ('"Eagle', "EAGLE"), ("Horizon-AGN", "Horizon-AGN")],
)
def test_suite_is_the_label_of_the_run(tmp_path, label, suite):
    path = write_eagle(tmp_path / "eagle.hdf5")
    with h5py.File(path, "r+") as file:
        file["Header"].attrs["RunLabel"] = label
    assert read_galaxy(path).name.suite == suite


def test_dataset_without_unit_is_refused(tmp_path):
    path = write_eagle(tmp_path / "eagle.hdf5")
    with h5py.File(path, "r+") as file:
        del file["PartType4/Mass"].attrs["h-scale-exponent"]
    with pytest.raises(GalaxyFileError, match=r"Mass must state its unit.*h-scale-exponent"):
        read_galaxy(path)


def test_stellar_mass_is_the_catalogues(eagle):
    assert eagle.stars.masses.sum() == pytest.approx(1.014e10, rel=1e-3)


def test_dark_matter_is_count_times_table_mass(eagle):
    assert eagle.dark_matter.masses.sum() == pytest.approx(2447 * 9.695e6, rel=1e-3)


def test_name_is_group_and_subgroup(eagle):
    assert str(eagle.name) == "EAGLE/L0100/28/92-9"


def test_most_bound_particle_is_where_the_stars_are_densest(eagle):
    radii = np.sort(eagle.stars.radii)
    assert radii[200] < 0.6  # kpc; softening is 0.7
    central = eagle.stars.positions[eagle.stars.radii < 1.0]
    assert np.linalg.norm(central.mean(axis=0)) < 0.2


def test_half_mass_radius_holds_half_of_the_stars(eagle):
    inside = eagle.stars.radii <= eagle.half_mass_radius
    assert eagle.stars.masses[inside].sum() == pytest.approx(eagle.stars.masses.sum() / 2, rel=1e-3)


def test_surviving_fraction_is_near_the_files(eagle):
    stars = eagle.stars
    predicted = (stars.initial_masses * surviving_fraction(stars.ages)).sum()
    assert predicted == pytest.approx(stars.masses.sum(), rel=0.05)
