"""Values that no simulation has are refused where a file is read, with file and field."""

import json

import h5py
import numpy as np
import pytest
from galaxy_files import A, tng_particles, write_cutout, write_directory

from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources import read_galaxy
from galmass_core.sources.ranges import PARTICLES


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        ("PartType4", "Masses", -1e-5),
        ("PartType5", "Masses", -1.0),
        ("PartType4", "GFM_InitialMass", 1e30),
        ("PartType4", "GFM_Metallicity", 1e30),
        ("PartType0", "GFM_Metallicity", -0.5),
        ("PartType0", "NeutralHydrogenAbundance", 3.0),
        ("PartType0", "GFM_Metals", -0.7),
        ("PartType4", "Velocities", 1e30),
        ("PartType0", "Velocities", 4e5),
        ("PartType4", "Potential", 1e12),
        ("PartType4", "GFM_StellarFormationTime", A + 0.01),
        ("PartType4", "GFM_StellarPhotometrics", 1e10),
        ("PartType0", "Density", 0.0),
        ("PartType0", "SubfindHsml", -1.0),
        ("PartType0", "Coordinates", 1e7),
    ],
)
def test_particles_out_of_range_are_refused(tmp_path, group, name, value):
    particles = tng_particles()
    particles[group].pop("SubfindHsml", None) if name == "Density" else None
    particles[group][name][7 if group != "PartType5" else 0] = value
    path = write_cutout(tmp_path, particles)
    with pytest.raises(GalaxyFileError, match=f"{path}: {group}/{name} must be .*, got "):
        read_galaxy(path)


@pytest.mark.parametrize("quantity", PARTICLES)
def test_ranges_contain_more_than_one_value(quantity):
    lowest, highest, _ = PARTICLES[quantity]
    assert lowest < highest


def test_box_too_small_for_its_particles_is_refused(tmp_path):
    write_directory(tmp_path / "sims" / "output", [tng_particles()] * 3, BoxSize=750.0)
    with pytest.raises(GalaxyFileError, match="Coordinates must be in the box of 750, got "):
        read_galaxy(tmp_path / "sims" / "output", 1)


def test_black_hole_far_from_the_stars_is_no_centre(tmp_path):
    particles = tng_particles()
    particles["PartType5"]["Coordinates"] += 90.0
    with pytest.raises(GalaxyFileError, match="the centre must be among the stars"):
        read_galaxy(write_cutout(tmp_path, particles))


@pytest.mark.parametrize(
    ("key", "value", "match"),
    [
        ("pos_x", float("nan"), "pos_x, pos_y, pos_z must be finite"),
        ("halfmassrad_stars", -1.0, "halfmassrad_stars must be 0 to 100000 kpc"),
        ("grnr", "seven", "grnr must be a whole number from 0 on, got 'seven'"),
        ("id", 501761.5, "id must be a whole number from 0 on, got '501761.5'"),
    ],
)
def test_record_out_of_range_is_refused(tmp_path, key, value, match):
    path = write_cutout(tmp_path)
    record = {"pos_x": 1e4, "pos_y": 2e4, "pos_z": 3e4, "halfmassrad_stars": 1.5}
    path.with_suffix(".json").write_text(json.dumps(record | {key: value}))
    with pytest.raises(GalaxyFileError, match=match) as caught:
        read_galaxy(path)
    assert "cutout.json" in str(caught.value)


def test_whole_numbers_may_be_written_with_a_point(tmp_path):
    path = write_cutout(tmp_path)
    record = {"pos_x": 1e4, "pos_y": 2e4, "pos_z": 3e4, "halfmassrad_stars": 1.5, "id": 501761.0}
    path.with_suffix(".json").write_text(json.dumps(record | {"grnr": 7.0}))
    galaxy = read_galaxy(path)
    assert galaxy.name.subhalo == "501761"
    assert galaxy.host_group == 7


def test_unit_that_is_no_number_is_refused(tmp_path):
    path = write_cutout(tmp_path)
    with h5py.File(path, "r+") as file:
        unit = {"to_cgs": 1.0, "a_scaling": 1e6, "h_scaling": 0.0}
        file["PartType4/Masses"].attrs.update(unit)
    with pytest.raises(GalaxyFileError, match="PartType4/Masses must state "):
        read_galaxy(path)


def test_stars_at_one_place_are_refused_in_time(tmp_path):
    particles = tng_particles()
    for datasets in particles.values():
        datasets.pop("Potential", None)
        datasets["Coordinates"] = np.tile(
            datasets["Coordinates"][:1], (len(datasets["Coordinates"]), 1)
        )
    with pytest.raises(GalaxyFileError, match="the centre must be among the stars"):
        read_galaxy(write_cutout(tmp_path, particles))
