"""One run: tags and notes to write, its log and origin, and what it predicts of the selection."""

from collections.abc import Callable

import panel as pn
from markupsafe import Markup

from galmass_app import services
from galmass_app.markup import snippet
from galmass_app.run_differences import data_standing, log_of
from galmass_app.state import SessionState
from galmass_app.views import run_summary
from galmass_app.views.layout import View, button, column, html, labelled, row
from galmass_app.views.runs.prediction import PredictedSelection
from galmass_app.views.standing import MARKS
from galmass_core.training.labels import LONGEST_NOTE, write_labels
from galmass_core.training.profile_runs import is_profile
from galmass_core.training.runs import ACTIVE, Run

Do = Callable[[str, str], None]  # train, compare or delete; name of a run


class RunDetails(View):
    """The run that is open on the page.

    Parameters
    ----------
    run : Run
    session : SessionState
    do : function of (str, str)
        Called with what is to be done, and the name of the run.
    """

    def __init__(self, run: Run, session: SessionState, do: Do) -> None:
        super().__init__(session)
        self._run, self._labels, self._shown = run, None, None
        self._title, self._data = html("gm-run-title"), html("gm-run-data")
        self._acts = {
            key: button(f"gm-run-{key}", label, lambda _, key=key: do(key, self._run.name))
            for key, label in {
                "train": "Show on Train →",
                "compare": "Compare →",
                "delete": "Delete",
            }.items()
        }
        text, area = pn.widgets.TextInput, pn.widgets.TextAreaInput
        self._tags = labelled(text, "gm-run-tags", "Tags, separated by commas")
        self._notes = labelled(area, "gm-run-notes", "Notes", max_length=LONGEST_NOTE, rows=4)
        self._save = button("gm-run-save", "Save tags and notes", lambda _: self._write())
        self._log, self._facts = html("gm-run-log"), html("gm-run-facts")
        self.predicted = PredictedSelection(session)
        self._layout = column(
            "gm-run-details",
            self._title,
            row("gm-group", *self._acts.values(), wide=False),
            self._data,
            self._tags,
            self._notes,
            self._save,
            self.predicted,
            self._facts,
            self._log,
        )
        self.draw(run)

    def draw(self, run: Run) -> None:
        """Show a run in its present state; tags and notes that are being typed stay."""
        labels = services.labels_of(run)
        if (run.path, labels) != self._labels:
            self._labels = (run.path, labels)
            self._tags.value, self._notes.value = ", ".join(labels.tags), labels.notes
        self._run = run
        shown = (run.path, run.record, log_of(run), data_standing(run))
        if shown != self._shown:
            self._shown = shown
            self._describe(*shown[2:])
        self.predicted.draw(run)

    def _describe(self, log: str, data: str) -> None:
        """Write what is known of the run."""
        run = self._run
        standing = run_summary.standing(run, len(services.history(run)))
        title = (run.name, run_summary.subject(run), run.state, MARKS[run.state], standing)
        self._title.object = snippet("runs.html", "title", *title)
        self._data.object = snippet("runs.html", "data", data)
        self._log.object = snippet("runs.html", "log", log)
        self._facts.object = snippet("runs.html", "facts", Markup(run_summary.facts(run)))
        self._acts["compare"].disabled = run.state != "finished" or is_profile(run)
        self._acts["delete"].disabled = run.state in ACTIVE

    def _write(self) -> None:
        """Keep what was written."""
        with self.session.reporting():
            labels = write_labels(self._run, self._tags.value.split(","), self._notes.value)
            self._labels = (self._run.path, labels)
            self._tags.value, self._notes.value = ", ".join(labels.tags), labels.notes
            self.session.poll_count += 1  # for the table, also of other pages
