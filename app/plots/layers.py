"""Layers of small plots that need no zoom, and their frame: lines, bands, points with errors."""

from collections.abc import Callable, Sequence
from functools import partial

import holoviews as hv
import numpy as np
from holoviews.plotting.bokeh.element import ElementPlot
from numpy.typing import ArrayLike

from galmass_app.plots.frame import no_tools, set_range
from galmass_app.theme import MARK, Stroke

Ends = tuple[float, float]


def small_plot(
    layers: Sequence[hv.Element], *hooks: Callable[..., None], **options: object
) -> hv.Overlay:
    """Return layers as a plot as wide as its parent, without legend and tools."""
    return hv.Overlay(layers).opts(
        responsive=True, show_legend=False, toolbar=None, hooks=[no_tools, *hooks], **options
    )


def fitted(x: Ends, y: Ends) -> Callable[..., None]:
    """Return a hook that fits both axes to what is shown, also when that changes."""
    return partial(_fit, x=x, y=y)


def line(x: ArrayLike, y: ArrayLike, stroke: Stroke, width: float = 2) -> hv.Curve:
    """Draw a line."""
    return hv.Curve((x, y), "x", "y").opts(
        color=stroke.colour, line_dash=stroke.dash, line_width=width
    )


def band(x: ArrayLike, low: ArrayLike, high: ArrayLike, colour: str = MARK) -> hv.Area:
    """Draw what lies between two curves."""
    area = hv.Area((np.asarray(x), np.asarray(low), np.asarray(high)), "x", ["y", "y2"])
    return area.opts(fill_color=colour, fill_alpha=0.22, line_alpha=0.0)


def with_errors(
    x: ArrayLike,
    y: ArrayLike,
    below: ArrayLike,
    above: ArrayLike,
    *,
    colour: str,
    marker: str,
    size: float = 9,
) -> tuple[hv.ErrorBars, hv.Scatter]:
    """Draw points with their errors."""
    bars = hv.ErrorBars((x, y, below, above), "x", ["y", "below", "above"])
    points = hv.Scatter((x, y), "x", "y")
    return (
        bars.opts(line_color=colour, upper_head=None, lower_head=None, line_width=2),
        points.opts(color=colour, marker=marker, size=size, line_color=None),
    )


def _fit(plot: ElementPlot, element: hv.Overlay, x: Ends, y: Ends) -> None:
    set_range(plot.handles["x_range"], *x)
    set_range(plot.handles["y_range"], *y)
