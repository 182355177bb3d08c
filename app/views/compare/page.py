"""Page Compare: predictions of several networks side by side."""

from itertools import zip_longest

import panel as pn
import param

from galmass_app import how_made
from galmass_app.address import train_link
from galmass_app.comparison import (
    MOST,
    RUN,
    Missing,
    Result,
    answers,
    compare,
    controls,
    other_panels,
)
from galmass_app.framework import batched_update
from galmass_app.learning_curves import curves_of
from galmass_app.markup import snippet
from galmass_app.plots.comparison import Axes, common_frame, largest_moves
from galmass_app.run_index import run_index, targets_of
from galmass_app.state import SessionState, axis_columns
from galmass_app.views.compare import panel_text
from galmass_app.views.compare.ahead import evaluate_all, needed_by, property_of
from galmass_app.views.compare.controls import CompareControls, add_panel, panel_keys, reference_of
from galmass_app.views.compare.galaxy import ComparedGalaxy
from galmass_app.views.compare.panel import ComparePanel
from galmass_app.views.deferred_updater import DeferredUpdater
from galmass_app.views.download import Download
from galmass_app.views.frame.selection_text import beside_rest
from galmass_app.views.heading import NO_DATA, heading, section
from galmass_app.views.layout import column, select
from galmass_app.views.learning_curves import HELP as CURVES_HELP
from galmass_app.views.learning_curves import MeasuredCurves
from galmass_app.views.page_view import PageView
from galmass_app.views.table_four import TableFour
from galmass_app.views.worker_poller import WorkerPoller
from galmass_app.workers import AHEAD, Slot
from galmass_core.datasets.capabilities import lacks
from galmass_core.learning.experiments import input_maps
from galmass_core.training.runs import Run

TITLE = "Compare input maps"
DESCRIPTION = (
    "Each panel is a network trained on some of the maps and tested on samples outside its "
    "training set. All panels share their axes; contours enclose 68 and 95 % of the samples."
)

REST = 700  # ms without a click


class Compare(PageView):
    """Choose branches or runs, and compare their predictions for the same galaxies."""

    def __init__(self, session: SessionState) -> None:
        super().__init__(session)
        self._axes = Axes()
        self.panels = [ComparePanel(session, self._axes, place) for place in range(MOST)]
        self._answers, self._target, self._index, self._resting = {}, "", None, None
        self._pinned: list[str] = []  # by this page itself
        self._against, self.ahead, self._expected = "", Slot(AHEAD), None
        self._titles: dict[str, str] = {}  # of the panels in view, by key
        self._controls, self._galaxy = CompareControls(session), ComparedGalaxy(session)
        self._more = select("gm-more-runs", "Add a run")
        tile = column(
            "gm-tile",
            pn.pane.HTML(
                snippet(
                    "shared.html",
                    "message",
                    "Add a panel",
                    "Switch a map on or off to add its panel here, or choose a run:",
                )
            ),
            self._more,
        )
        self._tile = column("gm-compared", tile)
        grid = column("gm-compare-grid", *self.panels, self._tile)
        comparing = column("gm-compare", self._controls, grid, self._galaxy)
        self.measured = MeasuredCurves(session)
        self._curves = column(
            "gm-learning-curves", section("Learning curves", CURVES_HELP), self.measured
        )
        self._comparing = column("gm-slot", comparing)
        self._poller = WorkerPoller(self.pull, session)
        self._table = TableFour(self._poller.wake)
        self._table_part = column(
            "gm-slot",
            self._table,
            Download.of(
                session,
                "gm-table-part",
                lambda: f"table-4_split-by-{session.split}",
                how=lambda: how_made.of_table(session, 4),
                table=lambda: self._table.table,
            ),
        )
        self._layout = column(
            "gm-page",
            self._headline,
            self._message,
            self._comparing,
            self._curves,
            self._table_part,
        )
        self._more.param.watch(self._added, "value")
        follows = ("dataset", "target", "split", "branches", "panels", "reference", "against")
        follows += ("pinned", "arrows", "selection_query", "galaxy", "los", "theme")
        self._updater = DeferredUpdater(session, "compare", self._draw, follows)
        session.param.watch(self._update_for_runs, "poll_count")

    def _draw(self, changed: set[str]) -> None:
        """Update everything whose state has changed."""
        if self.session.pinned is self._pinned:
            changed = changed - {"pinned"}
        if not changed:
            return
        data = self.session.data
        targets = targets_of(data) if data else []
        self._index = run_index(data) if data else None
        self._describe(data, targets)
        if not self._comparing.visible:
            return
        if changed - {"galaxy", "los", "theme"}:
            self._draw_panels(targets)
            self._table.draw(data, self._target, self.session.split, self._index)
        selection = self.session.selection
        for panel in self.panels:
            panel.mark(self.session.galaxy, self.session.los)
            panel.select(selection)
        self._galaxy.draw(list(self._answers.values()), self._target)

    def _describe(self, data: object, targets: list[str]) -> None:
        """Write what the page shows, or why there is nothing to show."""
        text, shown = "", bool(targets)
        if data is None:
            text = NO_DATA
        elif not targets:
            text = snippet("compare.html", "no_masses")
        elif not run_index(data).runs:
            link, why = train_link(data, "mstar/any"), lacks(data)
            shown = not why.testing
            text = snippet(
                "compare.html", "no_runs", data.path.name, link, why.testing or why.network
            )
        self._show_message(text)
        self._comparing.visible = self._table_part.visible = shown
        self._curves.visible = shown and self._curves.visible
        if data:
            self._headline.object = heading(TITLE, DESCRIPTION, data)

    def _draw_panels(self, targets: list[str]) -> None:
        """Show the result for the key of each panel."""
        session, data = self.session, self.session.data
        self._target = session.target if session.target in targets else targets[0]
        keys = panel_keys(session)
        self._answers = dict(
            zip(
                keys,
                answers(data, self._target, keys, session.split, session.pinned),
                strict=True,
            )
        )
        self._pin()
        columns = axis_columns(data)
        against = session.against if session.against in columns else columns[0]
        self._against, (values, label) = against, property_of(data, against)
        extents = [needed_by(each) for each in self._results().values()]
        if extents:
            self._axes.follow(common_frame(extents, self._target, values, label))
        titles = {key: _called(key, each) for key, each in self._answers.items()}
        self._controls.draw(targets, self._target, titles, against)
        self._controls.say(self._replacement(titles))
        self._list_runs()
        self._list_curves()
        for panel, key in zip_longest(self.panels, keys):
            if key:
                panel.draw(self._answers[key], against)
                self._write(panel, key, self._answers[key])
            panel.show(key is not None, active=key == session.branches)
        pn.state.onload(self._rest)

    def _replacement(self, titles: dict[str, str]) -> str:
        """Say which panel a new one has replaced, where there can be no more."""
        before, self._titles = self._titles, titles
        gone = [key for key in before if key not in titles]
        come = [key for key in titles if key not in before]
        if len(titles) < MOST or len(gone) != 1 or len(come) != 1:
            return ""
        return f"{titles[come[0]]} has replaced {before[gone[0]]}: there are at most {MOST} panels."

    def _pin(self) -> None:
        """Keep in the address which runs answer for inputs, so that a newer one replaces none."""
        shown = [
            each.run.name
            for key, each in self._results().items()
            if each.run and input_maps(key) and each.run.name not in self.session.pinned
        ]
        if shown:
            self._pinned = [*self.session.pinned, *shown]
            self.session.pinned = self._pinned

    def _rest(self) -> None:
        """Leave the browser alone for a moment; then make another panel's figures."""
        document = pn.state.curdoc
        if document and document.session_context:
            if self._resting:
                document.remove_timeout_callback(self._resting)
            self._resting = document.add_timeout_callback(self.prepare, REST)

    def prepare(self) -> None:
        """Make the figures of one panel more, and have a worker find what may be in them."""
        self._resting = None
        self._evaluate()
        panel = next((panel for panel in self.panels if not panel.ready), None)
        if panel:
            with batched_update():
                panel.prepare()
            self._rest()

    def _evaluate(self) -> None:
        """Have a worker find what every set of maps would show beside the reference."""
        session, reference = self.session, self._results().get(reference_of(self.session))
        if reference is None:
            return
        expected = (self._index, self._target, session.split, reference, self._against)
        if expected != self._expected:
            self._expected = expected
            self.ahead.submit(lambda job: evaluate_all(job, *expected))

    def pull(self) -> bool:
        """Take what the worker has made; return whether there is more to come."""
        with self.session.reporting():
            self._table.pull()
        return self._table.busy

    def _results(self) -> dict[str, Result]:
        return {key: one for key, one in self._answers.items() if isinstance(one, Result)}

    def _write(self, panel: ComparePanel, key: str, answer: Result | Missing) -> None:
        """Write the text of a panel, and draw its arrows."""
        session, data = self.session, self.session.data
        reference = self._results().get(reference_of(session))
        text, gap, moves = "", "", None
        if isinstance(answer, Missing):
            gap = panel_text.gap(answer, data, self._target)
        else:
            text = panel_text.numbers(answer) + beside_rest(answer, session.selection)
            if reference and reference is not answer:
                text += panel_text.difference(compare(reference, answer), reference.title)
                if session.arrows:
                    moves = largest_moves(reference.predictions, answer.predictions)
            text += panel_text.beside_paper(data, self._target, answer)
            text += panel_text.control_lines(controls(data, self._target, answer), data)
            text += panel_text.learning(answer, self._axes.frame)
        panel.write(
            panel_text.heading(answer, reference=key == reference_of(session)),
            text,
            gap,
            alone=len(self._answers) == 1,
            newer=answer.newer if isinstance(answer, Result) else "",
        )
        panel.move(moves)

    def _list_runs(self) -> None:
        """List the runs that are not in view."""
        keys = panel_keys(self.session)
        others = {
            text: key
            for text, key in other_panels(self.session.data, self._target).items()
            if key not in keys
        }
        self._more.param.update(options={"choose …": "", **others}, value="")
        self._tile.visible = len(keys) < MOST

    def _list_curves(self) -> None:
        """List the learning curves of the experiments in view."""
        names = {each.run.config["experiment"] for each in self._results().values() if each.run}

        def shown(run: Run, target: str) -> bool:
            return run.config["experiment"] in names and target == self._target

        known = curves_of(self.session.data, shown)
        self._curves.visible = bool(known)
        self.measured.draw(known)

    def _added(self, event: param.parameterized.Event) -> None:
        if event.new:
            add_panel(self.session, event.new)


def _called(key: str, answer: Result | Missing) -> str:
    """Name a panel in a list, where a run is known by its name."""
    return f"{answer.title} · {key.removeprefix(RUN)}" if key.startswith(RUN) else answer.title
