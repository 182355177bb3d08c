"""Files of Magneticum, Horizon-AGN and EAGLE as examples of the R package SimSpin hold them.

Attributes are arrays of one element. Masses are weighed with h5py alone.
"""

import h5py
import numpy as np
import pytest
from eagle_files import masses_inside
from galaxy_files import write_cutout

from galmass_core.galaxy import GalaxyFileError
from galmass_core.measurements.targets import measure_targets
from galmass_core.sources import read_galaxy

A, H = 0.75, 0.704
STARS, GAS, DARK = 400, 80, 120
MSUN, KPC, YEAR = 1.989e33, 3.085678e21, 3.155e7
MAGNETICUM = {  # cgs, powers of a and h
    "Coordinates": (3.086e21, 1.0, -1.0),
    "Velocity": (1e5, 0.5, 0.0),
    "Mass": (1.989e43, 0.0, -1.0),
    "InitialMass": (1.989e43, 0.0, -1.0),
    "Metallicity": (1.989e43, 0.0, -1.0),
    "StarFormationRate": (6.306278e35, 0.0, -1.0),
    "SmoothingLength": (3.086e21, 1.0, -1.0),
}
HORIZON = {
    "Coordinates": (3.08e21, 0.0, 0.0),
    "Velocity": (1e5, 0.0, 0.0),
    "Mass": (2e33, 0.0, 0.0),
    "InitialMass": (2e33, 0.0, 0.0),
    "StarFormationRate": (6.304279e17, 0.0, 0.0),
    "Density": (6.845069e-32, 0.0, 0.0),
}


def write_file(path, header, units, content):
    with h5py.File(path, "w") as file:
        group = file.create_group("Header")
        for name, value in header.items():
            values = np.atleast_1d(value)
            group.attrs[name] = values.astype(object) if values.dtype.kind == "U" else values
        for name, columns in content.items():
            for key, values in columns.items():
                dataset = file.create_dataset(f"{name}/{key}", data=values)
                cgs, a_power, h_power = units.get(key, (1.0, 0.0, 0.0))
                dataset.attrs["CGSConversionFactor"] = np.array([cgs])
                dataset.attrs["aexp-scale-exponent"] = np.array([a_power])
                dataset.attrs["h-scale-exponent"] = np.array([h_power])
    return path


def header(label, **changes):
    common = {"HubbleParam": H, "Omega0": 0.272, "OmegaLambda": 0.728, "Redshift": 1 / A - 1}
    return common | {"ExpansionFactor": A, "RunLabel": label} | changes


def blob(rng, count, centre, length, mass):
    return {
        "Coordinates": rng.normal(scale=length, size=(count, 3)) + centre,
        "Velocity": rng.normal(100.0, 50.0, (count, 3)),
        "Mass": rng.uniform(1.0, 2.0, count) * mass,
    }


def write_magneticum(path):
    """Write element masses of stars as at birth, when the star had twice its mass."""
    rng, centre = np.random.default_rng(1), [4800.0, 100.0, 200.0]
    stars, gas, dark = (blob(rng, count, centre, 4.0, 1e-3) for count in (STARS, GAS, DARK))
    stars["InitialMass"] = 2 * stars["Mass"]
    stars["StellarFormationTime"] = rng.uniform(0.1, 0.7, STARS)
    for kind, born in ((stars, stars["InitialMass"]), (gas, gas["Mass"])):
        fractions = np.r_[0.25, np.full(10, 0.002)]
        kind["Metallicity"] = born[:, None] * fractions
    gas["StarFormationRate"] = np.full(GAS, 0.01)
    gas["SmoothingLength"] = np.full(GAS, 5.0)
    del dark["Mass"]
    content = {"PartType0": gas, "PartType1": dark, "PartType4": stars}
    values = header("Magneticum", BoxSize=48000.0, ExtractedFromSnapshot=112)
    return write_file(path, values | {"MassTable": [0, 3.6e-3, 0, 0, 0, 0]}, MAGNETICUM, content)


def write_horizon(path):
    """Write a galaxy across the edge of the box, whose side is 100 Mpc/h."""
    rng = np.random.default_rng(2)
    side = 1e5 * A / H * KPC / 3.08e21
    centre = [side, 5e3, 6e3]
    stars, gas, dark = (blob(rng, count, centre, 4.0, 2e7) for count in (STARS, GAS, DARK))
    for kind in (stars, gas, dark):
        kind["Coordinates"] %= side
    stars["InitialMass"] = 1.2 * stars["Mass"]
    stars["StellarFormationTime"] = rng.uniform(0.1, 0.7, STARS)
    for kind in (stars, gas):
        kind["SmoothedMetallicity"] = np.full(len(kind["Mass"]), 0.01)
    gas["StarFormationRate"] = np.full(GAS, 0.01)
    gas["Density"] = np.full(GAS, 1e6)
    gas["SmoothedElementAbundance/Hydrogen"] = np.full(GAS, 0.75)
    content = {"PartType0": gas, "PartType1": dark, "PartType4": stars}
    values = header("Horizon-AGN", BoxSize=100.0, MassTable=np.zeros(6))
    return write_file(path, values, HORIZON, content)


def weigh(path, galaxy, kpc, msun, box=np.inf):
    """Return log masses about the galaxy's centre, and R_hsm, from raw columns.

    ``kpc`` and ``msun`` are the units of the file. The centre is found from the first star.
    """
    columns = {}
    with h5py.File(path) as file:
        for part_type in ("PartType1", "PartType4"):
            group = file[part_type]
            mass = group["Mass"][()] if "Mass" in group else np.full(DARK, 3.6e-3)
            columns[part_type] = group["Coordinates"][()], mass * msun
    centre = columns["PartType4"][0][0] - galaxy.stars.positions[0] / kpc
    radii, masses = {}, {}
    for part_type, (places, mass) in columns.items():
        offsets = places - centre
        if np.isfinite(box):
            offsets = (offsets + box / 2) % box - box / 2
        radii[part_type], masses[part_type] = kpc * np.linalg.norm(offsets, axis=1), mass
    return masses_inside(radii, masses)


def assert_weighs(galaxy, expected):
    found = measure_targets(galaxy) | {"half_mass_radius": galaxy.half_mass_radius}
    assert {key: found[key] for key in expected} == pytest.approx(expected, abs=4e-6)


@pytest.fixture(scope="module")
def magneticum(tmp_path_factory):
    return write_magneticum(tmp_path_factory.mktemp("magneticum") / "halo_17.hdf5")


@pytest.fixture(scope="module")
def horizon(tmp_path_factory):
    return write_horizon(tmp_path_factory.mktemp("horizon") / "galaxy.hdf5")


def test_magneticum_weighs_what_its_particles_weigh(magneticum):
    galaxy = read_galaxy(magneticum)
    kpc, msun = 3.086e21 / KPC * A / H, 1e10 / H
    assert_weighs(galaxy, weigh(magneticum, galaxy, kpc, msun))
    assert str(galaxy.name) == "Magneticum/L0068/112/17"


def test_metallicity_is_the_sum_of_metals_over_the_mass_at_birth(magneticum):
    galaxy = read_galaxy(magneticum)
    np.testing.assert_allclose(galaxy.stars.metallicities, 0.02)
    np.testing.assert_allclose(galaxy.gas.metallicities, 0.02)


def test_hydrogen_is_what_is_no_element_of_the_list(magneticum):
    gas = read_galaxy(magneticum).gas
    np.testing.assert_allclose(gas.neutral_hydrogen_masses, 0.73 * gas.masses)  # it forms stars


@pytest.mark.parametrize("name", ["magneticum", "horizon"])
def test_impossible_unit_of_star_formation_is_solar_masses_a_year(request, name):
    galaxy = read_galaxy(request.getfixturevalue(name))
    np.testing.assert_allclose(galaxy.gas.star_formation_rates, 0.01)
    assert any("StarFormationRate states a unit of" in note for note in galaxy.notes)


def test_horizon_weighs_what_its_particles_weigh(horizon):
    galaxy = read_galaxy(horizon)
    kpc, msun = 3.08e21 / KPC, 2e33 / MSUN
    assert_weighs(galaxy, weigh(horizon, galaxy, kpc, msun, box=1e5 * A / H / kpc))
    assert str(galaxy.name) == "Horizon-AGN/L0142/unknown/galaxy"


def test_box_of_horizon_is_in_megaparsec_over_h(horizon):
    galaxy = read_galaxy(horizon)
    assert max(component.radii.max() for component in (galaxy.stars, galaxy.dark_matter)) < 40
    assert not any("BoxSize" in note for note in galaxy.notes)


def test_dark_matter_that_no_example_holds_is_unknown(tmp_path):
    path = write_magneticum(tmp_path / "halo.hdf5")
    with h5py.File(path, "r+") as file:
        del file["PartType1"]
        file["Header"].attrs["TypesExtracted"] = np.ones(6, dtype=int)
        file["Header"].attrs["NumPart_ThisFile"] = np.array([GAS, 0.0, 0, 0, STARS, 0])
    assert read_galaxy(path).dark_matter is None


def test_numbers_that_r_stores_as_floats_have_no_decimals(tmp_path):
    path = write_magneticum(tmp_path / "halo.hdf5")
    with h5py.File(path, "r+") as file:
        file["Header"].attrs["ExtractedFromSnapshot"] = np.array([112.0])
    assert read_galaxy(path).name.snapshot == "112"


def test_tng_cutout_as_r_writes_it_is_as_the_web_api_does(tmp_path):
    expected = read_galaxy(write_cutout(tmp_path, CutoutType="subhalo"))
    path = write_cutout(tmp_path, name="r.hdf5", CutoutType="subhalo")
    with h5py.File(path, "r+") as file:
        for name, value in dict(file["Header"].attrs).items():
            values = np.atleast_1d(value)
            file["Header"].attrs[name] = values if values.dtype.kind in "iuf" else [str(value)]
    galaxy = read_galaxy(path)
    assert galaxy.name == expected.name
    np.testing.assert_array_equal(galaxy.stars.positions, expected.stars.positions)
    np.testing.assert_array_equal(galaxy.stars.masses, expected.stars.masses)


def test_nbody_file_names_the_way_for_arrays(tmp_path):
    disc = blob(np.random.default_rng(3), 10, [0.0, 0.0, 0.0], 3.0, 1e-3)
    values = {"HubbleParam": 1.0, "BoxSize": 0.0, "Time": 10.0, "Redshift": 0.0}
    path = write_file(tmp_path / "disc.hdf5", values, {}, {"PartType2": disc})
    with pytest.raises(GalaxyFileError, match=r"PartType4 must hold stars.*Galaxy\.from_arrays"):
        read_galaxy(path)


def test_file_without_header_names_the_way_for_arrays(tmp_path):
    path = tmp_path / "disc.hdf5"
    with h5py.File(path, "w") as file:
        file["PartType2/x"] = np.zeros(5)
    with pytest.raises(GalaxyFileError, match=r"looks like none of them.*Galaxy\.from_arrays"):
        read_galaxy(path)
