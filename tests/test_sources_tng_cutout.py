import json

import numpy as np
import pytest
from galaxy_files import (
    BOX,
    DM_MASS,
    A,
    H,
    stellar_hsml,
    tng_particles,
    write_cutout,
    write_file,
)

from galmass_core.galaxy import GalaxyFileError
from galmass_core.imaging.maps import render_maps
from galmass_core.imaging.smoothing import smoothing_lengths
from galmass_core.sources import read_galaxy


def write_record(path, **record):
    path.with_suffix(".json").write_text(json.dumps(record))


def test_positions_are_physical_and_measured_from_the_deepest_particle(tmp_path):
    particles = tng_particles()
    galaxy = read_galaxy(write_cutout(tmp_path, particles))
    expected = (particles["PartType4"]["Coordinates"][:-3] - [1e4, 2e4, 3e4]) * A / H
    np.testing.assert_allclose(galaxy.stars.positions, expected, atol=1e-9)


def test_a_galaxy_across_the_box_edge_is_as_one_in_its_middle(tmp_path):
    middle = read_galaxy(write_cutout(tmp_path, name="middle.hdf5"))
    particles = tng_particles(centre=(0.0, BOX, 3e4))
    edge = read_galaxy(write_cutout(tmp_path, particles, name="edge.hdf5"))
    for name, component in middle.components.items():
        np.testing.assert_allclose(
            edge.components[name].positions, component.positions, atol=1e-8, err_msg=name
        )


def test_velocities_have_the_root_of_a_and_no_bulk_motion(tmp_path):
    particles = tng_particles()
    galaxy = read_galaxy(write_cutout(tmp_path, particles))
    stars = galaxy.stars
    inside = stars.radii <= galaxy.half_mass_radius
    bulk = np.average(stars.velocities[inside], axis=0, weights=stars.masses[inside])
    np.testing.assert_allclose(bulk, 0, atol=1e-9)
    raw = particles["PartType4"]["Velocities"][:-3] * np.sqrt(A)
    np.testing.assert_allclose(stars.velocities - stars.velocities[0], raw - raw[0], atol=1e-3)


def test_a_constant_velocity_changes_nothing(tmp_path):
    still, moving = tng_particles(), tng_particles()
    for group in ("PartType0", "PartType4"):
        moving[group]["Velocities"] = moving[group]["Velocities"] + np.array([100, -200, 300.0])
    still = read_galaxy(write_cutout(tmp_path, still, name="still.hdf5"))
    moving = read_galaxy(write_cutout(tmp_path, moving, name="moving.hdf5"))
    np.testing.assert_allclose(moving.stars.velocities, still.stars.velocities, atol=1e-3)
    np.testing.assert_allclose(moving.gas.velocities, still.gas.velocities, atol=1e-3)


def test_masses_are_in_suns(tmp_path):
    particles = tng_particles()
    galaxy = read_galaxy(write_cutout(tmp_path, particles))
    stars = particles["PartType4"]
    assert galaxy.stars.masses.sum() == pytest.approx(stars["Masses"][:-3].sum() * 1e10 / H)
    np.testing.assert_allclose(
        galaxy.stars.initial_masses, stars["GFM_InitialMass"][:-3] * 1e10 / H, rtol=1e-6
    )
    assert galaxy.black_holes.masses == pytest.approx([1e-3 * 1e10 / H])


def test_dark_matter_takes_its_mass_from_the_table(tmp_path):
    galaxy = read_galaxy(write_cutout(tmp_path))
    np.testing.assert_allclose(galaxy.dark_matter.masses, DM_MASS * 1e10 / H)
    assert len(galaxy.dark_matter) == 150


def test_dark_matter_with_masses_of_its_own_keeps_them(tmp_path):
    particles = tng_particles(dark=3)
    particles["PartType1"]["Masses"] = np.array([1e-3, 2e-3, 3e-3])
    galaxy = read_galaxy(write_cutout(tmp_path, particles))
    np.testing.assert_allclose(galaxy.dark_matter.masses, np.array([1e7, 2e7, 3e7]) / H)


def test_wind_is_gas_without_neutral_hydrogen(tmp_path):
    particles = tng_particles()
    galaxy = read_galaxy(write_cutout(tmp_path, particles))
    assert (len(galaxy.stars), len(galaxy.gas)) == (197, 103)
    wind = slice(100, None)
    np.testing.assert_allclose(
        galaxy.gas.masses[wind], particles["PartType4"]["Masses"][-3:] * 1e10 / H, rtol=1e-6
    )
    assert not galaxy.gas.neutral_hydrogen_masses[wind].any()
    assert not galaxy.gas.star_formation_rates[wind].any()
    assert not galaxy.gas.smoothing_lengths[wind].any()


def test_wind_may_have_no_magnitudes(tmp_path):
    particles = tng_particles()
    particles["PartType4"]["GFM_StellarPhotometrics"][-3:] = np.nan
    assert len(read_galaxy(write_cutout(tmp_path, particles)).stars) == 197


def test_magnitudes_are_g_and_r(tmp_path):
    particles = tng_particles()
    galaxy = read_galaxy(write_cutout(tmp_path, particles))
    photometrics = particles["PartType4"]["GFM_StellarPhotometrics"][:-3]
    np.testing.assert_array_equal(galaxy.stars.magnitudes, photometrics[:, [4, 5]])


def test_potentials_are_divided_by_a(tmp_path):
    particles = tng_particles()
    galaxy = read_galaxy(write_cutout(tmp_path, particles))
    np.testing.assert_allclose(
        galaxy.stars.potentials, particles["PartType4"]["Potential"][:-3] / A, rtol=1e-6
    )


def test_neutral_hydrogen_and_support_are_the_files(tmp_path):
    particles = tng_particles()
    gas = read_galaxy(write_cutout(tmp_path, particles)).gas
    raw = particles["PartType0"]
    neutral = raw["Masses"] * 0.7 * raw["NeutralHydrogenAbundance"] * 1e10 / H
    np.testing.assert_allclose(gas.neutral_hydrogen_masses[:100], neutral, rtol=1e-5)
    np.testing.assert_allclose(gas.smoothing_lengths[:100], raw["SubfindHsml"] * A / H, rtol=1e-6)


def test_smoothing_lengths_of_the_file_are_those_of_the_search(tmp_path):
    particles = tng_particles(wind=0)
    particles["PartType4"]["StellarHsml"] = stellar_hsml(particles)
    stars = read_galaxy(write_cutout(tmp_path, particles)).stars
    np.testing.assert_allclose(
        stars.smoothing_lengths, smoothing_lengths(stars.positions), rtol=1e-6
    )


def test_smoothing_lengths_of_the_file_make_the_maps_of_the_search(tmp_path):
    particles = tng_particles(wind=0)
    searched = render_maps(read_galaxy(write_cutout(tmp_path, particles, name="without.hdf5")), "z")
    particles["PartType4"]["StellarHsml"] = stellar_hsml(particles)
    galaxy = read_galaxy(write_cutout(tmp_path, particles, name="with.hdf5"))
    flux = render_maps(galaxy, "z").flux_CHW
    assert np.linalg.norm(flux - searched.flux_CHW) < 1e-4 * np.linalg.norm(flux)


def test_smoothing_lengths_to_another_neighbour_are_left_out_and_noted(tmp_path):
    particles = tng_particles()
    particles["PartType4"]["StellarHsml"] = 0.5 * stellar_hsml(particles)
    galaxy = read_galaxy(write_cutout(tmp_path, particles))
    assert galaxy.stars.smoothing_lengths is None
    assert any("PartType4/StellarHsml reaches" in note for note in galaxy.notes)


def test_a_file_without_smoothing_lengths_needs_no_note(tmp_path):
    galaxy = read_galaxy(write_cutout(tmp_path))
    assert galaxy.stars.smoothing_lengths is None
    assert not any("StellarHsml" in note for note in galaxy.notes)


def test_cells_without_kernel_are_spread_over_their_volume(tmp_path):
    particles = tng_particles()
    del particles["PartType0"]["SubfindHsml"]
    galaxy = read_galaxy(write_cutout(tmp_path, particles))
    raw = particles["PartType0"]
    expected = 2.5 * np.cbrt(3 * raw["Masses"] / (4 * np.pi * raw["Density"])) * A / H
    np.testing.assert_allclose(galaxy.gas.smoothing_lengths[:100], expected, rtol=1e-5)
    assert any("PartType0/SubfindHsml is missing" in note for note in galaxy.notes)


def test_ages_follow_from_the_formation_scale_factor(tmp_path):
    particles = tng_particles(wind=0)
    particles["PartType4"]["GFM_StellarFormationTime"][:] = 0.93195
    galaxy = read_galaxy(write_cutout(tmp_path, particles, Time=1.0, Redshift=0.0))
    np.testing.assert_allclose(galaxy.stars.ages, 1.0, atol=1e-4)  # Gyr, spec section 1.1


def test_the_record_beside_the_cutout_gives_centre_size_and_place(tmp_path):
    particles = tng_particles()
    path = write_cutout(tmp_path, particles)
    centre = np.array([1e4 + 0.5, 2e4, 3e4])
    place = dict(zip(("pos_x", "pos_y", "pos_z"), centre, strict=True))
    write_record(path, **place, halfmassrad_stars=4.0, primary_flag=1, grnr=17)
    galaxy = read_galaxy(path)
    expected = (particles["PartType4"]["Coordinates"][:-3] - centre) * A / H
    np.testing.assert_allclose(galaxy.stars.positions, expected, atol=1e-9)
    assert galaxy.half_mass_radius == pytest.approx(4.0 * A / H)
    assert (galaxy.is_central, galaxy.host_group) == (True, 17)
    assert not galaxy.notes


def test_potentials_that_find_no_centre_are_not_read(tmp_path):
    particles = tng_particles()
    particles["PartType1"]["Potential"][:] = np.nan
    path = write_cutout(tmp_path, particles)
    with pytest.raises(GalaxyFileError, match="PartType1/Potential must be finite"):
        read_galaxy(path)
    write_record(path, pos_x=1e4, pos_y=2e4, pos_z=3e4, halfmassrad_stars=4.0)
    assert len(read_galaxy(path).dark_matter) == 150


def test_a_record_without_centre_is_refused(tmp_path):
    path = write_cutout(tmp_path)
    write_record(path, halfmassrad_stars=4.0)
    with pytest.raises(GalaxyFileError, match=r"cutout.json: .*pos_x"):
        read_galaxy(path)


def test_header_values_may_be_lists_of_one(tmp_path):
    scalars = read_galaxy(write_cutout(tmp_path, name="scalars.hdf5"))
    lists = {"BoxSize": [BOX], "HubbleParam": [H], "Time": [A], "CutoutID": [501761]}
    lists = read_galaxy(write_cutout(tmp_path, name="lists.hdf5", **lists))
    assert lists.name == scalars.name
    np.testing.assert_array_equal(lists.stars.positions, scalars.stars.positions)


def test_simba_fields_are_read(tmp_path):
    particles = tng_particles(wind=0)
    for group in ("PartType0", "PartType4"):
        metals = np.full((len(particles[group]["Masses"]), 11), 0.5, dtype="f4")
        metals[:, 0] = particles[group].pop("GFM_Metallicity")
        particles[group]["Metallicity"] = metals
        particles[group]["Coordinates"] = particles[group]["Coordinates"].astype("f4")
    stars = particles["PartType4"]
    stars["StellarFormationTime"] = stars.pop("GFM_StellarFormationTime")
    del stars["GFM_InitialMass"], stars["GFM_StellarPhotometrics"]
    galaxy = read_galaxy(write_cutout(tmp_path, particles, SimulationName=None))
    np.testing.assert_allclose(galaxy.stars.metallicities, stars["Metallicity"][:, 0])
    assert galaxy.stars.magnitudes is None
    assert (galaxy.stars.initial_masses > galaxy.stars.masses).all()


@pytest.mark.parametrize("group", ["PartType0", "PartType1", "PartType5"])
def test_a_galaxy_may_lack_all_but_stars(tmp_path, group):
    particles = tng_particles()
    del particles[group]
    galaxy = read_galaxy(write_cutout(tmp_path, particles))
    assert len(galaxy.stars) == 197
    assert any(group in note for note in galaxy.notes)


def test_real_cutout_is_read_and_its_missing_fields_are_named(shared_data):
    path = shared_data / "particles" / "tng100_snap78_subhalo9_subsample.hdf5"
    galaxy = read_galaxy(path)
    assert str(galaxy.name) == "TNG/TNG100-1/78/9"
    assert galaxy.redshift == pytest.approx(0.29771768)
    assert len(galaxy.stars) + len(galaxy.gas) == 2100  # wind has changed sides
    assert len(galaxy.gas) > 100
    notes = " ".join(galaxy.notes)
    for missing in ("GFM_StellarPhotometrics", "NeutralHydrogenAbundance", "PartType1"):
        assert missing in notes


@pytest.mark.parametrize("subhalo", [417175, 420815, 426280])
def test_illustris_stellar_mass_is_the_catalogues(shared_data, tmp_path, subhalo):
    folder = shared_data / "illustris1"
    rows = np.loadtxt(folder / f"M31analog_{subhalo}_star_properties.txt")
    stars = {
        "Coordinates": rows[:, :3],
        "Velocities": rows[:, 3:6],
        "Masses": rows[:, 6],
        "GFM_StellarFormationTime": rows[:, 7],
        "GFM_Metallicity": rows[:, 8],
    }
    header = {
        "BoxSize": 75000.0,
        "HubbleParam": 0.704,
        "MassTable": [0.0, 4.4089652436109e-04, 0.0, 0.0, 0.0, 0.0],
        "Omega0": 0.2726,
        "OmegaLambda": 0.7274,
        "Time": 1.0,
        "SnapshotNumber": 135,
        "CutoutRequest": "gas=Masses&stars=Masses",  # and there is no gas but wind
    }
    path = tmp_path / f"cutout_{subhalo}.hdf5"
    galaxy = read_galaxy(write_file(path, header, {"PartType4": stars}))
    catalogue = np.loadtxt(folder / "M31analogs_halo_props.txt")
    stellar_mass = catalogue[catalogue[:, 0] == subhalo, 9].item() * 1e10 / 0.704
    assert galaxy.stars.masses.sum() == pytest.approx(stellar_mass, rel=5e-5)
    assert galaxy.gas.masses.sum() > 0.05 * stellar_mass  # wind
    assert str(galaxy.name) == f"Illustris/Illustris-1/135/{subhalo}"


def write_whole_record(path, **record):
    centre = {"pos_x": 1e4, "pos_y": 2e4, "pos_z": 3e4, "halfmassrad_stars": 1.5}
    path.with_suffix(".json").write_text(json.dumps(centre | record))


@pytest.mark.parametrize(("key", "value"), [("id", 17), ("snap", 99)])
def test_record_of_another_galaxy_is_refused(tmp_path, key, value):
    path = write_cutout(tmp_path)
    write_whole_record(path, **{"id": 501761, "snap": 84, key: value})
    with pytest.raises(GalaxyFileError, match=rf"cutout.json: {key} must be .*, got {value}"):
        read_galaxy(path)


def test_record_names_a_cutout_whose_header_does_not(tmp_path):
    path = write_cutout(tmp_path, CutoutID=None, SnapshotNumber=None)
    write_whole_record(path, id=17, snap=99)
    assert str(read_galaxy(path).name) == "TNG/TNG100-1/99/17"


def test_record_says_whether_it_is_a_galaxy(tmp_path):
    path = write_cutout(tmp_path)
    assert read_galaxy(path).is_cosmological is None
    write_whole_record(path, subhaloflag=0)
    assert read_galaxy(path).is_cosmological is False


def test_layout_of_simba_is_not_named_tng(tmp_path):
    particles = tng_particles()
    stars = particles["PartType4"]
    stars["StellarFormationTime"] = stars.pop("GFM_StellarFormationTime")
    particles["PartType0"]["Dust_Masses"] = np.zeros(100)
    galaxy = read_galaxy(write_cutout(tmp_path, particles, SimulationName=None))
    assert galaxy.name.suite == "SIMBA"
