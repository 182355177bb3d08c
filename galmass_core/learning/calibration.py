"""Measure how well predicted distributions agree with the truth: coverage, PIT, CRPS, widths.

A model is calibrated if intervals of every level cover the truth as often as they say. Then the
predicted probabilities of values below the truth (probability integral transform, PIT; Dawid 1984)
are evenly distributed between 0 and 1: their histogram is a U where intervals are too narrow, a
hill where they are too wide, and slopes where predictions are biased (Gneiting, Balabdaoui &
Raftery 2007, Sec. 3.1). Among calibrated models that of the narrowest intervals is the best, and
the continuous ranked probability score (CRPS; Gneiting & Raftery 2007, Sec. 4.2) measures both at
once.

The lines of sight of a galaxy fail together, so that bands and errors count galaxies, those of the
test set and those that calibrated (`coverage.effective_galaxies`).
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from galmass_core.learning.coverage import effective_galaxies
from galmass_core.learning.intervals import LEVELS, limit_names
from galmass_core.learning.metrics import Estimate, number_galaxies

NOMINAL = (0.10, 0.20, 0.30, 0.40, 0.50, 0.60, 0.68, 0.80, 0.90, 0.95)
_BAND = 0.95  # probability of a share inside its band, if the calibration holds
_PIT_BINS = 10
_WIDTH_BINS = 12


def measure_calibration(scored: pd.DataFrame) -> dict[str, Any]:
    """Measure the calibration of one target on a test set.

    Parameters
    ----------
    scored : pandas.DataFrame
        Of `coverage.score_intervals`; at least one row.

    Returns
    -------
    dict
        For JSON: ``n`` and ``n_galaxies``, ``levels`` (rows of `coverage_by_level`), ``pit`` (rows
        of `pit_histogram`), ``crps`` [dex] with ``value`` and ``error``, and ``widths`` (rows of
        `widths_by_prediction`, None for NaN).
    """
    count = effective_galaxies(scored)
    crps, widths = mean_crps(scored["crps"], scored["name"]), widths_by_prediction(scored)
    return {
        "n": len(scored),
        "n_galaxies": int(scored["name"].nunique()),
        "levels": coverage_by_level(scored["level"], count).to_dict("records"),
        "pit": pit_histogram(scored["pit"], count).to_dict("records"),
        "crps": {"value": crps.value, "error": crps.error},
        "widths": widths.astype(object).where(widths.notna(), None).to_dict("records"),
    }


def binomial_band(probability: ArrayLike, count: int) -> tuple[NDArray, NDArray]:
    """Return the limits between which a share of some galaxies lies by chance.

    Parameters
    ----------
    probability : (n,) float
        Of each galaxy.
    count : int
        Number of galaxies.

    Returns
    -------
    low, high : (n,) float
        Equal-tailed quantiles of the binomial distribution, as shares, 95 % between them.
    """
    from scipy.stats import binom  # slow to import, and one page needs it

    low, high = binom.interval(_BAND, count, np.asarray(probability, float))
    return low / count, high / count


def coverage_by_level(level: ArrayLike, galaxies: float) -> pd.DataFrame:
    """Measure how often intervals of each of the `NOMINAL` levels cover the truth.

    Parameters
    ----------
    level : (n,) float
        Level of the narrowest interval that covers the truth, as of `Calibration.covering_level`.
    galaxies : float
        Number of them, as of `coverage.effective_galaxies`.

    Returns
    -------
    pandas.DataFrame
        ``nominal``, ``coverage``, and ``low`` and ``high``: the band that 95 % of shares lie in, if
        the calibration holds.
    """
    levels, reached = np.asarray(NOMINAL), np.asarray(level, float)
    low, high = binomial_band(levels, round(galaxies))
    coverage = (reached <= levels[:, None]).mean(axis=1)
    return pd.DataFrame({"nominal": levels, "coverage": coverage, "low": low, "high": high})


def pit_histogram(pit: ArrayLike, galaxies: float) -> pd.DataFrame:
    """Count the predicted probabilities of values below the truth, in bins of equal width.

    Parameters
    ----------
    pit : (n,) float
        Between 0 and 1, as of `Calibration.probability`.
    galaxies : float
        Number of them, as of `coverage.effective_galaxies`.

    Returns
    -------
    pandas.DataFrame
        ``pit_low`` and ``pit_high`` (ends of a bin), ``share`` of the samples, and ``low`` and
        ``high``: the band that 95 % of shares lie in, if the calibration holds.
    """
    edges = np.linspace(0, 1, _PIT_BINS + 1)
    share = np.histogram(np.asarray(pit, float), edges)[0] / np.size(pit)
    low, high = binomial_band(np.full(_PIT_BINS, 1 / _PIT_BINS), round(galaxies))
    return pd.DataFrame(
        {"pit_low": edges[:-1], "pit_high": edges[1:], "share": share, "low": low, "high": high}
    )


def mean_crps(crps: ArrayLike, galaxies: ArrayLike) -> Estimate:
    """Return the mean continuous ranked probability score with its error, dex.

    Parameters
    ----------
    crps : (n,) float, dex
        Of each sample, as of `Calibration.crps`.
    galaxies : (n,) str
        Galaxy of each sample.

    Returns
    -------
    Estimate
        Its error is the standard error of a mean of clusters (Cameron & Miller 2015, Sec. II.B):
        the root of the sum over galaxies of their squared summed deviations, divided by n.
    """
    values = np.asarray(crps, float)
    numbers, count = number_galaxies(galaxies)
    mean = float(values.mean())
    deviations = np.bincount(numbers, weights=values - mean, minlength=count)
    error = float(np.sqrt(np.sum(deviations**2)) / len(values))
    return Estimate(mean, mean - error, mean + error)


def widths_by_prediction(scored: pd.DataFrame) -> pd.DataFrame:
    """Measure how wide intervals are in bins of the prediction, with as many samples each.

    Parameters
    ----------
    scored : pandas.DataFrame
        Of `coverage.score_intervals`.

    Returns
    -------
    pandas.DataFrame
        A row for each bin, of ten samples or more: ``predicted`` (median, decimal logarithm),
        ``n``, and for each level the median width and its 16 and 84 % quantiles, dex:
        ``width_68``, ``width_68_low``, ``width_68_high`` ...
        Infinite widths, of calibrations of too few galaxies, are NaN.
    """
    count = max(1, min(_WIDTH_BINS, len(scored) // 10))
    order = scored["y_pred"].rank(method="first").to_numpy() - 1
    rows = []
    for _, part in scored.groupby((order * count // len(scored)).astype(int)):
        row = {"predicted": float(part["y_pred"].median()), "n": len(part)}
        for level in LEVELS:
            low, high = (part[name].to_numpy(float) for name in limit_names(level))
            width = np.where(np.isfinite(high - low), high - low, np.nan)
            quantiles = np.quantile(width, (0.5, 0.16, 0.84))
            ends = zip(("", "_low", "_high"), quantiles, strict=True)
            row |= {f"width_{100 * level:.0f}{end}": float(value) for end, value in ends}
        rows.append(row)
    return pd.DataFrame(rows)
