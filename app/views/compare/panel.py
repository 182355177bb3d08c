"""One panel of the Compare page: predictions against the truth, errors against a property."""

from collections.abc import Collection

import pandas as pd
import panel as pn

from galmass_app import how_made
from galmass_app.comparison import Missing, Result, with_limits
from galmass_app.framework import IsolatedLayout
from galmass_app.plots.comparison import Axes
from galmass_app.plots.prediction_figures import PredictionFigures
from galmass_app.plots.sample import nearest
from galmass_app.plots.selection import Geometry, inside, shape_name
from galmass_app.state import SessionState
from galmass_app.training_distance import with_distance
from galmass_app.views.compare.ahead import cloud_beside
from galmass_app.views.compare.controls import panel_keys, remove_panel
from galmass_app.views.download import Download
from galmass_app.views.layout import View, button, column, html, row
from galmass_app.views.prediction import framed


class ComparePanel(View):
    """Title, prediction against truth with a histogram of errors, errors below, and text.

    Parameters
    ----------
    session : SessionState
        A tap, a box and Remove change it.
    axes : Axes
        That all panels share.
    place : int
        Among the panels.
    """

    def __init__(self, session: SessionState, axes: Axes, place: int) -> None:
        super().__init__()
        self._session, self._axes, self._class = session, axes, f"gm-compared-{place}"
        self.figures, self._rows, self._drawn, self._against = None, None, None, ""
        self._marked, self._selected = None, None  # in these figures
        stretch = {"sizing_mode": "stretch_width"}
        self._title = html("gm-section")
        self._text = html("gm-result")
        self._gap = html("gm-gap")
        self._remove = button(
            "gm-remove", "Remove", lambda _: remove_panel(session, panel_keys(session)[place])
        )
        self._replacing = ""
        self._newer = button("gm-newer", "Show newer run", lambda _: self._replace())
        self._newer.visible = False
        self._download = Download.of(
            session,
            self._class,
            self._called,
            how=lambda: how_made.of_result(session, self._drawn[0], self._axes.frame.target),
            table=lambda: self.table,
        )
        self._download.visible = False  # until there is something to take
        self._plots = column("gm-pictures")
        self._layout = pn.Column(
            row("gm-compared-head", self._title, self._newer, self._remove, self._download),
            self._plots,
            self._gap,
            self._text,
            css_classes=["gm-compared", self._class],
            visible=False,
            **stretch,
        )

    @property
    def in_view(self) -> bool:
        """Whether it is shown."""
        return self._layout.visible

    @property
    def ready(self) -> bool:
        """Whether its figures are made."""
        return self.figures is not None

    @property
    def table(self) -> pd.DataFrame:
        """The predictions in view, their intervals, distance to the training set, and property."""
        answer, data = self._drawn[0], self._session.data
        samples = data.samples[["name", "los", self._against]]
        predictions = with_distance(with_limits(answer, self._axes.frame.target), answer, data)
        return predictions.merge(samples, on=["name", "los"], how="left")

    def prepare(self) -> None:
        """Make the figures, unless they are there."""
        if self.ready:
            return
        self.figures = PredictionFigures(self._axes)
        self.figures.listen(self.tap)
        self.figures.listen_to_boxes(self._enclosed)
        square = framed("gm-framed", self.figures)
        self._plots[:] = [square, IsolatedLayout(self.figures.strip, "gm-strip")]

    def draw(self, answer: Result | Missing, against: str) -> None:
        """Show predictions inside the axes, unless they are in view already.

        Parameters
        ----------
        against : str
            Column that errors are shown against.
        """
        there, self._against = isinstance(answer, Result), against
        self._plots.visible = self._download.visible = there
        self._gap.visible = not there
        if (answer, self._axes.frame) == self._drawn:
            return
        self._drawn, self._rows = (answer, self._axes.frame), None
        self._marked = self._selected = None
        if there:
            cloud = cloud_beside(answer, self._session.data, against)
            self._rows = cloud.rows
            self.prepare()
            self.figures.show(cloud)

    def write(self, title: str, text: str, gap: str, *, alone: bool, newer: str = "") -> None:
        """Write what stands around the pictures; ``newer`` is the name of a newer run, if any."""
        self._newer.visible, self._replacing = bool(newer), newer
        self._title.object, self._text.object, self._gap.object = title, text, gap
        self._remove.visible = not alone

    def _replace(self) -> None:
        """Pin the newer run in place of the one in view."""
        answer, session = self._drawn[0], self._session
        group = [run.name for run in answer.group]
        others = [name for name in session.pinned if name not in group]
        session.pinned = [*others, self._replacing]

    def show(self, wanted: bool, *, active: bool = False) -> None:
        """Show the panel, or hide it; that of the branches that are on stands out."""
        self._layout.visible = wanted
        self._layout.css_classes = ["gm-compared", self._class, *["gm-active"] * active]

    def move(self, moves: pd.DataFrame | None) -> None:
        """Draw arrows (see `comparison.largest_moves`), or none."""
        if self.ready:
            self.figures.move(moves)

    def mark(self, galaxy: str, los: str) -> None:
        """Join the lines of sight of the galaxy in view."""
        if self._rows is not None and self._marked != (galaxy, los):
            self._marked = galaxy, los
            self.figures.mark(self._rows[self._rows["name"] == galaxy], los)

    def select(self, names: Collection[str]) -> None:
        """Ring the samples of selected galaxies and dim the others."""
        if self._rows is not None and self._selected is not names:
            self._selected = names
            self.figures.select(self._rows[self._rows["name"].isin(names)])

    def tap(self, x: str, y: str, at: tuple[float, float], spans: tuple[float, float]) -> None:
        """Choose the sample next to the place that was tapped."""
        row = nearest(self._rows, x, y, at, spans)
        if row is not None:
            self._session.look_at(row["name"], row["los"])

    def _enclosed(self, x: str, y: str, geometry: Geometry) -> None:
        """Select the galaxies that a box or a lasso encloses."""
        rows = self._rows[inside(geometry, self._rows[x], self._rows[y])]
        label = f"{shape_name(geometry)} on {self._drawn[0].title}"
        self._session.select(rows["name"].unique(), label)

    def _called(self) -> str:
        """Name what is downloaded: run, or formula, and target."""
        answer, target = self._drawn[0], self._axes.frame.target
        return f"{answer.run.name if answer.run else answer.title}_{target}"
