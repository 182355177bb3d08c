"""Put pixels together until each bin has enough signal."""

import numpy as np
from numpy.typing import NDArray


def halve_pixels(
    places: NDArray, signal: NDArray, variance: NDArray, least: float
) -> list[NDArray[np.intp]]:
    """Halve pixels in x and y in turn, as long as both sides have enough signal to noise.

    Parameters
    ----------
    places : (N, 2) int
        Row and column of each pixel.
    signal, variance : (N,) float
        Positive; both add up.
    least : float
        Signal to noise of a bin, at least, unless all pixels together have less.

    Returns
    -------
    list of (M,) int
        The members of each bin.
    """
    return _halve(places, np.stack([signal, variance]), np.arange(len(places)), 0, least**2)


def _halve(
    places: NDArray, sums: NDArray, members: NDArray, axis: int, least: float
) -> list[NDArray]:
    """Return bins of pixels, each the members of one; ``least`` is a squared signal to noise."""
    if _squared(sums[:, members].sum(axis=1)) < 2 * least:
        return [members]
    for along in (axis, 1 - axis):
        sides = _split(places[members, along], sums[:, members], least)
        if sides is not None:
            halves = (members[sides], members[~sides])
            return [one for half in halves for one in _halve(places, sums, half, 1 - along, least)]
    return [members]


def _split(coordinates: NDArray, sums: NDArray, least: float) -> NDArray[np.bool_] | None:
    """Return which pixels are on the first side of a cut; None where a side has too little."""
    signal, variance = (np.bincount(coordinates, each).cumsum() for each in sums)
    last = int(np.abs(signal - signal[-1] / 2).argmin())
    first = np.array([signal[last], variance[last]])
    second = np.array([signal[-1], variance[-1]]) - first
    return coordinates <= last if min(_squared(first), _squared(second)) >= least else None


def _squared(sums: NDArray) -> float:
    """Return the squared signal to noise of a sum of signals and of variances."""
    signal, variance = sums
    return float(signal**2 / variance) if variance > 0 else 0.0
