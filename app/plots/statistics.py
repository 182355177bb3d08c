"""Points of a scatter -> how tightly y follows x, in numbers."""

from typing import NamedTuple

import numpy as np
import pandas as pd

OUTLIER = 3  # standard deviations
_GAUSSIAN = 1.4826  # of them in a median deviation, where errors are Gaussian


class Statistics(NamedTuple):
    """Numbers on a scatter; NaN where there are too few galaxies."""

    count: int  # samples
    r2: float  # square of Pearson's coefficient
    rms: float  # around the running median
    outliers: float  # share of samples farther from it than 3 × 1.4826 median deviations


def statistics_of(points: pd.DataFrame, trend: pd.DataFrame) -> Statistics:
    """Measure a scatter.

    Parameters
    ----------
    points : DataFrame
        ``x`` and ``y``, finite.
    trend : DataFrame
        Their `trends.running_median`; flat beyond its ends. May be empty.
    """
    x, y = points["x"].to_numpy(), points["y"].to_numpy()
    if trend.empty:
        return Statistics(len(x), np.nan, np.nan, np.nan)
    varies = np.ptp(x) > 0 and np.ptp(y) > 0
    r2 = float(np.corrcoef(x, y)[0, 1] ** 2) if varies else np.nan
    away = y - np.interp(x, trend["x"], trend["median"])
    limit = OUTLIER * _GAUSSIAN * np.median(np.abs(away - np.median(away)))
    outliers = float((np.abs(away) > limit).mean())
    return Statistics(len(x), r2, float(np.sqrt(np.mean(away**2))), outliers)
