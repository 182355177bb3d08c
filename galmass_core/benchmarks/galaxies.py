"""Generate seeded galaxies for benchmarks: stars alone, and whole ones like TNG100's median."""

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import Galaxy

MEDIAN_STARS = 10_000


def disc_galaxy(
    count: int, *, seed: int = 0, bulge: float = 0.3, inclination: float = 60.0
) -> tuple[NDArray, NDArray]:
    """Draw the stars of a bulge in a thin disc.

    The bulge follows Hernquist's profile, M(<r) ~ r^2 / (r + a)^2, the disc falls off
    exponentially in radius and as sech^2 in height; luminosities scatter by a factor e.

    Parameters
    ----------
    count : int
        Number of stars.
    seed : int
    bulge : float
        Fraction of the stars in the bulge.
    inclination : float, degrees

    Returns
    -------
    positions : (N, 3) float, half-mass radii
    luminosities : (N,) float
        They add up to one.
    """
    rng = np.random.default_rng(seed)
    inner = int(bulge * count)
    enclosed = np.sqrt(rng.uniform(0, 0.95, inner))
    direction = rng.normal(size=(inner, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    spheroid = direction * (0.3 * enclosed / (1 - enclosed))[:, None]
    radius, angle = rng.gamma(2.0, size=count - inner), rng.uniform(0, 2 * np.pi, count - inner)
    height = 0.12 * np.arctanh(rng.uniform(-0.999, 0.999, count - inner))
    disc = np.column_stack([radius * np.cos(angle), radius * np.sin(angle), height])
    positions = rng.permutation(np.concatenate([spheroid, disc]))
    positions /= np.median(np.linalg.norm(positions, axis=1))
    tilt = np.deg2rad(inclination)
    turn = [[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]]
    luminosities = np.exp(rng.normal(size=count))
    return positions @ np.transpose(turn), luminosities / luminosities.sum()


def write_median_galaxy(path: Path, *, stars: int = MEDIAN_STARS, subhalo: int = 1) -> None:
    """Write a galaxy of TNG100's median mass in the format of TNG's web API.

    With as many dark-matter particles as stars, and half as many gas cells; with fewer particles,
    their masses are larger.

    Parameters
    ----------
    path : Path
    stars : int
    subhalo : int
        Its ID.
    """
    from galmass_core.synthetic.model import GalaxyModel, sample_galaxy
    from galmass_core.synthetic.profiles import Disc, hernquist_bulge, nfw_halo
    from galmass_core.synthetic.tng_writer import write_cutout

    coarser = MEDIAN_STARS / stars
    model = GalaxyModel(
        halo=nfw_halo(1e12, 10.0, 30.0),
        bulge=hernquist_bulge(4e9, 0.8, 30.0),
        disc=Disc(mass=1e10, scale_length=2.5, scale_height=0.4),
        gas=Disc(mass=7e9, scale_length=5.0, scale_height=0.15),
        star_formation_rate=1.0,
        star_mass=1.4e6 * coarser,
        dark_matter_mass=1.7e7 * coarser,
    )
    write_cutout(path, sample_galaxy(model, seed=1), subhalo=subhalo)


def median_galaxy(stars: int) -> Galaxy:
    """Return a galaxy of TNG100's median mass with a given number of stars, as read."""
    from galmass_core.sources import read_galaxy

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cutout_1.hdf5"
        write_median_galaxy(path, stars=stars)
        return read_galaxy(path)
