"""Predicted and true values -> their density, contours around most of them, trend, label."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_app.plots.trends import running_median
from galmass_core.quantities import quantity

CONTOUR = "#d98e1f"
SHARES = {"1σ": 0.683, "2σ": 0.954}  # of the samples inside each contour
_BINS = 80


class Density(NamedTuple):
    """A smooth density of samples over true value and error."""

    true: NDArray  # bin centres, dex
    error: NDArray  # bin centres, dex
    values: NDArray  # (error, true)

    def at(self, true: NDArray, error: NDArray) -> NDArray:
        """Look up the density of samples."""
        places = [
            np.clip(np.searchsorted(centres, value), 0, len(centres) - 1)
            for centres, value in ((self.error, error), (self.true, true))
        ]
        return self.values[tuple(places)]


class Cloud(NamedTuple):
    """Predictions, and what is drawn around them on whatever axes."""

    # ``name``, ``y_true``, ``y_pred``, ``x`` (a property, NaN where unknown) and ``y`` (the error)
    rows: pd.DataFrame
    shade: NDArray[np.float32]  # of each, from 0 to 1: the density of samples around it
    contours: list[list[NDArray]]  # as of `contour_lines`
    trend: pd.DataFrame  # of errors along the property, as of `running_median`


def cloud_of(rows: pd.DataFrame) -> Cloud:
    """Find what is drawn around predictions, ``rows`` as of `Cloud`; dex."""
    true, error = rows["y_true"].to_numpy(float), rows["y"].to_numpy(float)
    density = smooth_density(true, error)
    heights = density.at(true, error)
    shade = (heights / density.values.max()).astype("f4")
    trend = running_median(rows.dropna(subset="x"))
    return Cloud(rows, shade, contour_lines(density, heights), trend)


def smooth_density(true: NDArray, error: NDArray) -> Density:
    """Smooth a histogram of samples with Scott's (1992) bandwidth.

    Errors take the place of predictions: the cloud along the line of equality, which is thin and
    slanted, becomes upright; areas stay.

    Parameters
    ----------
    true, error : (n,) float, dex
    """
    from scipy.ndimage import gaussian_filter

    edges, widths = [], []
    for values in (error, true):
        bandwidth = max(values.std(), 1e-6) * len(values) ** (-1 / 6)
        low, high = values.min() - 3 * bandwidth, values.max() + 3 * bandwidth
        edges.append(np.linspace(low, high, _BINS + 1))
        widths.append(bandwidth * _BINS / (high - low))
    counts, *_ = np.histogram2d(error, true, bins=edges)
    across, along = (0.5 * (each[1:] + each[:-1]) for each in edges)
    return Density(along, across, gaussian_filter(counts, widths))


def contour_lines(density: Density, heights: NDArray) -> list[list[NDArray]]:
    """Return the lines that hold 68 and 95 per cent of the samples.

    Parameters
    ----------
    density : Density
    heights : (n,) float
        The density at each sample.

    Returns
    -------
    list of list of (m, 2) float, dex
        For each of `SHARES` its lines, as true and predicted values.
    """
    from contourpy import contour_generator

    generator = contour_generator(density.true, density.error, density.values)
    return [
        [np.cumsum(line, axis=1) for line in generator.lines(np.quantile(heights, 1 - share))]
        for share in SHARES.values()
    ]


def axis_label(target: str) -> str:
    """Label the logarithm of a target."""
    shown = quantity(target)
    return shown.label if shown.log else f"log {shown.label}"
