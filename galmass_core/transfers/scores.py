"""Measure bias, scatter and coverage of predictions of another simulation, with errors.

An error is d = log10(predicted / true), in dex. An interval is the prediction plus or minus a
half-width (`intervals.half_widths`), calibrated on other galaxies.
"""

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.learning.intervals import half_widths
from galmass_core.learning.metrics import Estimate, scatter_interval

CASES = {  # in the order of tables; what each is
    "source": "trained and tested on {train}",
    "transfer": "trained on {train}, tested on {test}",
    "adapted": "the same, adapted to {test} without its labels",
    "ceiling": "trained and tested on {test}",
}
LEVELS = (68, 90)  # per cent, nominal
STATISTICS = ("bias", "scatter", "rms", *(f"coverage_{level}" for level in LEVELS))
_BINS = 4  # of stellar mass, with equal numbers of samples
_LEAST = 5  # galaxies in a bin
_RESAMPLES = 1000
_ONE_SIGMA = (0.16, 0.84)


def score_cases(predictions: pd.DataFrame) -> list[dict[str, Any]]:
    """Measure every case on every target.

    Parameters
    ----------
    predictions : pandas.DataFrame
        ``case``, ``target``, ``part``, ``name``, ``y_true``, ``y_pred`` (decimal logarithms), and
        ``log_mstar``, by which bins are made.

    Returns
    -------
    list of dict
        ``case``, ``target``, ``half_widths`` by level, the entries of `measure`, and ``bins``: a
        dict with ``low``, ``high`` and the entries of `measure` for each bin with five galaxies.
        ``transfer`` is calibrated as ``source`` is, for it is the same model.
    """
    calibrations = predictions[predictions["part"] == "validation"]
    tested = predictions[predictions["part"] == "test"]
    edges = np.quantile(tested["log_mstar"], np.linspace(0, 1, _BINS + 1))
    rows = []
    for (target, case), table in tested.groupby(["target", "case"], sort=False):
        model = "source" if case == "transfer" else case
        own = (calibrations["case"] == model) & (calibrations["target"] == target)
        widths = half_widths(calibrations[own], LEVELS)
        bins = [
            {"low": float(edges[number]), "high": float(edges[number + 1])} | measure(part, widths)
            for number, part in enumerate(_bins(table, edges))
            if part["name"].nunique() >= _LEAST
        ]
        row = {"case": case, "target": target, "half_widths": widths}
        rows.append(row | measure(table, widths) | {"bins": bins})
    return rows


def measure(predictions: pd.DataFrame, widths: dict[str, float]) -> dict[str, Any]:
    """Measure predictions, for JSON.

    Parameters
    ----------
    predictions : pandas.DataFrame
        ``name``, ``y_true`` and ``y_pred`` of one target.
    widths : dict of str to float, dex
        Of `intervals.half_widths`.

    Returns
    -------
    dict
        ``n``, ``n_galaxies``, and ``bias`` (mean), ``scatter`` (standard deviation), ``rms`` [dex]
        and ``coverage_68``, ``coverage_90`` (fractions), each with ``value``, ``low`` and ``high``:
        the 68 % interval of a bootstrap that draws galaxies, that of ``scatter`` as of
        `metrics.scatter_interval`.
    """
    delta = _errors(predictions)
    groups, names = pd.factorize(predictions["name"])
    inside = [np.abs(delta) <= widths[str(level)] for level in LEVELS]
    summed = (np.ones_like(delta), delta, delta**2, *inside)
    moments = np.stack([np.bincount(groups, each, len(names)) for each in summed], axis=1)
    value = _statistics(moments.sum(axis=0))
    draws = _statistics(_draw_galaxies(len(names)) @ moments)
    lows, highs = np.quantile(draws, _ONE_SIGMA, axis=0)
    if (interval := scatter_interval(moments)) is not None:
        lows[STATISTICS.index("scatter")], highs[STATISTICS.index("scatter")] = interval
    estimates = {
        name: asdict(Estimate(*map(float, triple)))
        for name, *triple in zip(STATISTICS, value, lows, highs, strict=True)
    }
    return {"n": len(delta), "n_galaxies": len(names), **estimates}


def _draw_galaxies(number: int) -> NDArray:
    """Return how often each of the bootstrap's draws holds each galaxy, (draws, number)."""
    drawn = np.random.default_rng(0).integers(number, size=(_RESAMPLES, number))
    drawn += number * np.arange(_RESAMPLES)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=_RESAMPLES * number)
    return counts.reshape(_RESAMPLES, number).astype(float)  # float products use BLAS


def _statistics(moments: NDArray) -> NDArray:
    """Return `STATISTICS` from number, sum, sum of squares and numbers inside; (..., S)."""
    number, total, squares, *inside = np.moveaxis(moments, -1, 0)
    mean, square = total / number, squares / number
    spread = np.sqrt(np.maximum(square - mean**2, 0))
    return np.stack([mean, spread, np.sqrt(square), *(each / number for each in inside)], axis=-1)


def _errors(predictions: pd.DataFrame) -> NDArray:
    return (predictions["y_pred"] - predictions["y_true"]).to_numpy(float)


def _bins(table: pd.DataFrame, edges: NDArray) -> list[pd.DataFrame]:
    """Return the samples in each bin of stellar mass; the last holds its upper end."""
    numbers = np.searchsorted(edges[1:-1], table["log_mstar"], side="right")
    return [table[numbers == number] for number in range(_BINS)]
