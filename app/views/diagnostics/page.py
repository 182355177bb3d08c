"""Page Diagnostics: whether the predictions of a run hold, and where they fail."""

import param

from galmass_app import how_made, services
from galmass_app.diagnostics import NOT_CALIBRATED, called, diagnosable, diagnose, newer
from galmass_app.jobs import first_training
from galmass_app.markup import snippet
from galmass_app.run_index import run_index
from galmass_app.services import name_of_run
from galmass_app.state import SessionState
from galmass_app.views.deferred_updater import DeferredUpdater
from galmass_app.views.diagnostics.calibration import Calibration
from galmass_app.views.diagnostics.controls import ControlPanel
from galmass_app.views.diagnostics.slices import SlicePanel
from galmass_app.views.download import Download
from galmass_app.views.heading import NO_DATA, heading
from galmass_app.views.layout import column, html, row, select
from galmass_app.views.page_view import PageView
from galmass_core.datasets.dataset import DataSet
from galmass_core.quantities import quantity
from galmass_core.training.runs import Run

TITLE = "Do the predictions hold?"
DESCRIPTION = (
    "The predictions of one run for galaxies outside its training set, with intervals that were "
    "calibrated on others."
)
FIGURES = {  # what can be downloaded: the CSS class of its picture
    Calibration: "gm-calibration",
    SlicePanel: "gm-slices",
}


class Diagnostics(PageView):
    """Choose a run and a target, and see how its predictions do on galaxies it never saw."""

    def __init__(self, session: SessionState) -> None:
        super().__init__(session, *FIGURES)
        self._target = select("gm-diagnosed-target", "Predict")
        self._run = select("gm-diagnosed-run", "Run")
        self._note = html("gm-foot")
        self.controls, self._measured = ControlPanel(session), None
        self._index, self._first, self._drawn = None, True, None
        self._choice = column(
            "gm-slot", row("gm-transfer-choice", self._target, self._run), self._note
        )
        self._layout = column(
            "gm-page gm-diagnostics",
            self._headline,
            self._choice,
            self._message,
            *self.slots.values(),
            self.controls,
        )
        for widget, name in ((self._target, "target"), (self._run, "diagnosed_run")):
            widget.param.watch(lambda event, name=name: self._chosen(name, event), "value")
        follows = ("dataset", "target", "diagnosed_run")
        self._updater = DeferredUpdater(session, "diagnostics", self._draw, follows)
        session.param.watch(self._update_for_runs, "poll_count")
        session.param.watch(self._update_for_controls, "poll_count")

    def _draw(self, changed: set[str]) -> None:
        """Update everything whose state has changed."""
        data = self.session.data
        self._headline.object = heading(TITLE, DESCRIPTION, data)
        self._index = run_index(data) if data else None
        runs = diagnosable(data) if data else []
        run, target = self._pick(runs) if runs else (None, "")
        self._choice.visible = run is not None
        self._measured = services.control_result(data) if data else None
        self.controls.draw(data, target or self.session.target)
        if run is None:
            self._drawn = None
            no_runs = snippet("diagnostics.html", "no_runs", **first_training(data)) if data else ""
            self._show(no_runs or NO_DATA)
            return
        self._list(runs, run, target)
        newest = newer(data, run)
        text = f"A newer run of this experiment is there: {newest}." * bool(newest)
        self._note.object = text and snippet("shared.html", "paragraph", text)
        self._show_run(data, run, target)

    def _update_for_controls(self, _: param.parameterized.Event) -> None:
        """Draw again when controls have been measured."""
        data = self.session.data
        if not self._updater.in_view or not data:
            return
        if services.control_result(data) is not self._measured:
            self._updater.add("controls")

    def _pick(self, runs: list[Run]) -> tuple[Run, str]:
        """Return the run of the address, or else the newest that predicts the target; pin it."""
        session = self.session
        named = name_of_run(session.diagnosed_run)
        wanted = [run for run in runs if run.name == named]
        if session.diagnosed_run and not wanted and self._first:
            session.error = f"No run {session.diagnosed_run} predicts this data set."
        self._first = False
        able = [run for run in runs if session.target in run.config["targets"]]
        run = next(iter([*wanted, *able, *runs]))
        session.diagnosed_run = run.name  # a newer one does not replace it
        targets = run.config["targets"]
        return run, session.target if session.target in targets else targets[0]

    def _list(self, runs: list[Run], run: Run, target: str) -> None:
        """List the runs, and what the one in view predicts."""
        with self._update_controls():
            named = {quantity(key).name: key for key in run.config["targets"]}
            self._target.param.update(options=named, value=target)
            self._run.param.update(
                options={called(each): each.name for each in runs}, value=run.name
            )

    def _show_run(self, data: DataSet, run: Run, target: str) -> None:
        """Show a run, or how to get intervals for it; nothing changes if it is in view."""
        drawn, self._drawn = self._drawn, (self._index, run.name, target)
        if drawn == self._drawn:
            return
        diagnosis = diagnose(data, run, target)
        if diagnosis is None:
            name = run.config["experiment"]
            self._show(
                snippet("diagnostics.html", "uncalibrated", NOT_CALIBRATED, data.path.name, name)
            )
            return
        self._show("")
        for kind, figure in FIGURES.items():
            built = kind in self.views
            self._put(kind, diagnosis, session=self.session)
            if not built:
                self.slots[kind].append(self._download(kind, figure))

    def _show(self, message: str) -> None:
        """Show a message in the place of all figures; empty shows these."""
        self._show_message(message)
        for slot in self.slots.values():
            slot.visible = not message

    def _download(self, kind: type, figure: str) -> Download:
        """Make the menu of a figure."""
        view = self.views[kind]
        return Download.of(
            self.session,
            figure,
            lambda: f"{view.diagnosis.run.name}_{view.diagnosis.target}_{figure[3:]}",
            how=lambda: how_made.of_diagnosis(self.session, view.diagnosis.run),
            table=lambda: view.table,
        )

    def _chosen(self, name: str, event: param.parameterized.Event) -> None:
        if not self._updating and event.new:
            self.session.param.update({name: event.new})
