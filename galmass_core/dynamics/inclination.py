"""Guess how a galaxy is inclined from the flattening of its r image.

An oblate galaxy of the axis ratio q₀ that is inclined by i looks flattened to q, with
``sin² i = (1 - q²) / (1 - q₀²)`` (Hubble 1926, ApJ 64, 321). Where stars rotate in its plane with
the amplitude A along the major axis, the mean square velocity in an annulus would be higher by
``A²/2 (1/sin² i - 1)`` if it were seen edge-on.

Shape suffixes: H rows, W columns.
"""

import numpy as np
from numpy.typing import NDArray

from galmass_core.imaging.maps import GalaxyMaps, pixel_centres, rebin
from galmass_core.photometry import BANDS
from galmass_core.quantities import IMAGE_PIXELS

THINNEST = 0.2  # q₀
LEAST = 0.1  # of sin² i: inclinations below 18° are not resolved
_ROUNDS = 15


def axis_ratio(maps: GalaxyMaps) -> float:
    """Return the ratio of the axes of the r image, at most 1; as of `image_axes`."""
    return image_axes(maps)[0]


def image_axes(maps: GalaxyMaps) -> tuple[float, float]:
    """Return the ratio of the axes of the r image, and the direction of the major one.

    They are those of the second moments of the light in an ellipse of the same axes whose major
    axis is as wide as the frame.

    Parameters
    ----------
    maps : GalaxyMaps

    Returns
    -------
    float
        At most 1; NaN without light.
    float, degrees
        From upwards, counter-clockwise, from 0 to 180; NaN without light.
    """
    flux_CHW, side = maps.flux_CHW, IMAGE_PIXELS[-1]
    if flux_CHW.shape[-1] % side == 0:
        flux_CHW = rebin(flux_CHW, side)
    flux_HW = flux_CHW[BANDS.index("r")].astype(float)
    places = np.stack(np.meshgrid(*2 * (pixel_centres(len(flux_HW)),)))
    axes, ratio = np.eye(2), 1.0
    for _ in range(_ROUNDS):
        across, along = np.tensordot(axes.T, places, 1)
        inside = flux_HW * (along**2 + (across / ratio) ** 2 < 1)
        if not inside.any():
            return float("nan"), float("nan")
        squares, axes = np.linalg.eigh(np.einsum("ihw,jhw,hw->ij", places, places, inside))
        ratio = float(np.sqrt(max(squares[0] / squares[1], THINNEST**2 / 100)))
    right, up = axes[:, 1]
    return ratio, float(np.degrees(np.arctan2(-right, up)) % 180)


def squared_sine(ratio: float) -> float:
    """Return sin² i of an axis ratio, from `LEAST` to 1."""
    return float(np.clip((1 - ratio**2) / (1 - THINNEST**2), LEAST, 1))


def seen_edge_on(squares: NDArray, rotation: NDArray, ratio: float) -> NDArray:
    """Return mean square velocities as if the galaxy were seen edge-on.

    Parameters
    ----------
    squares : (A,) float, (km/s)²
    rotation : (A,) float, km/s
        Amplitude along the kinematic axis.
    ratio : float
        Axis ratio of the image.

    Returns
    -------
    (A,) float, (km/s)²
    """
    return squares + 0.5 * rotation**2 * (1 / squared_sine(ratio) - 1)
