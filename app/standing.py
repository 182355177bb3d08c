"""Where the numbers of one sample stand among those of its data set, as percentiles."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from galmass_core.datasets.dataset import DataSet
from galmass_core.quantities import is_known_column

ALIKE = 0.1  # dex of stellar mass
_FEWEST = 20  # samples among which a percentile means anything
_MOST = 30_000  # samples of a larger data set, spread over it, among which it is known well enough
_MASS = "log_mstar"


class Standing(NamedTuple):
    """The share of samples with less, per cent; half of those that are equal count."""

    of_all: float = np.nan
    at_mass: float = np.nan  # among samples of about the same stellar mass


class _Columns(NamedTuple):
    """Numbers of K columns and N samples, and each column sorted with those that are known."""

    keys: tuple[str, ...]
    values: NDArray  # (N, K)
    ordered: tuple[NDArray, ...]
    masses: NDArray  # (N,), log Msun


def standings_of(data: DataSet, galaxy: str, los: str) -> dict[str, Standing]:
    """Return the percentiles of all numbers of a sample, by column."""
    columns, row = _columns(data), data.row(galaxy, los)
    numbers = [row[key] for key in columns.keys]
    own = np.array([np.nan if each is pd.NA else each for each in numbers], dtype=float)
    mass = float(row.get(_MASS, np.nan))
    near_NK = columns.values[np.flatnonzero(np.abs(columns.masses - mass) < ALIKE)]
    counts = [(near_NK < own).sum(axis=0), (near_NK == own).sum(axis=0)]
    below, equal, known = (each.tolist() for each in (*counts, np.isfinite(near_NK).sum(axis=0)))
    found = {}
    for place, key in enumerate(columns.keys):
        ordered, value = columns.ordered[place], own[place]
        less, up_to = ordered.searchsorted(value), ordered.searchsorted(value, "right")
        of_all = _share(less, up_to - less, len(ordered))
        at_mass = _share(below[place], equal[place], known[place])
        found[key] = Standing(*((of_all, at_mass) if np.isfinite(value) else ()))
    return found


def _share(below: int, equal: int, known: int) -> float:
    """Return a percentile; NaN among too few, or all alike."""
    if known < _FEWEST or equal == known:
        return np.nan
    return 100 * (below + 0.5 * equal) / known


@lru_cache(maxsize=4)
def _columns(data: DataSet) -> _Columns:
    """Return the numbers of a data set, sorted once for all."""
    samples = data.samples.iloc[:: -(-len(data) // _MOST)]
    known = [key for key in samples if is_known_column(key)]
    keys = tuple(
        key
        for key in (*known, *data.joined_columns)
        if is_numeric_dtype(samples[key].dtype) and not is_bool_dtype(samples[key].dtype)
    )
    values = np.ascontiguousarray(samples[list(keys)].to_numpy(float, na_value=np.nan))
    ordered = tuple(np.sort(each[np.isfinite(each)]) for each in values.T)
    nothing = np.full(len(samples), np.nan)
    masses = values[:, keys.index(_MASS)].copy() if _MASS in keys else nothing
    return _Columns(keys, values, ordered, masses)
