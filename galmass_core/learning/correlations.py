"""Correlate columns, and group redundant ones (Sec. 5.1, Fig. 10)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

STRONG = 0.75  # abs(R) above which the paper calls a correlation strong
METHODS = ("pearson", "spearman")
LEAST_SAMPLES = 3  # two lie on a straight line


def correlation_matrix(
    samples: pd.DataFrame, keys: Sequence[str], method: str = "pearson"
) -> pd.DataFrame:
    """Correlate every column with every other.

    Parameters
    ----------
    samples : pandas.DataFrame
    keys : sequence of str
        Columns.
    method : str
        ``pearson`` (straight lines, the paper's) or ``spearman`` (ranks: any monotonic relation).

    Returns
    -------
    pandas.DataFrame
        (K, K) in [-1, 1], of the rows in which all columns are finite; NaN where one is constant.

    Raises
    ------
    ValueError
        If ``method`` is unknown.
    KeyError
        If a column is missing.
    """
    if method not in METHODS:
        msg = f"method must be one of {', '.join(METHODS)}, got {method!r}"
        raise ValueError(msg)
    table = samples[list(keys)].astype(float)
    table = table.loc[np.isfinite(table.to_numpy()).all(axis=1)]
    return (table.rank() if method == "spearman" else table).corr()


def strong_pairs(matrix: pd.DataFrame) -> list[tuple[str, str, float]]:
    """List the pairs with abs(R) above `STRONG`, the strongest first."""
    rows, columns = np.triu_indices(len(matrix), k=1)
    values = matrix.to_numpy()[rows, columns]
    strong = np.flatnonzero(np.abs(values) > STRONG)
    strong = strong[np.argsort(-np.abs(values[strong]))]
    names = matrix.index
    return [(names[rows[pair]], names[columns[pair]], float(values[pair])) for pair in strong]


def cluster_columns(samples: pd.DataFrame, keys: Sequence[str]) -> pd.Series:
    """Group strongly correlated columns.

    Columns are joined while the mean abs(Spearman's R) between two groups is above `STRONG`.

    Parameters
    ----------
    samples : pandas.DataFrame
    keys : sequence of str
        Columns.

    Returns
    -------
    pandas.Series of int
        Number of each column's group, from 0 in the order of ``keys``.

    Raises
    ------
    KeyError
        If a column is missing.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    if len(keys) < 2:
        return pd.Series(0, index=list(keys))
    strength = correlation_matrix(samples, keys, "spearman").abs().fillna(0).to_numpy()
    distance = squareform(1 - strength, checks=False)
    groups = fcluster(linkage(distance, "average"), 1 - STRONG, "distance")
    return pd.Series(pd.factorize(groups)[0], index=list(keys))
