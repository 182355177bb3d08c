"""Galaxies drawn star by star about a known centre, for tests of centring."""

import numpy as np

from galmass_core.synthetic.profiles import hernquist_bulge, nfw_halo

STAR, DARK = 1.4e6, 7.5e6  # Msun, as in TNG100
STARS = 10_000
CENTRE = np.array([30.0, -70.0, 5.0])


def spheroid(profile, count, rng):
    """Draw positions from a sphere, each by itself."""
    masses = profile.enclosed_mass(profile.radii)
    radii = np.interp(rng.random(count), masses / masses[-1], profile.radii)
    directions = rng.normal(size=(count, 3))
    return radii[:, None] * directions / np.linalg.norm(directions, axis=1)[:, None]


def disc(length, height):
    """Draw positions from an exponential disc."""
    return lambda count, rng: _disc(length, height, count, rng)


def _disc(length, height, count, rng):
    radii, angles = rng.gamma(2.0, length, count), rng.uniform(0.0, 2 * np.pi, count)
    heights = height * np.arctanh(rng.uniform(-0.999999, 0.999999, count))
    return np.column_stack((radii * np.cos(angles), radii * np.sin(angles), heights))


def hernquist(scale):
    """Draw positions from a sphere of Hernquist (1990)."""
    return lambda count, rng: spheroid(hernquist_bulge(1.0, scale, 30.0), count, rng)


def disc_with_bulge(count, rng):
    """Draw positions from an S0 with 30 % of its stars in a bulge."""
    bulge = spheroid(hernquist_bulge(1.0, 0.7, 30.0), 3 * count // 10, rng)
    return np.concatenate((bulge, _disc(3.5, 0.5, count - len(bulge), rng)))


def galaxy(shape, *, seed=0, count=STARS, satellite=False):
    """Draw stars and dark matter about ``CENTRE``, turned at random.

    A satellite at 8 kpc has a seventh of the stars and a twentieth of the dark matter.
    """
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    halo = nfw_halo(1e12, 10.0, 30.0)
    coarser = STARS / count
    stars = shape(count, rng) @ turn
    dark = spheroid(halo, round(halo.mass / DARK / coarser), rng)
    if satellite:
        place = 8.0 * turn[0]
        stars = np.concatenate((stars, place + hernquist(0.5)(len(stars) // 7, rng)))
        dark = np.concatenate(
            (dark, place + spheroid(nfw_halo(5e10, 10.0, 8.0), len(dark) // 20, rng))
        )
    masses = (np.full(len(stars), STAR * coarser), np.full(len(dark), DARK * coarser))
    return [(stars + CENTRE, masses[0]), (dark + CENTRE, masses[1])]
