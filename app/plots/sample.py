"""Points of a sample -> a scatter of one column against another, drawn with Bokeh itself."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from bokeh.events import DoubleTap, RangesUpdate, Tap
from bokeh.models import (
    BoxZoomTool,
    ColorBar,
    ColumnDataSource,
    HoverTool,
    Image,
    Line,
    LinearColorMapper,
    LogColorMapper,
    PanTool,
    Patch,
    Range1d,
    ResetTool,
    SaveTool,
    Scatter,
    TapTool,
    VArea,
    WheelZoomTool,
)
from bokeh.plotting import figure
from numpy.typing import NDArray

from galmass_app.framework import batched_update
from galmass_app.plots.frame import STRETCHED
from galmass_app.plots.points import CRISP, Points, density
from galmass_app.plots.selection import (
    LOOK,
    RIM,
    SIZE,
    Ends,
    Geometry,
    selectable,
    spread_out,
    veil,
)
from galmass_app.theme import ACCENT, CASING, DENSITY, GROUPS, MARK, VALUES
from galmass_core.galaxy import NO_LINE_OF_SIGHT
from galmass_core.quantities import column_quantity

_CLEAR = "rgba(0, 0, 0, 0)"
_SIZE = {"inner_width": 600, "inner_height": 360}  # px, until the browser reports its own
_REST = 50  # ms in which changes of the view are gathered
_BAR = {  # Bokeh gives a colour bar's text no colour of the page's style sheet
    "major_label_text_color": MARK,
    "major_label_text_font_size": "12px",
    "title_text_color": MARK,
    "title_text_font_size": "12px",
    "title_text_font_style": "normal",
}


class SampleFigure:
    """A scatter of a sample; many points as a density that is rendered for each zoom.

    With a colour, many of them show its mean instead.

    Attributes
    ----------
    figure : bokeh.plotting.figure
    seen : two of (float, float)
        Ends of the axes as far as they are in view.
    """

    def __init__(
        self,
        points: Points,
        *css_classes: str,
        min_height: int = 420,
        seen: Ends | None = None,  # a zoom to keep
        trend: bool = True,  # whether y is expected to follow x
    ) -> None:
        self._points, self._waiting = points, False
        self._ring: ColumnDataSource | None = None  # and other layers of `follow`
        self._picture: ColumnDataSource | None = None  # of many points
        self._shown: tuple[Ends, tuple[int, int]] | None = None
        self.seen, self._size = seen or points.ends, dict(_SIZE)
        x_range, y_range = (
            Range1d(*now, reset_start=low, reset_end=high)
            for now, (low, high) in zip(self.seen, points.ends, strict=True)
        )
        self.figure = figure(
            x_range=x_range,
            y_range=y_range,
            x_axis_label=column_quantity(points.keys[0]).label,
            y_axis_label=column_quantity(points.keys[1]).label,
            tools=[
                WheelZoomTool(zoom_together="none"),
                PanTool(),
                BoxZoomTool(),
                ResetTool(),
                TapTool(renderers=[]),
                SaveTool(),
            ],
            toolbar_location="above",  # inside, it would lie over points to tap
            min_height=min_height,
            css_classes=list(css_classes),
            **STRETCHED,
        )
        self.figure.toolbar.autohide = True
        self.figure.grid.grid_line_color = None
        (self._draw_points if points.crisp else self._draw_density)()
        if trend:
            self._draw_trend()
        self.figure.on_event(RangesUpdate, self._moved)

    def shows(self, axes: tuple[str, ...], ends: Ends) -> bool:
        """Return whether it has these axes, so that a zoom into it can be kept."""
        return self._points.keys[:2] == axes and self._points.ends == ends

    def on_tap(self, tapped: Callable[[float, float], None]) -> None:
        """Call a function with the place of each tap inside the frame."""

        def inside(event: Tap) -> None:
            within = (
                low <= at <= high
                for at, (low, high) in zip((event.x, event.y), self.seen, strict=True)
            )
            if all(within):
                tapped(event.x, event.y)

        for event in (Tap, DoubleTap):
            self.figure.on_event(event, inside)

    def follow(self, chosen: Callable[[Geometry], None]) -> None:
        """Add what `select` and `mark` show.

        Parameters
        ----------
        chosen : callable
            Called with the geometry of a box or a lasso.
        """
        self._veil, self._selected = veil(self.figure), (np.empty(0), np.empty(0))
        selectable(self.figure, chosen)
        self._picked = ColumnDataSource({"x": [], "y": []})
        self._ring = ColumnDataSource({"x": [], "y": [], "size": [], "line_color": []})
        path = Patch(fill_color=None, line_color=MARK, line_width=1.5)  # it is closed
        rings = {"size": "size", "line_color": "line_color", "fill_color": None, "line_width": 2.5}
        for source, glyph in (
            (self._picked, Scatter(size=SIZE, **LOOK)),
            (self._ring, path),
            (self._ring, Scatter(**rings | {"line_color": RIM, "line_width": 6})),
            (self._ring, Scatter(**rings)),
        ):
            self.figure.add_glyph(source, glyph, level="overlay")

    def select(self, x: NDArray, y: NDArray) -> None:
        """Show the places of selected samples; empty lifts the veil."""
        self._selected = x, y
        shown = spread_out(x, y, self.seen)
        self._picked.data = dict(zip("xy", (part.astype("f4") for part in shown), strict=True))
        self._veil.visible = bool(len(x))

    def mark(self, rows: pd.DataFrame, los: str) -> None:
        """Ring a galaxy: its sample in view large, joined to its other lines of sight.

        Parameters
        ----------
        rows : DataFrame
            The samples of the galaxy.
        los : str
            Line of sight in view.
        """
        seen = rows["los"].isin([los, NO_LINE_OF_SIGHT]).to_numpy()
        last = np.argsort(seen, kind="stable")  # the one in view on top
        x, y, *_ = (rows[key].to_numpy(float)[last] for key in self._points.keys)
        sizes, colours = (
            np.where(seen, *each)[last].tolist() for each in ((18, 8), (ACCENT, MARK))
        )
        self._ring.data = {"x": x, "y": y, "size": sizes, "line_color": colours}

    def _draw_points(self) -> None:
        """Draw each sample as a point."""
        self._single = ColumnDataSource(self._samples(slice(None)))
        self._add_points(self._values() if "colour" in self._points.table else None)

    def _add_points(self, mapper: LinearColorMapper | None) -> None:
        """Add the points that are drawn one by one; under the pointer, each says its ID."""
        colour = {"field": "colour", "transform": mapper} if mapper else DENSITY[-1]
        look = {f"{part}_color": colour for part in ("line", "fill")}
        look |= {f"{part}_alpha": 0.8 for part in ("line", "fill")}
        drawn = self.figure.add_glyph(self._single, Scatter(size=7, **look))
        labels = [column_quantity(key).label for key in self._points.keys]
        shown = zip(labels, ("@x", "@y", "@colour"), strict=False)
        tips = [("subhalo", "@name"), *shown]
        self.figure.add_tools(HoverTool(renderers=[drawn], tooltips=tips))

    def _samples(self, rows: slice | NDArray) -> dict[str, NDArray]:
        """Return some samples with their IDs."""
        names = self._points.names.to_numpy()[rows]
        ids = np.array([str(name).rpartition("/")[2] for name in names], dtype=object)
        columns = {key: column.to_numpy()[rows] for key, column in self._points.table.items()}
        return columns | {"name": ids}

    def _draw_trend(self) -> None:
        """Draw the running median and the band of 16-84 %, if there are enough galaxies."""
        trend = self._points.trend
        if trend.empty:
            return
        source = ColumnDataSource({name: values.to_numpy() for name, values in trend.items()})
        band = VArea(x="x", y1="low", y2="high", fill_color=MARK, fill_alpha=0.25)
        casing = Line(x="x", y="median", line_color=CASING, line_width=5)
        line = Line(x="x", y="median", line_color=GROUPS[0].light, line_width=2.5)
        for glyph in (band, casing, line):
            self.figure.add_glyph(source, glyph)

    def _draw_density(self) -> None:
        """Draw many samples as a picture that follows the view."""
        coloured = "colour" in self._points.table
        self._mapper = (
            self._values() if coloured else LogColorMapper(palette=DENSITY, nan_color=_CLEAR)
        )
        corner = {"x": "x", "y": "y", "dw": "dw", "dh": "dh"}
        self._picture = ColumnDataSource({key: [] for key in ("image", *corner)})
        nobody = np.empty(0, dtype=int)
        self._single = ColumnDataSource(self._samples(nobody))  # few enough once zoomed in
        self._render()
        self.figure.add_glyph(
            self._picture, Image(**corner, image="image", color_mapper=self._mapper)
        )
        self._add_points(self._mapper if coloured else None)
        for name in self._size:
            self.figure.on_change(name, self._resized)

    def _values(self) -> LinearColorMapper:
        """Return what gives values their colours, with a colour bar."""
        low, high = self._points.colour_range
        mapper = LinearColorMapper(palette=VALUES, low=low, high=high, nan_color=_CLEAR)
        title = column_quantity(self._points.keys[2]).label
        lines = {"major_tick_line_color": "black", "bar_line_color": "black"}
        bar = ColorBar(color_mapper=mapper, title=title, location=(0, 0), label_standoff=8)
        bar.update(**_BAR, **lines)
        self.figure.add_layout(bar, "right")
        return mapper

    def _moved(self, event: RangesUpdate) -> None:
        """Follow a zoom."""
        self.seen = (
            (min(event.x0, event.x1), max(event.x0, event.x1)),
            (min(event.y0, event.y1), max(event.y0, event.y1)),
        )
        self._wait()

    def _resized(self, name: str, _: int, pixels: int) -> None:
        """Follow the size of the browser's window."""
        self._size[name] = pixels
        self._wait()

    def _wait(self) -> None:
        """Render what is in view, once it has come to rest."""
        if not self._waiting:
            self._waiting = True
            self.figure.document.add_timeout_callback(self._follow_view, _REST)

    def _follow_view(self) -> None:
        self._waiting = False
        with batched_update():
            if self._picture:
                self._render()
            if self._ring:
                self.select(*self._selected)

    def _in_view(self) -> NDArray:
        """Return the rows of the samples that are in view."""
        inside_ = [
            (self._points.table[axis].to_numpy() >= low)
            & (self._points.table[axis].to_numpy() <= high)
            for axis, (low, high) in zip("xy", self.seen, strict=True)
        ]
        return np.flatnonzero(np.logical_and(*inside_))

    def _render(self) -> None:
        """Draw the density of what is in view in pixels of the screen, unless it is there."""
        wanted = self.seen, tuple(self._size.values())
        if wanted == self._shown:
            return
        self._shown = wanted
        if len(rows := self._in_view()) <= CRISP:
            self._single.data = self._samples(rows)
            self._picture.data = {key: [] for key in self._picture.data}
            return
        if len(self._single.data["x"]):
            self._single.data = self._samples(rows[:0])
        values = density(self._points, *wanted)
        (left, right), (low, high) = self.seen
        if "colour" not in self._points.table and np.isfinite(values).any():
            self._mapper.update(low=float(np.nanmin(values)), high=float(np.nanmax(values)))
        self._picture.data = {
            "image": [values],
            "x": [left],
            "y": [low],
            "dw": [right - left],
            "dh": [high - low],
        }


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
    across, up = (table[column].to_numpy(float) for column in (x, y))
    distance = np.hypot((across - at[0]) / spans[0], (up - at[1]) / spans[1])
    return None if np.isnan(distance).all() else table.iloc[int(np.nanargmin(distance))]
