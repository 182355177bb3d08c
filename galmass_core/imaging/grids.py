"""Choose the sides of the grids that stars are rendered on.

The compiled renderer and the one on a GPU share these grids.
"""

import numpy as np
from numpy.typing import NDArray

from galmass_core.imaging import stamps
from galmass_core.imaging.spline import DIRECT, WIDEST


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
    sides = [_round_up(pixels + 2 * stamps.MARGIN)]
    radius = support.max(initial=0.0) * (pixels / (2 * half_width))  # rounded as in the kernels
    while radius >= (DIRECT if len(sides) == 1 else WIDEST):
        sides.append(_round_up(sides[-1] // 2 + 2 * stamps.GUARD))
        radius /= 2
    return np.array(sides)


def _round_up(side: int) -> int:
    """Round a side up to whole lanes, and at least to the widest stamp."""
    return max(-(-side // 16) * 16, stamps.LANES)
