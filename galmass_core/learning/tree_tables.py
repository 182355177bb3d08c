"""Predict many samples by trees, equal to the bit to LightGBM, in a fraction of its time.

LightGBM takes each sample through each tree: at every split the processor guesses where it goes,
and is often wrong. Here all samples pass a split together.

Shape suffixes: N samples, F features.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from galmass_core.machine_code import Kernel, aligned

_SUM = Kernel(
    "galmass_core.learning.tree_sums",
    "sum_trees",
    "f8[:, ::1], i8[::1], f8[::1], i8[:, ::1], f8[::1], i8[::1], f8[:, ::1], f8[::1]",
)
_TOGETHER = 256  # samples, so that their values stay in the fastest cache
_MOST_LEAVES = 32  # all are visited, by LightGBM only those on the way
_HEADER = {"num_class": {"1"}, "num_tree_per_iteration": {"1"}, "objective": {"regression"}}
_EACH = {"num_cat": {"0"}, "is_linear": {"0"}}
_COMPARISONS = {0, 2}  # kinds of splits that know of numbers only, where NaN counts as 0


@dataclass(frozen=True, kw_only=True)
class TreeTable:
    """Trees as arrays, as `tree_sums.sum_trees` takes them."""

    features: NDArray[np.int64]
    thresholds: NDArray[np.float64]
    children: NDArray[np.int64]
    leaves: NDArray[np.float64]
    sizes: NDArray[np.int64]

    @classmethod
    def of_text(cls, text: str) -> "TreeTable | None":
        """Read trees in LightGBM's text format; None if they do more than compare numbers."""
        entries: dict[str, list[str]] = defaultdict(list)
        for line in text.split("\n"):
            key, _, value = line.partition("=")
            entries[key].append(value)
        if "average_output" in entries or any(
            set(entries[key]) != plain for key, plain in (_HEADER | _EACH).items()
        ):
            return None

        def numbers(name: str, kind: type = int) -> NDArray[Any]:
            return np.array(" ".join(entries[name]).split(), dtype=kind)

        table = cls(
            features=numbers("split_feature"),
            thresholds=numbers("threshold", float),
            children=np.stack([numbers("left_child"), numbers("right_child")]),
            leaves=numbers("leaf_value", float),
            sizes=numbers("num_leaves"),
        )
        inputs = int(entries["max_feature_idx"][0]) + 1
        plain = set(numbers("decision_type").tolist()) <= _COMPARISONS
        return table if plain and table._is_whole(inputs) else None

    def _is_whole(self, inputs: int) -> bool:
        """Return whether splits and leaves are those of the trees, and none is too large."""
        sizes, splits = self.sizes, self.sizes - 1
        if sizes.min(initial=1) < 1 or sizes.max(initial=1) > _MOST_LEAVES:
            return False
        lengths = (len(self.features), len(self.thresholds), self.children.shape[1])
        if set(lengths) != {splits.sum()} or len(self.leaves) != sizes.sum():
            return False
        number = np.arange(splits.sum()) - np.repeat(np.cumsum(splits) - splits, splits)
        size = np.repeat(sizes, splits)
        later = (self.children > number) & (self.children < size - 1)
        leaf = (self.children < 0) & (~self.children < size)
        known = (self.features >= 0) & (self.features < inputs)
        return bool((later | leaf).all() and known.all())

    def predict(self, inputs_NF: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum of all trees for each sample, (N,)."""
        columns_FN = np.nan_to_num(inputs_NF.T, nan=0.0, posinf=np.inf, neginf=-np.inf)
        sums_N = np.zeros(len(inputs_NF))
        _SUM(
            np.ascontiguousarray(columns_FN),
            *(self.features, self.thresholds, self.children, self.leaves, self.sizes),
            *(aligned(2 * int(self.sizes.max(initial=1)), _TOGETHER), sums_N),
        )
        return sums_N
