"""The latest jobs that work in the background: how each stands, and what can be done with it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from galmass_app.markup import snippet
from galmass_app.views.heading import section
from galmass_app.views.layout import View, button, column, html, row

ROWS = 5
Do = Callable[[str, str], None]  # one of the actions, and the name of the job


@dataclass(frozen=True)
class Job:
    """What a row shows.

    Attributes
    ----------
    name : str
    text, failures : str
        HTML: how it stands, and what failed.
    actions : sequence of str
        What can be done with it.
    """

    name: str
    text: str
    failures: str
    actions: Sequence[str]


class JobList(View):
    """The newest jobs; each row is built once and shows whichever is in its place.

    Parameters
    ----------
    title, empty : str
        Heading, and what is said where there is none.
    folder : str
        Of all jobs.
    actions : mapping of str to str
        What can be done, and the labels of the buttons.
    do : function of (str, str)
        Called with what is to be done, and the name of the job.
    """

    def __init__(
        self, title: str, empty: str, folder: str, actions: Mapping[str, str], do: Do
    ) -> None:
        super().__init__()
        self._rows = [_Row(actions, do) for _ in range(ROWS)]
        self._empty = html("gm-foot", snippet("shared.html", "paragraph", empty), wide=False)
        self._older, self._folder = html("gm-foot", wide=False), folder
        self._layout = column(
            "gm-run-list",
            section(title),
            self._empty,
            column("gm-runs", *self._rows),
            self._older,
        )

    def draw(self, jobs: Sequence[Job], count: int) -> None:
        """Show jobs as they stand.

        Parameters
        ----------
        jobs : sequence of Job
            The newest first, at least as many as there are rows or all.
        count : int
            Number of all jobs.
        """
        for place, shown in enumerate(self._rows):
            shown.draw(jobs[place] if place < len(jobs) else None)
        self._empty.visible = not jobs
        older = count - ROWS
        self._older.object = (
            snippet("fetch.html", "older", older, self._folder) if older > 0 else ""
        )


class _Row(View):
    """One job: its name, how it stands, what failed, and what can be done."""

    def __init__(self, actions: Mapping[str, str], do: Do) -> None:
        super().__init__()
        self._name = ""
        self._text, self._failures = html("gm-run-words gm-fetch-words"), html("gm-fetch-failed")
        self._buttons = {key: button(f"gm-fetch-{key}", label) for key, label in actions.items()}
        for key, shown in self._buttons.items():
            shown.on_click(lambda _, key=key: do(key, self._name))
        self._layout = row(
            "",
            column("gm-fetch-texts", self._text, self._failures),
            row("gm-group gm-run-acts", *self._buttons.values(), wide=False),
        )

    def draw(self, job: Job | None) -> None:
        """Show a job, or nothing."""
        shown = ["gm-run", "gm-fetched"] if job else []  # its display would show a hidden row
        self._layout.param.update(visible=job is not None, css_classes=shown)
        if job is None:
            return
        self._name, self._text.object, self._failures.object = job.name, job.text, job.failures
        for key, shown_button in self._buttons.items():
            shown_button.visible = key in job.actions
