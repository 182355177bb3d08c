"""Page: train networks on maps, watch them learn, stop them and let them go on."""

from collections.abc import Sequence
from functools import partial

import panel as pn
import param

from galmass_app import jobs, services
from galmass_app.comparison import BASELINE
from galmass_app.framework import batched_update
from galmass_app.jobs import Order
from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.views.command_line import CommandLine
from galmass_app.views.download import Download
from galmass_app.views.heading import NO_DATA, heading
from galmass_app.views.train.controls import TrainControls
from galmass_app.views.train.run_in_view import RunInView
from galmass_app.views.train.run_list import RunList
from galmass_app.views.train.run_summary import lasting
from galmass_app.workers import ESTIMATES, Job, Slot
from galmass_core.training.runs import Run

SAID = "A network is trained to predict masses from maps of galaxies{name} and tested on others."
GIVE_UP = 120  # looks at the home folder, after which a run that never began is given up


class Train(pn.viewable.Viewer):
    """Order a training on the left; on the right all trainings, and the one in view."""

    session = param.ClassSelector(class_=SessionState)

    def __init__(self, session: SessionState) -> None:
        super().__init__(session=session)
        stretch = {"sizing_mode": "stretch_width"}
        self._headline = pn.pane.HTML(css_classes=["gm-headline"], **stretch)
        self._message = pn.pane.HTML(css_classes=["gm-message"], visible=False, **stretch)
        self.controls = TrainControls(session)
        self._side = pn.Column(self.controls, css_classes=["gm-slot"], **stretch)
        self._time = pn.pane.HTML(css_classes=["gm-estimate"], **stretch)
        self._start = pn.widgets.Button(
            label="Start training", on_click=self._begin, css_classes=["gm-start"]
        )
        self._command = CommandLine(css_classes=["gm-command"], **stretch)
        go = pn.Row(self._start, self._time, self._command, css_classes=["gm-go"], **stretch)
        self._go = pn.Column(go, css_classes=["gm-slot"], **stretch)
        self._list = RunList(self._do)
        self._slot = pn.Column(css_classes=["gm-slot"], **stretch)
        self._view = None
        self._layout = pn.Column(
            self._headline,
            self._message,
            pn.Row(
                self._side,
                pn.Column(
                    self._go, self._list, self._slot, css_classes=["gm-trainings"], **stretch
                ),
                css_classes=["gm-train"],
                **stretch,
            ),
            css_classes=["gm-page"],
            **stretch,
        )
        self._estimates = Slot(ESTIMATES)
        self._asked = self._steady = None  # orders: one that is timed, one seen at the last look
        self._begun, self._waited = "", 0  # a run that was started, until its folder says so
        self._data = None
        self.controls.param.watch(self._ordered, "order")
        session.param.watch(self._follow, ["page", "dataset", "theme", "run", "poll_count"])
        self._draw()

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def _follow(self, *events: param.parameterized.Event) -> None:
        """Keep up with the session and with the home folder while the page is in view."""
        if self.session.page == "train":
            self._draw()
            if any(event.name == "poll_count" for event in events):
                self._estimate()

    def _draw(self) -> None:
        """Bring everything up to date."""
        with batched_update(), self.session.reporting():
            data = self.session.data
            if data is not self._data or data is None:
                self._data = data
                self._describe()
            runs = services.runs()
            self._await(runs)
            chosen = self._in_view(runs)
            self._list.draw(runs, chosen.name if chosen else "")
            self._show(chosen)

    def _describe(self) -> None:
        """Say what data there are, or why nothing can be trained on them."""
        data = self._data
        text = NO_DATA if data is None else ""
        if data and not data.has_maps:
            text = snippet("train.html", "no_maps", data.path.name)
        self._message.param.update(object=text, visible=bool(text))
        self._go.visible = self._side.visible = not text
        name = f" of {data.path.name}" if data else ""
        self._headline.object = heading("Masses from maps", SAID.format(name=name), data)
        if not text:
            self.controls.draw(data)

    def _ordered(self, *_: param.parameterized.Event) -> None:
        """Show the order as a command line; its time comes when it has stayed for a moment."""
        order = self.controls.order
        self._start.disabled = order is None or bool(self._begun)
        self._command.words = order.command if order else ""
        measuring = snippet("shared.html", "paragraph", "Estimating the training time…")
        self._time.object = "" if order is None else measuring
        self._asked = None

    def _estimate(self) -> None:
        """Have the order timed once it has not changed between two looks; show what came."""
        order = self.controls.order
        if order and self._asked is None and order == self._steady:
            self._asked = order
            self._estimates.submit(partial(_timed, order))
        self._steady = order
        try:
            if (row := self._estimates.take()) and self._asked:
                self._time.object = _time_words(row)
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
        """Return the run that is chosen, else the newest."""
        chosen = [run for run in runs if run.name == self.session.run]
        return next(iter((*chosen, *runs)), None)

    def _show(self, run: Run | None) -> None:
        """Show a run's curves and facts; they are built for the first."""
        self._slot.visible = run is not None
        self._run = run
        if run is None:
            return
        if self._view:
            self._view.draw(run, self.session.theme)
        else:
            self._view = RunInView(run, self.session.theme)
            take = Download.of(
                self.session,
                "gm-run-in-view",
                lambda: f"{self._run.name}_history",
                table=lambda: services.history(self._run),
            )
            self._slot.extend([self._view, take])

    def _do(self, what: str, name: str) -> None:
        """Do with a run what its row's buttons say."""
        with self.session.reporting():
            if what == "show":
                self.session.run = name
            elif what == "compare":
                self.session.param.update(page="compare", panels=[name, BASELINE])
            else:
                {"stop": jobs.stop, "resume": jobs.resume}[what](name)
                self._draw()


def _timed(order: Order, _: Job) -> dict[str, object]:
    """Time an order, as a worker calls it."""
    return jobs.estimate(order)


def _time_words(row: dict[str, object]) -> str:
    """Say how long a training takes, and on how many samples."""
    counts = {part: f"{row[part]:,}" for part in ("train", "validation", "test")}
    time = lasting(row["seconds"])
    return snippet("train.html", "estimate", time, row["device"], **counts)
