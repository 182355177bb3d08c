"""Sum light in rings on the sky."""

import numpy as np
from numpy.typing import NDArray

from galmass_core.machine_code import Kernel

_SHIFT = 46  # bits of a 64-bit number after its exponent and six more: steps of 1.6 %
_SUM = Kernel(
    "galmass_core.imaging.sky_sums",
    "sum_rings",
    "f8[::1], i8[::1], f8[::1], f8[::1], i8, i8, i8[::1], i8, f8[::1], f8[::1]",
)


def in_rings(radii: NDArray, light: NDArray, edges: NDArray) -> tuple[NDArray, NDArray]:
    """Count stars and sum their light in rings.

    Parameters
    ----------
    radii : (N,) float, kpc
    light : (N,) float
    edges : (E,) float, kpc
        Positive and increasing; a star on an edge is outside of it.

    Returns
    -------
    counts, sums : (E + 1,) float
        Inside the first edge, between neighbours, and outside the last.
    """
    radii, light = (np.ascontiguousarray(each, dtype=float) for each in (radii, light))
    least, most = edges[[0, -1]].view(np.int64) >> _SHIFT
    starts = (np.arange(least, most + 2) << _SHIFT).view(float)
    places = edges.searchsorted(starts, side="left")
    together = int(np.diff(places).max())
    places[-1] = len(edges)
    counts, sums = np.zeros((2, len(edges) + 1))
    limits, bits = np.append(edges, np.nan), radii.view(np.int64)
    _SUM(radii, bits, light, limits, _SHIFT, int(least), places, together, counts, sums)
    return counts, sums
