"""The whole sample as a scatter; a tap chooses the galaxy in view."""

from functools import partial

import numpy as np
import pandas as pd
import panel as pn
import param
from numpy.typing import NDArray

from galmass_app import services
from galmass_app.framework import batched_update
from galmass_app.markup import snippet
from galmass_app.plots.points import Points
from galmass_app.plots.sample import SampleFigure, nearest
from galmass_app.plots.selection import Geometry, inside, shape_name
from galmass_app.plots.statistics import OUTLIER
from galmass_app.selection import box_text
from galmass_app.state import SessionState, axis_columns
from galmass_app.views.layout import View, column, html, select
from galmass_core.datasets.capabilities import lacks
from galmass_core.quantities import column_quantity, symbol_of

GROUPS = {
    "property": "The whole galaxy",
    "feature": "Its light and motion",
    "target": "True values",
    "joined": "From joined tables",
}


R2_HELP = "Square of Pearson's correlation coefficient of both axes."
RMS_HELP = "Root mean square of the distances in y from the running median, the line in the plot."
OUTLIERS_HELP = (
    f"Share of the samples farther from the running median than {OUTLIER} standard deviations, "
    "measured by the median deviation. The band around it holds 68 % at each x."
)


class Sample(View):
    """Any quantity against any other, coloured by a third, the galaxy in view ringed."""

    def __init__(self, session: SessionState) -> None:
        super().__init__(session)
        self._axes = {
            axis: select(f"gm-inline gm-axis-{axis}", label)
            for axis, label in (("y", "y axis"), ("x", "x axis"), ("colour", "Colour"))
        }
        self._pane = pn.pane.Bokeh(sizing_mode="stretch_width")
        self._title = html("gm-section", wide=False)
        self._numbers = html("gm-scatter-numbers")
        self._drawn: SampleFigure | None = None
        self._layout = column(
            "gm-sample",
            self._title,
            column("gm-axes", *self._axes.values()),
            self._pane,
            self._numbers,
        )
        self.draw(session)
        for axis, chooser in self._axes.items():
            chooser.param.watch(partial(self._turn, axis), "value")

    def draw(self, session: SessionState) -> None:
        """Show the data set and the axes that are chosen now."""
        synthetic, why = services.is_synthetic(session.data), lacks(session.data).lines_of_sight
        self._title.object = snippet("explore.html", "sample", synthetic, not why)
        groups = grouped(axis_columns(session.data))
        plain = {"Points": {"all alike": ""}}
        for axis, chooser in self._axes.items():
            choices = plain | groups if axis == "colour" else groups
            chooser.param.update(groups=choices, value=getattr(session, axis))
        points = services.points(session.data, session.x, session.y, session.colour)
        same = self._drawn is not None and self._drawn.shows(points.keys[:2], points.ends)
        self._drawn = SampleFigure(points, "gm-scatter", seen=self._drawn.seen if same else None)
        self._numbers.object = statistics_text(points)
        self._drawn.follow(self._boxed)
        self._drawn.on_tap(self.tap)
        self.mark()
        self.select()
        self._pane.object = self._drawn.figure

    def select(self) -> None:
        """Show which samples are selected now."""
        self._drawn.select(*self._selected())

    def mark(self) -> None:
        """Ring the galaxy that is chosen now."""
        data = self.session.data
        self._drawn.mark(data.samples.iloc[data.rows_of(self.session.galaxy)], self.session.los)

    def _selected(self) -> tuple[NDArray, NDArray]:
        session, samples = self.session, self.session.data.samples
        rows = session.data.are_of(session.selection)
        return tuple(samples[axis].to_numpy(float)[rows] for axis in (session.x, session.y))

    def _boxed(self, geometry: Geometry) -> None:
        """Select what a box or a lasso encloses."""
        session, samples = self.session, self.session.data.samples
        enclosed = inside(geometry, samples[session.x], samples[session.y])
        names = session.data.galaxies_at(enclosed)
        shape = shape_name(geometry)
        label = f"{shape} on {symbol_of(session.y)} against {symbol_of(session.x)}"
        if shape == "box" and len(names):
            session.combine(box_text(session.x, session.y, geometry), label)
        else:
            session.select(names, label)

    def _turn(self, axis: str, event: param.parameterized.Event) -> None:
        setattr(self.session, axis, event.new)

    def tap(self, x: float, y: float) -> None:
        """Go to the sample next to the place that was tapped."""
        session, table = self.session, self.session.data.samples
        spans = tuple(high - low for low, high in self._drawn.seen)
        row = nearest(table, session.x, session.y, (x, y), spans)
        if row is not None:
            with batched_update():
                session.look_at(row["name"], self._keep_los(row))

    def _keep_los(self, row: pd.Series) -> str:
        """Stay on the line of sight in view where it lies on the same point of the scatter."""
        session, axes = self.session, [self.session.x, self.session.y]
        same = session.data.row(row["name"], session.los)
        return session.los if (same[axes] == row[axes]).all() else row["los"]


def statistics_text(points: Points) -> str:
    """Write how tightly the y axis of a scatter follows its x axis."""
    found, shown = points.statistics, column_quantity(points.keys[1])
    unit = "dex" if shown.log else shown.shown_unit
    facts = [] if np.isnan(found.r2) else [("R²", f"{found.r2:.3f}", R2_HELP)]
    if not np.isnan(found.rms):
        facts.append(("rms", f"{found.rms:.2g} {unit}".strip(), RMS_HELP))
        facts.append(("outliers", f"{100 * found.outliers:.1f} %", OUTLIERS_HELP))
    return snippet("explore.html", "statistics", facts, f"{found.count:,}")


def grouped(columns: list[str]) -> dict[str, dict[str, str]]:
    """Sort columns into the groups of an axis chooser, in words; empty groups are left out."""
    groups: dict[str, dict[str, str]] = {title: {} for title in GROUPS.values()}
    for key in columns:
        shown = column_quantity(key)
        words = key if shown.kind == "joined" else f"{shown.name} · {shown.label}"
        groups[GROUPS[shown.kind]][words] = key
    return {title: choices for title, choices in groups.items() if choices}
