"""Page: every figure and table of the paper, from the data set in view, beside what it states."""

import panel as pn
import param

from galmass_app.comparison import run_index
from galmass_app.markup import snippet
from galmass_app.paper_answers import measured
from galmass_app.paper_figures import FIGURES, TABLES, label
from galmass_app.state import SessionState
from galmass_app.views.deferred_updater import DeferredUpdater
from galmass_app.views.download import Download
from galmass_app.views.heading import NO_DATA, captioned, heading
from galmass_app.views.learning_controls import SPLITS
from galmass_app.views.paper import figure_text
from galmass_app.views.paper.contents import Contents
from galmass_app.views.paper.drawing import Drawing, draw_figure, sample_of
from galmass_app.views.table_five import TableFive
from galmass_app.views.worker_poller import WorkerPoller
from galmass_app.workers import QUICK, SLOW, Slot

FIRST = "1"
WORK = {"table-4": "what the runs predict", "text": "models for each statement, up to a minute"}


class Paper(pn.viewable.Viewer):
    """A list of figures; the one that is chosen is measured by a worker and drawn."""

    session = param.ClassSelector(class_=SessionState)

    def __init__(self, session: SessionState) -> None:
        super().__init__(session=session)
        stretch = {"sizing_mode": "stretch_width"}
        self._headline = pn.pane.HTML(css_classes=["gm-headline"], **stretch)
        self._message = pn.pane.HTML(css_classes=["gm-message"], visible=False, **stretch)
        self._heading = pn.pane.HTML(css_classes=["gm-section", "gm-paper-heading"], **stretch)
        self._late = pn.pane.HTML(css_classes=["gm-late"], visible=False, **stretch)
        self._picture = pn.Column(css_classes=["gm-slot", "gm-paper-figure"], **stretch)
        self._made = pn.pane.HTML(css_classes=["gm-how"], **stretch)
        self._slot, self.drawing, self._table = None, Drawing(), None
        self._index, self._content = None, None
        split = pn.widgets.RadioButtonGroup.from_param(
            session.param.split, options=SPLITS, css_classes=["gm-split"]
        )
        tested = captioned("Train/test split")
        self._download = pn.Column(css_classes=["gm-paper-download"])
        section = pn.Row(
            pn.Column(
                tested, split, Contents.of(session), css_classes=["gm-paper-index"], **stretch
            ),
            pn.Column(
                pn.Column(self._heading, self._download, css_classes=["gm-framed"], **stretch),
                self._late,
                self._picture,
                self._made,
                css_classes=["gm-paper-part"],
                **stretch,
            ),
            css_classes=["gm-paper"],
            **stretch,
        )
        self._section = pn.Column(section, css_classes=["gm-slot"], **stretch)
        self._layout = pn.Column(
            self._headline, self._message, self._section, css_classes=["gm-page"], **stretch
        )
        self._poller = WorkerPoller(self.pull)
        follows = ("dataset", "split", "figure", "theme", "galaxy", "los")
        self._updater = DeferredUpdater(session, "paper", self._draw, follows)
        session.param.watch(self._look_for_runs, "poll_count")

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def _draw(self, changed: set[str]) -> None:
        """Bring everything whose state has changed up to date."""
        session = self.session
        if session.figure not in FIGURES:
            unknown, session.figure = session.figure, FIRST
            session.error = f"The address asks for figure={unknown}, but there is no such value."
        self._say()
        if session.data is None:
            return
        self._heading.object = figure_text.heading(session.figure)
        if changed & {"dataset", "split", "figure", "runs"}:
            self._ask()
        elif "theme" in changed or session.figure == "1":
            self._show()
        else:
            self.drawing.mark(session.galaxy, session.los)

    def _say(self) -> None:
        """Write whose galaxies these are, or why there is nothing to show."""
        data = self.session.data
        self._message.param.update(object=NO_DATA if data is None else "", visible=data is None)
        self._section.visible = data is not None
        if data:
            text = f"Chu et al. (2024) beside {data.path.name}. {figure_text.galaxies(data)}"
            self._headline.object = heading("The paper, figure by figure", text, data)

    def _ask(self) -> None:
        """Have the figure measured; the one before goes."""
        session, data = self.session, self.session.data
        key = session.figure
        if self._slot:
            self._slot.cancel()
        self._slot, self._content, self._table = None, None, None
        self._index = run_index(data)
        self._picture[:], self._made.object, self.drawing = [], "", Drawing()
        if key == "table-5":
            self._table = TableFive(data, session.split, wake=self._poller.wake)
        if key in ("1", "2", "3", "table-5"):
            self._show()
            return
        self._slot = Slot(SLOW if key in TABLES else QUICK)
        self._slot.submit(lambda _: measured(data, key, session.split))
        text = f"Measuring: {WORK.get(key, label(key))}…"
        self._late.param.update(object=snippet("shared.html", "at_work", text), visible=True)
        self._poller.wake()

    def _show(self) -> None:
        """Draw what was measured, and write how."""
        session = self.session
        if self._slot and self._slot.busy:
            return
        self._late.visible = False
        self.drawing = draw_figure(session, self._content)
        self._picture[:] = [self._table] if self._table else self.drawing.parts
        self._poller.wake()
        self._download[:] = [self._menu()]
        self._made.object = figure_text.how_made(
            session.figure,
            session.data,
            self._content,
            split=session.split,
            sample=sample_of(session),
        )

    def pull(self) -> bool:
        """Take what the workers have made; return whether there is more to come."""
        with self.session.reporting():
            if self._slot and (content := self._slot.take()) is not None:
                self._content = content
                self._show()
            elif self.drawing.due:
                self.drawing.draw_next()
                self.drawing.mark(self.session.galaxy, self.session.los)
            if self._table:
                self._table.pull()
        busy = any(one and one.busy for one in (self._slot, self._table))
        self._late.visible = busy and self._late.visible
        return busy or self.drawing.due

    def _look_for_runs(self, _: param.parameterized.Event) -> None:
        """Measure again when a run has ended."""
        data = self.session.data
        if self._updater.in_view and data and run_index(data) is not self._index:
            self._updater.add("runs")

    def _menu(self) -> Download:
        """Make the menu of the figure in view."""
        drawing, key, split = self.drawing, self.session.figure, self.session.split
        table = self._table and (lambda: self._table.table)
        if len(drawing.rows):
            table = lambda: drawing.rows  # noqa: E731
        return Download.of(
            self.session,
            "gm-paper-figure",
            lambda: f"paper-{label(key)}_split-by-{split}",
            table=table,
            fits=drawing.fits,
        )
