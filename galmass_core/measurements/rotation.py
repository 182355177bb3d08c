"""Measure the spin parameter lambda_R: how much of the motion on the sky is rotation."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from galmass_core.imaging.projection import SkyStars
from galmass_core.photometry import BANDS

STARS_PER_BIN = 30  # at least; less than twice as many
_FEWEST_BINS = 4


def spin_parameter(sky: SkyStars, aperture: float) -> float:
    """Measure lambda_R inside a circle (Emsellem et al. 2007, MNRAS 379, 401).

    ``lambda_R = sum F R |V| / sum F R sqrt(V^2 + sigma^2)`` over bins of 30 to 59 stars, with F the
    r light. Without rotation the mean velocity of n stars scatters by sigma/sqrt(n); this is
    subtracted from V^2 in the numerator, because lambda_R would otherwise depend on the number of
    stars.

    Parameters
    ----------
    sky : SkyStars
    aperture : float, kpc

    Returns
    -------
    float
        0 without rotation, 1 for pure rotation; NaN with fewer than 120 stars inside, or if no star
        moves.
    """
    radii = sky.radii
    inside = np.flatnonzero(radii <= aperture)
    if len(inside) < _FEWEST_BINS * STARS_PER_BIN:
        return np.nan
    bins = adaptive_bins(sky.x[inside], sky.y[inside])
    members = inside[np.concatenate(bins)]
    starts = np.cumsum([0, *map(len, bins[:-1])])
    weight = sky.luminosities[BANDS.index("r"), members]
    velocity = sky.velocities[members]

    def total(values: NDArray) -> NDArray:
        return np.add.reduceat(values, starts)

    light = total(weight)
    mean = total(weight * velocity) / light
    square = total(weight * velocity**2) / light
    share = total(weight**2) / light**2  # 1 / number of stars, of equal weight
    noise = (square - mean**2) * share / (1 - share)
    rotation = np.sqrt(np.maximum(mean**2 - noise, 0.0))
    lever = total(weight * radii[members])
    motion = lever @ np.sqrt(square)
    return float(lever @ rotation / motion) if motion > 0 else np.nan


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
    bins = [np.arange(len(x))]
    coordinates = (x, y)
    while len(x) >= 2 * STARS_PER_BIN * len(bins):
        bins = [half for members in bins for half in _halve(members, coordinates[0])]
        coordinates = coordinates[::-1]
    return bins


def _halve(members: NDArray, coordinate: NDArray) -> tuple[NDArray, NDArray]:
    """Split at the median of a coordinate."""
    middle = len(members) // 2
    order = np.argpartition(coordinate[members], middle)
    return members[order[:middle]], members[order[middle:]]
