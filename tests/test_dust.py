"""Dust dims as the formulas say, and only where there is neutral gas."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import make_galaxy
from scipy.interpolate import RegularGridInterpolator

from galmass_core.benchmarks.build import measured
from galmass_core.galaxy import Gas
from galmass_core.imaging import dust
from galmass_core.imaging.dust import (
    dust_transmission,
    hydrogen_column,
    optical_depth,
    transmission,
)
from galmass_core.imaging.projection import project
from galmass_core.measurements.targets import attenuation
from galmass_core.sources import GalaxyRef

ATOMS_PER_SURFACE_DENSITY = 1.24789e14  # hydrogen atoms per cm^2 in 1 Msun/kpc^2


def make_gas(positions, masses, *, metallicity=0.02, neutral=1.0, support=0.5):
    count = len(masses)
    return Gas(
        positions=np.array(positions, dtype=float).reshape(count, 3),
        velocities=np.zeros((count, 3)),
        masses=np.array(masses, dtype=float),
        neutral_hydrogen_masses=neutral * np.array(masses, dtype=float),
        metallicities=np.full(count, metallicity),
        star_formation_rates=np.zeros(count),
        smoothing_lengths=np.full(count, support),
    )


@pytest.fixture
def sheet():
    """A wide even sheet of gas in the (x, y) plane, 1e21 atoms per cm^2, stars along its axis."""
    side = np.arange(-8.0, 8.0, 0.4) + 0.2
    x, y = (axis.ravel() for axis in np.meshgrid(side, side))
    mass = np.full(x.size, 1e21 / ATOMS_PER_SURFACE_DENSITY * 0.4**2)
    gas = make_gas(np.column_stack([x, y, np.zeros_like(x)]), mass, support=1.6)
    stars = [[0, 0, -1], [0, 0, 0], [3, 4, 1]]
    return make_galaxy(stars, half_mass_radius=2.0, gas=gas)


@pytest.mark.parametrize(
    ("wavelength", "curve", "albedo", "forward", "constant"),
    [
        (4702, 1.2165, 0.6473, 0.6999, 0.6344),
        (5500, 0.9989, 0.6146, 0.7753, 0.5672),
        (6176, 0.8781, 0.5905, 0.8255, 0.5266),
    ],
    ids=["g", "V", "r"],
)
def test_constants_have_their_reference_values(wavelength, curve, albedo, forward, constant):
    assert dust.extinction(wavelength) == pytest.approx(curve, abs=1e-4)
    assert dust.albedo(wavelength) == pytest.approx(albedo, abs=1e-4)
    assert dust.forward_scattering(wavelength) == pytest.approx(forward, abs=1e-4)
    assert dust.attenuation_constant(wavelength) == pytest.approx(constant, abs=1e-4)


@pytest.mark.parametrize(
    ("column", "depths", "magnitudes"),
    [(1e21, (0.3021, 0.2508), (0.1599, 0.1333)), (1e22, (3.0210, 2.5076), (1.2546, 1.0904))],
)
def test_column_of_solar_gas_has_its_reference_attenuation(column, depths, magnitudes):
    depth = optical_depth(column, 0.02)
    assert depth == pytest.approx(depths, rel=2e-4)
    assert -2.5 * np.log10(transmission(depth)) == pytest.approx(magnitudes, rel=5e-4)


def test_depth_goes_with_metallicity_to_the_power_1_6():
    assert optical_depth(1e21, 0.04) == pytest.approx(2**1.6 * optical_depth(1e21, 0.02))


def test_depth_falls_with_redshift():
    assert optical_depth(1e21, 0.02, 3.0) == pytest.approx(0.5 * optical_depth(1e21, 0.02))


def test_thin_dust_lets_all_light_through():
    assert transmission(np.array([0.0, 1e-12])) == pytest.approx([1.0, 1.0])


def test_transmission_of_thin_dust_is_that_of_its_series():
    depth = np.geomspace(1e-300, 1e-3, 1000)
    series = 1 - depth / 2 * (1 - depth / 3 * (1 - depth / 4 * (1 - depth / 5)))
    np.testing.assert_allclose(transmission(depth), series, rtol=1e-15)


def test_column_map_keeps_all_neutral_hydrogen():
    gas = make_gas([[1.0, -2.0, 0.5], [-3.0, 0.3, 9.0]], [1e7, 3e7], neutral=0.4)
    column = hydrogen_column(make_galaxy([[0, 0, 0]], half_mass_radius=2.0, gas=gas).gas, 2.0, "z")
    pixel_area = (2 * 3 * 2.0 / 100) ** 2
    mass = column.sum(dtype=float) * pixel_area / ATOMS_PER_SURFACE_DENSITY
    assert mass == pytest.approx(0.4 * 4e7, rel=1e-4)


@pytest.mark.parametrize(("line_of_sight", "row", "column"), [("x", 3, 2), ("y", 1, 3)])
def test_column_map_has_the_axes_of_the_sky(line_of_sight, row, column):
    position = np.array([np.nan, 1.0, 2.0, 3.0])  # box x, y, z as numbers 1, 2, 3
    gas = make_gas([position[1:]], [1e7], support=0.1)
    image = hydrogen_column(
        make_galaxy([[0, 0, 0]], half_mass_radius=2.0, gas=gas).gas, 2.0, line_of_sight
    )
    brightest = np.unravel_index(image.argmax(), image.shape)
    pixel = (np.array([position[row], position[column]]) + 6) / 12 * 100
    np.testing.assert_allclose(np.array(brightest) + 0.5, pixel, atol=1.0)


def test_even_sheet_dims_stars_at_every_depth_alike(sheet):
    expected = transmission(optical_depth(1e21, 0.02))
    for star in dust_transmission(sheet, "z", "xu17").T:
        np.testing.assert_allclose(star, expected, rtol=5e-3)


def test_stars_outside_the_frame_are_not_dimmed(sheet):
    galaxy = replace(sheet, stars=make_galaxy([[6.1, 0, 0]]).stars)
    assert (dust_transmission(galaxy, "z", "xu17") == 1).all()


def test_dust_reddens(sheet):
    g, r = dust_transmission(sheet, "z", "xu17")
    assert (g < r).all()


def test_gas_without_neutral_hydrogen_does_not_dim(sheet):
    gas = make_gas([[0, 0, 0]], [1e9], neutral=0.0)
    assert (dust_transmission(replace(sheet, gas=gas), "z", "xu17") == 1).all()


def test_galaxy_without_gas_is_not_dimmed(sheet):
    gas = make_gas([], [])
    assert (dust_transmission(replace(sheet, gas=gas), "z", "xu17") == 1).all()


def test_no_dust_is_an_option(sheet):
    np.testing.assert_array_equal(dust_transmission(sheet, "z", "none"), np.ones((2, 3)))


def test_unknown_dust_names_the_options(sheet):
    with pytest.raises(ValueError, match="dust must be one of xu17, none, got 'calzetti'"):
        dust_transmission(sheet, "z", "calzetti")


def test_interpolation_is_exact_for_a_plane():
    centres = (np.arange(100) + 0.5) / 50 - 1
    image = 2 * centres[None, :] + 5 * centres[:, None] + 10
    x, y = np.array([0.3, -0.71, 0.2]), np.array([-0.2, 0.5, 1.01])
    sampled = dust.sample_image(image, x, y, 1.0)
    np.testing.assert_allclose(sampled, [2 * 0.3 - 1 + 10, -1.42 + 2.5 + 10, 0.0])


def test_attenuation_is_that_of_the_sheet(sheet):
    expected = -2.5 * np.log10(transmission(optical_depth(1e21, 0.02))[1])
    assert attenuation(project(sheet, "z"), sheet) == pytest.approx(expected, rel=5e-3)
    assert attenuation(project(sheet, "z", dust="none"), sheet) == 0
    unknown = replace(sheet, gas=None)
    assert np.isnan(attenuation(project(unknown, "z"), unknown))


def test_galaxy_whose_neutral_gas_is_guessed_too_generously_says_so(shared_data):
    """COLIBRE's file lacks HI and H2: cold gas dims its r light by more than a magnitude."""
    rows = measured(GalaxyRef(shared_data / "particles" / "colibre_z0.hdf5")).rows
    dimmed = [row["attenuation_r"] for row in rows]
    assert max(dimmed) > 1
    for row in rows:
        assert ("too generous" in row["notes"]) == (row["attenuation_r"] > 1)


def test_galaxy_with_little_dust_has_no_such_note(shared_data):
    path = shared_data / "particles" / "tng100_snap78_subhalo9_subsample.hdf5"
    assert "too generous" not in str(measured(GalaxyRef(path)).rows)


def test_interpolation_is_that_of_scipy():
    generator = np.random.default_rng(2)
    image, centres = generator.uniform(size=(100, 100)), (np.arange(100) + 0.5) / 50 - 1
    x, y = generator.uniform(-0.99, 0.99, (2, 1000))
    expected = RegularGridInterpolator((centres, centres), image)(np.stack([y, x], axis=1))
    assert dust.sample_image(image, x, y, 1.0) == pytest.approx(expected, rel=1e-11)
