"""Contributions to a prediction -> a waterfall from the mean one to it."""

import numpy as np
import pandas as pd
from bokeh.models import ColumnDataSource, Range1d
from bokeh.plotting import figure

from galmass_app.plots.frame import name_ticks
from galmass_app.plots.saliency import BARE, colours, draw_bars
from galmass_app.theme import MARK
from galmass_core.quantities import with_minus

ROW = 24  # px
_ROOM = 0.34  # for numbers beside the bars, in the width of all


class Waterfall:
    """Steps from the mean prediction to that of a sample: a bar each, dotted lines at both ends."""

    def __init__(self) -> None:
        columns = {
            "bars": (),
            "links": ("x", "y0", "y1"),
            "ends": ("x",),
            "numbers": ("x", "y", "text", "align"),
        }
        self._data = {
            name: ColumnDataSource({key: [] for key in keys}) for name, keys in columns.items()
        }
        self.figure = figure(x_range=Range1d(), y_range=Range1d(), **BARE)
        self.figure.vspan("x", source=self._data["ends"], color=MARK, line_dash="dotted")
        self.figure.segment("x", "y0", "x", "y1", source=self._data["links"], color=MARK)
        draw_bars(self.figure, self._data["bars"])
        self.figure.text(
            "x",
            "y",
            "text",
            source=self._data["numbers"],
            text_align="align",
            text_baseline="middle",
            text_color=MARK,
            text_font_size="12px",
        )
        self.figure.grid.visible = False

    def show(self, mean: float, steps: pd.Series, label: str) -> None:
        """Draw other steps.

        Parameters
        ----------
        mean : float, dex
            Where the first step begins.
        steps : pandas.Series
            Contributions, dex, by the name to write beside each, from top to bottom.
        """
        steps_N = steps.to_numpy(float)
        to = mean + np.cumsum(steps_N)
        start = np.append(mean, to[:-1])
        row = np.arange(len(steps))[::-1].astype(float)
        low, high = min(mean, to.min()), max(mean, to.max())
        width = max(high - low, 1e-3)
        ends = {"left": start, "right": to, "bottom": row - 0.34, "top": row + 0.34}
        self._data["bars"].data = {**ends, "colour": colours(steps_N)}
        self._data["links"].data = {"x": to[:-1], "y0": row[:-1] - 0.34, "y1": row[:-1] - 0.66}
        self._data["ends"].data = {"x": [mean, to[-1]]}
        first, last = np.minimum(start, to), np.maximum(start, to)
        right = first < (low + high) / 2  # numbers of bars in the left half; away from the end
        self._data["numbers"].data = {
            "x": np.where(right, last + 0.02 * width, first - 0.02 * width),
            "y": row,
            "text": [with_minus(f"{step:+.3f}") for step in steps_N],
            "align": np.where(right, "left", "right"),
        }
        self.figure.x_range.update(start=low - 0.04 * width, end=high + _ROOM * width)
        self.figure.y_range.update(start=-0.6, end=len(steps) - 0.4)
        self.figure.height = max(160, 60 + ROW * len(steps))
        self.figure.xaxis.axis_label = label
        name_ticks(self.figure.yaxis[0], dict(enumerate(steps.index[::-1])))
