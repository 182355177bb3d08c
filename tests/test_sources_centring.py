import numpy as np
import pytest

from galmass_core.sources.centring import bulk_velocity, half_mass_radius, wrap
from galmass_core.sources.fallbacks import (
    initial_masses,
    neutral_hydrogen_masses,
    support_radii,
    surviving_fraction,
)


def gas(**columns):
    """Columns of gas cells; others are not in the file."""
    return {name: np.array(values) for name, values in columns.items()}


def test_wrapped_offsets_are_the_nearest_images():
    offsets = wrap(np.array([[9.5, -9.5, 4.9], [-5.1, 0.0, 10.0]]), 10.0)
    np.testing.assert_allclose(offsets, [[-0.5, 0.5, 4.9], [4.9, 0.0, 0.0]], atol=1e-12)


def test_half_mass_radius_is_interpolated():
    radii = np.array([4.0, 1.0, 3.0, 2.0])
    positions = radii[:, None] * [0.0, 0.0, 1.0]
    assert half_mass_radius(positions, np.array([1.0, 1, 1, 1])) == 2.0
    assert half_mass_radius(positions, np.array([1.0, 2, 1, 1])) == pytest.approx(1.5)


def test_half_mass_radius_of_a_uniform_sphere():
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(20000, 3))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    positions = directions * np.cbrt(rng.uniform(size=(20000, 1)))
    assert half_mass_radius(positions, np.ones(20000)) == pytest.approx(0.5 ** (1 / 3), rel=0.01)


def test_bulk_velocity_is_that_of_the_inner_mass():
    positions = np.array([[0.5, 0, 0], [0.0, 1.0, 0], [5.0, 0, 0]])
    velocities = np.array([[10.0, 0, 0], [40.0, 0, 0], [1e3, 0, 0]])
    bulk = bulk_velocity(positions, velocities, np.array([2.0, 1.0, 1.0]), 1.0)
    np.testing.assert_allclose(bulk, [20.0, 0, 0])


def test_bulk_velocity_of_an_empty_sphere_is_the_innermost_stars():
    positions = np.array([[2.0, 0, 0], [3.0, 0, 0]])
    velocities = np.array([[10.0, 0, 0], [40.0, 0, 0]])
    np.testing.assert_array_equal(
        bulk_velocity(positions, velocities, np.ones(2), 1.0), velocities[0]
    )


def test_young_stars_are_whole_and_old_ones_have_lost_half():
    assert surviving_fraction(0.0) == 1.0
    assert surviving_fraction(10.0) == pytest.approx(0.556, abs=0.001)


def test_birth_masses_come_from_the_surviving_fraction():
    stars = {"masses": np.array([1e6])}
    born, stand_in = initial_masses(stars, np.array([10.0]))
    assert born * surviving_fraction(10.0) == pytest.approx(1e6)
    assert stand_in


def test_gas_that_forms_stars_is_neutral_however_hot():
    cells = gas(masses=[1.0, 1.0, 1.0], temperatures=[1e6, 1e6, 1e3])
    cells["star_formation_rates"] = np.array([1.0, 0.0, 0.0])
    neutral, _ = neutral_hydrogen_masses(cells)
    np.testing.assert_allclose(neutral, [0.76, 0, 0.76])


def test_temperature_follows_from_internal_energy():
    # fully ionised gas at 1e4 K, mu = 0.588: u = 3/2 k T / (mu m_p) = 210.5 (km/s)^2
    cells = gas(masses=[1.0, 1.0], internal_energies=[205.0, 216.0])
    cells["electron_abundances"] = np.array([1.158, 1.158])
    neutral, _ = neutral_hydrogen_masses(cells)
    np.testing.assert_allclose(neutral, [0.76, 0.0])


def test_gas_without_kernel_or_density_reaches_its_neighbours():
    positions = np.stack(np.meshgrid(*[np.arange(6.0)] * 3), axis=-1).reshape(-1, 3)
    radii, stand_in = support_radii(gas(masses=np.ones(216), positions=positions))
    assert radii.min() == pytest.approx(2.0)  # 32 others lie within two cells
    assert "neighbour" in stand_in
