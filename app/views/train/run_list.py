"""All trainings of the user, the newest first: how each stands, and what can be done with it."""

from collections.abc import Callable, Sequence

import panel as pn

from galmass_app import services
from galmass_app.markup import snippet
from galmass_app.views import run_summary
from galmass_app.views.heading import section
from galmass_app.views.layout import View, button, column, html, row
from galmass_app.views.standing import MARKS, moment
from galmass_core.training.groups import place_in_group
from galmass_core.training.profile_runs import is_profile
from galmass_core.training.runs import ACTIVE, Run

ROWS = 5  # on one page of the list
Do = Callable[[str, str], None]  # show, stop, resume or compare; name of a run


class RunList(View):
    """A page of rows; each is built once and shows whichever run is in its place.

    Parameters
    ----------
    do : function of (str, str)
        Called with what is to be done, and the name of the run.
    """

    def __init__(self, do: Do) -> None:
        super().__init__()
        self._rows = [_Row(do) for _ in range(ROWS)]
        self._page = 0
        self._runs: Sequence[Run] = ()
        self._unreadable: Sequence[str] = ()
        self._chosen = ""
        self._empty = html("gm-message gm-no-runs", snippet("train.html", "no_runs"))
        self._newer = pn.widgets.Button(label="← Newer", on_click=lambda _: self._turn(-1))
        self._older = pn.widgets.Button(label="Older →", on_click=lambda _: self._turn(+1))
        self._where = html("gm-caption", align="center", wide=False)
        self._turner = row("gm-group", self._newer, self._where, self._older, wide=False)
        self._damaged = html("gm-foot")
        self._layout = column(
            "gm-run-list",
            section("Trainings"),
            self._empty,
            column("gm-runs", *self._rows),
            self._turner,
            self._damaged,
        )

    def draw(self, runs: Sequence[Run], chosen: str, damaged: Sequence[str] = ()) -> None:
        """Show runs as they stand, the chosen one marked, and why others cannot be read."""
        self._runs, self._chosen, self._unreadable = runs, chosen, damaged
        self._damaged.object = snippet("train.html", "damaged", damaged) if damaged else ""
        last = max(0, (len(runs) - 1) // ROWS)
        self._page = min(self._page, last)
        first = self._page * ROWS
        seen = runs[first : first + ROWS]
        for place, shown in enumerate(self._rows):
            run = seen[place] if place < len(seen) else None
            shown.draw(run, chosen, place_in_group(run, runs) if run else "")
        self._empty.visible = not runs
        self._turner.visible = last > 0
        self._newer.disabled, self._older.disabled = self._page == 0, self._page == last
        self._where.object = f"{first + 1}–{first + len(seen)} of {len(runs)}"

    def _turn(self, by: int) -> None:
        self._page += by
        self.draw(self._runs, self._chosen, self._unreadable)


class _Row(View):
    """One run: its name, which shows it, how it stands, and what can be done."""

    def __init__(self, do: Do) -> None:
        super().__init__()
        self._run = None
        self._name = button("gm-run-name")
        self._text = html("gm-run-words")
        self._acts = {
            key: button(f"gm-run-{key}", label)
            for key, label in {
                "stop": "Stop",
                "resume": "Resume",
                "compare": "Compare →",
            }.items()
        }
        for key, shown in {"show": self._name, **self._acts}.items():
            shown.on_click(lambda _, key=key: do(key, self._run.name))
        self._layout = row(
            "gm-run",
            self._name,
            self._text,
            row("gm-group gm-run-acts", *self._acts.values(), wide=False),
        )

    def draw(self, run: Run | None, chosen: str, place: str) -> None:
        """Show a run, with its place in its group, or nothing."""
        self._run = run
        shown = ["gm-run", *["gm-run-chosen"] * (run.name == chosen)] if run else []
        self._layout.param.update(visible=run is not None, css_classes=shown)
        if run is None:
            return
        self._name.label = run.config["experiment"]
        self._text.object = _row_text(run, place)
        self._acts["stop"].visible = run.state in ACTIVE
        self._acts["resume"].visible = run.state in ("stopped", "failed", "died")
        self._acts["compare"].visible = run.state == "finished" and not is_profile(run)


def _row_text(run: Run, place: str) -> str:
    """Say how a run stands, on what data, and when it began."""
    standing = run_summary.standing(run, len(services.history(run)))
    name = (run.record.get("dataset") or {}).get("name", "")
    seed = f"seed {run.config['split']['seed']}"
    when = moment(run.record["started"])
    origin = " · ".join(filter(None, (name, seed, place, when)))
    return snippet("train.html", "row", run.state, MARKS[run.state], standing, origin)
