import numpy as np
import pytest
from scipy.special import iv, kv

from galmass_core.galaxy import G
from galmass_core.synthetic.profiles import CRITICAL_DENSITY, Disc, hernquist_bulge, nfw_halo
from galmass_core.synthetic.tng_writer import COSMOLOGY


def test_bulge_encloses_mass_as_hernquist_says():
    bulge = hernquist_bulge(1e10, 1.0, 1e4)
    radii = np.array([0.1, 1.0, 10.0])
    assert bulge.enclosed_mass(radii) == pytest.approx(1e10 * (radii / (radii + 1)) ** 2, rel=2e-3)


def test_halo_encloses_mass_as_nfw_says():
    halo = nfw_halo(1e12, 10.0, 400.0)
    x = np.array([0.1, 0.5, 1.0])  # in scale radii of 21.1 kpc, far inside the truncation
    expected = 1e12 * (np.log1p(x) - x / (1 + x)) / (np.log(11) - 10 / 11)
    assert halo.enclosed_mass(x * 210.9 / 10) == pytest.approx(expected, rel=5e-3)


def test_halo_ends_at_200_times_the_critical_density():
    """Of H0 = 67.726 km/s/Mpc, 0.04 % below that of the cosmology of the files."""
    critical = 3 * 0.067726**2 / (8 * np.pi * G)
    assert pytest.approx(critical, rel=1e-4) == CRITICAL_DENSITY
    own = 3 * (COSMOLOGY.hubble / 10) ** 2 / (8 * np.pi * G)
    assert pytest.approx(own, rel=5e-4) == CRITICAL_DENSITY
    r200 = np.cbrt(3e12 / (800 * np.pi * critical))
    halo = nfw_halo(1e12, 10.0, 1e5)
    assert halo.enclosed_mass(np.array([r200])) == pytest.approx([1e12], rel=5e-3)


def test_spheroid_goes_through_the_mass_it_is_given():
    assert nfw_halo(1e12, 10.0, 50.0).through(5.0, 2e10).enclosed_mass(5.0) == pytest.approx(2e10)


def test_thin_disc_turns_as_freeman_says():
    disc = Disc(mass=1e10, scale_length=3.0, scale_height=1e-3)
    radii = np.array([2.0, 6.0, 15.0])
    y = radii / 6.0
    freeman = 2 * G * 1e10 / 3 * y**2 * (iv(0, y) * kv(0, y) - iv(1, y) * kv(1, y))
    assert disc.field(radii / 3.0, disc)[0] == pytest.approx(freeman, rel=0.01)


def test_thin_disc_pulls_upwards_as_an_infinite_sheet_does():
    disc = Disc(mass=1e10, scale_length=3.0, scale_height=0.03)
    radii = np.array([3.0, 6.0, 9.0])
    sheet = np.pi * G * disc.surface_density(radii) * disc.scale_height
    assert disc.field(radii / 3.0, disc)[1] == pytest.approx(sheet, rel=0.05)


@pytest.mark.parametrize("hole_radius", [0.0, 6.0])
def test_field_of_a_thick_disc_is_that_of_its_particles(hole_radius):
    source = Disc(mass=1e10, scale_length=3.0, scale_height=0.9, hole_radius=hole_radius)
    tracer = Disc(mass=1e9, scale_length=3.0, scale_height=0.5)
    places = source.sample_positions(30_000, np.random.default_rng(1))
    heights, weights = tracer.heights()
    total = np.zeros(2)
    for angle in np.arange(24) * np.pi / 12:
        points = np.column_stack(
            (np.full(32, 5 * np.cos(angle)), np.full(32, 5 * np.sin(angle)), heights)
        )
        apart = points[:, None] - places
        pull = apart / (np.einsum("ijk,ijk->ij", apart, apart) + 1e-2)[..., None] ** 1.5
        work = G * source.mass * weights @ (points * pull.mean(axis=1))
        total += np.array([work[0] + work[1], work[2]]) / 24
    radial, vertical = source.field(np.array([5.0]) / 3.0, tracer)
    assert radial[0] == pytest.approx(total[0], rel=0.03)
    assert vertical[0] == pytest.approx(total[1], rel=0.05)


def test_field_is_that_of_a_point_far_away():
    disc = Disc(mass=1e10, scale_length=1.0, scale_height=0.1)
    radii = np.array([11.9, 12.1, 60.0])
    radial, _ = disc.field(radii / 9.0, Disc(mass=1.0, scale_length=9.0, scale_height=0.3))
    assert radial == pytest.approx(G * 1e10 / radii, rel=0.05)


def test_disc_with_a_hole_is_empty_inside():
    disc = Disc(mass=1e10, scale_length=3.0, scale_height=0.1, hole_radius=12.0)
    assert disc.cylinder_mass(np.array([2.0]))[0] < 1e7
    assert disc.cylinder_mass(np.array([36.0]))[0] == pytest.approx(1e10)
    radius = np.hypot(*disc.sample_positions(20_000, np.random.default_rng(5)).T[:2])
    shares = [(radius < edge).mean() for edge in (4.0, 8.0, 16.0)]
    found = disc.cylinder_mass(np.array([4.0, 8.0, 16.0])) / 1e10
    assert found == pytest.approx(shares, abs=2e-3)


def test_disc_encloses_the_mass_of_its_particles_in_spheres():
    disc = Disc(mass=1e10, scale_length=3.0, scale_height=0.9)
    distance = np.linalg.norm(disc.sample_positions(100_000, np.random.default_rng(2)), axis=1)
    shares = [(distance < radius).mean() for radius in (1.0, 3.0, 9.0)]
    assert disc.enclosed_mass(np.array([1.0, 3.0, 9.0])) / 1e10 == pytest.approx(shares, abs=3e-3)
