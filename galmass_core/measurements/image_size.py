"""Measure the size of a galaxy on its r image, as an observer does: nothing of R_hsm is needed.

The frame must reach well beyond the galaxy; how far it does hardly matters, since the light outside
is estimated from the growth curve.
"""

from functools import cache
from itertools import pairwise
from operator import mul

import numpy as np
from numpy.typing import NDArray

from galmass_core.imaging.maps import GalaxyMaps, pixel_centres
from galmass_core.measurements.ellipse import light_ellipse
from galmass_core.photometry import BANDS

_STEPS = 200  # of the growth curve
_OUTER = (0.7, 0.8, 0.9, 1.0)  # of the frame: where it is continued from
_PLACES = np.round(np.array(_OUTER) * _STEPS).astype(int)


def image_radius(maps: GalaxyMaps) -> float:
    """Measure R_e on the r image: a growth curve in ellipses of the shape of the light.

    The light beyond the frame is that at which the outer growth curve, as a straight line in its
    own gradient, has the gradient 0 (asymptotic magnitudes: Cairós et al. 2001, ApJS 136, 393;
    Muñoz-Mateos et al. 2015, ApJS 219, 3).

    Parameters
    ----------
    maps : GalaxyMaps

    Returns
    -------
    float, kpc
        Semi-major axis of the ellipse that holds half of the light; NaN without light.
    """
    light_HW = _thirds(_thirds(maps.flux_CHW[BANDS.index("r")]).T).T
    light, (x, y) = light_HW.ravel().astype(float), _grid(len(light_HW))
    ellipse = light_ellipse(x, y, light, 1.0)
    if np.isnan(ellipse.axis_ratio):
        return np.nan
    ring = np.minimum(ellipse.radii(x, y) * _STEPS, _STEPS).astype(np.intp)
    growth = np.append(0.0, np.cumsum(np.bincount(ring, light, minlength=_STEPS)[:_STEPS]))
    half = 0.5 * _whole(growth)
    return float(np.interp(half, growth, np.linspace(0, maps.half_width, _STEPS + 1)))


def _thirds(image_HW: NDArray) -> NDArray:
    """Sum three rows each, where their number allows; faster than `rebin`."""
    if len(image_HW) % 3:
        return image_HW
    return image_HW[::3] + image_HW[1::3] + image_HW[2::3]


@cache
def _grid(side: int) -> tuple[NDArray, NDArray]:
    """Return x and y of the pixels of a frame of half side 1, (side²,) each, rounded to float32."""
    centres = pixel_centres(side).astype(np.float32).astype(float)
    y, x = np.meshgrid(centres, centres, indexing="ij")
    return x.ravel(), y.ravel()


def _whole(growth: NDArray) -> float:
    """Return the light of the galaxy from its growth curve up to the edge of the frame."""
    at = growth[_PLACES].tolist()
    gradient = [after - before for before, after in pairwise(at)]
    middle = [0.5 * (after + before) for before, after in pairwise(at)]
    mean = sum(gradient) / len(gradient)
    spread = [each - mean for each in gradient]
    if not (spread[0] > 0 > spread[-1]):  # it does not level off
        return at[-1]
    slope = _product(spread, middle) / _product(spread, spread)
    whole = sum(middle) / len(middle) - slope * mean
    return min(max(whole, at[-1]), 1.5 * at[-1])


def _product(one: list[float], other: list[float]) -> float:
    return sum(map(mul, one, other))
