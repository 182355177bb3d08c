"""Page: all runs in a table, to be found, labelled, compared, deleted, and to predict with."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import pandas as pd
import param

from galmass_app import how_made, services
from galmass_app.comparison import BASELINE, RUN
from galmass_app.framework import batched_update
from galmass_app.jobs import first_training
from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.views.data_table import DataTable
from galmass_app.views.download import Download, flat
from galmass_app.views.heading import NO_DATA, heading
from galmass_app.views.layout import button, column, html, row, switch
from galmass_app.views.page_view import PageView
from galmass_app.views.runs.comparison import MOST, TICK_MORE, RunComparison
from galmass_app.views.runs.details import RunDetails
from galmass_app.views.runs.table import BEGAN, HEADS, group_with, run_rows
from galmass_core.training.deleted import delete_run, deleted_folder, deleted_runs, restore_run
from galmass_core.training.runs import Run

TITLE = "Runs"
DESCRIPTION = (
    "Every training with its model and predictions. Click a row to open it, tick rows to compare, "
    "click a heading to sort."
)


class Runs(PageView):
    """The table on top; below it the run that is open, and those that are ticked."""

    grouped = param.Boolean(default=False, doc="Whether the seeds of a group share a row.")

    def __init__(self, session: SessionState) -> None:
        super().__init__(session, RunDetails, RunComparison)
        self._shown: object = None
        self._runs: Mapping[str, Run] = {}
        self._deleted = ""  # the last run that was deleted here
        self._switch = switch(
            "gm-grouped",
            self.param.grouped,
            {"Each run": False, "Groups of seeds": True},
            description=None,
        )
        self._table = DataTable.of(
            "gm-data-table gm-run-table",
            HEADS,
            self._open,
            order=BEGAN,
            search="Search runs, tags and notes",
            tick="Compare",
        )
        self._gone, self._damaged = html("gm-run-gone", wide=False), html("gm-foot")
        self._undo = button("gm-run-undo", "Undo", lambda _: self._restore())
        self._hint = html("gm-foot", snippet("shared.html", "paragraph", TICK_MORE))
        self._undoing = row("gm-group", self._gone, self._undo, visible=False)
        take = Download.of(
            session,
            "gm-run-table",
            lambda: "runs",
            how=how_made.of_run_table,
            table=self._summaries,
        )
        self._parts = column(
            "gm-run-page",
            row("gm-controls gm-with-download", self._switch, take),
            self._table,
            self._undoing,
            self._hint,
            column("gm-two gm-run-columns", *self.slots.values()),
        )
        self._layout = column("gm-page", self._headline, self._message, self._parts, self._damaged)
        self._table.param.watch(self._ticked, "ticked")
        self.param.watch(lambda _: self._draw(), "grouped")
        follows = ["page", "dataset", "poll_count", "listed_run", "ticked_runs"]
        session.param.watch(self._follow, follows)
        self._headline.object = heading(TITLE, DESCRIPTION, None)
        self._draw()

    def _follow(self, *_: param.parameterized.Event) -> None:
        if self.session.page == "runs":
            self._draw()

    def _draw(self) -> None:
        """Show the runs as they stand."""
        with batched_update(), self.session.reporting():
            runs, damaged = services.runs_and_damages()
            self._runs = {run.name: run for run in runs}
            self._show_message("" if runs else self._nothing())
            self._parts.visible = bool(runs) or bool(self._deleted)
            self._damaged.object = snippet("train.html", "damaged", damaged) if damaged else ""
            self._fill(runs)
            self._show_open()
            self._compare()
            self._offer_undo()

    def _nothing(self) -> str:
        """Say how the data set in view is trained on, or that there is none."""
        data = self.session.data
        return snippet("runs.html", "no_runs", **first_training(data)) if data else NO_DATA

    def _summaries(self) -> pd.DataFrame:
        """Return what is known of all runs, with their tags and notes."""
        return flat(
            [run.summary() | asdict(services.labels_of(run)) for run in self._runs.values()]
        )

    def _fill(self, runs: Sequence[Run]) -> None:
        """Fill the table, unless nothing has changed."""
        shown = [(run, services.labels_of(run)) for run in runs], self.grouped
        if shown != self._shown:
            self._shown = shown
            self._table.rows = run_rows(runs, grouped=self.grouped)
        self._table.param.update(
            chosen=self.session.listed_run,
            ticked=[name for name in self.session.ticked_runs if name in self._runs],
        )

    def _show_open(self) -> None:
        """Show the run that is open; it is built for the first."""
        run = self._runs.get(self.session.listed_run)
        self.slots[RunDetails].visible = run is not None
        if run and RunDetails in self.views:
            self.views[RunDetails].draw(run)
        elif run:
            self._put(RunDetails, run, self.session, self._do)

    def _compare(self) -> None:
        """Show the runs that are ticked, of a group all seeds; built for the first."""
        names = [name for name in self.session.ticked_runs if name in self._runs]
        if self.grouped and len(names) == 1:
            names = group_with(names[0], list(self._runs.values()))
        runs = [self._runs[name] for name in names[:MOST]]
        self.slots[RunComparison].visible, self._hint.visible = bool(runs), len(runs) < 2
        if runs:
            self._put(RunComparison, runs)

    def _open(self, name: str) -> None:
        """Open a run, or close it."""
        if name in self._runs:
            self.session.listed_run = "" if name == self.session.listed_run else name

    def _ticked(self, event: param.parameterized.Event) -> None:
        """Keep which runs are ticked in the session."""
        if event.new != self.session.ticked_runs:
            self.session.ticked_runs = event.new

    def _do(self, what: str, name: str) -> None:
        """Carry out what a button of the open run says."""
        with self.session.reporting():
            if what == "train":
                self.session.param.update(page="train", run=name)
            elif what == "compare":
                self.session.param.update(page="compare", panels=[RUN + name, BASELINE])
            else:
                delete_run(self._runs[name])
                self._deleted = name
                self._draw()

    def _restore(self) -> None:
        """Bring the run back that was deleted last."""
        with self.session.reporting():
            restore_run(self._deleted)
            self.session.listed_run, self._deleted = self._deleted, ""
        self._draw()

    def _offer_undo(self) -> None:
        """Offer to restore the run that was deleted here; also after others were restored."""
        gone = [run.name for run in deleted_runs()] if self._deleted else []
        if self._deleted not in gone:
            self._deleted = ""
        self._undoing.visible = bool(self._deleted)
        words = f"Deleted {self._deleted}. It lies in {deleted_folder()} until that is emptied."
        self._gone.object = snippet("shared.html", "text", words) if self._deleted else ""
