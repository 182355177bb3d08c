"""A learning curve -> its points, the fitted power law, and its continuation, on log axes."""

from functools import partial
from typing import Any

import holoviews as hv
import numpy as np
from holoviews.plotting.bokeh.element import ElementPlot

from galmass_app.plots.frame import name_ticks, no_tools, set_range
from galmass_app.theme import ACCENT, MARK, Stroke

POINTS, FIT = Stroke("#5b8def", "solid"), Stroke(MARK, "dashed")
_TICKS = [float(f"{step}e{power}") for power in range(-4, 7) for step in (1, 1.5, 2, 3, 5, 7)]


def learning_curve(row: dict[str, Any]) -> hv.Overlay:
    """Draw σ against the number of training galaxies, with its fit.

    Parameters
    ----------
    row : dict
        As of `curves.measure_curve`; the fit reaches as far as the curve may be continued, and
        ends in a diamond where that is the paper's training set.
    """
    line, fit = row["fit"]["line"], row["fit"]
    along = [each["galaxies"] for each in line]
    band = (along, [each["low"] for each in line], [each["high"] for each in line])
    there = fit["extrapolated"]
    marks = [(fit["galaxies"], there)] if there else []
    points = [(point["galaxies"], point["std"]) for point in row["points"]]
    layers = [
        hv.Area(band, "galaxies", ["sigma", "upper"]).opts(
            fill_color=MARK, fill_alpha=0.22, line_alpha=0
        ),
        hv.Curve((along, [each["value"] for each in line]), "galaxies", "sigma").opts(
            color=FIT.colour, line_dash=FIT.dash, line_width=2
        ),
        *_with_errors(points, POINTS.colour, "circle"),
        *_with_errors(marks, ACCENT, "diamond"),
    ]
    ends = [end for _, each in points + marks for end in (each["low"], each["high"])]
    ends += [value for each in line for value in (each["low"], each["high"])]
    limits = (0.9 * max(min(ends), 0.2 * max(ends) / 10), 1.1 * max(ends))
    sides = (0.8 * along[0], 1.25 * max(along[-1], *(at for at, _ in points)))
    return hv.Overlay(layers).opts(
        logx=True,
        logy=True,
        xlabel="training galaxies",
        ylabel="σ [dex]",
        responsive=True,
        min_height=300,
        show_legend=False,
        toolbar=None,
        active_tools=[],
        hooks=[no_tools, partial(_follow, x=sides, y=limits)],
    )


def _with_errors(
    points: list[tuple[int, dict[str, float]]], colour: str, marker: str
) -> tuple[hv.ErrorBars, hv.Scatter]:
    """Return marks with their errors."""
    table = [
        (at, each["value"], each["value"] - each["low"], each["high"] - each["value"])
        for at, each in points
    ]
    x, y, below, above = np.array(table, dtype=float).reshape(-1, 4).T
    bars = hv.ErrorBars((x, y, below, above), "galaxies", ["sigma", "below", "above"])
    return (
        bars.opts(line_color=colour, upper_head=None, lower_head=None, line_width=2),
        hv.Scatter((x, y), "galaxies", "sigma").opts(
            color=colour, marker=marker, size=9 if marker == "circle" else 13, line_color=None
        ),
    )


def _follow(
    plot: ElementPlot, element: hv.Overlay, x: tuple[float, float], y: tuple[float, float]
) -> None:
    """Fit the axes to the curve, also when another is shown (a HoloViews hook)."""
    for axis, key, limits in ((plot.state.xaxis, "x_range", x), (plot.state.yaxis, "y_range", y)):
        seen = [tick for tick in _TICKS if limits[0] < tick < limits[1]]
        seen = seen[:: 1 + len(seen) // 6]
        name_ticks(axis[0], {tick: f"{tick:,g}" for tick in seen})
        set_range(plot.handles[key], *limits)
