"""Find the centre of a galaxy's light inside the field that was observed.

The middle of the array is not the galaxy's centre in most files, and the brightest pixel can be a
neighbour or a star. The mean position of the light in a Gaussian window is followed while the
window shrinks from the size of the field to a few pixels: neighbours outside it lose their weight
(as the shrinking spheres of Power et al. 2003, MNRAS 338, 14, and with the window of SExtractor's
XWIN_IMAGE).
"""

import numpy as np
from numpy.typing import NDArray

_SHRINK = 0.8  # from one window to the next
_LAST = 2.0  # pixels, the standard deviation of the last window
_STEPS = 20  # with each window, at most
_CLOSE = 1e-3  # pixels, between steps that no longer move
_FEWEST = 10  # elements that stand out of the rest


def light_centre(x: NDArray, y: NDArray, flux: NDArray, pixel: float) -> tuple[float, float]:
    """Return the centre of the light.

    Parameters
    ----------
    x, y : (N,) float, arcsec
        Of elements that have light.
    flux : (N,) float
        Positive.
    pixel : float, arcsec
        Side of an element.

    Returns
    -------
    float, float, arcsec
    """
    bright = _bright(flux)
    x, y, flux = x[bright], y[bright], flux[bright]
    centre = np.array([np.average(x, weights=flux), np.average(y, weights=flux)])
    width = max(float(np.hypot(*np.std([x, y], axis=1))), _LAST * pixel)
    while True:
        centre = _follow(x, y, flux, centre, width, pixel)
        if width <= _LAST * pixel:
            return float(centre[0]), float(centre[1])
        width = max(width * _SHRINK, _LAST * pixel)


def _bright(flux: NDArray) -> NDArray[np.bool_]:
    """Return which elements stand out of the rest: of a whole image, those of objects."""
    middle = np.median(flux)
    noise = 1.4826 * np.median(np.abs(flux - middle))  # of a normal distribution
    bright = flux > middle + 3 * noise
    return bright if np.count_nonzero(bright) >= _FEWEST else np.ones(len(flux), dtype=bool)


def _follow(
    x: NDArray, y: NDArray, flux: NDArray, centre: NDArray, width: float, pixel: float
) -> NDArray:
    """Move a centre to the mean position of the light in a window around it."""
    for _ in range(_STEPS):
        weight = flux * np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * width**2))
        if not weight.sum() > 0:
            return centre
        moved = np.array([np.average(x, weights=weight), np.average(y, weights=weight)])
        if np.hypot(*(moved - centre)) < _CLOSE * pixel:
            return moved
        centre = moved
    return centre
