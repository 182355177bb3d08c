"""Part ``centre``: minimum of the potential of a galaxy's particles, and a shrinking sphere.

The error is the distance from the known centre over the half-mass radius.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from galmass_core.benchmarks.galaxies import disc_galaxy
from galmass_core.benchmarks.timing import OURS, Figure, compare
from galmass_core.sources.potential import potential_minimum

SIZES = (1_000, 10_000, 100_000, 1_000_000)
SPHERE = "shrinking sphere"
PEERS = {SPHERE: "numpy"}
_SHRINK = 0.95  # radius of the next sphere over this one's
_FEWEST = 0.01  # fraction of the particles in the last sphere
_LEAST = 50  # particles in the last sphere


def measure(size: int, *, peers: bool) -> Iterator[Figure]:
    """Time the centring of a galaxy.

    Parameters
    ----------
    size : int
        Number of particles.
    peers : bool
        Whether to shrink a sphere too.

    Yields
    ------
    Figure
    """
    positions, _ = disc_galaxy(size)
    masses = np.full(size, 1e6)
    calls = {OURS: lambda: potential_minimum([(positions, masses)]).position}
    if peers:
        calls[SPHERE] = partial(shrinking_sphere, positions, masses)
    for figure in compare("centre", size, calls):
        yield replace(figure, error=float(np.linalg.norm(calls[figure.program]())))


def shrinking_sphere(positions: NDArray, masses: NDArray) -> NDArray:
    """Return the density centre by the shrinking-sphere method (Power et al. 2003).

    Parameters
    ----------
    positions : (N, 3) float, kpc
    masses : (N,) float, Msun

    Returns
    -------
    (3,) float, kpc
    """
    centre = np.average(positions, axis=0, weights=masses)
    fewest = max(_LEAST, _FEWEST * len(masses))
    radius = np.inf
    while len(masses) > fewest:
        radii = np.linalg.norm(positions - centre, axis=1)
        radius = _SHRINK * min(radius, radii.max())
        inside = radii <= radius
        if np.count_nonzero(inside) < fewest:
            break
        positions, masses = positions[inside], masses[inside]
        centre = np.average(positions, axis=0, weights=masses)
    return centre
