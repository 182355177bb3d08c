"""Seeded galaxies with known answers for ``galmass bench agreement``: discs and spheres."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import Galaxy
from galmass_core.imaging.maps import GalaxyMaps, MapConfig, render_maps

POSITION_ANGLE = 37.0  # degrees, of the receding side
HALF_LIGHT = 3.356  # kpc, inside which half of a whole disc's light is
SPEED = 210.0  # km/s, everywhere in a disc
STAR_MASS = 1e6  # Msun
HERNQUIST = (5e10, 3.0)  # Msun, kpc
NFW = (1e11, 20.0)  # 4 pi rho_0 r_s^3 [Msun], r_s [kpc]
_TURN = np.pi * (3 - np.sqrt(5))  # golden angle: stars spread evenly
_WIDEST = 0.995  # share of the light that is drawn


def disc(stars: int, index: float = 1.0, ratio: float = 1.0) -> Galaxy:
    """Return a flat galaxy whose light follows Sersic's law, seen along z.

    Parameters
    ----------
    stars : int
    index : float
        Sersic index: 1 exponential, 4 de Vaucouleurs.
    ratio : float
        Axis ratio on the sky: cosine of the inclination.

    Returns
    -------
    Galaxy
        Rotating; the major axis is at `POSITION_ANGLE`, half of the light inside `HALF_LIGHT`.
    """
    from scipy.special import gammaincinv

    share = _WIDEST * (np.arange(stars) + 0.5) / stars
    radius = HALF_LIGHT * (gammaincinv(2 * index, share) / gammaincinv(2 * index, 0.5)) ** index
    turn = np.arange(stars) * _TURN
    angle = np.radians(POSITION_ANGLE)
    major = np.array([-np.sin(angle), np.cos(angle), 0.0])
    across = np.array([np.cos(angle), np.sin(angle), 0.0])
    spin = np.sqrt(1 - ratio**2) * across + ratio * np.array([0.0, 0.0, 1.0])
    second = np.cross(spin, major)
    cosine, sine = np.cos(turn)[:, None], np.sin(turn)[:, None]
    return Galaxy.from_arrays(
        stars={
            "positions": radius[:, None] * (cosine * major + sine * second),
            "velocities": SPEED * (cosine * second - sine * major),
            "masses": np.full(stars, STAR_MASS),
        },
        gas={},
        dark_matter={},
        centre=(0.0, 0.0, 0.0),
    )


def maps_of(galaxy: Galaxy, *, half_width: float, pixels: int) -> GalaxyMaps:
    """Return maps along z, without dust."""
    config = MapConfig(half_width=half_width, light_pixels=pixels, kinematic_pixels=32, dust="none")
    return render_maps(galaxy, "z", config)


def with_noise(maps: GalaxyMaps, share: float = 0.002) -> tuple[GalaxyMaps, float]:
    """Add noise of a share of the brightest pixel; return its standard deviation as well."""
    noise = share * float(maps.flux_CHW[1].max())
    added = np.random.default_rng(1).normal(0.0, noise, maps.flux_CHW.shape)
    return replace(maps, flux_CHW=(maps.flux_CHW + added).astype(np.float32)), noise


def spheres(particles: int) -> Galaxy:
    """Return a galaxy of stars as in Hernquist's sphere in a halo of Navarro, Frenk & White.

    Both are drawn whole inside 200 kpc, with particles of equal mass.
    """
    mass, scale = HERNQUIST
    root = np.sqrt(_ranks(particles)) * 200 / (200 + scale)
    radius = scale * root / (1 - root)
    grid = np.geomspace(1e-3, 200, 4000)
    inside = nfw_mass(grid)
    halo = np.interp(_ranks(particles) * inside[-1], inside, grid)
    stars = radius[:, None] * directions(particles)
    return Galaxy.from_arrays(
        stars={
            "positions": stars,
            "velocities": np.zeros_like(stars),
            "masses": mass * (200 / (200 + scale)) ** 2 / particles,
        },
        gas={},
        dark_matter={
            "positions": halo[:, None] * directions(particles),
            "masses": inside[-1] / particles,
        },
        centre=(0.0, 0.0, 0.0),
    )


def nfw_mass(radius: NDArray | float) -> NDArray:
    """Return the mass of the halo inside radii [kpc], Msun."""
    mass, scale = NFW
    grown = np.asarray(radius) / scale
    return mass * (np.log1p(grown) - grown / (1 + grown))


def hernquist_mass(radius: NDArray | float) -> NDArray:
    """Return the mass of the stars inside radii [kpc], Msun."""
    mass, scale = HERNQUIST
    return mass * (np.asarray(radius) / (np.asarray(radius) + scale)) ** 2


def _ranks(count: int) -> NDArray:
    return (np.arange(count) + 0.5) / count


def directions(count: int) -> NDArray:
    """Return directions spread evenly over a sphere by a sequence in two dimensions, (N, 3)."""
    place = np.arange(count)
    height = 2 * ((place * 0.7548776662) % 1) - 1
    turn = 2 * np.pi * ((place * 0.5698402910) % 1)
    flat = np.sqrt(1 - height**2)
    return np.column_stack((flat * np.cos(turn), flat * np.sin(turn), height))
