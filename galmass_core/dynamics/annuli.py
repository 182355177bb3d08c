"""Average maps in circular annuli: surface brightness, and the second moment of the velocities.

Lengths are in R_hsm, by which frames of maps are chosen. The centre is that of the frame. What a
model is in an annulus of square pixels is its mean over narrow rings, each counted by the share of
the annulus' area that is in it.

Shape suffixes: H rows, W columns, A annuli, J rings.
"""

from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from galmass_core.imaging.maps import GalaxyMaps, pixel_centres
from galmass_core.photometry import BANDS
from galmass_core.quantities import MOMENTS

_SHARE_OF_FRAME = np.array(  # edges of annuli of velocities over half the frame's side
    [0, 0.04, 0.08, 0.13, 0.2, 0.27, 0.34, 0.42, 0.5, 0.6, 0.7, 0.84, 1]
)
_LIGHT_ANNULI = 30
_SUBPIXELS = 4  # along each side
_RINGS_PER_PIXEL = 2


@dataclass(frozen=True, kw_only=True)
class Annuli:
    """Annuli of a square frame.

    Attributes
    ----------
    of_pixels : (H, W) int
        Annulus of each pixel by its centre; A where it is in none.
    pixels : (A,) int
        Number of pixels.
    edges : (J + 1,) float, R_hsm
        Of the rings.
    shares : (A, J) float
        Share of each annulus' area that is in each ring.
    radii : (A,) float, R_hsm
        Mean.
    """

    of_pixels: NDArray
    pixels: NDArray
    edges: NDArray
    shares: NDArray
    radii: NDArray

    def sum(self, values_HW: NDArray) -> NDArray:
        """Return the sum over the pixels of each annulus; (A,) float64."""
        count = len(self.pixels)
        sums = np.bincount(self.of_pixels.ravel(), values_HW.ravel(), count + 1)
        return sums[:count]


@dataclass(frozen=True, kw_only=True)
class MeanSquares:
    """Root mean square velocities in A annuli, or in other bins of pixels.

    Attributes
    ----------
    squares : (A,) float, (km/s)²
        Light-weighted mean of V² + σ²; NaN where there is no star.
    stars : (A,) float
        Stars that count: fewer than there are where some are brighter than others.
    counted : (A,) int
        Stars that are there.
    brightness : (A,) float
        Light of the stars, Lsun.
    """

    squares: NDArray
    stars: NDArray
    counted: NDArray
    brightness: NDArray


@dataclass(frozen=True, kw_only=True)
class Profile(MeanSquares):
    """What a spherical model is fitted to: the light, and `MeanSquares` of `velocity_annuli`.

    Attributes
    ----------
    light : (L,) float, Lsun / R_hsm²
        Surface brightness in r, in `light_annuli`.
    rotation : (A,) float, km/s
        Amplitude of V along the axis across which it changes most, the same for all annuli.
    """

    light: NDArray
    rotation: NDArray


@lru_cache(maxsize=4)
def velocity_annuli(half_width: float, pixels: int) -> Annuli:
    """Return the 12 annuli of velocities in a frame of half a side [R_hsm] and a side [pixels]."""
    return _annuli(_SHARE_OF_FRAME * half_width, half_width, pixels)


@lru_cache(maxsize=4)
def light_annuli(half_width: float, pixels: int) -> Annuli:
    """Return annuli of an image, narrow inside and up to the frame's corners."""
    edges = np.geomspace(1, pixels / 2**0.5, _LIGHT_ANNULI)  # pixels
    whole = np.unique(np.round(edges)) * (2 * half_width / pixels)
    return _annuli(np.concatenate([[0], whole]), half_width, pixels)


def _annuli(edges: NDArray, half_width: float, pixels: int) -> Annuli:
    """Sort pixels into annuli, and parts of pixels into rings; empty annuli join the next."""

    def radii(side: int) -> NDArray:
        middles = pixel_centres(side, half_width)
        return np.hypot(middles, middles[:, None])

    filled = np.histogram(radii(pixels), edges)[0] > 0
    edges = edges[np.concatenate([[True], filled])]
    count = len(edges) - 1
    own = np.searchsorted(edges, radii(pixels), side="right") - 1
    own = np.where(own >= count, count, own)
    fine = radii(pixels * _SUBPIXELS)
    step = 2 * half_width / pixels / _RINGS_PER_PIXEL
    rings = np.arange(int(np.ceil(fine.max() / step)) + 1) * step
    annulus = np.repeat(np.repeat(own, _SUBPIXELS, 0), _SUBPIXELS, 1).ravel()
    ring = (fine / step).astype(int).ravel()
    places = annulus * (len(rings) - 1) + ring
    area = np.bincount(places, minlength=(count + 1) * (len(rings) - 1))
    area = area.reshape(count + 1, -1)[:count].astype(float)
    shares = area / area.sum(axis=1, keepdims=True)
    return Annuli(
        of_pixels=own,
        pixels=np.bincount(own.ravel(), minlength=count + 1)[:count],
        edges=rings,
        shares=shares,
        radii=shares @ (0.5 * (rings[1:] + rings[:-1])),
    )


def measure_profile(maps: GalaxyMaps) -> Profile:
    """Average maps in annuli.

    Velocities are relative to the light-weighted mean of the frame.

    Parameters
    ----------
    maps : GalaxyMaps

    Returns
    -------
    Profile
    """
    half_width = maps.half_width / maps.half_mass_radius
    flux_HW = maps.flux_CHW[BANDS.index("r")].astype(float)
    light = light_annuli(half_width, flux_HW.shape[0])
    pixel = 2 * half_width / flux_HW.shape[0]
    motion = velocity_annuli(half_width, maps.moments_CHW.shape[-1])
    moments = dict(zip(MOMENTS, maps.moments_CHW.astype(float), strict=True))
    mean = _mean_velocity(moments, motion.of_pixels < len(motion.pixels))
    rotation, _ = rotation_of(motion, moments["sum wv"] - mean * moments["sum w"], moments["sum w"])
    return Profile(
        light=light.sum(flux_HW) / light.pixels / pixel**2,
        rotation=rotation,
        **asdict(mean_squares(maps, motion.of_pixels, len(motion.pixels))),
    )


def mean_squares(maps: GalaxyMaps, of_pixels: NDArray, count: int) -> MeanSquares:
    """Average V² + σ² over the pixels of bins, relative to the mean velocity of all of them.

    Parameters
    ----------
    maps : GalaxyMaps
    of_pixels : (H, W) int
        Bin of each pixel; ``count`` where it is in none.
    count : int
        A, number of bins.

    Returns
    -------
    MeanSquares
    """

    def total(values_HW: NDArray) -> NDArray:
        return np.bincount(of_pixels.ravel(), values_HW.ravel(), count + 1)[:count]

    moments = dict(zip(MOMENTS, maps.moments_CHW.astype(float), strict=True))
    count_HW, light_HW, momenta_HW = (moments[key] for key in ("count", "sum w", "sum wv"))
    lit_HW = (count_HW > 0) & (light_HW > 0)
    own_HW = np.divide(light_HW**2, count_HW, out=np.zeros_like(count_HW), where=lit_HW)
    bright, mean = total(light_HW), _mean_velocity(moments, of_pixels < count)
    squares_HW = moments["sum wv^2"] - 2 * mean * momenta_HW + mean**2 * light_HW
    seen, nothing = bright > 0, np.full(count, np.nan)
    return MeanSquares(
        squares=np.divide(total(squares_HW), bright, out=nothing, where=seen),
        stars=np.divide(bright**2, total(own_HW), out=np.zeros_like(bright), where=seen),
        counted=total(count_HW).astype(int),
        brightness=bright,
    )


def _mean_velocity(moments: dict[str, NDArray], inside_HW: NDArray) -> float:
    """Return the light-weighted mean velocity of the pixels inside; 0 without light."""
    whole = float(moments["sum w"][inside_HW].sum())
    return float(moments["sum wv"][inside_HW].sum()) / whole if whole > 0 else 0.0


def rotation_of(annuli: Annuli, momenta_HW: NDArray, light_HW: NDArray) -> tuple[NDArray, NDArray]:
    """Return the amplitude of the velocity along the kinematic axis in annuli, and that axis.

    In each annulus V = A cos(angle from the axis) is fitted to the pixels by least squares; of a
    thin disc at 53° it is an eighth below the velocity on the axis.

    Parameters
    ----------
    annuli : Annuli
    momenta_HW : (H, W) float
        Light times velocity.
    light_HW : (H, W) float

    Returns
    -------
    (A,) float, km/s
    (H, W) float
        Cosine of the angle from the axis.
    """
    x_HW, y_HW = np.meshgrid(*2 * (pixel_centres(len(light_HW)),))
    axis = np.arctan2(_lever(momenta_HW, y_HW), _lever(momenta_HW, x_HW))
    along_HW = np.cos(np.arctan2(y_HW, x_HW) - axis)
    square = annuli.sum(light_HW * along_HW**2)
    nothing = np.zeros_like(square)
    sums = annuli.sum(momenta_HW * along_HW)
    return np.divide(sums, square, out=nothing, where=square > 0), along_HW


def kinematic_axis(maps: GalaxyMaps) -> tuple[float, float]:
    """Return where the receding side of a galaxy lies, and the error of that direction.

    It is the direction in which V, weighted by light and distance from the middle, is largest.

    Parameters
    ----------
    maps : GalaxyMaps

    Returns
    -------
    float, degrees
        From upwards, counter-clockwise, from 0 to 360; NaN where nothing moves.
    float, degrees
        From few stars: large where there is no rotation; at most 90.
    """
    count_HW, light_HW, momenta_HW, squares_HW = maps.moments_CHW.astype(float)
    x_HW, y_HW = np.meshgrid(*2 * (pixel_centres(len(light_HW)),))
    whole = light_HW.sum()
    mean = momenta_HW.sum() / whole if whole > 0 else 0.0
    momenta_HW -= mean * light_HW
    up, right = _lever(momenta_HW, y_HW), _lever(momenta_HW, x_HW)
    size = float(np.hypot(up, right))
    if size == 0:
        return float("nan"), float("nan")
    across_HW = (y_HW * right - x_HW * up) / size
    # of n stars of equal light, the variance of the sum of w v is the sum of w² v²
    spread_HW = squares_HW - 2 * mean * momenta_HW - mean**2 * light_HW
    each_HW = np.divide(light_HW, count_HW, out=np.zeros_like(light_HW), where=count_HW > 0)
    error = np.sqrt(max(float((each_HW * spread_HW * across_HW**2).sum()), 0.0))
    angle = np.degrees(np.arctan2(-right, up)) % 360
    return float(angle), float(np.degrees(np.arctan2(error, size)))


def _lever(momenta_HW: NDArray, places_HW: NDArray) -> float:
    """Return the sum of light times velocity times a coordinate."""
    return float((momenta_HW * places_HW).sum())
