"""A thin exponential disc seen obliquely: where each tool must find its axis, turn and size."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from conftest import make_galaxy

from galmass_core.benchmarks.agreement_data import directions
from galmass_core.galaxy import DarkMatter, G, Gas
from galmass_core.imaging.maps import MapConfig, render_maps

POSITION_ANGLE = 37.0  # degrees, of the receding side, from up through left; along z
INCLINATION = 53.0  # degrees
SCALE_LENGTH = 2.0  # kpc
SPEED = 210.0  # km/s, everywhere
STAR_MASS = 1e6  # Msun
AXIS_RATIO = float(np.cos(np.radians(INCLINATION)))
_SHELL = 0.01  # kpc


def needs(package):
    """Import a package of the extra bridges; skip, saying so, where it is not installed."""
    reason = f"{package} is not installed: pip install -e '.[bridges]'"
    return pytest.importorskip(package, reason=reason)


def axes():
    """Unit vectors of the box: receding major axis, second axis in the disc, and spin."""
    angle, slope = np.radians([POSITION_ANGLE, INCLINATION])
    major = np.array([-np.sin(angle), np.cos(angle), 0.0])
    minor = np.array([np.cos(angle), np.sin(angle), 0.0])
    spin = np.sin(slope) * minor + np.cos(slope) * np.array([0.0, 0.0, 1.0])
    return major, np.cross(spin, major), spin


def oblique_disc(count=20_000, *, edge=6.0, **changes):
    """Stars of an exponential disc up to ``edge`` scale lengths, all with the speed of a circle.

    The stars are spread evenly (golden angle), and dark matter fills up the mass inside r to
    ``SPEED**2 r / G``, so that the circular velocity is ``SPEED`` everywhere.
    """
    major, second, _ = axes()
    grown = np.linspace(0, edge, 4001)
    inside = 1 - (1 + grown) * np.exp(-grown)
    rank = (np.arange(count) + 0.5) / count * inside[-1]
    radius = SCALE_LENGTH * np.interp(rank, inside, grown)[:, None]
    turn = (np.arange(count) * np.pi * (3 - np.sqrt(5)))[:, None]
    edges = np.arange(0.0, 40.0, _SHELL)
    shells = edges[:-1] + _SHELL / 2
    stellar, _ = np.histogram(radius, bins=edges, weights=np.full((count, 1), STAR_MASS))
    return make_galaxy(
        radius * (np.cos(turn) * major + np.sin(turn) * second),
        SPEED * (np.cos(turn) * second - np.sin(turn) * major),
        np.full(count, STAR_MASS),
        half_mass_radius=1.678 * SCALE_LENGTH,
        dark_matter=DarkMatter(
            positions=shells[:, None] * directions(len(shells)),
            masses=SPEED**2 / G * _SHELL - stellar,
        ),
        **changes,
    )


def disc_with_gas(**changes):
    """The disc with three cells of gas, seen at redshift 1 unless ``changes`` says otherwise."""
    gas = Gas(
        positions=np.array([[1.0, 2.0, 3.0], [-4.0, 0.0, 1.0], [0.0, -5.0, 2.0]]),
        velocities=np.array([[10.0, -20.0, 30.0]] * 3),
        masses=np.array([1e6, 2e6, 3e6]),
        neutral_hydrogen_masses=np.zeros(3),
        metallicities=np.array([0.01, 0.02, 0.03]),
        star_formation_rates=np.array([0.0, 0.5, 1.5]),
        smoothing_lengths=np.array([0.4, 0.6, 0.8]),
    )
    return oblique_disc(**({"gas": gas, "redshift": 1.0} | changes))


@cache
def oblique_maps(light_pixels, kinematic_pixels, half_width=3.0):
    """The maps of the disc along z."""
    config = MapConfig(
        light_pixels=light_pixels,
        kinematic_pixels=kinematic_pixels,
        half_width=half_width,
        dust="none",
    )
    return render_maps(oblique_disc(), "z", config)


def smooth_maps(side):
    """The same with the light of an endless exponential disc, without single stars."""
    maps = oblique_maps(side, 48)
    places = (np.indices((side, side)) - (side - 1) / 2) * 2 * maps.half_width / side
    sky = np.stack([places[1], places[0], np.zeros((side, side))])
    major, minor = axes()[0], np.cross(axes()[0], [0.0, 0.0, 1.0])
    along, across = np.tensordot(major, sky, 1), np.tensordot(minor, sky, 1) / AXIS_RATIO
    light = np.exp(-np.hypot(along, across) / SCALE_LENGTH)
    flux_CHW = np.stack([light, light]) * 20_000 / light.sum()
    return replace(maps, flux_CHW=flux_CHW.astype(np.float32))


def angle_between(one, other, period=180.0):
    """Difference of two directions in degrees, at most half a period."""
    return abs((float(one) - other + period / 2) % period - period / 2)


def image_angle(image):
    """Position angle of the long axis of an image [row, column], degrees from up through left."""
    light = np.nan_to_num(np.asarray(image, dtype=float))
    places = np.indices(light.shape)[::-1].reshape(2, -1)  # column, row
    xx, xy, _, yy = np.cov(places, aweights=light.ravel()).ravel()
    return (np.degrees(np.arctan2(2 * xy, xx - yy)) / 2 - 90) % 180
