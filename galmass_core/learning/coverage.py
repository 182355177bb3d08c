"""Measure how often intervals hold the true values of a test set, and how wide they are."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from galmass_core.learning.intervals import (
    LEVELS,
    Calibration,
    limit_names,
    scales_of,
    with_intervals,
)

_BIN, _CALIBRATED = "calibration_bin", "calibrated_by"
_BINS = 4  # of the prediction, of coverages


def score_intervals(
    predictions: pd.DataFrame, calibrations: Mapping[str, Calibration]
) -> pd.DataFrame:
    """Add intervals to predictions, and how well they agree with the true values.

    Parameters
    ----------
    predictions : pandas.DataFrame
        As in `with_intervals`, with ``y_true``.
    calibrations : mapping of str to Calibration
        By target; every target has one.

    Returns
    -------
    pandas.DataFrame
        With the columns of `with_intervals`, ``pit`` (`Calibration.probability`), ``level``
        (`Calibration.covering_level`), ``crps`` (`Calibration.crps`, dex), ``calibration_bin``, and
        ``calibrated_by``, the number of calibration galaxies in it.
    """
    scale, result = scales_of(predictions), with_intervals(predictions, calibrations)
    pit, level, crps = np.full((3, len(predictions)), np.nan)
    bins, galaxies = np.zeros((2, len(predictions)), dtype=int)
    true, predicted = (predictions[key].to_numpy(float) for key in ("y_true", "y_pred"))
    for target, calibration in calibrations.items():
        rows = predictions["target"].to_numpy() == target
        values = true[rows], predicted[rows], scale[rows]
        pit[rows], crps[rows] = calibration.probability(*values), calibration.crps(*values)
        level[rows] = calibration.covering_level(*values)
        bins[rows] = calibration.bins_of(predicted[rows])
        galaxies[rows] = calibration.galaxies[bins[rows]]
    behind = {_BIN: bins, _CALIBRATED: galaxies}
    return result.assign(pit=pit, level=level, crps=crps, **behind)


def effective_galaxies(predictions: pd.DataFrame) -> float:
    """Return the number of galaxies with which the share of intervals that hold is known.

    The share differs from the nominal one because test galaxies are few, and because calibration
    galaxies are: of K, intervals of level p cover with a probability of variance p (1 - p) / K
    (Vovk 2012, Conditional validity of inductive conformal predictors, Prop. 2). Bins of shares w
    of the samples were calibrated apart:

        1 / effective = 1 / test + sum of w² / K

    Parameters
    ----------
    predictions : pandas.DataFrame
        With ``name``, and ``calibration_bin`` and ``calibrated_by`` as of `score_intervals`;
        without them test galaxies alone count.
    """
    inverse = 1 / predictions["name"].nunique()
    if _CALIBRATED in predictions:
        behind = predictions.groupby(_BIN)[_CALIBRATED].agg(["size", "mean"])
        inverse += float(((behind["size"] / len(predictions)) ** 2 / behind["mean"]).sum())
    return 1 / inverse


def measure_coverage(scored: pd.DataFrame) -> list[dict[str, Any]]:
    """Measure how often intervals of one target hold on a test set, in all and by predicted mass.

    Parameters
    ----------
    scored : pandas.DataFrame
        Of `score_intervals`.

    Returns
    -------
    list of dict
        The first for all samples, then one for each of four bins of the prediction with as many
        samples: ``low`` and ``high`` (of the prediction,
        decimal logarithm), ``n``, ``n_galaxies``, ``coverage`` by level, with ``value`` and
        binomial ``error`` (of `effective_galaxies`), and the means of ``width`` by level [dex] and
        of ``crps`` [dex].
    """
    order = scored["y_pred"].rank(method="first").to_numpy() - 1
    parts = np.minimum(order * _BINS // len(scored), _BINS - 1)
    return [
        _coverage_of(scored),
        *(_coverage_of(rows) for _, rows in scored.groupby(parts)),
    ]


def _coverage_of(scored: pd.DataFrame) -> dict[str, Any]:
    """Return the coverage of some samples' intervals."""
    n_galaxies = int(scored["name"].nunique())
    row: dict[str, Any] = {
        "low": float(scored["y_pred"].min()),
        "high": float(scored["y_pred"].max()),
        "n": len(scored),
        "n_galaxies": n_galaxies,
        "crps": float(scored["crps"].mean()),
        "coverage": covered_shares(scored),
        "width": {},
    }
    for level in LEVELS:
        low, high = (scored[name] for name in limit_names(level))
        row["width"][f"{level:.2f}"] = float((high - low).mean())
    return row


def covered_shares(predictions: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return the share of predictions whose interval holds the truth, by level.

    Parameters
    ----------
    predictions : pandas.DataFrame
        As of `with_intervals`, with ``name`` and ``y_true``.

    Returns
    -------
    dict of dict
        ``value``, and the binomial ``error`` at the nominal level, of `effective_galaxies`: lines
        of sight of a galaxy fail together.
    """
    n_galaxies, shares = effective_galaxies(predictions), {}
    for level in LEVELS:
        low, high = (predictions[name] for name in limit_names(level))
        error = float(np.sqrt(level * (1 - level) / n_galaxies))
        inside = float(predictions["y_true"].between(low, high).mean())
        shares[f"{level:.2f}"] = {"value": inside, "error": error}
    return shares
