"""Learning curves of the data set in view: a form that measures one, its picture, its numbers."""

from typing import Any

import holoviews as hv
from holoviews.streams import Pipe

from galmass_app import how_made, jobs, services
from galmass_app.learning_curves import curves_of, measured
from galmass_app.markup import snippet
from galmass_app.plots.learning_curve import learning_curve
from galmass_app.state import SessionState
from galmass_app.views.command_line import command_line
from galmass_app.views.download import Download, flat
from galmass_app.views.heading import section
from galmass_app.views.layout import View, button, column, follower, html, row, select
from galmass_app.views.worker_poller import WorkerPoller
from galmass_app.workers import QUICK, Slot
from galmass_core.learning.metrics import Estimate
from galmass_core.training.curves import extrapolation_text, fit_text
from galmass_core.training.runs import Run

HELP = (
    "σ against the number of training galaxies, tested on the same galaxies: would more galaxies "
    "help? The dashed line is a power law with a floor."
)


class MeasuredCurves(View):
    """Picture and numbers of one of several learning curves; hidden if there are none."""

    def __init__(self, session: SessionState) -> None:
        super().__init__(session)
        self._known: dict[str, Any] = {}
        self._row, self._shown = None, None
        self._slot, self._pipe = Slot(QUICK), None
        self._poller = WorkerPoller(self.pull, session)
        self._choice = select("gm-curve", "Curve")
        self._text = html("gm-result gm-curve-text")
        self._picture = column("gm-slot")
        found = column("gm-learning-curve", self._choice, row("gm-two", self._picture, self._text))
        self._download = Download.of(
            session,
            "gm-learning-curve",
            lambda: f"learning-curve_{self._row['experiment']}",
            how=lambda: how_made.of_curve(session, self._row),
            table=lambda: flat(self._row["points"]),
        )
        self._download.visible = False  # until a curve is measured
        self._layout = column("gm-slot", found, self._download, visible=False)
        self._choice.param.watch(self._choose, "value")

    def draw(self, known: dict[str, Any]) -> None:
        """List curves, as of `curves_of`, and show the chosen one, or else the newest."""
        self._known, self._layout.visible = known, bool(known)
        kept = self._choice.value
        kept = kept if kept in known else next(iter(known), None)
        with self._update_controls():
            self._choice.param.update(options=list(known), value=kept)
        self._measure()

    def _choose(self, _: object) -> None:
        if not self._updating:
            self._measure()

    def _measure(self) -> None:
        """Have a worker measure the chosen curve, if it is not shown."""
        chosen = self._known.get(self._choice.value)
        if chosen and chosen != self._shown:
            self._shown = chosen
            self._slot.submit(lambda _: measured(*chosen))
            self._poller.wake()

    def pull(self) -> bool:
        """Show what a worker has measured; return whether there is more to come."""
        with self.session.reporting():
            if found := self._slot.take():
                self._show(found)
        return self._slot.busy

    def _show(self, found: dict[str, Any]) -> None:
        """Draw a curve and write its numbers."""
        self._row, self._download.visible = found, True
        self._text.object = _text(found)
        if self._pipe is None:
            self._pipe = Pipe(data=found)
            self._picture.append(follower("gm-curve-picture", _drawn, self._pipe))
        else:
            self._pipe.send(found)


class LearningCurves(View):
    """Starts what `command` says, and shows one of the curves that are there.

    Parameters
    ----------
    networks : bool
        Whether it shows curves of networks, else of trees.
    """

    def __init__(self, session: SessionState, *, networks: bool) -> None:
        super().__init__(session)
        self._networks, self._arguments, self._begun = networks, (), False
        self._start = button("gm-curve-start", "Measure a learning curve", self._begin)
        self._stop = button("gm-curve-stop", "Stop", self._end)
        self._state = html("gm-foot", wide=False)
        self._command = command_line()
        self.measured = MeasuredCurves(session)
        self._layout = column(
            "gm-learning-curves",
            section("Learning curves", HELP),
            row("gm-group", self._start, self._stop, self._state, wide=False),
            self._command,
            self.measured,
        )
        session.param.watch(self._follow, "poll_count")

    def draw(self, arguments: tuple[str, ...]) -> None:
        """Take what would be measured, as arguments of ``galmass curve``; nothing if empty."""
        self._arguments = arguments
        self._command.text = jobs.curve_command(arguments) if arguments else ""
        self.follow()

    def follow(self) -> None:
        """List the curves that are there, and say what is being measured."""
        data = self.session.data
        self.measured.draw(curves_of(data, self._is_shown) if data else {})
        running = services.curve_progress()
        if self._begun and (trouble := jobs.curve_trouble()):
            self.session.error, self._begun = trouble, False
        self._begun = self._begun and not running
        busy = self._begun or bool(running)
        self._start.disabled = busy or not self._arguments
        self._stop.visible = bool(running)
        text = "Starting…" if self._begun else running
        self._state.object = text and snippet("shared.html", "at_work", text)

    def _is_shown(self, run: Run, _: str) -> bool:
        return (run.config["method"] == "network") == self._networks

    def _follow(self, _: object) -> None:
        """Keep up with the home folder while the page is in view."""
        if self.session.page == ("train" if self._networks else "features") and self.session.data:
            with self.session.reporting():
                self.follow()

    def _begin(self, _: object) -> None:
        """Start the command; a second click does nothing."""
        if self._start.disabled:
            return
        with self.session.reporting():
            jobs.start_curve(self._arguments)
            self._begun = True
            self.follow()

    def _end(self, _: object) -> None:
        """Stop the command; the same one resumes."""
        with self.session.reporting():
            jobs.stop_curve()


def _drawn(data: dict[str, Any]) -> hv.Overlay:
    return learning_curve(data)


def _text(found: dict[str, Any]) -> str:
    """Write the numbers of a curve."""
    points = [
        (
            f"{point['galaxies']:,}",
            len(point["training_seeds"]),
            str(Estimate(**point["std"])),
            "" if point["spread"] is None else f"{point['spread']:.3f}",
        )
        for point in found["points"]
    ]
    fit, last = found["fit"], found["points"][-1]
    fitted = f"Fit: {fit_text(fit)}."
    continued = extrapolation_text(fit)
    continued = continued[0].upper() + continued[1:] + "."
    tested = f"Tested on {last['n']:,} samples of {last['n_galaxies']:,} galaxies."
    supported = fit["extrapolated"] is not None
    return snippet("curves.html", "result", points, fitted, continued, supported, tested)
