"""Blur maps of sums by a point-spread function, and put them on other pixels.

Both are linear, so that sums of light, of light times V, and of light times V² + σ² give V and σ of
what is seen: velocities that are blurred together become dispersion.

Shape suffixes: C channels, H rows, W columns.
"""

import numpy as np
from numpy.typing import NDArray

from galmass_core.imaging.maps import pixel_centres

FWHM = 2.3548200450309493  # of a Gaussian, in its dispersions
_POINTS = 5  # along a pixel, over which the profile is averaged where it is narrow
_NARROW = 10.0  # pixels; wider profiles hardly change within one
_EXTENT = 4.0  # half side of a kernel, FWHM: 9 dispersions of a Gaussian


def point_spread(fwhm: float, moffat: float = 0.0, largest: int = 301) -> NDArray[np.float64]:
    """Return a point-spread function, averaged over each pixel.

    Parameters
    ----------
    fwhm : float, pixels
    moffat : float
        Exponent β of Moffat's profile (1 + r²/a²)^−β; 0 for a Gaussian.
    largest : int
        Pixels along a side, at most.

    Returns
    -------
    (P, P) float
        Of odd side and sum 1; light beyond 4 FWHM is put back inside.
    """
    reach = min(int(np.ceil(_EXTENT * fwhm)), largest // 2)
    side, points = 2 * reach + 1, _POINTS if fwhm < _NARROW else 1
    along = pixel_centres(side * points, side / 2)
    squared = along[:, None] ** 2 + along**2
    if moffat:
        core = (fwhm / 2) ** 2 / (2 ** (1 / moffat) - 1)
        values = (1 + squared / core) ** -moffat
    else:
        values = np.exp(-squared / 2 * (FWHM / fwhm) ** 2)
    summed = values.reshape(side, points, side, points).sum(axis=(1, 3))
    return summed / summed.sum()


def blur(sums_CHW: NDArray, kernel: NDArray) -> NDArray[np.float64]:
    """Convolve maps of sums with a kernel; beyond their frame it is dark."""
    from scipy.signal import fftconvolve  # slow to import, and not every page needs it

    values = np.asarray(sums_CHW, dtype=float)
    return fftconvolve(values, kernel[None], mode="same", axes=(1, 2))


def shares(side: int, half_width: float, pixel: float, largest: int) -> NDArray[np.float64]:
    """Return the share of each pixel of a frame that is in each pixel of a coarser grid.

    Both are centred on the same point; the coarser grid covers the frame.

    Parameters
    ----------
    side : int
        Of the frame.
    half_width : float
        Of the frame, in the unit of ``pixel``.
    pixel : float
        Side of a coarser pixel; that of the frame divided by ``largest`` if it is smaller.
    largest : int
        Pixels along the side of the coarser grid, at most.

    Returns
    -------
    (P, side) float
        Columns have a sum of 1.
    """
    pixel = max(pixel, 2 * half_width / largest)
    count = int(np.ceil(2 * half_width / pixel * (1 - 1e-9)))
    fine = np.linspace(-half_width, half_width, side + 1)
    coarse = (np.arange(count + 1) - count / 2) * pixel
    low = np.maximum(fine[:-1], coarse[:-1, None])
    high = np.minimum(fine[1:], coarse[1:, None])
    return np.maximum(high - low, 0) * (side / (2 * half_width))


def collect(sums_CHW: NDArray, shares_PH: NDArray) -> NDArray[np.float64]:
    """Sum maps into coarser pixels, (C, P, P); the total stays."""
    return shares_PH @ sums_CHW @ shares_PH.T


def spread(sums_CPP: NDArray, shares_PH: NDArray) -> NDArray[np.float64]:
    """Spread sums of coarser pixels evenly over their part of the frame, (C, H, W)."""
    evenly = shares_PH / shares_PH.sum(axis=1, keepdims=True)
    return evenly.T @ sums_CPP @ evenly
