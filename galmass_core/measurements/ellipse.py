"""Measure the ellipse of the light on the sky, in which annuli and growth curves are taken."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from galmass_core.machine_code import Kernel

_TOLERANCE = 0.005  # relative, of the axis ratio; the Sersic index changes by less for it
_LINE = 1e-9  # part of the light's tensor across a line, by rounding
_MOST_STEPS = 30
_CENTRE = 1e-12  # of the square of the radius: light in the very centre has no direction
_ELLIPSE = Kernel(
    "galmass_core.measurements.tensors",
    "ellipse",
    "f8[::1], f8[::1], f8[::1], f8, f8, f8, f8, i8, f8[::1]",
)


class Ellipse(NamedTuple):
    """An ellipse about the centre.

    Attributes
    ----------
    axis_ratio : float
        Minor over major axis; NaN where there is no light to measure it.
    angle : float, radian
        Of the major axis, from x towards y.
    """

    axis_ratio: float
    angle: float

    def radii(self, x: NDArray, y: NDArray) -> NDArray:
        """Return the semi-major axis of the ellipse of this shape through each point; x's unit."""
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        squares, across = cosine * x, (cosine / self.axis_ratio) * y
        squares += sine * y
        across -= (sine / self.axis_ratio) * x
        squares *= squares
        across *= across
        squares += across
        return np.sqrt(squares, out=squares)  # thrice as fast as hypot


def light_ellipse(x: NDArray, y: NDArray, light: NDArray, radius: float) -> Ellipse:
    """Measure shape and direction of light, as `shape.axis_ratios` does in space.

    From the reduced tensor ``sum l x_j x_k / m^2`` of the light inside the ellipse of semi-major
    axis ``m < radius``, iterated from a circle until the axis ratio converges.

    Parameters
    ----------
    x, y : (N,) float, kpc
        Positions of stars, or centres of pixels.
    light : (N,) float
    radius : float, kpc

    Returns
    -------
    Ellipse
        The last step where it does not converge. NaN without light off the centre, or if it lies on
        a line.
    """
    stars = [np.ascontiguousarray(each, dtype=float) for each in (x, y, light)]
    rules = radius**2, _CENTRE * radius**2, _LINE, _TOLERANCE, _MOST_STEPS
    tensor = np.empty(3)
    _ELLIPSE(*stars, *rules, tensor)
    return _of_tensor(*map(float, tensor))


def _of_tensor(xx: float, yy: float, xy: float) -> Ellipse:
    """Return the ellipse of a tensor of light."""
    mean, half = 0.5 * (xx + yy), float(np.hypot(0.5 * (xx - yy), xy))
    if not mean - half > _LINE * mean:
        return Ellipse(np.nan, np.nan)
    ratio = float(np.sqrt((mean - half) / (mean + half)))
    return Ellipse(ratio, float(0.5 * np.arctan2(2 * xy, xx - yy)))
