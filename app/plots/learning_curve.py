"""A learning curve -> its points, the fitted power law, and its continuation, on log axes."""

from functools import partial
from typing import Any

import holoviews as hv
import numpy as np
from holoviews.plotting.bokeh.element import ElementPlot
from numpy.typing import NDArray

from galmass_app.plots.frame import name_ticks, set_range
from galmass_app.plots.layers import band, line, small_plot, with_errors
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
    fit, fitted_line = row["fit"], row["fit"]["line"]
    along = [each["galaxies"] for each in fitted_line]
    value, low, high = ([each[key] for each in fitted_line] for key in ("value", "low", "high"))
    there = fit["extrapolated"]
    marks = [(fit["galaxies"], there)] if there else []
    points = [(point["galaxies"], point["std"]) for point in row["points"]]
    layers = [
        band(along, low, high),
        line(along, value, FIT),
        *with_errors(*_places(points), colour=POINTS.colour, marker="circle"),
        *with_errors(*_places(marks), colour=ACCENT, marker="diamond", size=13),
    ]
    ends = [end for _, each in points + marks for end in (each["low"], each["high"])]
    ends += low + high
    limits = (0.9 * max(min(ends), 0.2 * max(ends) / 10), 1.1 * max(ends))
    sides = (0.8 * along[0], 1.25 * max(along[-1], *(at for at, _ in points)))
    hook, axes = partial(_follow, x=sides, y=limits), {"logx": True, "logy": True}
    names = {"xlabel": "training galaxies", "ylabel": "σ [dex]"}
    return small_plot(layers, hook, min_height=300, **axes, **names)


def _places(points: list[tuple[int, dict[str, float]]]) -> NDArray[np.float64]:
    """Return x, y, and the errors below and above, (4, N)."""
    table = [
        (at, each["value"], each["value"] - each["low"], each["high"] - each["value"])
        for at, each in points
    ]
    return np.array(table, dtype=float).reshape(-1, 4).T


def _follow(
    plot: ElementPlot, element: hv.Overlay, x: tuple[float, float], y: tuple[float, float]
) -> None:
    """Fit the axes to the curve, also when another is shown (a HoloViews hook)."""
    for axis, key, limits in ((plot.state.xaxis, "x_range", x), (plot.state.yaxis, "y_range", y)):
        seen = [tick for tick in _TICKS if limits[0] < tick < limits[1]]
        seen = seen[:: 1 + len(seen) // 6]
        name_ticks(axis[0], {tick: f"{tick:,g}" for tick in seen})
        set_range(plot.handles[key], *limits)
