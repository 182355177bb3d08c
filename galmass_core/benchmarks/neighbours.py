"""Part ``neighbours``: distance to the 32nd other star, compared with tree searches.

The peers get stars sorted along a Morton curve, which makes them faster, and float32 if supported;
sorting is part of their time. The error is the largest relative difference from ours.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from galmass_core.benchmarks.galaxies import disc_galaxy
from galmass_core.benchmarks.peers import installed
from galmass_core.benchmarks.timing import OURS, Figure, compare
from galmass_core.imaging.smoothing import smoothing_lengths

SIZES = (1_000, 10_000, 100_000, 1_000_000)
PYKDTREE, SMALL_GICP, SCIPY = "pykdtree, float32, sorted", "small_gicp, sorted", "scipy, sorted"
PEERS = {PYKDTREE: "pykdtree.kdtree", SMALL_GICP: "small_gicp", SCIPY: "scipy.spatial"}
_RANK = 33  # including the star itself
_MORTON_BITS = 10  # along each axis


def measure(size: int, *, peers: bool) -> Iterator[Figure]:
    """Time the smoothing lengths of a galaxy.

    Parameters
    ----------
    size : int
        Number of stars.
    peers : bool
        Whether to run the installed peers too.

    Yields
    ------
    Figure
    """
    positions, _ = disc_galaxy(size)
    calls = {OURS: partial(smoothing_lengths, positions)}
    for program, module in installed(PEERS if peers else {}).items():
        calls[program] = partial(_sorted_search, _SEARCHES[program], module, positions)
    lengths = calls[OURS]()
    for figure in compare("32nd neighbour", size, calls):
        difference = np.abs(calls[figure.program]() / lengths - 1).max()
        yield replace(figure, error=None if figure.program == OURS else float(difference))


def _sorted_search(search: Callable, module: ModuleType, positions: NDArray) -> NDArray:
    """Search among stars sorted along a Morton curve; lengths in the order of ``positions``."""
    scale = (2**_MORTON_BITS - 1) / np.ptp(positions, axis=0).max()
    cells = ((positions - positions.min(axis=0)) * scale).astype(np.int64)
    code = np.zeros(len(positions), dtype=np.int64)
    for bit in range(_MORTON_BITS):
        for axis in range(3):
            code |= (cells[:, axis] >> bit & 1) << (3 * bit + axis)
    order = np.argsort(code)
    lengths = np.empty(len(positions))
    lengths[order] = search(module, positions[order])
    return lengths


def _search_pykdtree(module: ModuleType, points: NDArray) -> NDArray:
    """Search in float32, where it is fastest."""
    points = points.astype(np.float32)
    return module.KDTree(points).query(points, k=_RANK)[0][:, -1]


def _search_small_gicp(module: ModuleType, points: NDArray) -> NDArray:
    """Search on one thread."""
    _, squares = module.KdTree(points).batch_knn_search(points, _RANK, num_threads=1)
    return np.sqrt(np.asarray(squares)[:, -1])


def _search_scipy(module: ModuleType, points: NDArray) -> NDArray:
    """Search on one thread, in a tree that is built fast."""
    tree = module.cKDTree(points, balanced_tree=False, compact_nodes=True)
    return tree.query(points, k=[_RANK])[0][:, 0]


_SEARCHES = {
    PYKDTREE: _search_pykdtree,
    SMALL_GICP: _search_small_gicp,
    SCIPY: _search_scipy,
}
