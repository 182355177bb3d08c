"""A galaxy as a snapshot of SWIFT in the hands of swiftsimio: units, image and kernel."""

import numpy as np
import pytest
from oblique import (
    POSITION_ANGLE,
    SPEED,
    STAR_MASS,
    angle_between,
    disc_with_gas,
    image_angle,
    needs,
)

from galmass_core.bridges import to_swiftsimio
from galmass_core.imaging.maps import MapConfig, support_radii

SIDES = pytest.mark.parametrize("side", [40, 41], ids=["even", "odd"])


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """The disc at redshift 1, in a file, opened by swiftsimio."""
    needs("swiftsimio")
    return to_swiftsimio(disc_with_gas(), tmp_path_factory.mktemp("swift") / "disc.hdf5")


def test_swiftsimio_has_physical_units(opened):
    stars = opened.stars
    middle = opened.metadata.boxsize.to_physical_value("kpc") / 2
    radius = np.linalg.norm(stars.coordinates.to_physical_value("kpc") - middle, axis=1)
    assert radius.max() == pytest.approx(12.0, rel=0.01)
    assert stars.coordinates.to_comoving_value("kpc").max() == pytest.approx(
        2 * stars.coordinates.to_physical_value("kpc").max()
    )
    speed = np.linalg.norm(stars.velocities.to_physical_value("km/s"), axis=1)
    assert speed == pytest.approx(SPEED, rel=1e-5)  # of the units' rounding
    assert stars.masses.to_physical_value("Msun").sum() == pytest.approx(20_000 * STAR_MASS)


def test_swiftsimio_has_redshift_cosmology_and_ages(opened):
    galaxy = disc_with_gas()
    assert opened.metadata.redshift == pytest.approx(1.0)
    cosmology = opened.metadata.cosmology
    assert (cosmology.h, cosmology.Om0) == pytest.approx((0.6774, 0.3089), rel=1e-5)
    now = galaxy.cosmology.age(0.5)
    born = galaxy.cosmology.age(opened.stars.birth_scale_factors.value)
    assert now - born == pytest.approx(5.0)
    assert opened.stars.metal_mass_fractions.value == pytest.approx(0.02)
    assert opened.stars.initial_masses.to_physical_value("Msun") == pytest.approx(1.0, rel=1e-5)


@SIDES
def test_swiftsimio_draws_the_disc_at_its_angle(opened, side):
    from swiftsimio import cosmo_array
    from swiftsimio.visualisation.projection import project_pixel_grid

    middle = opened.metadata.boxsize.to_physical_value("kpc")[0] / 2
    edges = np.array([-10.0, 10.0] * 2) + middle
    region = cosmo_array(edges, "kpc", comoving=False, scale_factor=0.5, scale_exponent=1)
    drawn = project_pixel_grid(opened.stars, side, "masses", region=region)
    columns = drawn.to_physical_value("Msun/kpc**2")
    assert angle_between(image_angle(columns.T), POSITION_ANGLE) < 1
    assert columns.sum() * (20 / side) ** 2 == pytest.approx(20_000 * STAR_MASS, rel=0.05)


def test_kernel_of_swiftsimio_ends_where_ours_does(opened):
    from swiftsimio.visualisation.projection_backends.kernels import kernel_gamma

    lengths = opened.stars.smoothing_lengths.to_physical_value("kpc") * kernel_gamma
    assert lengths == pytest.approx(support_radii(disc_with_gas(), MapConfig()), rel=1e-5)
    assert opened.gas.smoothing_lengths.to_physical_value("kpc") * kernel_gamma == pytest.approx(
        [0.4, 0.6, 0.8]
    )


def test_what_galmass_does_not_keep_is_nan(opened):
    assert np.isnan(opened.dark_matter.velocities.value).all()
    assert np.isnan(opened.gas.internal_energies.value).all()


def test_a_file_is_replaced_whole(tmp_path):
    needs("swiftsimio")
    path = tmp_path / "disc.hdf5"
    path.write_text("old")
    to_swiftsimio(disc_with_gas(), path)
    assert [found.name for found in tmp_path.iterdir()] == ["disc.hdf5"]
