"""Choose the sides of the grids that stars are rendered on.

The compiled renderer and the one on a GPU share these grids.
"""

import numpy as np
from numpy.typing import NDArray

from galmass_core.imaging.spline import DIRECT, WIDEST

MARGIN = 8  # pixels around the frame, so that narrow stamps never need clipping
GUARD = 4  # cells of a coarser grid before its first one in the frame
LANES = 32  # cells along the side of the widest stamp, and of the smallest grid
POINT = 1e-6  # pixels, the radius given to a star without extent
# Weights of coarse B-spline coefficients in a place of the next finer grid (subdivision) or in a
# pixel (integral of B-splines two pixels apart), by distance: for an even place of the one there,
# of the next two and of the second next two; for an odd place of the next two, the second next two.
SUBDIVISION = np.array([6, 1, 0, 4, 0], dtype=np.float32) / 16
INTEGRATION = np.array([1990, 540, 1, 1456, 80], dtype=np.float32) / 6144


def grid_sides(support: NDArray, half_width: float, pixels: int) -> NDArray[np.int64]:
    """Return the sides of the pixel grid with margin and of each coarser grid that is needed.

    Parameters
    ----------
    support : (N,) float, kpc
        Support radii.
    half_width : float, kpc
        Half of the side of the frame.
    pixels : int
        Number of pixels along the side of the frame.

    Returns
    -------
    (levels,) int64
        Cells along the side, multiples of 16.
    """
    sides = [_round_up(pixels + 2 * MARGIN)]
    radius = support.max(initial=0.0) * (pixels / (2 * half_width))  # rounded as in the kernels
    while radius >= (DIRECT if len(sides) == 1 else WIDEST):
        sides.append(_round_up(sides[-1] // 2 + 2 * GUARD))
        radius /= 2
    return np.array(sides)


def _round_up(side: int) -> int:
    """Round a side up to whole lanes, and at least to the widest stamp."""
    return max(-(-side // 16) * 16, LANES)
