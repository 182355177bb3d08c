"""Page: every figure and table of the paper, from the data set in view, beside what it states."""

from galmass_app.address import report_unknown
from galmass_app.markup import snippet
from galmass_app.paper_answers import measured
from galmass_app.paper_figures import FIGURES, TABLES, label
from galmass_app.run_index import run_index
from galmass_app.state import SessionState
from galmass_app.views.deferred_updater import DeferredUpdater
from galmass_app.views.download import Download
from galmass_app.views.heading import NO_DATA, captioned, heading
from galmass_app.views.layout import column, html, row, switch
from galmass_app.views.learning_controls import SPLITS
from galmass_app.views.page_view import PageView
from galmass_app.views.paper import figure_text
from galmass_app.views.paper.contents import Contents
from galmass_app.views.paper.drawing import Drawing, draw_figure, sample_of
from galmass_app.views.table_five import TableFive
from galmass_app.views.worker_poller import WorkerPoller
from galmass_app.workers import QUICK, SLOW, Slot

FIRST = "1"
_PICTURE = ["gm-slot", "gm-paper-figure"]
WORK = {"table-4": "what the runs predict", "text": "models for each statement, up to a minute"}


class Paper(PageView):
    """A list of figures; the one that is chosen is measured by a worker and drawn."""

    def __init__(self, session: SessionState) -> None:
        super().__init__(session)
        self._heading = html("gm-section gm-paper-heading")
        self._late = html("gm-late", visible=False)
        self._picture = column(" ".join(_PICTURE))
        self._made = html("gm-how")
        self._slot, self.drawing, self._table = None, Drawing(), None
        self._index, self._content = None, None
        split = switch("gm-split", session.param.split, SPLITS)
        tested = captioned("Train/test split")
        self._download = column("gm-paper-download", wide=False)
        section = row(
            "gm-paper",
            column("gm-paper-index", tested, split, Contents.of(session)),
            column(
                "gm-paper-part",
                column("gm-framed", self._heading, self._download),
                self._late,
                self._picture,
                self._made,
            ),
        )
        self._section = column("gm-slot", section)
        self._layout = column("gm-page", self._headline, self._message, self._section)
        self._poller = WorkerPoller(self.pull, session)
        follows = ("dataset", "split", "figure", "theme", "galaxy", "los")
        self._updater = DeferredUpdater(session, "paper", self._draw, follows)
        session.param.watch(self._update_for_runs, "poll_count")

    def _draw(self, changed: set[str]) -> None:
        """Update everything whose state has changed."""
        session = self.session
        if session.figure not in FIGURES:
            unknown, session.figure = session.figure, FIRST
            report_unknown(session, "figure", unknown)
        self._describe()
        if session.data is None:
            return
        self._heading.object = figure_text.heading(session.figure)
        if changed & {"dataset", "split", "figure", "runs"}:
            self._measure(keep=not changed & {"dataset", "figure"})
        elif "theme" in changed or session.figure == "1":
            self._show()
        else:
            self.drawing.mark(session.galaxy, session.los)

    def _describe(self) -> None:
        """Write which galaxies these are, or why there is nothing to show."""
        data = self.session.data
        self._show_message(NO_DATA if data is None else "")
        self._section.visible = data is not None
        if data:
            text = f"Chu et al. (2024) beside {data.path.name}. {figure_text.galaxies(data)}"
            self._headline.object = heading("The paper, figure by figure", text, data)

    def _measure(self, *, keep: bool) -> None:
        """Have the figure measured; another one goes, the same one stays until it has come."""
        session, data = self.session, self.session.data
        key = session.figure
        if self._slot:
            self._slot.cancel()
        self._slot, self._content, self._table = None, None, None
        self._index = run_index(data)
        if keep:
            self._picture.css_classes = [*_PICTURE, "gm-stale"]
        else:
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
        self._late.visible, self._picture.css_classes = False, _PICTURE
        self.drawing = draw_figure(session, self._content)
        self._picture[:] = [self._table] if self._table else self.drawing.parts
        self._poller.wake()
        self._download[:] = [self._menu()]
        self._made.object = self._how(folded=True)

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

    def _how(self, *, folded: bool) -> str:
        """Write how the figure in view was made."""
        session = self.session
        chosen = {"split": session.split, "sample": sample_of(session), "folded": folded}
        return figure_text.how_made(session.figure, session.data, self._content, **chosen)

    def _menu(self) -> Download:
        drawing, key, split = self.drawing, self.session.figure, self.session.split
        table = self._table and (lambda: self._table.table)
        if len(drawing.rows):
            table = lambda: drawing.rows  # noqa: E731
        return Download.of(
            self.session,
            "gm-paper-figure",
            lambda: f"paper-{label(key)}_split-by-{split}",
            how=lambda: self._how(folded=False),
            table=table,
            fits=drawing.fits,
        )
