"""Average maps in parts of ellipses along the axes of a galaxy, and fit Gaussians to its light.

Lengths are in R_hsm, x is along the major axis of the image and y along the minor one; the four
quadrants of an oblate galaxy are alike and are added up. The eccentric angle of a place is
``arctan2(y/q, x)``, and its distance is that along the major axis of the ellipse through it.

Shape suffixes: H rows, W columns, A bins, P places, K Gaussians.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.sparse import csr_array

from galmass_core.dynamics.annuli import MeanSquares, mean_squares
from galmass_core.dynamics.light import FEWEST_ANNULI, NoFitError
from galmass_core.imaging.maps import GalaxyMaps, pixel_centres, rebin
from galmass_core.photometry import BANDS
from galmass_core.quantities import IMAGE_PIXELS

FLATTEST = 0.3  # ellipses are not narrower, as pixels are not
_RINGS = np.array([0, 0.08, 0.14, 0.21, 0.3, 0.41, 0.54, 0.72, 1])  # of half the frame
_ANGLES = np.radians([0, 25, 60, 90])
_LIGHT_RINGS, _LIGHT_ANGLES = 24, np.radians([0, 15, 35, 60, 90])
SIZES = np.geomspace(0.03, 4.5, 11)  # dispersions of Gaussians along the major axis
_ROUNDER = (0.0, 1 / 3, 2 / 3, 1.0)  # of the way from the image's axis ratio to 1
ROUND = 0.8  # axis ratio above which an image is nearly a circle
_THINNEST = 0.05  # of an image
_FLATTER = 0.8  # times the image's axis ratio


@dataclass(frozen=True, kw_only=True)
class Ellipses:
    """The shape of a galaxy's image.

    Attributes
    ----------
    ratio : float
        Axis ratio, at most 1.
    position_angle : float, degrees
        Of the major axis, counter-clockwise from up.
    half_width : float, R_hsm
        Of the frame.
    """

    ratio: float
    position_angle: float
    half_width: float

    def places(self, pixels: int) -> tuple[NDArray, NDArray]:
        """Return x and y of the pixels' centres; (H W,)."""
        centres = pixel_centres(pixels, self.half_width)
        up, right = np.repeat(centres, pixels), np.tile(centres, pixels)
        angle = np.radians(self.position_angle)
        along = up * np.cos(angle) - right * np.sin(angle)
        return along, -right * np.cos(angle) - up * np.sin(angle)

    def polar(self, x: NDArray, y: NDArray) -> tuple[NDArray, NDArray]:
        """Return distance and eccentric angle, from 0 to 90 degrees, of places."""
        rounder = max(self.ratio, FLATTEST)
        return np.hypot(x, y / rounder), np.arctan2(np.abs(y) / rounder, np.abs(x))

    def bins(self, pixels: int, rings: NDArray, angles: NDArray) -> NDArray:
        """Return the bin of each pixel, the number of bins where it is in none; (H W,)."""
        distance, angle = self.polar(*self.places(pixels))
        ring = np.searchsorted(rings, distance, side="right") - 1
        part = np.clip(np.searchsorted(angles, angle, side="right") - 1, 0, len(angles) - 2)
        count, parts = len(rings) - 1, len(angles) - 1
        inside = (ring >= 0) & (ring < count)
        return np.where(inside, ring * parts + part, count * parts)


@dataclass(frozen=True, kw_only=True)
class Motion:
    """Mean square velocities in bins, and what a model is compared with them by.

    Attributes
    ----------
    measured : MeanSquares
    x, y : (P,) float, R_hsm
        Places at which a model is needed.
    shares : (A, P) float
        Of each place in the light-weighted mean of each bin.
    """

    measured: MeanSquares
    x: NDArray
    y: NDArray
    shares: NDArray


def measure_motion(maps: GalaxyMaps, ellipses: Ellipses) -> Motion:
    """Average V² + σ² in bins; a model is interpolated to all pixels, and averaged by their light.

    Parameters
    ----------
    maps : GalaxyMaps
    ellipses : Ellipses

    Returns
    -------
    Motion
    """
    side = maps.moments_CHW.shape[-1]
    of_pixels = ellipses.bins(side, _RINGS * ellipses.half_width, _ANGLES)
    count = (len(_RINGS) - 1) * (len(_ANGLES) - 1)
    measured = mean_squares(maps, of_pixels.reshape(side, side), count)
    steps = np.geomspace(ellipses.half_width / side, ellipses.half_width, 14)
    angles = np.radians(np.linspace(0, 90, 6))
    distance, angle = ellipses.polar(*ellipses.places(side))
    across = np.interp(np.log(distance), np.log(steps), np.arange(len(steps)))
    around = angle / angles[1]
    ring = np.minimum(across.astype(int), len(steps) - 2)
    part = np.minimum(around.astype(int), len(angles) - 2)
    light = maps.moments_CHW[1].astype(float).ravel()
    shares = np.zeros((count + 1) * len(steps) * len(angles))
    for far in (0, 1):
        for high in (0, 1):
            near = np.abs(1 - far - (across - ring)) * np.abs(1 - high - (around - part))
            place = (of_pixels * len(steps) + ring + far) * len(angles) + part + high
            shares += np.bincount(place, light * near, len(shares))
    shares_AP = shares.reshape(count + 1, -1)[:count]
    whole = shares_AP.sum(axis=1, keepdims=True)
    x, y = np.outer(steps, np.cos(angles)), np.outer(steps, np.sin(angles))
    return Motion(
        measured=measured,
        x=x.ravel(),
        y=y.ravel() * max(ellipses.ratio, FLATTEST),
        shares=np.divide(shares_AP, whole, out=np.zeros_like(shares_AP), where=whole > 0),
    )


def _ratios_seen(ratio: float) -> NDArray:
    """Return the axis ratios on the sky of Gaussians for an image of an axis ratio.

    Those of a round image are all alike: what looks a little rounder would be a sphere in a disc.
    """
    if ratio > ROUND:
        return np.array([ratio])
    ratio = max(ratio, _THINNEST)
    return np.array([_FLATTER * ratio, *(ratio + (1 - ratio) * part for part in _ROUNDER)])


class Image:
    """The r image in bins, and that of Gaussians of fixed sizes and axis ratios on the sky.

    Parameters
    ----------
    maps : GalaxyMaps
    ellipses : Ellipses

    Attributes
    ----------
    sizes, ratios : (K,) float
        Of the Gaussians; sizes along the major axis, R_hsm.

    Raises
    ------
    NoFitError
        If too few bins have light.
    """

    def __init__(self, maps: GalaxyMaps, ellipses: Ellipses) -> None:
        flux_CHW, side = maps.flux_CHW, IMAGE_PIXELS[1]
        if flux_CHW.shape[-1] % side == 0:
            flux_CHW = rebin(flux_CHW, side)
        side = flux_CHW.shape[-1]
        pixel = 2 * ellipses.half_width / side
        rings = np.geomspace(pixel, ellipses.half_width, _LIGHT_RINGS)
        rings[0] = 0
        count = (len(rings) - 1) * (len(_LIGHT_ANGLES) - 1)
        of_pixels = ellipses.bins(side, rings, _LIGHT_ANGLES)
        inside = of_pixels < count
        one = np.ones(np.count_nonzero(inside))
        where = np.arange(len(one))
        add = csr_array((one, (of_pixels[inside], where)), shape=(count, len(one)))
        brightness = add @ flux_CHW[BANDS.index("r")].ravel()[inside].astype(float)
        lit = brightness > 0
        if np.count_nonzero(lit) < FEWEST_ANNULI:
            msg = f"fewer than {FEWEST_ANNULI} parts of ellipses of the r image have light"
            raise NoFitError(msg)
        x, y = (each[inside] for each in ellipses.places(side))
        ratios = _ratios_seen(ellipses.ratio)
        self.sizes, self.ratios = np.repeat(SIZES, len(ratios)), np.tile(ratios, len(SIZES))
        # a square pixel adds the variance of its side
        along2, across2 = SIZES**2 + pixel**2 / 12, (self.sizes * self.ratios) ** 2 + pixel**2 / 12
        far = np.exp(-0.5 * x[:, None] ** 2 / along2)
        seen = np.exp(-0.5 * y[:, None] ** 2 / across2)
        seen *= np.repeat(far, len(ratios), 1)
        seen *= pixel**2 / (2 * np.pi * np.sqrt(np.repeat(along2, len(ratios)) * across2))
        self._matrix = (add @ seen)[lit] / brightness[lit, None]

    def fit(self, allowed: NDArray) -> NDArray:
        """Return the light of each Gaussian, not negative, of those allowed; (K,) Lsun.

        Raises
        ------
        NoFitError
            If the fit does not converge.
        """
        found, matrix = np.zeros(len(self.sizes)), self._matrix[:, allowed]
        try:
            found[allowed], _ = nnls(matrix, np.ones(len(matrix)), maxiter=30 * matrix.shape[1])
        except RuntimeError as error:
            msg = "the fit of Gaussians to the r image does not converge"
            raise NoFitError(msg) from error
        return found
