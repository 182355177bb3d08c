"""Stars of a galaxy -> a ball of points that a pointer turns, and the velocities in a pixel."""

from collections.abc import Callable

import numpy as np
from bokeh.events import Pan, PanEnd, PanStart
from bokeh.models import ColumnDataSource, Quad, Range1d, Scatter
from bokeh.plotting import figure
from numpy.typing import NDArray

from galmass_app.plots.frame import quiet, set_range
from galmass_app.theme import ACCENT, MARK

_POINTS = 1200
_REACH = 3.0  # R_hsm, half of the side
_SIDE = 260  # px
_HALF_TURN = np.pi / _SIDE  # radians for a pixel: from edge to edge is half a turn
_FEWEST_BINS, _MOST_BINS = 5, 30


class StarBall:
    """Some stars of a galaxy, seen along the third of three axes; dragging turns them.

    Parameters
    ----------
    turned : callable
        Called with by how much the side that faces the observer has moved to the right and
        upwards since the pointer was pressed [radians], and whether it is released.
    """

    def __init__(self, turned: Callable[[float, float, bool], None]) -> None:
        self._source = ColumnDataSource({"x": [], "y": []})
        self._stars = np.zeros((0, 3))
        ends = {"x_range": Range1d(-_REACH, _REACH), "y_range": Range1d(-_REACH, _REACH)}
        self.figure = figure(
            **ends,
            width=_SIDE,
            height=_SIDE,
            x_axis_type=None,
            y_axis_type=None,
            tools="",
            toolbar_location=None,
            min_border=0,
            margin=0,
            outline_line_color=MARK,
            css_classes=["gm-ball"],
        )
        self.figure.grid.visible = False
        look = {"size": 2.5, "fill_color": ACCENT, "line_color": None, "fill_alpha": 0.6}
        self.figure.add_glyph(self._source, Scatter(x="x", y="y", **look))
        self._moved = (0.0, 0.0)

        def follow(event: Pan) -> None:
            self._moved = (event.delta_x * _HALF_TURN, -event.delta_y * _HALF_TURN)
            turned(*self._moved, False)

        self.figure.on_event(PanStart, lambda _: setattr(self, "_moved", (0.0, 0.0)))
        self.figure.on_event(Pan, follow)
        self.figure.on_event(PanEnd, lambda _: turned(*self._moved, True))

    def hold(self, positions: NDArray) -> None:
        """Take the stars of a galaxy, (N, 3) in R_hsm; of many, some spread over them."""
        inside = positions[(np.abs(positions) < _REACH).all(axis=1)]
        self._stars = inside[:: max(1, len(inside) // _POINTS)]

    def show(self, axes: NDArray) -> None:
        """Look along the third of three axes, (3, 3)."""
        right, up, _ = axes @ self._stars.T
        self._source.data = {"x": right.astype("f4"), "y": up.astype("f4")}


class VelocityBars:
    """How many stars of a pixel have which velocity along the line of sight."""

    def __init__(self) -> None:
        self._source = ColumnDataSource({name: [] for name in ("left", "right", "top", "bottom")})
        self.figure = figure(
            x_range=Range1d(-1, 1),
            y_range=Range1d(0, 1),
            width=None,
            height=None,
            min_height=260,
            sizing_mode="stretch_width",
            x_axis_label="velocity along the line of sight [km/s]",
            y_axis_label="stars",
            tools="save",
            margin=0,
        )
        self.figure.grid.visible = False
        quiet(self.figure)
        bars = Quad(left="left", right="right", top="top", bottom="bottom")
        self.figure.add_glyph(self._source, bars.clone(fill_color=ACCENT, line_color=None))

    def show(self, velocities: NDArray, reach: float) -> None:
        """Draw velocities [km/s] on an axis that reaches equally far on both sides of zero."""
        bins = int(np.clip(2 * np.sqrt(len(velocities)), _FEWEST_BINS, _MOST_BINS))
        counts, edges = np.histogram(velocities, bins, (-reach, reach))
        self._source.data = {
            "left": edges[:-1],
            "right": edges[1:],
            "top": counts,
            "bottom": np.zeros(bins),
        }
        set_range(self.figure.x_range, -reach, reach)
        set_range(self.figure.y_range, 0.0, 1.05 * max(float(counts.max(initial=0)), 1.0))
