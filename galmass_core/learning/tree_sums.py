"""Add up the values of trees; compiled, see `machine_code`."""

import numba
from numpy.typing import NDArray

from galmass_core.translation import OPTIONS


@numba.njit(**OPTIONS)
def sum_trees(
    columns: NDArray,
    features: NDArray,
    thresholds: NDArray,
    children: NDArray,
    leaves: NDArray,
    sizes: NDArray,
    work: NDArray,
    sums: NDArray,
) -> None:
    """Add the value of each tree, in order, for each sample.

    Splits are taken from the last to the first, each for many samples at a time: without a branch
    that a processor could guess wrong.

    Parameters
    ----------
    columns : (F, N) float64
        Samples, one after the other in each feature.
    features, thresholds : (S,) int64, (S,) float64
        Of the splits of all trees; values up to the threshold go to the first child.
    children : (2, S) int64
        Later splits of the tree, or leaves: ~0, ~1 ...
    leaves : (L,) float64
        Of all trees.
    sizes : (T,) int64
        Number of leaves of each tree, one more than its splits.
    work : (2 m, C) float64
        Of trees with m leaves at most: the values of splits, and of leaves.
    sums : (N,) float64
    """
    most, width = len(work) // 2, work.shape[1]
    for start in range(0, len(sums), width):
        end = min(start + width, len(sums))
        split, leaf = 0, 0
        for size in sizes:
            for number in range(size):
                work[most + number] = leaves[leaf + number]
            for number in range(size - 2, -1, -1):
                low, high = children[0, split + number], children[1, split + number]
                first = work[low if low >= 0 else most + ~low]
                second = work[high if high >= 0 else most + ~high]
                column = columns[features[split + number], start:end]
                threshold, chosen = thresholds[split + number], work[number]
                for i in range(end - start):
                    left, right = first[i], second[i]
                    chosen[i] = left if column[i] <= threshold else right
            root = work[0 if size > 1 else most]
            for i in range(end - start):
                sums[start + i] += root[i]
            split += size - 1
            leaf += size
