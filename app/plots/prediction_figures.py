"""What one run predicts -> the three figures of its panel: square, histogram, strip of errors.

Drawn with Bokeh itself, whose figures are built in a sixth of the time that HoloViews takes: six
panels have eighteen of them.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from bokeh.events import Tap
from bokeh.models import (
    ColumnDataSource,
    FixedTicker,
    Glyph,
    GlyphRenderer,
    Image,
    Line,
    LogColorMapper,
    MultiLine,
    Quad,
    Range1d,
    Scatter,
    Segment,
    VArea,
    VSpan,
)
from bokeh.plotting import figure
from bokeh.transform import linear_cmap
from numpy.typing import ArrayLike, NDArray

from galmass_app.plots.comparison import Axes, Frame
from galmass_app.plots.frame import quiet
from galmass_app.plots.points import CRISP
from galmass_app.plots.prediction import CONTOUR, Cloud, axis_label
from galmass_app.plots.selection import LOOK, SIZE, Geometry, selectable, spread_out, veil
from galmass_app.theme import ACCENT, CASING, DENSITY, MARK

ARROW = "#d0508a"
BINS = 41  # of the histogram of errors
_PIXELS = {"square": (300, 300), "strip": (300, 110)}  # of pictures of more than CRISP samples
_COLUMNS = {"square": ("y_true", "y_pred"), "strip": ("x", "y")}
_SAMPLES = {"points": "x y shade", "image": "image x y dw dh", "line": "x y", "picked": "x y"}
_SAMPLES |= {"joined": "x y", "mark": "x y size"}
_LAYERS = {  # columns of each: a browser cannot draw what has none, also where there is nothing yet
    **{f"{place}_{layer}": each for place in _COLUMNS for layer, each in _SAMPLES.items()},
    "contours": "xs ys dash",
    "shafts": "y_true start end",
    "heads": "x y marker",
    "trend": "x low median high",
    "bars": "left right top",
    "sides": "x",
}
_NO_MOVES = pd.DataFrame({"y_true": [], "start": [], "end": []})
_TOOLS = "pan,wheel_zoom,box_zoom,reset"


class PredictionFigures:
    """The three figures of a panel; they take other data without being built again.

    Attributes
    ----------
    square : bokeh.plotting.figure
        Predicted against true values: samples, the line of equality, and contours around 68 and 95
        per cent of them.
    inset : bokeh.plotting.figure
        Histogram of errors with lines one σ from their mean.
    strip : bokeh.plotting.figure
        Errors against a property: samples, running median and the band of 16 to 84 per cent.
    """

    def __init__(self, axes: Axes) -> None:
        self._axes = axes
        self._data = {
            layer: ColumnDataSource({column: [] for column in columns.split()})
            for layer, columns in _LAYERS.items()
        }
        ranges = axes.ranges
        self.square = figure(
            x_range=ranges["true"],
            y_range=ranges["predicted"],
            sizing_mode="scale_width",
            width=320,
            height=320,
            tools=_TOOLS,
        )
        self.strip = figure(
            x_range=ranges["property"],
            y_range=ranges["error"],
            height=170,
            sizing_mode="stretch_width",
            tools=_TOOLS,
        )
        self.inset = figure(
            x_range=ranges["histogram"],
            y_range=Range1d(),
            sizing_mode="scale_width",
            width=160,
            height=130,
            tools="",
            toolbar_location=None,
        )
        self._ticks = {"inset": FixedTicker(), "strip": FixedTicker()}
        self.inset.xaxis.ticker = self._ticks["inset"]
        self.strip.yaxis.ticker = self._ticks["strip"]
        self._draw_square()
        self._draw_strip()
        self._draw_inset()
        self._veils = [veil(plot) for plot in (self.square, self.strip)]

    def listen(self, tapped: Callable[..., None]) -> None:
        """Call with the columns on both axes, the place that was tapped and the axes' lengths."""

        def follow(place: figure, columns: tuple[str, str], sides: tuple[str, str]) -> None:
            place.on_event(Tap, lambda at: tapped(*columns, (at.x, at.y), self._axes.seen(*sides)))

        follow(self.square, _COLUMNS["square"], ("true", "predicted"))
        follow(self.strip, _COLUMNS["strip"], ("property", "error"))

    def listen_to_boxes(self, chosen: Callable[[str, str, Geometry], None]) -> None:
        """Call with the columns on both axes and the geometry of a box or a lasso."""
        for place, columns in _COLUMNS.items():
            selectable(getattr(self, place), partial(chosen, *columns))

    def select(self, rows: pd.DataFrame) -> None:
        """Ring selected samples and dim the others; none lifts the veil; ``rows`` as of `Cloud`."""
        for place, columns in _COLUMNS.items():
            x, y = spread_out(*(rows[column].to_numpy("f4") for column in columns))
            self._put(f"{place}_picked", x=x, y=y)
        for each in self._veils:
            each.visible = len(rows) > 0

    def show(self, cloud: Cloud) -> None:
        """Draw predictions inside the frame that all panels share."""
        frame = self._axes.frame
        true, predicted, x, error = (
            cloud.rows[column].to_numpy(float) for column in ("y_true", "y_pred", "x", "y")
        )
        self._fill("square", true, predicted, cloud.shade, (frame.ends, frame.ends))
        self._data["square_line"].data = {"x": frame.ends, "y": frame.ends}
        self._data["contours"].data = _contours(cloud.contours)
        known = ~np.isnan(x)
        self._show_strip(x[known], error[known], cloud.trend, frame)
        self.show_ratios(error, frame)
        label = axis_label(frame.target)
        self.square.xaxis.axis_label = f"true {label}"
        self.square.yaxis.axis_label = f"predicted {label}"
        self.strip.xaxis.axis_label = frame.label

    def move(self, moves: pd.DataFrame | None) -> None:
        """Draw arrows from one prediction to another (see `largest_moves`), or none."""
        moves = _NO_MOVES if moves is None else moves
        up = moves["end"] > moves["start"]
        self._put("shafts", **{key: moves[key] for key in ("y_true", "start", "end")})
        marker = np.where(up, "triangle", "inverted_triangle")
        self._put("heads", x=moves["y_true"], y=moves["end"], marker=marker)

    def mark(self, rows: pd.DataFrame, los: str) -> None:
        """Join a galaxy's lines of sight, the one in view large; ``rows`` as of `Cloud`."""
        seen = (rows["los"] == los).to_numpy()
        last = np.argsort(seen, kind="stable")  # the one in view on top
        for place, (x, y) in _COLUMNS.items():
            x, y = rows[x].to_numpy(float), rows[y].to_numpy(float)
            size = np.where(seen, 14, 8)[last]
            self._put(f"{place}_mark", x=x[last], y=y[last], size=size)
            self._put(f"{place}_joined", x=np.append(x, x[:1]), y=np.append(y, y[:1]))

    def _put(self, layer: str, **columns: ArrayLike) -> None:
        """Give a layer other data; a figure is redrawn only if they differ."""
        source = self._data[layer]
        if not all(np.array_equal(source.data[key], new) for key, new in columns.items()):
            source.data = columns

    def _fill(
        self,
        place: str,
        x: NDArray,
        y: NDArray,
        shade: NDArray,
        ends: tuple[tuple[float, float], tuple[float, float]],
    ) -> None:
        """Put samples into a figure: each as a point, or their numbers as an image if many."""
        few = len(x) <= CRISP
        shown = slice(None if few else 0)
        self._data[f"{place}_points"].data = {
            key: values[shown].astype("f4")
            for key, values in {"x": x, "y": y, "shade": shade}.items()
        }
        images = [] if few else [_counts(x, y, ends, _PIXELS[place])]
        (left, right), (bottom, top) = ends
        box = {"x": left, "y": bottom, "dw": right - left, "dh": top - bottom}
        self._data[f"{place}_image"].data = {
            "image": images,
            **{key: [value] * len(images) for key, value in box.items()},
        }

    def _show_strip(self, x: NDArray, y: NDArray, trend: pd.DataFrame, frame: Frame) -> None:
        reach = (-frame.reach, frame.reach)
        self._fill("strip", x, y, np.full(len(x), 0.3), (frame.span, reach))
        self._data["strip_line"].data = {"x": frame.span, "y": (0, 0)}
        self._data["trend"].data = {key: trend[key] for key in trend}

    def show_ratios(self, error: NDArray, frame: Frame) -> None:
        """Put the histogram of errors."""
        counts, edges = np.histogram(error, bins=BINS, range=(-frame.reach, frame.reach))
        self._data["bars"].data = {"left": edges[:-1], "right": edges[1:], "top": counts}
        sides = error.mean() + np.array([-1, 1]) * error.std()
        self._data["sides"].data = {"x": sides}
        self.inset.y_range.update(start=0, end=1.08 * max(counts.max(), 1))
        step = _step(frame.reach)
        self._ticks["inset"].ticks = [-step, step]
        self._ticks["strip"].ticks = [-step, 0, step]
        self.inset.xaxis.major_label_overrides = {-step: f"−{step:g}", step: f"+{step:g}"}

    def _draw_square(self) -> None:
        """Make the layers of predictions against the truth."""
        add = partial(self._layer, self.square)
        self._draw_samples(self.square, "square", 4.5)
        look = {"line_color": CONTOUR, "line_width": 1.8, "line_dash": "dash"}
        add("contours", MultiLine(xs="xs", ys="ys", **look))
        ends = {"x0": "y_true", "x1": "y_true", "y0": "start", "y1": "end"}
        add("shafts", Segment(**ends, line_color=ARROW, line_width=2))
        add("heads", Scatter(marker="marker", fill_color=ARROW, line_color=None, size=8))
        self._draw_mark(self.square, "square")

    def _draw_strip(self) -> None:
        """Make the layers of errors against a property."""
        add = partial(self._layer, self.strip)
        self._draw_samples(self.strip, "strip", 3.5)
        add("trend", VArea(x="x", y1="low", y2="high", fill_color=CONTOUR, fill_alpha=0.3))
        add("trend", Line(x="x", y="median", line_color=CASING, line_width=4.5))
        add("trend", Line(x="x", y="median", line_color=CONTOUR, line_width=2.2))
        self._draw_mark(self.strip, "strip")
        self.strip.yaxis.axis_label = "error [dex]"

    def _draw_inset(self) -> None:
        bars = {"left": "left", "right": "right", "top": "top", "bottom": 0}
        look = {"fill_color": DENSITY[-1], "fill_alpha": 0.85, "line_color": None}
        self._layer(self.inset, "bars", Quad(**bars, **look))
        sides = VSpan(x="x", line_color=CONTOUR, line_dash="dashed", line_width=1.5)
        self._layer(self.inset, "sides", sides)
        self.inset.xaxis.axis_label = "log pred. / true"
        self.inset.yaxis.visible = False
        self.inset.grid.visible = False

    def _draw_samples(self, plot: figure, place: str, size: float) -> None:
        """Make the layers of samples and of the line without error."""
        mapper = LogColorMapper(DENSITY, low=1, high=30, low_color="rgba(0, 0, 0, 0)")
        shade = linear_cmap("shade", DENSITY, 0, 1)
        self._layer(plot, f"{place}_image", Image(color_mapper=mapper))
        dots = Scatter(fill_color=shade, line_color=None, size=size)
        self._layer(plot, f"{place}_points", dots)
        self._layer(plot, f"{place}_line", Line(line_color=MARK, line_width=1.5))
        plot.grid.visible = False
        plot.toolbar.update(active_drag=None, active_scroll=None)
        quiet(plot)

    def _draw_mark(self, plot: figure, place: str) -> None:
        """Make the layers of selected samples and of the galaxy in view."""
        self._layer(plot, f"{place}_picked", Scatter(size=SIZE, **LOOK)).level = "overlay"
        line = Line(line_color=ACCENT, line_width=2.5)
        self._layer(plot, f"{place}_joined", line).level = "overlay"
        rings = {"fill_color": ACCENT, "line_color": "#ffffff", "line_width": 2}
        self._layer(plot, f"{place}_mark", Scatter(size="size", **rings)).level = "overlay"

    def _layer(self, plot: figure, name: str, glyph: Glyph) -> GlyphRenderer:
        """Draw a layer's data; without Bokeh's four variants of each glyph, for speed."""
        return plot.add_glyph(self._data[name], glyph)


def _step(reach: float) -> float:
    return float(f"{reach / 2:.1g}")


def _counts(
    x: NDArray,
    y: NDArray,
    ends: tuple[tuple[float, float], tuple[float, float]],
    pixels: tuple[int, int],
) -> NDArray[np.uint8]:
    """Count samples in pixels, (rows, columns)."""
    counts, *_ = np.histogram2d(y, x, bins=pixels[::-1], range=ends[::-1])
    return np.minimum(counts, 255).astype(np.uint8)


def _contours(groups: list[list[NDArray]]) -> dict[str, list]:
    """Return contours as columns; the outer one is dashed."""
    dashes = [dash for dash, lines in zip(("solid", "dashed"), groups, strict=True) for _ in lines]
    lines = [line for group in groups for line in group]
    return {
        "xs": [line[:, 0] for line in lines],
        "ys": [line[:, 1] for line in lines],
        "dash": dashes,
    }
