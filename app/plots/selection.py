"""Selected samples in a plot: ringed while all others dim; and boxes and lassos to select by."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from weakref import ref

import holoviews as hv
import numpy as np
from bokeh.events import SelectionGeometry
from bokeh.models import BoxAnnotation, BoxSelectTool, LassoSelectTool, Plot
from holoviews.plotting.bokeh.element import ElementPlot
from numpy.typing import ArrayLike, NDArray

PICKED = "#f2c14e"  # of selected samples, with a dark rim: readable on both backgrounds
RIM = "#0e1116"
LOOK = {"fill_color": PICKED, "line_color": RIM, "line_width": 1}
SIZE = 6
MOST = 20_000  # points that are drawn one by one
_CELLS = 160, 100  # across and up, for points of which several lie on each other
Ends = tuple[tuple[float, float], tuple[float, float]]
Geometry = Mapping[str, Any]
SHAPES = {"rect": "box", "poly": "lasso"}  # a tap is a point


def inside(geometry: Geometry, x: ArrayLike, y: ArrayLike) -> NDArray:
    """Return which points lie inside a box or a lasso.

    Parameters
    ----------
    geometry : mapping
        As Bokeh sends it: ``type`` ``rect`` with ``x0``, ``x1``, ``y0`` and ``y1``, or ``poly``
        with the corners ``x`` and ``y``.
    x, y : (n,) float
        NaN is outside.

    Returns
    -------
    (n,) bool
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if geometry["type"] == "rect":
        (left, right), (low, high) = (sorted((geometry[f"{a}0"], geometry[f"{a}1"])) for a in "xy")
        return (x > left) & (x < right) & (y > low) & (y < high)
    corners = np.column_stack([np.asarray(list(geometry[axis]), float) for axis in "xy"])
    crossed = np.zeros(len(x), dtype=bool)  # an odd number of edges to the right of a point
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        spans = (y0 > y) != (y1 > y)
        with np.errstate(divide="ignore", invalid="ignore"):
            crossed ^= spans & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return crossed


def shape_name(geometry: Geometry) -> str:
    """Return what to call the shape that selects: ``box`` or ``lasso``."""
    return SHAPES[geometry["type"]]


def selectable(figure: Plot, chosen: Callable[[Geometry], None]) -> None:
    """Give a figure a box and a lasso; what they enclose is for the caller to find."""
    figure.add_tools(BoxSelectTool(renderers=[]), LassoSelectTool(renderers=[], continuous=False))
    figure.toolbar.update(active_drag=None)

    def drawn(event: SelectionGeometry) -> None:
        if event.final and event.geometry["type"] in SHAPES:
            chosen(event.geometry)

    figure.on_event(SelectionGeometry, drawn)


def veil(figure: Plot) -> BoxAnnotation:
    """Lay a veil over a figure that dims what is not selected; hidden until something is."""
    look = {"fill_color": "#808080", "line_color": None, "fill_alpha": 0.62}
    made = BoxAnnotation(**look, visible=False, css_variables={"--bk-fill-color": "var(--gm-bg)"})
    figure.add_layout(made)
    return made


def picked(
    points: tuple[NDArray, NDArray], axes: list, chosen: Callable[[Geometry], None]
) -> hv.Points:
    """Draw selected samples above a veil, in a plot that a box or a lasso can select in.

    Parameters
    ----------
    points : two arrays, (n,) float
        Places of the selected samples; empty lifts the veil.
    axes : list
        Dimensions of the plot.
    chosen : callable
        Called with the geometry of a box or a lasso, as long as somebody else holds it: HoloViews
        never forgets what is in an option, and a visitor who has left should be.
    """
    return hv.Points(tuple(part.astype("f4") for part in points), axes).opts(
        size=SIZE, **LOOK, hooks=[above, partial(_dim, chosen=ref(chosen))]
    )


def spread_out(x: NDArray, y: NDArray, seen: Ends | None = None) -> tuple[NDArray, NDArray]:
    """Return the points that a browser is to draw: all, or of more than 20,000 those that show.

    Parameters
    ----------
    x, y : (n,) float
        Those with NaN are left out of many.
    seen : two of (float, float), optional
        Ends of both axes as far as they are in view; all points are, by default.

    Returns
    -------
    x, y : (m,) float
        Of many points, those in view, one in each cell of a grid as fine as their marks.
    """
    if len(x) <= MOST:
        return x, y
    seen = seen or tuple((np.nanmin(values), np.nanmax(values)) for values in (x, y))
    inside_, cell = np.ones(len(x), dtype=bool), np.zeros(len(x))
    for values, ends, count in zip((x, y), seen, _CELLS, strict=True):
        low, high = sorted(ends)
        share = (values - low) / ((high - low) or 1.0)
        inside_ &= (share >= 0) & (share <= 1)
        cell = cell * count + np.floor(share * (count - 1))
    rows = np.flatnonzero(inside_)
    rows = rows[np.unique(cell[rows], return_index=True)[1]]
    return x[rows], y[rows]


def above(plot: ElementPlot, element: hv.Element) -> None:
    """Draw a layer above the veil (a HoloViews hook)."""
    plot.handles["glyph_renderer"].level = "overlay"


def _dim(plot: ElementPlot, element: hv.Points, chosen: ref[Callable[[Geometry], None]]) -> None:
    """Lay the veil where something is selected (a HoloViews hook)."""
    if "veil" not in plot.handles:
        plot.handles["veil"] = veil(plot.state)
        if (select := chosen()) is not None:
            selectable(plot.state, select)
    plot.handles["veil"].visible = len(element) > 0
