"""Page: train networks on maps, watch the losses, stop and resume."""

from collections.abc import Sequence

import param

from galmass_app import how_made, jobs, services
from galmass_app.comparison import BASELINE
from galmass_app.framework import batched_update
from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.views.command_line import command_line
from galmass_app.views.download import Download
from galmass_app.views.heading import NO_DATA, heading
from galmass_app.views.layout import button, column, html, row
from galmass_app.views.learning_curves import LearningCurves
from galmass_app.views.page_view import PageView
from galmass_app.views.standing import lasting
from galmass_app.views.train.controls import TrainControls
from galmass_app.views.train.run_in_view import RunInView
from galmass_app.views.train.run_list import RunList
from galmass_app.workers import ESTIMATES, Slot
from galmass_core.datasets.capabilities import lacks
from galmass_core.training.runs import Run

DESCRIPTION = (
    "A network is trained to predict masses from maps of galaxies{name} and tested on others."
)
GIVE_UP = 120  # looks at the home folder, after which a run that never began is given up


class Train(PageView):
    """Order a training on the left; on the right all trainings, and the one in view."""

    def __init__(self, session: SessionState) -> None:
        super().__init__(session, RunInView)
        self.controls = TrainControls(session)
        self._side = column("gm-slot", self.controls)
        self._time = html("gm-estimate")
        self._start = button("gm-start", "Start training", self._begin)
        self._command = command_line()
        self._go = column("gm-slot", row("gm-go", self._start, self._time, self._command))
        self._list = RunList(self._do)
        self._run = None
        download = Download.of(
            session,
            "gm-run-in-view",
            lambda: f"{self._run.name}_history",
            how=lambda: how_made.of_run(session, self._run),
            table=lambda: services.history(self._run),
        )
        self.slots[RunInView].append(download)
        self._curves = LearningCurves(session, networks=True)
        self._curves_part = column("gm-slot", self._curves)
        self._layout = column(
            "gm-page",
            self._headline,
            self._message,
            row(
                "gm-train",
                self._side,
                column("gm-trainings", self._go, self._list, self.slots[RunInView]),
            ),
            self._curves_part,
        )
        self._estimates = Slot(ESTIMATES)
        self._timed = self._steady = None  # orders: one that is timed, one seen at the last poll
        self._begun, self._waited = "", 0  # a run that was started, until its folder says so
        self._data = None
        self.controls.param.watch(self._ordered, "order")
        session.param.watch(self._follow, ["page", "dataset", "theme", "run", "poll_count"])
        self._draw()

    def _follow(self, *events: param.parameterized.Event) -> None:
        """Keep up with the session and with the home folder while the page is in view."""
        if self.session.page == "train":
            self._draw()
            if any(event.name == "poll_count" for event in events):
                self._estimate()

    def _draw(self) -> None:
        """Update everything."""
        with batched_update(), self.session.reporting():
            data = self.session.data
            if data is not self._data or data is None:
                self._data = data
                self._describe()
            runs, damaged = services.runs_and_damages()
            self._await(runs)
            chosen = self._in_view(runs)
            self._list.draw(runs, chosen.name if chosen else "", damaged)
            self._list.visible = self._go.visible or bool(runs or damaged)
            self._show(chosen)

    def _describe(self) -> None:
        """Say what data there are, or why nothing can be trained on them."""
        data = self._data
        text = NO_DATA if data is None else ""
        if data and (why := lacks(data)).network:
            reasons = why.network, why.maps, why.testing
            text = snippet("train.html", "no_network", data.path.name, *reasons)
        self._show_message(text)
        self._go.visible = self._side.visible = self._curves_part.visible = not text
        name = f" of {data.path.name}" if data else ""
        self._headline.object = heading("Masses from maps", DESCRIPTION.format(name=name), data)
        if not text:
            self.controls.draw(data)

    def _ordered(self, *_: param.parameterized.Event) -> None:
        """Show the order as a command line; its time comes when it has stayed for a moment."""
        order = self.controls.order
        self._start.disabled = order is None or bool(self._begun)
        self._command.text = order.command if order else ""
        self._curves.draw(order.curve if order else ())
        measuring = snippet("shared.html", "paragraph", "Estimating the training time…")
        self._time.object = "" if order is None else measuring
        self._timed = None

    def _estimate(self) -> None:
        """Have the order timed once it has not changed between two looks; show what came."""
        order = self.controls.order
        if order and self._timed is None and order == self._steady:
            self._timed = order
            self._estimates.submit(lambda _: jobs.estimate(order))
        self._steady = order
        try:
            if (counts := self._estimates.take()) and self._timed:
                self._time.object = _time_text(counts)
        except ValueError as error:
            self._time.object = snippet("shared.html", "paragraph", f"No estimate: {error}")

    def _begin(self, _: object) -> None:
        """Start the training that was ordered; a second click at once starts nothing."""
        if self._begun or self.controls.order is None:
            return
        with self.session.reporting():
            self._begun, self._waited = jobs.start(self.controls.order), 0
            self._start.param.update(label="Starting…", disabled=True)
            self.session.run = self._begun

    def _await(self, runs: Sequence[Run]) -> None:
        """Look whether what was started has begun, or why not."""
        if not self._begun:
            return
        self._waited += 1
        trouble = jobs.trouble(self._begun)
        if self._waited > GIVE_UP and not trouble:
            trouble = f"run {self._begun} did not begin; its folder has a log"
        if trouble or any(run.name == self._begun for run in runs):
            self._begun = ""
            self._start.param.update(label="Start training", disabled=self.controls.order is None)
            self.session.error = trouble or self.session.error

    def _in_view(self, runs: Sequence[Run]) -> Run | None:
        chosen = [run for run in runs if run.name == self.session.run]
        return next(iter((*chosen, *runs)), None)

    def _show(self, run: Run | None) -> None:
        """Show a run's curves and facts; they are built for the first."""
        self._run, self.slots[RunInView].visible = run, run is not None
        if run:
            self._put(RunInView, run, self.session.theme)

    def _do(self, what: str, name: str) -> None:
        """Carry out the action of a button in a run's row."""
        with self.session.reporting():
            if what == "show":
                self.session.run = name
            elif what == "compare":
                self.session.param.update(page="compare", panels=[name, BASELINE])
            else:
                {"stop": jobs.stop, "resume": jobs.resume}[what](name)
                self._draw()


def _time_text(estimate: dict[str, object]) -> str:
    """Write how long a training takes, and on how many samples."""
    counts = {part: f"{estimate[part]:,}" for part in ("train", "validation", "test")}
    time = lasting(estimate["seconds"])
    return snippet("train.html", "estimate", time, estimate["device"], **counts)
