"""Galaxies whose structure and motion are known beforehand, for tests of features."""

import numpy as np
from conftest import make_galaxy

from galmass_core.galaxy import DarkMatter, G
from galmass_core.sources.centring import half_mass_radius
from galmass_core.synthetic.equilibrium import Potential, sample_spheroid
from galmass_core.synthetic.model import GalaxyModel, sample_galaxy
from galmass_core.synthetic.profiles import Disc, hernquist_bulge, nfw_halo


def isotropic_sphere(count, *, seed=0):
    """A sphere of Hernquist (1990) held by its own gravity, without any rotation."""
    bulge = hernquist_bulge(1e10, 1.5, 200.0)
    potential = Potential(bulge.radii, bulge.enclosed_mass(bulge.radii))
    rng = np.random.default_rng(seed)
    stars = sample_spheroid(potential, bulge.density(bulge.radii), count, rng)
    masses = np.full(count, 1e10 / count)
    return make_galaxy(*stars, masses, half_mass_radius=half_mass_radius(stars[0], masses))


def cold_disc(*, seed=0):
    """A thin disc of 3,500 stars in a halo, in the plane z = 0."""
    model = GalaxyModel(
        halo=nfw_halo(2.5e11, 13.0, 30.0),
        disc=Disc(mass=5e9, scale_length=3.2, scale_height=0.2),
        toomre_q=1.0,
    )
    particles = sample_galaxy(model, seed, orientation=np.eye(3))
    stars, halo = particles["stars"], particles["dark_matter"]
    radius = half_mass_radius(stars["positions"], stars["masses"])
    dark_matter = DarkMatter(positions=halo["positions"], masses=halo["masses"])
    motion = (stars["velocities"], stars["masses"])
    return make_galaxy(
        stars["positions"], *motion, half_mass_radius=radius, dark_matter=dark_matter
    )


def circular_orbits(*, against=0):
    """Weightless stars on circles about z between 1 and 9 kpc; the first ones turn the other way.

    The halo has shells of 1e8 Msun every 0.01 kpc: v^2 = G 1e10 Msun/kpc everywhere.
    """
    radii, angles = np.linspace(1.0, 9.0, 500), np.linspace(0.0, 40.0, 500)
    speed = np.sqrt(G * 1e10)
    turn = np.where(np.arange(500) < against, -speed, speed)
    cosine, sine, flat = np.cos(angles), np.sin(angles), np.zeros(500)
    shells = np.arange(0.005, 20.0, 0.01)
    return make_galaxy(
        np.column_stack((radii * cosine, radii * sine, flat)),
        np.column_stack((-turn * sine, turn * cosine, flat)),
        np.full(500, 1e-3),
        half_mass_radius=5.0,
        dark_matter=DarkMatter(
            positions=np.column_stack((shells, 0 * shells, 0 * shells)),
            masses=np.full(len(shells), 1e8),
        ),
    )
