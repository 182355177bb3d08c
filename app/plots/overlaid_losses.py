"""Losses of several trainings -> their curves in one figure, drawn with Bokeh itself."""

from collections.abc import Sequence

import pandas as pd
from bokeh.models import ColumnDataSource, MultiLine, Plot
from bokeh.plotting import figure

from galmass_app.plots.frame import quiet
from galmass_app.plots.history import curves_of
from galmass_app.theme import MARK, Stroke

STROKES = (  # of as many runs: never by colour alone
    Stroke("#5b8def", "solid"),
    Stroke("#d98e1f", "dashed"),
    Stroke("#2f9e8f", "solid"),
    Stroke("#e5484d", "dashed"),
    Stroke("#8577e8", "solid"),
    Stroke(MARK, "dashed"),
)
_COLUMNS = ("xs", "ys", "colour", "dash", "width", "alpha")
_TRAIN = {"width": 1.2, "alpha": 0.55}  # fainter than those of the part that is held out


class OverlaidLosses:
    """Curves of the part that each run held out, and fainter of its training part.

    Attributes
    ----------
    figure : bokeh.plotting.figure
    """

    def __init__(self) -> None:
        self._source = ColumnDataSource({name: [] for name in _COLUMNS})
        self.figure: Plot = figure(
            y_axis_type="log",
            x_axis_label="epoch, or tree",
            y_axis_label="mean squared error [dex²]",
            sizing_mode="stretch_width",
            min_height=320,
            margin=0,
            css_classes=["gm-overlaid"],
            tools="pan,box_zoom,wheel_zoom,reset",
            active_drag=None,
        )
        quiet(self.figure)
        self.figure.grid.grid_line_color = None
        look = {"line_color": "colour", "line_dash": "dash"}
        look |= {"line_width": "width", "line_alpha": "alpha"}
        self.figure.add_glyph(self._source, MultiLine(xs="xs", ys="ys", **look))

    def draw(self, histories: Sequence[pd.DataFrame]) -> None:
        """Show the losses of runs, in the order of `STROKES`; those without any have no curve."""
        lines = []
        for history, stroke in zip(histories, STROKES, strict=False):
            if curves := curves_of(history):
                step, train, held_out = curves.table.to_numpy(float).T
                look = {"xs": step, "colour": stroke.colour, "dash": stroke.dash}
                lines += [look | {"ys": train, **_TRAIN}]
                lines += [look | {"ys": held_out, "width": 2.2, "alpha": 1.0}]
        self._source.data = {name: [line[name] for line in lines] for name in _COLUMNS}
