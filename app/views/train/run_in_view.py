"""One training: how its losses fall as it goes, and all that is known of it."""

from holoviews.streams import Pipe

from galmass_app import services
from galmass_app.markup import snippet
from galmass_app.plots.history import HELD_OUT, TRAIN, Curves, Losses, curves_of, history_curves
from galmass_app.theme import Theme
from galmass_app.views import run_summary
from galmass_app.views.layout import View, column, follower, html, row
from galmass_app.views.standing import MARKS
from galmass_core.training.runs import ACTIVE, Run

BEGINNING = "The curves start after the first epoch."
NO_CURVES = "No losses: formulas are fitted in one step."


class RunInView(View):
    """Title, progress, curves and facts of a run."""

    def __init__(self, run: Run, theme: Theme) -> None:
        super().__init__()
        self._shown = None
        self._pipe = Pipe(data=Losses(services.history(run), _steps(run), theme))
        self._title = html("gm-section gm-run-title")
        self._legend = html("gm-run-legend")
        self._curves = column("gm-slot", follower("", history_curves, self._pipe))
        self._facts = html("gm-run-facts")
        self._layout = column(
            "gm-run-in-view",
            self._title,
            row("gm-two gm-run-parts", column("gm-slot", self._legend, self._curves), self._facts),
        )
        self.draw(run, theme)

    def draw(self, run: Run, theme: Theme) -> None:
        """Show a run as it stands."""
        history = services.history(run)
        curves = curves_of(history)
        self._title.object = _title(run, len(history))
        self._legend.object = _legend(run, curves)
        self._facts.object = run_summary.facts(run)
        self._curves.visible = curves is not None
        shown = (run.path, len(history), theme, _steps(run))
        if shown != self._shown:
            self._shown = shown
            self._pipe.send(Losses(history, _steps(run), theme))


def _steps(run: Run) -> int:
    """Return how many epochs there will be, or trees there are."""
    return run.config.get("training", {}).get("epochs") or len(services.history(run))


def _title(run: Run, done: int) -> str:
    """Write what is trained, how it stands, and how far it is."""
    under_way = "training" in run.config and run.state != "finished"
    return snippet(
        "train.html",
        "title",
        run_summary.subject(run),
        run.state,
        MARKS[run.state],
        run_summary.standing(run, done),
        done,
        run.config["training"]["epochs"] if under_way else None,
    )


def _legend(run: Run, curves: Curves | None) -> str:
    """Say which curve is which, and which epoch was the best."""
    if curves is None:
        text = BEGINNING if run.state in ACTIVE or "training" in run.config else NO_CURVES
        return snippet("shared.html", "paragraph", text)
    lines = [
        ("training", TRAIN["dark"].dash, "currentColor"),
        (curves.held_out, HELD_OUT.dash, HELD_OUT.colour),
    ]
    best = ""
    if curves.best is not None:
        loss = curves.best["held_out"]
        best = f"best {curves.step}: {curves.best['step']:.0f}, √ of its loss {loss**0.5:.3f} dex"
    return snippet("train.html", "legend", lines, best)
