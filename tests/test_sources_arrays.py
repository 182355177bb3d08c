import astropy.units as u
import numpy as np
import pytest
from eagle_files import particles, write_file

from galmass_core import Galaxy, build_dataset, read_galaxy, render_maps
from galmass_core.galaxy import Cosmology, GalaxyFileError
from galmass_core.measurements.features import measure_galaxy_features
from galmass_core.measurements.targets import measure_targets

COSMOLOGY = Cosmology(hubble=0.6777, omega_matter=0.307, omega_lambda=0.693)
MIDDLE = np.array([500.0, 600.0, 700.0])  # kpc


def blob(count, scale, mass, *, seed):
    rng = np.random.default_rng(seed)
    return {
        "positions": rng.normal(scale=scale, size=(count, 3)) + MIDDLE,
        "masses": rng.uniform(1.0, 2.0, count) * mass,
    }


def stars(**changes):
    rng = np.random.default_rng(7)
    columns = blob(400, 4.0, 2e7, seed=1)
    columns["velocities"] = rng.normal(100.0, 80.0, (400, 3))
    columns["ages"] = rng.uniform(1.0, 12.0, 400)
    columns["metallicities"] = rng.uniform(0.0, 0.03, 400)
    return {key: value for key, value in (columns | changes).items() if value is not None}


DARK = blob(300, 10.0, 1e8, seed=2)
GAS = blob(100, 6.0, 1e7, seed=3) | {"velocities": np.zeros((100, 3)), "metallicities": 0.02}


def weigh(centre):
    """Return log masses in spheres, R_hsm and log M_DM from the arrays alone."""
    star = stars()
    radii = np.linalg.norm(star["positions"] - centre, axis=1)
    order = np.argsort(radii)
    enclosed = np.cumsum(star["masses"][order])
    radius = np.interp(enclosed[-1] / 2, enclosed, radii[order])
    weighed = {"half_mass_radius": radius, "log_mdm": np.log10(DARK["masses"].sum())}
    dark_radii = np.linalg.norm(DARK["positions"] - centre, axis=1)
    for multiple in (1, 2):
        for name, distances, masses in (
            ("mstar", radii, star["masses"]),
            ("mdm", dark_radii, DARK["masses"]),
        ):
            inside = distances <= multiple * radius
            weighed[f"log_{name}_{multiple}rhsm"] = np.log10(masses[inside].sum())
    return weighed


def test_arrays_weigh_what_they_weigh():
    galaxy = Galaxy.from_arrays(stars=stars(), dark_matter=DARK, gas=GAS, centre=MIDDLE)
    found = measure_targets(galaxy) | {"half_mass_radius": galaxy.half_mass_radius}
    expected = weigh(MIDDLE)
    assert {key: found[key] for key in expected} == pytest.approx(expected, abs=1e-9)


def test_arrays_of_a_file_give_its_galaxy(tmp_path):
    path = write_file(
        tmp_path / "galaxy.hdf5",
        particles(1, 0, (10.0, 20.0, 30.0), (20, 200, 300, 1)),
        ExtractedFromSnapshot=25,
    )
    expected = read_galaxy(path)
    bound = {
        "positions": expected.stars.positions + MIDDLE,
        "velocities": expected.stars.velocities + 500.0,
        "masses": expected.stars.masses,
        "ages": expected.stars.ages,
        "metallicities": expected.stars.metallicities,
        "initial_masses": expected.stars.initial_masses,
    }
    galaxy = Galaxy.from_arrays(
        stars=bound,
        dark_matter={"positions": expected.dark_matter.positions + MIDDLE, "masses": 1e7},
        centre=MIDDLE,
        redshift=expected.redshift,
        cosmology=expected.cosmology,
    )
    for name in ("positions", "velocities", "ages", "initial_masses"):
        values = getattr(expected.stars, name)
        np.testing.assert_allclose(getattr(galaxy.stars, name), values, atol=1e-4, err_msg=name)
    assert galaxy.half_mass_radius == pytest.approx(expected.half_mass_radius)


def test_deepest_particle_is_the_centre():
    potentials = np.full(400, -1e4)
    potentials[17] = -2e4
    galaxy = Galaxy.from_arrays(stars=stars(potentials=potentials))
    np.testing.assert_array_equal(galaxy.stars.positions[17], 0.0)


def test_unknown_matter_is_unknown_and_none_is_none():
    unknown = Galaxy.from_arrays(stars=stars())
    assert (unknown.gas, unknown.dark_matter) == (None, None)
    empty = {"positions": np.empty((0, 3)), "masses": []}
    none = Galaxy.from_arrays(stars=stars(), gas={}, dark_matter=empty)
    assert (len(none.gas), len(none.dark_matter)) == (0, 0)


def test_what_is_assumed_is_noted():
    galaxy = Galaxy.from_arrays(stars=stars(ages=None, metallicities=None))
    np.testing.assert_allclose(galaxy.stars.ages, 10.0)
    np.testing.assert_allclose(galaxy.stars.metallicities, 0.02)
    assert "stars/ages is missing: all stars are 10 Gyr old." in galaxy.notes
    assert "stars/metallicities is missing: all are 0.02." in galaxy.notes


def test_ages_are_kept():
    galaxy = Galaxy.from_arrays(stars=stars(), redshift=0.1, cosmology=COSMOLOGY)
    np.testing.assert_allclose(galaxy.stars.ages, stars()["ages"], rtol=1e-10)


def test_scale_factors_of_formation_serve_for_ages():
    ages = stars()["ages"]
    factors = COSMOLOGY.scale_factor(COSMOLOGY.age(1.0) - ages)
    columns = stars(ages=None, formation_scale_factors=factors)
    galaxy = Galaxy.from_arrays(stars=columns, cosmology=COSMOLOGY)
    np.testing.assert_allclose(galaxy.stars.ages, ages, rtol=1e-10)


def test_single_number_is_that_of_all_particles():
    galaxy = Galaxy.from_arrays(stars=stars(masses=2e7, ages=5.0))
    np.testing.assert_array_equal(galaxy.stars.masses, 2e7)
    np.testing.assert_allclose(galaxy.stars.ages, 5.0)


def test_galaxy_across_the_edge_of_the_box_is_in_one_piece():
    columns = stars()
    columns["positions"] = (columns["positions"] - MIDDLE) % 1000.0
    galaxy = Galaxy.from_arrays(stars=columns, box_size=1000.0)
    assert galaxy.stars.radii.max() < 40


def test_galaxy_has_maps_and_features():
    galaxy = Galaxy.from_arrays(stars=stars(), dark_matter=DARK, gas=GAS)
    assert render_maps(galaxy, "z").flux_CHW.sum() > 0
    assert np.isfinite(measure_galaxy_features(galaxy)["b_over_t_1rhsm"])


def test_data_set_is_built_of_galaxies_in_memory(tmp_path):
    galaxies = [
        Galaxy.from_arrays(stars=stars(), dark_matter=DARK, gas=GAS, name=f"user/model/0/{number}")
        for number in (1, 2)
    ]
    data = build_dataset(galaxies, tmp_path / "mine")
    assert list(data.samples["name"].unique()) == ["user/model/0/1", "user/model/0/2"]
    again = build_dataset(galaxies, tmp_path / "mine")  # is whole
    assert len(again.samples) == 6
    with pytest.raises(ValueError, match="other sources"):
        build_dataset(galaxies[:1], tmp_path / "mine")


def test_arrays_stay_writable():
    columns = stars()
    Galaxy.from_arrays(stars=columns)
    columns["masses"][0] = 1.0


def test_astropy_quantities_are_converted():
    columns = stars()
    units = {
        "positions": columns["positions"] / 1e3 * u.Mpc,
        "velocities": columns["velocities"] * 1e3 * u.m / u.s,
        "masses": columns["masses"] / 1e10 * (1e10 * u.Msun),
        "ages": columns["ages"] * 1e9 * u.yr,
        "metallicities": columns["metallicities"] * 100 * u.percent,
    }
    galaxy = Galaxy.from_arrays(stars=units, centre=MIDDLE / 1e3 * u.Mpc)
    expected = Galaxy.from_arrays(stars=columns, centre=MIDDLE)
    for name in ("positions", "velocities", "masses", "ages", "metallicities"):
        values = getattr(expected.stars, name)
        np.testing.assert_allclose(getattr(galaxy.stars, name), values, rtol=1e-9, atol=1e-9)


class OfPynbody(np.ndarray):
    """Array with the one method of pynbody's that is used."""

    def in_units(self, unit):
        return np.asarray(self) * {"kpc": 1e3, "km s^-1": 1.0, "Msol": 1e10, "Gyr": 1.0}[unit]


class OfSwiftsimio(np.ndarray):
    """Array in comoving Mpc with the methods of swiftsimio's that are used."""

    def to_physical(self):
        return (0.5 * self).view(OfSwiftsimio)

    def to_value(self, unit):
        return np.asarray(self) * {"kpc": 1e3}[unit]


@pytest.mark.parametrize(("kind", "factor"), [(OfPynbody, 1e3), (OfSwiftsimio, 500.0)])
def test_arrays_of_other_packages_are_converted(kind, factor):
    columns = stars()
    positions = (columns["positions"] / factor).view(kind)
    galaxy = Galaxy.from_arrays(stars=columns | {"positions": positions}, centre=MIDDLE)
    expected = Galaxy.from_arrays(stars=columns, centre=MIDDLE)
    np.testing.assert_allclose(galaxy.stars.positions, expected.stars.positions, atol=1e-9)


def test_quantity_of_another_kind_is_refused():
    with pytest.raises(ValueError, match="not convertible"):
        Galaxy.from_arrays(stars=stars(masses=stars()["masses"] * u.km))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"positions": np.zeros((400, 2))},
            r"stars\['positions'\] must have shape \(400, 3\), got",
        ),
        ({"positions": 5.0}, "must have shape"),
        ({"positions": np.zeros((0, 3))}, "stars must hold particles, got none"),
        ({"velocities": np.zeros(400)}, r"stars\['velocities'\] must have shape \(400, 3\)"),
        ({"masses": np.ones(399)}, r"stars\['masses'\] must have shape \(400,\), got \(399,\)"),
        ({"masses": np.full(400, np.nan)}, r"stars\['masses'\] must be finite"),
        ({"masses": np.ma.masked_all(400)}, r"stars\['masses'\] must be finite"),
        ({"masses": np.full(400, -1.0)}, r"stars\['masses'\] must be 0 to inf, got -1 to -1"),
        ({"masses": ["one"] * 400}, "masses must be numbers"),
        ({"metallicities": 1.5}, r"stars\['metallicities'\] must be -0.001 to 1.001, got 1.5"),
        ({"ages": 14.0}, r"must be below the age of the universe, 13.8 Gyr, got 14"),
        ({"formation_scale_factors": 0.5}, "ages or formation_scale_factors, got both"),
        (
            {"ages": None, "formation_scale_factors": -0.5},
            r"\['formation_scale_factors'\] must be 0 to 1, got -0.5",
        ),
        ({"ages": None, "formation_scale_factors": 0.0}, "must be above 0 and up to .* = 1, got 0"),
        ({"mass": 1.0}, "stars must have arrays of positions, velocities, masses, .* got mass"),
        ({"velocities": None}, "stars must have positions, velocities, masses, got no velocities"),
    ],
)
def test_impossible_arrays_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Galaxy.from_arrays(stars=stars(**changes))


@pytest.mark.parametrize(
    ("factor", "message"),
    [(1e-3, "half-mass radius of the stars must be 0.05 to 200 kpc"), (1e3, "must be 0.05 to 200")],
)
def test_wrong_units_are_refused(factor, message):
    with pytest.raises(GalaxyFileError, match=message):
        Galaxy.from_arrays(stars=stars(positions=stars()["positions"] * factor))


def test_box_that_is_smaller_than_the_galaxy_is_refused():
    with pytest.raises(ValueError, match="box_size must be at least the extent of the particles"):
        Galaxy.from_arrays(stars=stars(), box_size=5.0)


def test_species_that_is_no_dictionary_is_refused():
    with pytest.raises(TypeError, match="dark_matter must be a dictionary of arrays, got ndarray"):
        Galaxy.from_arrays(stars=stars(), dark_matter=np.zeros((5, 3)))


def test_name_must_have_four_parts():
    with pytest.raises(ValueError, match="suite/simulation/snapshot/subhalo"):
        Galaxy.from_arrays(stars=stars(), name="mine")


def test_metallicities_that_rounding_left_below_0_are_read_as_those_of_files_are():
    rounded = np.where(np.arange(400) % 7, 0.02, -1e-16)
    galaxy = Galaxy.from_arrays(stars=stars(metallicities=rounded))
    assert np.isfinite(galaxy.stars.luminosities).all()
