"""A correlation matrix -> a picture of it, a cell for each pair."""

from functools import partial

import holoviews as hv
import numpy as np
import pandas as pd
from bokeh.models import CustomJS, HoverTool
from holoviews.plotting.bokeh.element import ElementPlot

from galmass_app.markup import snippet
from galmass_app.theme import MARK, Theme, palette
from galmass_core.assets import asset
from galmass_core.quantities import QUANTITIES, quantity, symbol_of, with_minus

_PLACE = ["x0", "y0", "x1", "y1"]
_ROOM = 29  # px: a cell as wide holds its number


def correlation_picture(matrix: pd.DataFrame, features: int, theme: Theme = "light") -> hv.Overlay:
    """Draw how far each column follows each other.

    Parameters
    ----------
    matrix : pandas.DataFrame
        (K, K) in [-1, 1] of columns that `quantities` explains, the features first.
    features : int
        How many of them are features: a line separates them from the targets.
    theme : str
        ``dark`` or ``light``: the colour of no correlation.

    Returns
    -------
    holoviews.Overlay
        Of cells (`holoviews.Rectangles`, columns from the left, rows from the top), their
        numbers, and the lines. Numbers hide where cells are small.
    """
    count = len(matrix)
    ticks = [(place, short(key)) for place, key in enumerate(matrix.columns)]
    cells = _cells(matrix)
    rectangles = hv.Rectangles(cells, _PLACE, ["value", "pair"]).opts(
        color="value",
        cmap=palette("velocity", theme),
        clim=(-1, 1),
        line_color=None,
        nonselection_alpha=1,
        tools=["tap", HoverTool(tooltips=snippet("tooltips.html", "correlation"))],
        xlim=(-0.5, count - 0.5),
        ylim=(-0.5, count - 0.5),
        xticks=ticks,
        yticks=[(count - 1 - place, name) for place, name in ticks],
        xlabel="",
        ylabel="",
        xrotation=60,
        default_tools=[],
        toolbar=None,
        responsive="width",
        aspect=1,
    )
    edge = count - features - 0.5
    lines = hv.Segments(
        [(features - 0.5, -0.5, features - 0.5, count - 0.5), (-0.5, edge, count - 0.5, edge)],
        _PLACE,
    ).opts(color=MARK, line_width=1.5, nonselection_alpha=1, default_tools=[])
    return hv.Overlay([rectangles, _numbers(cells, theme, count), lines])


def chosen_cell(matrix: pd.DataFrame, x: str, y: str) -> hv.Rectangles:
    """Frame the two cells of a pair of columns; none if they are not in the matrix."""
    keys, frames = list(matrix.columns), []
    if x in keys and y in keys:
        pairs = ((keys.index(x), keys.index(y)), (keys.index(y), keys.index(x)))
        frames = [_corners(column, row, len(keys)) for column, row in pairs]
    return hv.Rectangles(frames, _PLACE).opts(
        fill_color=None, line_color="#f2ad5c", line_width=3, nonselection_alpha=1, default_tools=[]
    )


def pair_at(matrix: pd.DataFrame, at: tuple[float, float]) -> tuple[str, str] | None:
    """Return the columns (across, up) of the cell at a place; None on the diagonal or outside."""
    column, row = round(at[0]), len(matrix) - 1 - round(at[1])
    if not (0 <= column < len(matrix) and 0 <= row < len(matrix)) or column == row:
        return None
    return matrix.columns[column], matrix.index[row]


def short(key: str) -> str:
    """Return a column's symbol without the sphere it is measured in; of a joined one, its name."""
    return symbol_of(key).partition("(<")[0] if key in QUANTITIES else symbol_of(key)


def _cells(matrix: pd.DataFrame) -> pd.DataFrame:
    """Return one row per pair of different columns: corners, value, and words."""
    keys, values = list(matrix.columns), matrix.to_numpy()
    return pd.DataFrame(
        [
            (
                *_corners(column, row, len(keys)),
                values[row, column],
                f"{quantity(y).name} · {quantity(x).name}",
            )
            for row, y in enumerate(keys)
            for column, x in enumerate(keys)
            if row != column
        ],
        columns=[*_PLACE, "value", "pair"],
    )


def _corners(column: int, row: int, count: int) -> tuple[float, float, float, float]:
    """Return left, bottom, right and top of a cell."""
    height = count - 1 - row
    return column - 0.5, height - 0.5, column + 0.5, height + 0.5


def _numbers(cells: pd.DataFrame, theme: Theme, count: int) -> hv.Labels:
    """Write the values, dark on bright cells and bright on dark ones."""
    values = cells["value"].to_numpy()
    colours = palette("velocity", theme)
    known = np.nan_to_num(values)
    bright = np.array([_luminance(colour) for colour in colours]) > 0.35
    inks = np.where(
        bright[((known + 1) / 2 * (len(colours) - 1)).astype(int)], "#14181d", "#f4f6f8"
    )
    texts = [_number(value) for value in values]
    columns = (cells["x0"] + 0.5, cells["y0"] + 0.5, texts, inks)
    return hv.Labels(columns, _PLACE[:2], ["text", "ink"]).opts(
        text_color="ink",
        text_font_size="12px",
        default_tools=[],
        hooks=[_stay_when_tapped, partial(_hide_when_small, count=count)],
    )


def _number(value: float) -> str:
    """Write a correlation in as little room as possible."""
    if np.isnan(value):
        return ""
    return with_minus(f"{round(value, 2) + 0.0:.2f}".replace("0.", ".", 1))


def _luminance(colour: str) -> float:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2


def _stay_when_tapped(plot: ElementPlot, element: hv.Labels) -> None:
    """Keep numbers as they are when a cell is chosen; Bokeh fades those that are not."""
    plot.handles["glyph_renderer"].update(selection_glyph=None, nonselection_glyph=None)


def _hide_when_small(plot: ElementPlot, element: hv.Labels, count: int) -> None:
    """Show numbers only where cells have room for them, in whatever window."""
    fit = CustomJS.from_file(
        asset("correlation.mjs"),
        numbers=plot.handles["glyph_renderer"],
        figure=plot.state,
        room=_ROOM * count,
    )
    plot.state.js_on_change("inner_width", fit)
