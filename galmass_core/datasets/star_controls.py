"""Take the motion, the grain or the number of stars out of maps: controls of what a network uses.

Stars of a simulation have nearly equal mass, so that maps of single stars count them. Each control
keeps some of what a map shows and destroys the rest; what a network still predicts does not come
from what was destroyed.

Shape suffixes: N stars, H rows, W columns.
"""

import hashlib
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from galmass_core.imaging.pixel_bins import halve_pixels
from galmass_core.imaging.projection import SkyStars
from galmass_core.photometry import BANDS
from galmass_core.quantities import MOMENTS

ANNULUS = 0.25  # width of an annulus, R_hsm
OUTERMOST = 3.0  # R_hsm; the stars beyond are one annulus
STARS_PER_BIN = (
    30  # of adaptive bins, at least; less than twice as many where pixels hold few stars
)
_COUNT = MOMENTS.index("count")


def shuffle_velocities(
    sky: SkyStars, name: str, *, annuli: bool = False, seed: int = 0
) -> SkyStars:
    """Exchange the velocities of a galaxy's stars at random.

    Light and places stay, so that the same pixels hold the same stars. The velocities of each group
    are then shifted and stretched so that its mean and its second moment, weighted by r light, are
    exactly those before.

    Parameters
    ----------
    sky : SkyStars
    name : str
        Of the galaxy; with ``seed`` it decides the draw, which is the same along all lines of sight
        unless ``annuli``.
    annuli : bool
        Exchange within annuli of 0.25 R_hsm on the sky only, which keeps the radial profile of the
        dispersion, and no rotation.
    seed : int

    Returns
    -------
    SkyStars
    """
    groups_N = annulus_numbers(sky) if annuli else np.zeros(len(sky.x), dtype=int)
    generator = generator_of(name, "annuli" if annuli else "shuffled", seed)
    order_N = generator.permutation(len(groups_N))
    taken_N = order_N[np.argsort(groups_N[order_N], kind="stable")]
    velocities_N = np.empty_like(sky.velocities, dtype=float)
    velocities_N[np.argsort(groups_N, kind="stable")] = sky.velocities[taken_N]
    weights_N = sky.luminosities[BANDS.index("r")].astype(float)
    matched_N = _match(velocities_N, sky.velocities.astype(float), weights_N, groups_N)
    return replace(sky, velocities=matched_N)


def annulus_numbers(sky: SkyStars) -> NDArray[np.intp]:
    """Return the annulus of each star on the sky, (N,), from the centre outwards."""
    steps = np.minimum(sky.radii / sky.half_mass_radius, OUTERMOST) / ANNULUS
    return np.floor(steps).astype(np.intp)


def _match(new_N: NDArray, old_N: NDArray, weights_N: NDArray, groups_N: NDArray) -> NDArray:
    """Shift and stretch velocities to the weighted mean and dispersion of each group."""
    light = np.maximum(np.bincount(groups_N, weights_N), np.finfo(float).tiny)

    def centred(values_N: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        mean = np.bincount(groups_N, weights_N * values_N) / light
        apart_N = values_N - mean[groups_N]
        return mean, apart_N, np.bincount(groups_N, weights_N * apart_N**2) / light

    mean, _, variance = centred(old_N)
    _, apart_N, drawn = centred(new_N)
    stretch = np.sqrt(np.divide(variance, drawn, out=np.ones_like(drawn), where=drawn > 0))
    return mean[groups_N] + apart_N * stretch[groups_N]


def generator_of(name: str, control: str, seed: int) -> np.random.Generator:
    """Return the random numbers of a galaxy for a control, whatever was drawn before."""
    digest = hashlib.sha256(f"{control} {seed} {name}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest))


def keep_pixels(moments_CHW: NDArray, fewer_CHW: NDArray) -> NDArray[np.float32]:
    """Return moments of all stars, empty where a part of the stars leaves no star in a pixel.

    The pixels that hold a star are those of a galaxy of fewer stars; V and σ there are as noisy as
    those of all its stars.
    """
    return np.where(fewer_CHW[_COUNT] > 0, moments_CHW, 0.0).astype(np.float32)


def bin_adaptively(moments_CHW: NDArray) -> NDArray[np.float32]:
    """Give all pixels of an adaptive bin its moments, so that V and σ are as certain everywhere.

    Pixels with stars are halved in x and y in turn, with as many stars on both sides, as long as
    both have at least 30. Each pixel of the frame, empty ones too, takes the moments of the bin
    whose centre is nearest: no pixel is empty, and none has a star alone.

    Parameters
    ----------
    moments_CHW : (4, H, W) float
        In the order of `quantities.MOMENTS`.

    Returns
    -------
    (4, H, W) float32
        All zero for a frame without stars.
    """
    places = np.argwhere(moments_CHW[_COUNT] > 0)
    if not len(places):
        return np.zeros_like(moments_CHW, dtype=np.float32)
    stars = moments_CHW[_COUNT][tuple(places.T)].astype(float)
    bins = halve_pixels(places, stars, stars, np.sqrt(STARS_PER_BIN))
    centres = np.array([np.average(places[each], axis=0, weights=stars[each]) for each in bins])
    sums = np.array(
        [moments_CHW[:, places[each, 0], places[each, 1]].sum(axis=1, dtype=float) for each in bins]
    )
    grid = np.indices(moments_CHW.shape[1:]).reshape(2, -1).T
    nearest = cKDTree(centres).query(grid)[1]
    return sums[nearest].T.reshape(moments_CHW.shape).astype(np.float32)
