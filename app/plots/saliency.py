"""What a network's prediction depends on -> lines over maps, steps of rings, bars of replaced maps.

Charts are drawn with Bokeh itself, whose figures are built in a sixth of the time that HoloViews
takes, and take other data without being built again.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from bokeh.models import ColumnDataSource, MultiLine, Range1d
from bokeh.plotting import figure
from numpy.typing import NDArray

from galmass_app.plots.frame import name_ticks
from galmass_app.plots.maps import SHADE
from galmass_app.theme import MARK
from galmass_core.imaging.maps import pixel_centres

UP, DOWN = "#e0941f", "#5b8def"  # bars: makes the prediction larger, or smaller
RAISES, LOWERS = "#ffc23d", "#6fd3ff"  # the same as lines on maps
SMOOTHING = 0.25  # R_hsm, standard deviation; a pixel alone says little
HEIGHTS = (0.1, 0.25, 0.5)  # of lines, in the largest share of all maps
BARE = {"tools": "", "toolbar_location": None, "sizing_mode": "stretch_width", "min_width": 150}


def share_density(share_HW: NDArray, half_width: float = 3.0) -> NDArray:
    """Smooth the shares of pixels, so that maps of different pixels compare.

    Parameters
    ----------
    share_HW : (H, W) float, dex
    half_width : float, R_hsm
        Of the map.

    Returns
    -------
    (H, W) float, dex / R_hsm²
        With the same sum over the area.
    """
    from scipy.ndimage import gaussian_filter

    pixel = 2 * half_width / len(share_HW)
    return gaussian_filter(share_HW.astype(float), SMOOTHING / pixel) / pixel**2


def line_heights(densities: Mapping[str, NDArray]) -> list[float]:
    """Return at which shares lines are drawn in all maps, dex / R_hsm²; none if nothing counts."""
    largest = max(float(np.abs(each_HW).max()) for each_HW in densities.values())
    return [height * largest for height in HEIGHTS] if largest > 0 else []


def share_lines(
    density_HW: NDArray, heights: Sequence[float], half_width: float
) -> dict[str, list]:
    """Return lines of equal share and how each is drawn.

    Lines are solid where pixels make the prediction larger, dashed where they make it smaller.

    Parameters
    ----------
    density_HW : (H, W) float, dex / R_hsm²
        From `share_density`.
    heights : sequence of float, dex / R_hsm²
        Positive; lines are drawn at these and at minus these.
    half_width : float, kpc
        Of the map.

    Returns
    -------
    dict of list
        ``x`` and ``y`` [kpc], ``colour`` and ``dash`` of each line.
    """
    from contourpy import contour_generator

    pixels = len(density_HW)
    centres = pixel_centres(pixels, half_width)
    drawn = {"x": [], "y": [], "colour": [], "dash": []}
    for way, colour, dash in ((1, RAISES, "solid"), (-1, LOWERS, "dashed")):
        generator = contour_generator(centres, centres, way * density_HW)
        for line in (line for height in heights for line in generator.lines(height)):
            for name, entry in zip(drawn, (line[:, 0], line[:, 1], colour, dash), strict=True):
                drawn[name].append(entry)
    return drawn


class RingSteps:
    """What each ring of a map adds to the prediction."""

    def __init__(self) -> None:
        self._bars, self._steps = ColumnDataSource(), ColumnDataSource({"radius": [], "added": []})
        self.figure = figure(height=160, y_range=Range1d(), x_range=Range1d(), **BARE)
        draw_bars(self.figure, self._bars)
        self.figure.line("radius", "added", source=self._steps, color=MARK, width=1.5)
        self.figure.hspan(0, color=MARK)
        self.figure.xaxis.axis_label = "distance from the centre [R_hsm]"
        self.figure.yaxis.axis_label = "adds [dex]"
        self.figure.grid.visible = False
        self.figure.yaxis.ticker.desired_num_ticks = 4

    def show(self, rings: pd.DataFrame, reach: float) -> None:
        """Draw other rings.

        Parameters
        ----------
        rings : pandas.DataFrame
            Of one map, as `saliency.occlude_rings` gives them: without a ring, the prediction
            changes by minus what it adds.
        reach : float, dex
            Of the axis to both sides.
        """
        added = -rings["change"].to_numpy(float)
        edges = np.append(rings["inner"], rings["outer"].iloc[-1])
        ends = {"left": edges[:-1], "right": edges[1:], "bottom": 0 * added, "top": added}
        self._bars.data = {**ends, "colour": colours(added)}
        self._steps.data = {
            "radius": np.repeat(edges, 2),
            "added": np.concatenate([[0], np.repeat(added, 2), [0]]),
        }
        self.figure.x_range.update(start=edges[0], end=edges[-1])
        self.figure.y_range.update(start=-reach, end=reach)


class ReplacedMaps:
    """How far a prediction moves if a map were another one.

    For each map, the first on top: a bar for the mean map of other galaxies, a circle for the map
    of each.
    """

    def __init__(self) -> None:
        self._bars, self._marks = ColumnDataSource(), ColumnDataSource({"x": [], "y": []})
        self.figure = figure(height=300, y_range=Range1d(), x_range=Range1d(), **BARE)
        draw_bars(self.figure, self._bars)
        self.figure.scatter(
            "x", "y", source=self._marks, size=8, fill_color=None, line_color=MARK, line_width=1.6
        )
        self.figure.vspan(0, color=MARK, width=1.5)
        self.figure.xaxis.axis_label = "change of the prediction [dex]"
        self.figure.grid.visible = False

    def show(self, changes: pd.DataFrame, names: Mapping[str, str]) -> None:
        """Draw other changes.

        Parameters
        ----------
        changes : pandas.DataFrame
            As `saliency.occlude_maps` gives them.
        names : mapping
            What to call each map.
        """
        keys = list(changes["map"].unique())[::-1]
        rows = changes["map"].map({key: row for row, key in enumerate(keys)}).to_numpy(float)
        mean, value = (changes["by"] == "mean").to_numpy(), changes["change"].to_numpy(float)
        ends = {"left": 0 * value, "right": value, "bottom": rows - 0.3, "top": rows + 0.3}
        self._bars.data = {name: each[mean] for name, each in ends.items()} | {
            "colour": colours(value[mean])
        }
        self._marks.data = {"x": value[~mean], "y": rows[~mean]}
        reach = 1.1 * max(np.abs(value).max(), 0.01)
        room = max(0, 3 - len(keys)) / 2  # one bar alone is not too thick
        self.figure.x_range.update(start=-reach, end=reach)
        self.figure.y_range.update(start=-0.6 - room, end=len(keys) - 0.4 + room)
        name_ticks(self.figure.yaxis[0], dict(enumerate(names[key] for key in keys)))


def draw_bars(shown: figure, source: ColumnDataSource) -> None:
    """Make the layer of bars of a chart."""
    ends = {side: side for side in ("left", "right", "bottom", "top")}
    source.data = {name: [] for name in (*ends, "colour")}
    shown.quad(**ends, source=source, fill_color="colour", line_color=None, fill_alpha=0.85)


def colours(values: NDArray) -> list[str]:
    """Return the hue of what raises or lowers a prediction."""
    return [UP if value > 0 else DOWN for value in values]


def draw_lines(shown: figure) -> ColumnDataSource:
    """Make the layer of lines of equal share over a map; return its data, as of `share_lines`."""
    source = ColumnDataSource({name: [] for name in ("x", "y", "colour", "dash")})
    way = {"xs": "x", "ys": "y", "line_dash": "dash"}
    for glyph in (  # twice: readable on dark and bright pixels
        MultiLine(**way, line_color=SHADE, line_width=4, line_alpha=0.55),
        MultiLine(**way, line_color="colour", line_width=2),
    ):
        shown.add_glyph(source, glyph)
    return source
