"""Split samples into training, validation and test sets, reproducibly on any machine.

A split is a function of a seed and of names, never of the order of rows: galaxies or samples are
sorted by a hash and cut at the sizes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SPLITS = ("galaxy", "paper")
PLANS = (*SPLITS, "folds")  # folds: five-fold cross-validation by galaxy
NETWORK_SIZES = {"train": 16000, "validation": 4000, "test": 8110}  # Sec. 2.2
BOOSTING_SIZES = {"train": 18833, "test": 9277}  # Sec. 3.2


def split_samples(
    samples: pd.DataFrame,
    kind: str = "galaxy",
    *,
    sizes: Mapping[str, int] = BOOSTING_SIZES,
    seed: int = 0,
) -> NDArray[np.str_]:
    """Return the part of the split of each sample.

    Parameters
    ----------
    samples : pandas.DataFrame
        With columns ``name`` and ``los``.
    kind : str
        ``galaxy``: the lines of sight of a galaxy stay together. ``paper``: every sample on its
        own, as in the paper; 81 % of test samples then have another line of sight in training.
    sizes : mapping of str to int
        Parts and their sizes, as the paper gives them for 28,110 samples. Fewer or more samples,
        or galaxies, are cut in the same proportions; rounding residuals are in the last part.
    seed : int

    Returns
    -------
    (n,) str
        Part of each row.

    Raises
    ------
    ValueError
        If ``kind`` is unknown.
    """
    if kind not in SPLITS:
        msg = f"split must be one of {', '.join(SPLITS)}, got {kind!r}"
        raise ValueError(msg)
    units, names = pd.factorize(unit_names(samples, kind))
    shares = np.array(list(sizes.values())) / sum(sizes.values())
    cuts = np.cumsum(np.rint(shares * len(names)).astype(int))[:-1]
    part_of_rank = np.searchsorted(cuts, np.arange(len(names)), side="right")
    return np.array(list(sizes))[part_of_rank[_ranks(names, seed)]][units]


def fold_samples(
    samples: pd.DataFrame, folds: int = 5, *, kind: str = "galaxy", seed: int = 0
) -> NDArray[np.int_]:
    """Return the test fold of each sample in a cross-validation.

    Parameters
    ----------
    samples : pandas.DataFrame
        With columns ``name`` and ``los``.
    folds : int
    kind : str
        ``galaxy``: the lines of sight of a galaxy stay together. ``paper``: every sample on its
        own.
    seed : int

    Returns
    -------
    (n,) int
        0 to ``folds`` - 1.

    Raises
    ------
    ValueError
        If there are fewer galaxies, or samples, than folds, or fewer than two folds.
    """
    units, names = pd.factorize(unit_names(samples, kind))
    if not 2 <= folds <= len(names):
        units_name = "galaxies" if kind == "galaxy" else "samples"
        msg = f"folds must be from 2 to the number of {units_name}, {len(names)}, got {folds}"
        raise ValueError(msg)
    return (_ranks(names, seed) % folds)[units]


def draw_training_galaxies(
    samples: pd.DataFrame, parts: NDArray, galaxies: int, *, seed: int = 0
) -> NDArray[np.str_]:
    """Leave only some galaxies in the training set, for learning curves.

    Smaller draws of a seed are parts of its larger ones.

    Parameters
    ----------
    samples : pandas.DataFrame
        With a column ``name``.
    parts : (n,) str
        Part of each sample; ``""`` for samples that are not used.
    galaxies : int
        Number of galaxies to keep.
    seed : int
        Of the draw.

    Returns
    -------
    (n,) str
        The parts, with ``""`` for training samples of all other galaxies.

    Raises
    ------
    ValueError
        If the training set has fewer galaxies, or ``galaxies`` is less than 1.
    """
    train = parts == "train"
    names = samples["name"][train].unique()
    if not 1 <= galaxies <= len(names):
        msg = f"galaxies must be from 1 to those in the training set, {len(names)}, got {galaxies}"
        raise ValueError(msg)
    kept = names[_ranks([f"train:{name}" for name in names], seed) < galaxies]
    return np.where(train & ~samples["name"].isin(kept).to_numpy(), "", parts)


def split_hash(samples: pd.DataFrame, parts: NDArray) -> str:
    """Return a hash of the parts, independent of the order of rows."""
    members = zip(unit_names(samples, "paper"), parts, strict=True)
    lines = sorted(f"{name} {part}" for name, part in members)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def describe_split(samples: pd.DataFrame, plan: str, *, seed: int = 0) -> dict[str, Any]:
    """Describe a split, for tables and runs.

    Parameters
    ----------
    samples : pandas.DataFrame
        With columns ``name`` and ``los``.
    plan : str
        One of `PLANS`, or ``both``: by galaxy and, beside it, the paper's, which is described.
    seed : int

    Returns
    -------
    dict
        ``kind``, ``seed``, ``hash`` of the parts, and ``siblings``: the fraction of test samples
        whose galaxy is in training along another line of sight.

    Raises
    ------
    ValueError
        If ``plan`` is unknown.
    """
    if plan == "folds":
        parts = fold_samples(samples, seed=seed)
        return {"kind": plan, "seed": seed, "hash": split_hash(samples, parts), "siblings": 0.0}
    kind = "paper" if plan == "both" else plan
    return describe_parts(samples, split_samples(samples, kind, seed=seed), plan, seed)


def describe_parts(samples: pd.DataFrame, parts: NDArray, kind: str, seed: int) -> dict[str, Any]:
    """Describe given parts, as `describe_split`."""
    siblings = round(sibling_share(samples, parts), 4)
    return {"kind": kind, "seed": seed, "hash": split_hash(samples, parts), "siblings": siblings}


def sibling_share(samples: pd.DataFrame, parts: NDArray) -> float:
    """Return the fraction of test samples whose galaxy is also in the training set."""
    names = samples["name"]
    return float(names[parts == "test"].isin(names[parts == "train"]).mean())


def unit_names(samples: pd.DataFrame, kind: str) -> NDArray[np.object_]:
    """Return the name of the unit that is split: the galaxy, or the sample."""
    units = samples["name"] if kind == "galaxy" else samples["name"] + "/" + samples["los"]
    return units.to_numpy(object)


def _ranks(names: Sequence[str] | NDArray, seed: int) -> NDArray[np.int_]:
    """Return the rank of each name in the order of hashes."""
    return _ranks_of(tuple(names), seed)


@lru_cache(maxsize=4)  # all rows of a table split the same galaxies
def _ranks_of(names: tuple[str, ...], seed: int) -> NDArray[np.int_]:
    """Return the ranks, read-only."""
    hashes = [hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest() for name in names]
    order = np.argsort(np.array([int.from_bytes(each) for each in hashes], dtype=np.uint64))
    ranks = np.empty(len(names), dtype=int)
    ranks[order] = np.arange(len(names))
    ranks.setflags(write=False)
    return ranks
