"""Importance of features -> bars, the largest on top, with errors and the level of noise."""

from functools import partial

import holoviews as hv
import pandas as pd
from holoviews.plotting.bokeh.element import ElementPlot

from galmass_app.plots.frame import name_ticks, set_range
from galmass_app.plots.layers import small_plot
from galmass_app.theme import DENSITY, MARK
from galmass_core.quantities import with_minus

NOISE_COLOUR = "#d98e1f"
_PLACE = ["x0", "y0", "x1", "y1"]


def importance_bars(
    values: pd.Series, unit: str, *, errors: pd.Series | None = None, floor: float | None = None
) -> hv.Overlay:
    """Draw one bar per feature.

    Parameters
    ----------
    values : pandas.Series
        By the name to write beside each bar.
    unit : str
        Label of the axis.
    errors : pandas.Series, optional
        Standard deviations, by the same names.
    floor : float, optional
        What noise reaches: bars below it mean nothing.
    """
    values = values.sort_values()
    errors = values * 0 if errors is None else errors[values.index]
    low, high = min(0.0, (values - errors).min()), max((values + errors).max(), floor or 0)
    margin = 0.16 * max(high - low, 1e-6)  # room for the numbers
    rows = list(enumerate(values))
    names = {row: str(name) for row, name in enumerate(values.index)}
    bars = hv.Rectangles(
        [(min(0, value), row - 0.36, max(0, value), row + 0.36) for row, value in rows], _PLACE
    )
    whiskers = hv.Segments(
        [
            (value - error, row, value + error, row)
            for (row, value), error in zip(rows, errors, strict=True)
            if error > 0
        ],
        _PLACE,
    )
    beyond = max(high, 0) + 0.02 * (high - low)
    numbers = hv.Labels([(beyond, row, _written(value, unit)) for row, value in rows], _PLACE[:2])
    noise = hv.VLines([] if floor is None else [floor], _PLACE[0])
    limits = (low - (0.04 * (high - low) if low < 0 else 0), high + margin)
    layers = [
        bars.opts(fill_color=DENSITY[-1], line_color=None),
        whiskers.opts(color=MARK, line_width=2),
        numbers.opts(text_color=MARK, text_font_size="12px", text_align="left"),
        noise.opts(color=NOISE_COLOUR, line_dash="dashed", line_width=2),
    ]
    hook = partial(_name, names=names, x=limits)
    return small_plot(layers, hook, xlabel=unit, ylabel="", min_height=330, show_grid=False)


def _written(value: float, unit: str) -> str:
    """Write a number with the digits that matter."""
    return f"{value:.1f}" if "%" in unit else with_minus(f"{value:.3f}")


def _name(
    plot: ElementPlot, element: hv.Overlay, names: dict[int, str], x: tuple[float, float]
) -> None:
    """Write the features' names and fit the frame to them, also when they change."""
    name_ticks(plot.state.yaxis[0], names)
    set_range(plot.handles["x_range"], *x)
    set_range(plot.handles["y_range"], -0.6, len(names) - 0.4)
