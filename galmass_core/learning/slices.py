"""Measure where predictions fail: scatter, bias and coverage of slices of the test samples.

A cut sorts samples by one property: true value, galaxy type, bulge-to-total ratio, colour,
inclination, central or satellite, star particles, and distance to the training set. Samples without
the property are a slice of their own. σ and bias stand with their errors from a bootstrap over
galaxies (`metrics.measure_errors`), coverages with binomial errors that count galaxies
(`coverage.covered_shares`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.learning.coverage import covered_shares
from galmass_core.learning.experiments import CATALOGUE_EQUIVALENTS, missing_columns
from galmass_core.learning.galaxy_types import TYPE_COLUMNS, early_types
from galmass_core.learning.intervals import LEVELS, limit_names
from galmass_core.learning.metrics import measure_errors
from galmass_core.learning.out_of_distribution import OOD
from galmass_core.quantities import symbol_of

ALL, UNKNOWN = "all", "unknown"
LEAST_GALAXIES = 5  # fewer have no σ worth the name
_STEP = 0.5  # dex, of true values
_RESAMPLES = 400  # draws of galaxies
_LIMITS = tuple(name for level in LEVELS for name in limit_names(level))
_KEYS = ["name", "los"]


@dataclass(frozen=True)
class Cut:
    """How samples are sorted into slices.

    Attributes
    ----------
    title : str
    needs : tuple of str
        Columns of the samples, or of the predictions.
    labels : callable
        Returns the label of each row of a table with these columns, an ordered categorical; NaN
        where the property is not known.
    """

    title: str
    needs: tuple[str, ...]
    labels: Callable[[pd.DataFrame], pd.Categorical]


@dataclass(frozen=True, eq=False)
class Slices:
    """The slices of the predictions of one target.

    Attributes
    ----------
    rows : list of dict
        The first of all samples, then one for each slice: ``by`` (key of the cut), ``title`` (of
        the cut), ``slice``, ``n``, ``n_galaxies``, ``std`` and ``mean`` [dex] with ``value``,
        ``low`` and ``high`` (68 % interval), and ``coverage`` by level with ``value`` and
        ``error``. ``std``, ``mean`` and ``coverage`` are None of fewer than five galaxies,
        ``coverage`` also without intervals.
    left_out : dict of str
        By title of each cut that cannot be made, the reason.
    labels : pandas.DataFrame
        Of each prediction, a column for each cut.
    """

    rows: list[dict[str, Any]]
    left_out: dict[str, str]
    labels: pd.DataFrame


def measure_slices(
    predictions: pd.DataFrame,
    samples: pd.DataFrame,
    *,
    reasons: Mapping[str, str] | None = None,
) -> Slices:
    """Measure the errors of predictions in slices.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Of one target and of galaxies that the model was not trained on: ``name``, ``los``,
        ``target``, ``y_true`` and ``y_pred`` (decimal logarithms); where there are, the limits of
        `intervals.with_intervals` and ``ood_percentile``.
    samples : pandas.DataFrame
        The table of the data set.
    reasons : mapping of str, optional
        Why columns are missing, by column.

    Returns
    -------
    Slices

    Raises
    ------
    ValueError
        If there is no prediction, or an error is not finite.
    """
    cuts = _cuts(predictions, samples)
    labels, left_out = _labels(cuts, predictions, samples, reasons or {})

    def measured(by: str, title: str, name: str, rows: pd.DataFrame) -> dict[str, Any]:
        return {"by": by, "title": title, "slice": name, **_measure(rows)}

    rows = [measured(ALL, ALL, ALL, predictions)]
    for key, column in labels.items():
        title = cuts[str(key)].title
        for name, members in predictions.groupby(column.array, observed=True):
            rows.append(measured(str(key), title, str(name), members))
    return Slices(rows, left_out, labels)


def _labels(
    cuts: Mapping[str, Cut],
    predictions: pd.DataFrame,
    samples: pd.DataFrame,
    reasons: Mapping[str, str],
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the slice of each prediction in each cut, and why there are no others."""
    places = pd.MultiIndex.from_frame(samples[_KEYS]).get_indexer(
        pd.MultiIndex.from_frame(predictions[_KEYS])
    )
    labels, left_out = {}, {}
    for key, cut in cuts.items():
        own = set(cut.needs) <= set(predictions)
        if missing := missing_columns(predictions if own else samples, cut.needs):
            known = [reasons[column] for column in missing if column in reasons]
            left_out[cut.title] = known[0] if known else f"the data lack {', '.join(missing)}"
            continue
        found = cut.labels(predictions if own else samples).add_categories([UNKNOWN])
        found = found if own else found.take(places, allow_fill=True)
        labels[key] = pd.Series(found, index=predictions.index).fillna(UNKNOWN)
    return pd.DataFrame(labels, index=predictions.index), left_out


def _measure(rows: pd.DataFrame) -> dict[str, Any]:
    """Measure one slice."""
    n_galaxies = int(rows["name"].nunique())
    result: dict[str, Any] = {"n": len(rows), "n_galaxies": n_galaxies}
    result |= {"std": None, "mean": None, "coverage": None}
    if len(rows) and n_galaxies < LEAST_GALAXIES:
        return result
    delta = rows["y_pred"] - rows["y_true"]
    errors = measure_errors(delta, rows["name"], resamples=_RESAMPLES)
    result |= {key: asdict(errors[key]) for key in ("std", "mean")}
    if not missing_columns(rows, _LIMITS):
        result["coverage"] = covered_shares(rows)
    return result


def _cuts(predictions: pd.DataFrame, samples: pd.DataFrame) -> dict[str, Cut]:
    """Return all cuts by key."""
    ratio = "b_over_t"
    if missing_columns(samples, [ratio]) and CATALOGUE_EQUIVALENTS[ratio] in samples:
        ratio = CATALOGUE_EQUIVALENTS[ratio]
    target = symbol_of(str(predictions["target"].iloc[0])) if len(predictions) else ""
    return {
        "truth": Cut(f"true {target} [dex]", ("y_true",), _by_truth),
        "type": Cut("galaxy type", TYPE_COLUMNS, _by_type),
        "bulge": _binned("bulge-to-total ratio", ratio, (0.25, 0.5, 0.75)),
        "colour": _binned("g−r [mag]", "g_minus_r", (0.4, 0.6)),
        "inclination": _binned("inclination [°]", "inclination", (30, 60)),
        "environment": Cut("central or satellite", ("is_central",), _by_environment),
        "stars": _binned("star particles", "n_stars", (3e3, 1e4, 3e4, 1e5)),
        "distance": _binned("distance to the training set [%]", OOD, (50, 75, 90)),
    }


def _binned(title: str, column: str, edges: Sequence[float]) -> Cut:
    """Return a cut at the edges of a column; a value on an edge is above it."""
    return Cut(title, (column,), lambda table: _bins(table[column].to_numpy(float), edges))


def _sorted_into(names: list[str], codes: NDArray) -> pd.Categorical:
    """Return the name of the slice of each row, by its place among the names; -1 is NaN."""
    found = np.array([*names, None], dtype=object)[codes.astype(int)]
    return pd.Categorical(found, categories=names, ordered=True)


def _bins(values: NDArray, edges: Sequence[float] | NDArray) -> pd.Categorical:
    """Return in which bin each value is, NaN where it is not known."""
    named = [f"{edge:,g}" for edge in edges]
    inner = [f"{low} to {high}" for low, high in pairwise(named)]
    names = [f"below {named[0]}", *inner, f"{named[-1]} or more"]
    codes = np.where(np.isnan(values), -1, np.searchsorted(edges, values, side="right"))
    return _sorted_into(names, codes)


def _by_truth(table: pd.DataFrame) -> pd.Categorical:
    """Cut true values at the multiples of 0.5 dex that they span."""
    values = table["y_true"].to_numpy(float)
    first, last = np.floor(values.min() / _STEP), np.ceil(values.max() / _STEP)
    edges = _STEP * np.arange(first, max(last, first + 1) + 1)
    return _bins(values, edges)


def _by_type(table: pd.DataFrame) -> pd.Categorical:
    """Tell early types from late types, where their columns are known."""
    known = table[list(TYPE_COLUMNS)].notna().all(axis=1).groupby(table["name"]).transform("all")
    codes = np.where(known, np.where(early_types(table), 0, 1), -1)
    return _sorted_into(["early", "late"], codes)


def _by_environment(table: pd.DataFrame) -> pd.Categorical:
    """Tell centrals from satellites."""
    central = table["is_central"].astype("boolean")
    codes = np.where(central.isna(), -1, np.where(central.fillna(True), 0, 1))
    return _sorted_into(["central", "satellite"], codes)
