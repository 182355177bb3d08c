"""Predicted and true values -> the picture of one against the other, as in Figures 11 and 12."""

from functools import partial
from typing import NamedTuple

import holoviews as hv
import numpy as np
import pandas as pd
from holoviews.plotting.bokeh.element import ElementPlot
from numpy.typing import NDArray

from galmass_app.plots.frame import no_tools, quiet_toolbar
from galmass_app.plots.sample import CRISP
from galmass_app.theme import DENSITY, MARK
from galmass_core.quantities import quantity

CONTOUR = "#d98e1f"
SHARES = {"1σ": 0.683, "2σ": 0.954}  # of the samples inside each contour
_AXES = ["true", "predicted"]
_BINS = 80
_PIXELS = 320  # of the picture that stands for more than CRISP samples


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


def prediction_picture(predictions: pd.DataFrame, target: str) -> hv.Overlay:
    """Draw predicted against true values, in one hue by density.

    Parameters
    ----------
    predictions : pandas.DataFrame
        ``y_true`` and ``y_pred``, decimal logarithms.
    target : str
        Column that `quantities` explains.

    Returns
    -------
    holoviews.Overlay
        Samples (an image of their numbers if there are more than 3,000), the line of equality,
        and contours around 68 and 95 per cent of them, from a smoothed histogram.
    """
    true, predicted = (predictions[key].to_numpy(float) for key in ("y_true", "y_pred"))
    low, high = _limits(true, predicted)
    density = smooth_density(true, predicted - true)
    label = axis_label(target)
    return hv.Overlay(
        [
            _image(true, predicted, (low, high)),
            _points(true, predicted, density),
            hv.Curve([(low, low), (high, high)], *_AXES).opts(color=MARK, line_width=1.5),
            _contours(true, predicted - true, density),
        ]
    ).opts(
        xlabel=f"true {label}",
        ylabel=f"predicted {label}",
        responsive="width",
        aspect=1,
        show_legend=False,
        default_tools=["pan", "wheel_zoom", "box_zoom", "reset"],
        hooks=[quiet_toolbar, partial(_frame, limits=(low, high))],
    )


def error_histogram(predictions: pd.DataFrame) -> hv.Overlay:
    """Draw the distribution of log10(predicted / true), with lines one σ from its mean.

    Parameters
    ----------
    predictions : pandas.DataFrame
        ``y_true`` and ``y_pred``, decimal logarithms.

    Returns
    -------
    holoviews.Overlay
    """
    delta = (predictions["y_pred"] - predictions["y_true"]).to_numpy(float)
    mean, spread = delta.mean(), max(delta.std(), 1e-6)
    counts, edges = np.histogram(delta, bins=33, range=(mean - 4 * spread, mean + 4 * spread))
    bars = hv.Histogram((edges, counts), kdims=["error"], vdims=["samples"])
    sides = hv.VLines([mean - spread, mean + spread], "error")
    step = float(f"{2 * spread:.1g}")
    ticks = [(value, f"{value:+.2g}".replace("-", "−")) for value in (-step, step)]
    return hv.Overlay(
        [
            bars.opts(fill_color=DENSITY[-1], line_color=None, alpha=0.85),
            sides.opts(color=CONTOUR, line_dash="dashed", line_width=1.5),
        ]
    ).opts(
        xlabel="log pred. / true",
        yaxis=None,
        xlim=(edges[0], edges[-1]),
        ylim=(0, 1.08 * max(counts.max(), 1)),
        xticks=ticks,
        toolbar=None,
        responsive="width",
        aspect=1.25,
        hooks=[
            no_tools,
            partial(_follow, x=(edges[0], edges[-1]), y=(0, 1.08 * max(counts.max(), 1))),
        ],
    )


def smooth_density(true: NDArray, error: NDArray) -> Density:
    """Smooth a histogram of samples with Scott's (1992) bandwidth.

    Errors take the place of predictions: the cloud along the line of equality, which is thin and
    slanted, becomes upright; areas stay.

    Parameters
    ----------
    true, error : (n,) float, dex

    Returns
    -------
    Density
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


def contour_lines(true: NDArray, error: NDArray, density: Density) -> list[list[NDArray]]:
    """Return the lines that hold 68 and 95 per cent of the samples.

    Parameters
    ----------
    true, error : (n,) float, dex
    density : Density
        Of these samples.

    Returns
    -------
    list of list of (m, 2) float, dex
        For each of `SHARES` its lines, as true and predicted values.
    """
    from contourpy import contour_generator

    generator = contour_generator(density.true, density.error, density.values)
    heights = density.at(true, error)
    return [
        [np.cumsum(line, axis=1) for line in generator.lines(np.quantile(heights, 1 - share))]
        for share in SHARES.values()
    ]


def axis_label(target: str) -> str:
    """Label the logarithm of a target."""
    shown = quantity(target)
    return shown.label if shown.log else f"log {shown.label}"


def _limits(true: NDArray, predicted: NDArray) -> tuple[float, float]:
    """Return one range for both axes."""
    low = min(true.min(), predicted.min())
    high = max(true.max(), predicted.max())
    margin = 0.04 * max(high - low, 1e-3)
    return float(low - margin), float(high + margin)


def _points(true: NDArray, predicted: NDArray, density: Density) -> hv.Points:
    """Draw each sample, the denser the less see-through; none if there are many."""
    if len(true) > CRISP:
        true = predicted = np.empty(0)
    shade = density.at(true, predicted - true)
    return hv.Points((true, predicted, shade), _AXES, "density").opts(
        color="density", cmap=DENSITY, size=4.5, line_color=None, framewise=True
    )


def _image(true: NDArray, predicted: NDArray, limits: tuple[float, float]) -> hv.Image:
    """Count many samples in pixels; empty if there are few."""
    if len(true) <= CRISP:
        counts = np.zeros((2, 2))
    else:
        counts, *_ = np.histogram2d(predicted, true, bins=_PIXELS, range=[limits, limits])
        counts = counts[::-1]  # an Image's first row is its top
    low, high = limits
    return hv.Image(
        counts.astype("f4"), bounds=(low, low, high, high), kdims=_AXES, vdims=["samples"]
    ).opts(
        cmap=DENSITY,
        cnorm="log",
        clim=(0.5, max(3.0, counts.max())),
        clipping_colors={"min": "transparent"},
    )


def _contours(true: NDArray, error: NDArray, density: Density) -> hv.Path:
    """Draw the lines that hold 68 and 95 per cent of the samples, the outer one dashed."""
    lines = contour_lines(true, error, density)
    paths = [
        {"true": line[:, 0], "predicted": line[:, 1], "dash": dash}
        for dash, group in zip(("solid", "dashed"), lines, strict=True)
        for line in group
    ]
    return hv.Path(paths, _AXES, "dash").opts(color=CONTOUR, line_width=1.8, line_dash="dash")


def _frame(plot: ElementPlot, element: hv.Overlay, limits: tuple[float, float]) -> None:
    """Give both axes one range, also when another model is shown; tools wait to be chosen."""
    plot.state.toolbar.update(active_drag=None, active_scroll=None)
    _follow(plot, element, limits, limits)


def _follow(
    plot: ElementPlot, element: hv.Overlay, x: tuple[float, float], y: tuple[float, float]
) -> None:
    """Move the frame when its limits change; a zoom on the same data stays."""
    for axis, (low, high) in ((plot.handles["x_range"], x), (plot.handles["y_range"], y)):
        if (axis.reset_start, axis.reset_end) != (low, high):
            axis.update(start=low, end=high, reset_start=low, reset_end=high)
