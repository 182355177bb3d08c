"""Units are read where a file states them; a file that does not has TNG's."""

import h5py
import numpy as np
import pytest
from galaxy_files import BOX, A, H, tng_particles, write_cutout

from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources import read_galaxy
from galmass_core.sources.arepo import Units

ATTRIBUTES = {  # of TNG's web API: cgs, powers of a and h
    "Coordinates": (3.085678e21, 1.0, -1.0),
    "Velocities": (1e5, 0.5, 0.0),
    "Masses": (1.989e43, 0.0, -1.0),
    "GFM_InitialMass": (1.989e43, 0.0, -1.0),
    "Density": (6.769911178294544e-22, -3.0, 2.0),
    "Potential": (1e10, -1.0, 0.0),
    "StarFormationRate": (6.302760666210359e25, 0.0, 0.0),
    "SubfindHsml": (3.085678e21, 1.0, -1.0),
    "GFM_Metallicity": (0.0, 0.0, 0.0),
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return read_galaxy(write_cutout(tmp_path_factory.mktemp("plain")))


def state_units(path, changes=()):
    """Give every dataset its unit; ``changes`` replace some."""
    units = ATTRIBUTES | dict(changes)
    with h5py.File(path, "r+") as file:
        for group in (file[name] for name in file if name != "Header"):
            for name, dataset in group.items():
                if name in units:
                    names = ("to_cgs", "a_scaling", "h_scaling")
                    dataset.attrs.update(
                        dict(zip(names, np.array(units[name])[:, None], strict=True))
                    )
    return path


def assert_same(galaxy, expected, rtol=0.0):
    for name, component in expected.components.items():
        for key, values in vars(component).items():
            if isinstance(values, np.ndarray):
                found = getattr(galaxy.components[name], key)
                np.testing.assert_allclose(found, values, rtol=rtol, atol=1e-9, err_msg=key)


def test_stated_units_of_tng_change_nothing(plain, tmp_path):
    path = state_units(write_cutout(tmp_path))
    assert_same(read_galaxy(path), plain)


def test_header_in_units_of_tng_changes_nothing(plain, tmp_path):
    units = {"UnitLength_in_cm": 3.0857e21, "UnitMass_in_g": 1.98841e43}
    path = write_cutout(tmp_path, **units, UnitVelocity_in_cm_per_s=1e5)
    assert_same(read_galaxy(path), plain)


def in_megaparsec(particles):
    for datasets in particles.values():
        datasets["Coordinates"] = datasets["Coordinates"] / 1e3
        if "SubfindHsml" in datasets:
            datasets["SubfindHsml"] = datasets["SubfindHsml"] / 1e3
        if "Density" in datasets:
            datasets["Density"] = datasets["Density"] * 1e9
    return particles


def test_cutout_in_megaparsec_by_its_header(plain, tmp_path):
    particles = in_megaparsec(tng_particles())
    path = write_cutout(tmp_path, particles, UnitLength_in_cm=3.085678e24, BoxSize=BOX / 1e3)
    galaxy = read_galaxy(path)
    assert_same(galaxy, plain, rtol=1e-5)
    assert galaxy.half_mass_radius == pytest.approx(plain.half_mass_radius)


def test_coordinates_in_megaparsec_by_their_attributes(plain, tmp_path):
    particles = tng_particles()
    for datasets in particles.values():
        datasets["Coordinates"] = datasets["Coordinates"] / 1e3
    path = write_cutout(tmp_path, particles, BoxSize=BOX / 1e3)
    galaxy = read_galaxy(state_units(path, {"Coordinates": (3.085678e24, 1.0, -1.0)}))
    assert_same(galaxy, plain, rtol=1e-5)


def test_physical_masses_by_their_attributes(plain, tmp_path):
    particles = tng_particles()
    for datasets in particles.values():
        if "Masses" in datasets:
            datasets["Masses"] = np.float64(datasets["Masses"]) * 1e10 / H
    path = write_cutout(tmp_path, particles)
    galaxy = read_galaxy(state_units(path, {"Masses": (1.989e33, 0.0, 0.0)}))
    np.testing.assert_allclose(galaxy.stars.masses, plain.stars.masses, rtol=1e-6)


def test_factors_have_powers_of_scale_factor_and_hubble():
    units = Units(A, H)
    physical = {"to_cgs": 3.085678e21, "a_scaling": 0.0, "h_scaling": 0.0}
    assert units.factor("positions", {}) == A / H
    assert units.factor("positions", physical) == pytest.approx(1.0)


def test_scale_factor_of_another_redshift_is_refused(tmp_path):
    with pytest.raises(GalaxyFileError, match=r"Header/Time must be .* = 0.8, got 0.5"):
        read_galaxy(write_cutout(tmp_path, Time=0.5))


def test_time_that_is_no_scale_factor_is_refused(tmp_path):
    with pytest.raises(GalaxyFileError, match=r"Header/Time must be a scale factor <= 1, got 13.8"):
        read_galaxy(write_cutout(tmp_path, Time=13.8, Redshift=None))


def test_redshift_serves_where_the_scale_factor_is_absent(plain, tmp_path):
    galaxy = read_galaxy(write_cutout(tmp_path, Time=None))
    assert galaxy.redshift == pytest.approx(plain.redshift)
    assert_same(galaxy, plain, rtol=1e-12)


def test_neither_scale_factor_nor_redshift_is_refused(tmp_path):
    with pytest.raises(GalaxyFileError, match="Header/Time must be there"):
        read_galaxy(write_cutout(tmp_path, Time=None, Redshift=None))


def test_matter_density_has_other_names(tmp_path):
    galaxy = read_galaxy(write_cutout(tmp_path, Omega0=None, Omega_Matter=0.3089))
    assert galaxy.cosmology.omega_matter == 0.3089


def test_text_where_a_number_is_expected_is_refused(tmp_path):
    with pytest.raises(GalaxyFileError, match="Header/HubbleParam must be a number, got"):
        read_galaxy(write_cutout(tmp_path, HubbleParam="0.7"))


def test_box_of_another_unit_wraps_nothing(plain, tmp_path):
    galaxy = read_galaxy(write_cutout(tmp_path, BoxSize=75.0))
    assert "Header/BoxSize is not the box of the coordinates: none is wrapped." in galaxy.notes
    np.testing.assert_allclose(galaxy.stars.positions, plain.stars.positions, atol=1e-9)
