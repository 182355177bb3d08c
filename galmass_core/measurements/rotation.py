"""Measure the spin parameter lambda_R: how much of the motion on the sky is rotation."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import ascending
from galmass_core.imaging.projection import SkyStars
from galmass_core.machine_code import Kernel
from galmass_core.photometry import BANDS

STARS_PER_BIN = 30  # at least; less than twice as many
_FEWEST_BINS = 4
_SOURCE = "galmass_core.measurements.halving"
_HALVE = Kernel(
    _SOURCE,
    "halve",
    "i8[::1], i8[::1], u1[::1], u4[::1], u4[:, ::1], u4[:, ::1], i8[::1]",
)
_SUM = Kernel(_SOURCE, "sum_bins", "u4[::1], i8[::1], f8[::1], f8[::1], f8[::1], f8[:, ::1]")


def spin_parameter(sky: SkyStars, aperture: float) -> float:
    """Measure lambda_R inside a circle without the noise of few stars; see `spin_parameters`."""
    return spin_parameters(sky, aperture)[0]


def spin_parameters(sky: SkyStars, aperture: float) -> tuple[float, float]:
    """Measure lambda_R inside a circle (Emsellem et al. 2007, MNRAS 379, 401).

    ``lambda_R = sum F R |V| / sum F R sqrt(V^2 + sigma^2)`` over bins of 30 to 59 stars, with F the
    r light. Without rotation the mean velocity of n stars scatters by sigma/sqrt(n), the noise
    term. lambda_R with it depends on the number of stars; without it, it is subtracted from V^2 in
    the numerator.

    Parameters
    ----------
    sky : SkyStars
    aperture : float, kpc

    Returns
    -------
    without_noise, with_noise : float
        0 without rotation, 1 for pure rotation; NaN with fewer than 120 stars inside, or if no star
        moves.
    """
    inside = sky.radii <= aperture
    if np.count_nonzero(inside) < _FEWEST_BINS * STARS_PER_BIN:
        return np.nan, np.nan
    order, starts = _sorted_bins(sky.rightward, sky.upward, inside)
    stars = sky.luminosities[BANDS.index("r")], sky.velocities, sky.radii
    sums = np.empty((5, len(starts) - 1))
    _SUM(order, starts, *(np.ascontiguousarray(each, dtype=float) for each in stars), sums)
    light, lever = sums[0], sums[4]
    mean, square = sums[1] / light, sums[2] / light
    share = sums[3] / light**2  # 1 / number of stars, of equal weight
    noise = (square - mean**2) * share / (1 - share)
    motion = lever @ np.sqrt(square)
    if not motion > 0:
        return np.nan, np.nan
    rotation = np.sqrt(np.maximum(mean**2 - noise, 0.0))
    return float(lever @ rotation / motion), float(lever @ np.abs(mean) / motion)


def adaptive_bins(x: NDArray, y: NDArray) -> Sequence[NDArray]:
    """Divide stars into equally populated bins on the sky, by halving in x and y in turn.

    Parameters
    ----------
    x, y : (N,) float, kpc

    Returns
    -------
    sequence of (M,) int
        Members of each bin: 30 to 59 stars, or all where there are fewer than 60.
    """
    order, starts = _sorted_bins(ascending(x), ascending(y), np.ones(len(x), bool))
    return np.split(order, starts[1:-1])


def _sorted_bins(
    rightward: NDArray, upward: NDArray, inside: NDArray[np.bool_]
) -> tuple[NDArray, NDArray]:
    """Return the stars inside bin by bin, (N,), and where bins begin, (B + 1,)."""
    bins, stars = 1, np.count_nonzero(inside)
    while stars >= 2 * STARS_PER_BIN * bins:
        bins *= 2
    starts = np.zeros(bins + 1, dtype=np.int64)
    starts[-1] = stars
    order, ranks = np.empty(len(inside), np.uint32), np.empty((2, len(inside)), np.uint32)
    work = np.empty((3, stars + 1), np.uint32)
    _HALVE(rightward, upward, inside.view(np.uint8), order, work, ranks, starts)
    return order[:stars], starts
