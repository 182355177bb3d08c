"""A data set's table -> a scatter of any quantity against any other."""

from functools import partial
from weakref import ref

import holoviews as hv
import numpy as np
import pandas as pd
from bokeh.models import ColumnDataSource, Line, Plot, Scatter
from holoviews.plotting.bokeh.element import ElementPlot

from galmass_app.theme import ACCENT, DENSITY, MARK, VALUES
from galmass_core.galaxy import NO_LINE_OF_SIGHT
from galmass_core.quantities import column_quantity

AXES = ["sample_x", "sample_y"]
COLOUR = "sample_colour"
CRISP = 3000  # samples up to which each is drawn as a point of its own
_BAR = {  # Bokeh gives a colour bar's text no colour of the page's style sheet
    "major_label_text_color": MARK,
    "major_label_text_font_size": "12px",
    "title_text_color": MARK,
    "title_text_font_size": "12px",
    "title_text_font_style": "normal",
}


def scatter(table: pd.DataFrame, x: str, y: str, colour: str = "") -> hv.Element | hv.DynamicMap:
    """Draw every sample; many of them as a density that datashader renders for each zoom.

    With a colour, many of them show its mean instead.

    Parameters
    ----------
    x, y : str
        Columns of numbers.
    colour : str
        Column that gives points their colour; none if empty.
    """
    keys = [x, y, colour] if colour else [x, y]
    values = tuple(table[key].to_numpy(float) for key in keys)
    points = hv.Points(values, AXES, [COLOUR] if colour else [])
    frame = {
        "xlabel": column_quantity(x).label,
        "ylabel": column_quantity(y).label,
        "responsive": True,
        "min_height": 420,
        "padding": 0.08,
        "tools": ["tap"],
        "default_tools": ["pan", "wheel_zoom", "box_zoom", "reset"],
        "active_tools": [],
        "toolbar": "above",  # inside, it would lie over points to tap
        "autohide_toolbar": True,
    }
    if colour:
        return _coloured(points, crisp=len(table) <= CRISP).opts(
            cmap=VALUES,
            clim=tuple(np.nanpercentile(values[2], [1, 99])),
            colorbar=True,
            colorbar_opts=_BAR,
            clabel=column_quantity(colour).label,
            **frame,
        )
    if len(table) <= CRISP:
        return points.opts(color=DENSITY[-1], size=7, alpha=0.8, nonselection_alpha=0.8, **frame)
    from holoviews.operation.datashader import rasterize, spread  # 1.5 s, few data need it

    counts = spread(rasterize(points), px=1).apply(_compact)
    return counts.opts(cmap=DENSITY, cnorm="log", **frame)


def _coloured(points: hv.Points, *, crisp: bool) -> hv.Points | hv.DynamicMap:
    """Draw points in the colour of their value, or the mean value of many."""
    if crisp:
        return points.opts(color=COLOUR, size=7, alpha=0.8, nonselection_alpha=0.8)
    from datashader.reductions import mean
    from holoviews.operation.datashader import rasterize

    # larger pixels, as `spread` would add the means of neighbours
    means = rasterize(points, aggregator=mean(COLOUR), pixel_ratio=1 / 3)
    return means.apply(_compact)


def _compact(counts: hv.Image) -> hv.Image:
    """Return counts or means of samples in 32-bit floats, NaN where there are none."""
    x, y = (counts.dimension_values(axis, expanded=False) for axis in AXES)
    values = counts.dimension_values(2, flat=False).astype(np.float32)
    return hv.Image((x, y, values), AXES, "samples", bounds=counts.bounds)


class GalaxyMark:
    """The galaxy in view in a scatter: its sample in view ringed, joined to those around it.

    Bokeh draws it in a plot of HoloViews, which would draw all of its layers for another galaxy.
    """

    def __init__(self) -> None:
        self._places = {"x": [], "y": [], "size": [], "colour": []}
        self._sources: list[ColumnDataSource] = []

    def show(self, table: pd.DataFrame, x: str, y: str, los: str) -> None:
        """Mark a galaxy in all plots that have the mark.

        Parameters
        ----------
        table : DataFrame
            The rows of one galaxy.
        x, y : str
            Columns of the axes.
        los : str
            Line of sight in view.
        """
        seen = table["los"].isin([los, NO_LINE_OF_SIGHT]).to_numpy()
        first = int(np.argmax(seen))
        closed = np.append(np.roll(np.arange(len(table)), -first), first)  # one in view on top
        self._places = {
            "x": table[x].to_numpy(float)[closed],
            "y": table[y].to_numpy(float)[closed],
            "size": np.where(seen, 18, 8)[closed],
            "colour": np.where(seen, ACCENT, MARK)[closed],
        }
        for source in self._sources:
            source.data = self._places

    def add_to(self, figure: Plot) -> None:
        """Draw the mark in a figure, above all else."""
        source = ColumnDataSource(self._places)
        at = {"x": "x", "y": "y"}
        ring = Scatter(**at, size="size", line_color="colour", fill_color=None, line_width=2.5)
        for glyph in (Line(**at, line_color=MARK, line_width=1.5), ring):
            drawn = figure.add_glyph(source, glyph, level="overlay")
            drawn.update(selection_glyph=None, nonselection_glyph=None)  # a tap dims no mark
        self._sources.append(source)


def marked(plot: hv.DynamicMap | hv.Overlay, mark: GalaxyMark) -> hv.DynamicMap | hv.Overlay:
    """Return a plot that has a mark, as long as somebody else holds it (see `picked`)."""
    return plot.opts(hv.opts.Overlay(hooks=[partial(_add_mark, mark=ref(mark))]))


def _add_mark(plot: ElementPlot, element: hv.Overlay, mark: ref[GalaxyMark]) -> None:
    """Add a mark once (a HoloViews hook)."""
    if "mark" not in plot.handles and (made := mark()) is not None:
        made.add_to(plot.state)
        plot.handles["mark"] = mark


def nearest(
    table: pd.DataFrame, x: str, y: str, at: tuple[float, float], spans: tuple[float, float]
) -> pd.Series | None:
    """Return the sample next to a place in the scatter; None of an empty table.

    Parameters
    ----------
    at : (float, float)
        The place, in the units of the axes.
    spans : (float, float)
        Lengths of the axes in view, so that distances are as on the screen.
    """
    across, up = (table[column].astype(float) for column in (x, y))
    distance = np.hypot((across - at[0]) / spans[0], (up - at[1]) / spans[1])
    return None if distance.isna().all() else table.loc[distance.idxmin()]
