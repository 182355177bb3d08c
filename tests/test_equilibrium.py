import numpy as np
import pytest

from galmass_core.galaxy import G
from galmass_core.synthetic.equilibrium import (
    Potential,
    disc_kinematics,
    distribution_function,
    enclosed_mass,
    flatten_spheroid,
    sample_spheroid,
)
from galmass_core.synthetic.profiles import Disc, hernquist_bulge


@pytest.fixture(scope="module")
def hernquist():
    """A lone Hernquist sphere of 1e10 Msun and 1 kpc: its potential and density."""
    radii = np.geomspace(1e-4, 1e4, 512)
    density = 1e10 / (2 * np.pi) / (radii * (1 + radii) ** 3)
    return Potential(radii, enclosed_mass(radii, density)), density


@pytest.fixture(scope="module")
def sphere(hernquist):
    return sample_spheroid(*hernquist, 50_000, np.random.default_rng(3))


def test_potential_is_that_of_hernquist(hernquist):
    potential, _ = hernquist
    radii = np.array([0.1, 1.0, 10.0])
    assert potential.depth(radii) == pytest.approx(G * 1e10 / (1 + radii), rel=2e-3)


def test_distribution_function_is_that_of_hernquist(hernquist):
    potential, density = hernquist
    found = distribution_function(potential, density)
    inside = (potential.radii > 0.05) & (potential.radii < 50)
    q = np.sqrt(potential.depths[inside] / (G * 1e10))
    polynomial = q * np.sqrt(1 - q**2) * (1 - 2 * q**2) * (8 * q**4 - 8 * q**2 - 3)
    norm = 1e10 / (8 * np.sqrt(2) * np.pi**3 * (G * 1e10) ** 1.5)
    expected = norm * (1 - q**2) ** -2.5 * (3 * np.arcsin(q) + polynomial)  # Hernquist (1990)
    assert found[inside] == pytest.approx(expected, rel=0.02)


def test_dispersion_of_a_sphere_obeys_the_jeans_equation(sphere):
    positions, velocities = sphere
    radii = np.linalg.norm(positions, axis=1)
    shell = (radii > 0.9) & (radii < 1.1)
    jeans = (
        G * 1e10 / 12 * (12 * 8 * np.log(2) - (25 + 52 + 42 + 12) / 2)
    )  # Hernquist (1990), Eq. 10
    assert velocities[shell].var() == pytest.approx(jeans, rel=0.05)


def test_sphere_is_in_virial_equilibrium(sphere):
    positions, velocities = sphere
    radii = np.linalg.norm(positions, axis=1)
    pull = G * 1e10 * radii / (1 + radii) ** 2
    assert (velocities**2).sum() / pull.sum() == pytest.approx(1.0, abs=0.02)


def test_flattening_keeps_radii_and_speeds(sphere):
    positions, velocities = sphere
    new = flatten_spheroid(*sphere, axis_ratio=0.6, rotation=0.5, rng=np.random.default_rng(4))
    assert np.linalg.norm(new[0], axis=1) == pytest.approx(np.linalg.norm(positions, axis=1))
    assert np.linalg.norm(new[1], axis=1) == pytest.approx(np.linalg.norm(velocities, axis=1))


def test_flattening_reaches_axis_ratio_and_rotation(sphere):
    new = flatten_spheroid(*sphere, axis_ratio=0.6, rotation=0.5, rng=np.random.default_rng(4))
    directions = new[0] / np.linalg.norm(new[0], axis=1, keepdims=True)
    x2, _, z2 = (directions**2).mean(axis=0)
    assert np.sqrt(z2 / x2) == pytest.approx(0.6, abs=0.01)
    prograde = (np.cross(*new)[:, 2] > 0).mean()
    assert prograde == pytest.approx(0.75, abs=0.01)


def test_disc_streams_at_circular_velocity_minus_asymmetric_drift():
    disc = Disc(mass=5e9, scale_length=3.0, scale_height=0.3)
    bulge = hernquist_bulge(1e11, 5.0, 100.0)
    radii = np.geomspace(1e-3, 500, 512)
    spheroids = Potential(radii, bulge.enclosed_mass(radii))
    moments = disc_kinematics(disc, spheroids, (disc,), toomre_q=2.0)
    outer = (moments.radii > 3) & (moments.radii < 15)
    drift = moments.circular - moments.streaming
    slopes = np.gradient(np.log(moments.circular), np.log(moments.radii))
    kappa_ratio = (1 + slopes) / 2  # kappa^2 / 4 Omega^2
    expected = moments.sigma_radial**2 / (2 * moments.circular)
    expected *= 2 * moments.radii / 3.0 - 1 + kappa_ratio  # Binney & Tremaine (2008), Eq. 4.228
    assert drift[outer] == pytest.approx(expected[outer], rel=0.05)
