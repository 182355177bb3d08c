"""All trainings of the user, the newest first: how each stands, and what can be done with it."""

from collections.abc import Callable, Sequence

import panel as pn

from galmass_app import services
from galmass_app.markup import snippet
from galmass_app.views.heading import section
from galmass_app.views.train import run_summary
from galmass_core.training.runs import ACTIVE, Run

ROWS = 5  # on one page of the list
Do = Callable[[str, str], None]  # show, stop, resume or compare; name of a run


class RunList(pn.viewable.Viewer):
    """A page of rows; each is built once and shows whichever run is in its place.

    Parameters
    ----------
    do : function of (str, str)
        Called with what is to be done, and the name of the run.
    """

    def __init__(self, do: Do) -> None:
        super().__init__()
        stretch = {"sizing_mode": "stretch_width"}
        self._rows = [_Row(do) for _ in range(ROWS)]
        self._page = 0
        self._runs: Sequence[Run] = ()
        self._chosen = ""
        self._empty = pn.pane.HTML(
            snippet("train.html", "no_runs"), css_classes=["gm-message", "gm-no-runs"], **stretch
        )
        self._newer = pn.widgets.Button(label="← Newer", on_click=lambda _: self._turn(-1))
        self._older = pn.widgets.Button(label="Older →", on_click=lambda _: self._turn(+1))
        self._where = pn.pane.HTML(css_classes=["gm-caption"], align="center")
        self._turner = pn.Row(self._newer, self._where, self._older, css_classes=["gm-group"])
        self._layout = pn.Column(
            section("Trainings"),
            self._empty,
            pn.Column(*self._rows, css_classes=["gm-runs"], **stretch),
            self._turner,
            css_classes=["gm-run-list"],
            **stretch,
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def draw(self, runs: Sequence[Run], chosen: str) -> None:
        """Show runs as they stand; the chosen one is marked."""
        self._runs, self._chosen = runs, chosen
        last = max(0, (len(runs) - 1) // ROWS)
        self._page = min(self._page, last)
        first = self._page * ROWS
        seen = runs[first : first + ROWS]
        for place, row in enumerate(self._rows):
            row.draw(seen[place] if place < len(seen) else None, chosen)
        self._empty.visible = not runs
        self._turner.visible = last > 0
        self._newer.disabled, self._older.disabled = self._page == 0, self._page == last
        self._where.object = f"{first + 1}–{first + len(seen)} of {len(runs)}"

    def _turn(self, by: int) -> None:
        """Go to newer or older runs."""
        self._page += by
        self.draw(self._runs, self._chosen)


class _Row(pn.viewable.Viewer):
    """One run: its name, which shows it, how it stands, and what can be done."""

    def __init__(self, do: Do) -> None:
        super().__init__()
        self._run = None
        self._name = pn.widgets.Button(css_classes=["gm-run-name"])
        self._words = pn.pane.HTML(css_classes=["gm-run-words"], sizing_mode="stretch_width")
        self._acts = {
            key: pn.widgets.Button(label=label, css_classes=[f"gm-run-{key}"])
            for key, label in {
                "stop": "Stop",
                "resume": "Resume",
                "compare": "Compare →",
            }.items()
        }
        for key, button in {"show": self._name, **self._acts}.items():
            button.on_click(lambda _, key=key: do(key, self._run.name))
        self._layout = pn.Row(
            self._name,
            self._words,
            pn.Row(*self._acts.values(), css_classes=["gm-group", "gm-run-acts"]),
            css_classes=["gm-run"],
            sizing_mode="stretch_width",
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def draw(self, run: Run | None, chosen: str) -> None:
        """Show a run, or nothing."""
        self._run = run
        shown = ["gm-run", *["gm-run-chosen"] * (run.name == chosen)] if run else []
        self._layout.param.update(visible=run is not None, css_classes=shown)
        if run is None:
            return
        self._name.label = run.config["experiment"]
        self._words.object = _row_words(run)
        self._acts["stop"].visible = run.state in ACTIVE
        self._acts["resume"].visible = run.state in ("stopped", "failed", "died")
        self._acts["compare"].visible = run.state == "finished"


def _row_words(run: Run) -> str:
    """Say how a run stands, on what data, and when it began."""
    standing = run_summary.standing(run, len(services.history(run)))
    name = (run.record.get("dataset") or {}).get("name", "")
    seed = f"seed {run.config['split']['seed']}"
    when = run_summary.moment(run.record["started"])
    origin = " · ".join(filter(None, (name, seed, when)))
    return snippet("train.html", "row", run.state, run_summary.MARKS[run.state], standing, origin)
