"""What to train on, what to test on, and how to adapt: a transfer to be measured."""

from functools import lru_cache
from pathlib import Path

import panel as pn
import param

from galmass_app import jobs, services
from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.views.command_line import command_line
from galmass_app.views.heading import section
from galmass_app.views.layout import View, button, column, html, row, select
from galmass_core.datasets.capabilities import lacks
from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.folders import DataSetError
from galmass_core.transfers.comparable import check_comparable

HELP = (
    "Trees on the summary features predict M*, M_tot and M*/L. Networks: galmass transfer --help."
)


class TransferForm(View):
    """Chooses another data set for the one in view; a button starts the command below it."""

    def __init__(self, session: SessionState) -> None:
        super().__init__(session)
        self._train = html("gm-foot", wide=False)
        self._test = select("gm-transfer-test", "Test on")
        self._adapt = pn.widgets.RadioButtonGroup(
            label="Adaptation",
            options={"Not adapted": "none", "CORAL adaptation": "coral"},
            value="coral",
            css_classes=["gm-adapt"],
        )
        self._start = button("gm-transfer-start", "Start", self._begin)
        self._state = html("gm-foot", wide=False)
        self._begun = False  # whether a command was started whose records have not come
        self._command = command_line()
        choices = row("gm-transfer-choice", self._test, self._adapt)
        self._layout = column(
            "gm-switches gm-transfer-form",
            section("Measure a transfer", HELP),
            self._train,
            choices,
            row("gm-group", self._start, self._state, wide=False),
            self._command,
        )
        for widget in (self._test, self._adapt):
            widget.param.watch(self._write, "value")

    def draw(self) -> None:
        """List the data sets beside the one in view, and what is being measured."""
        session, known = self.session, services.catalogue()
        others = [name for name in known if name != session.dataset]
        kept = self._test.value if self._test.value in others else next(iter(others), None)
        self._test.param.update(options=others, value=kept)
        self._write()

    def follow(self, running: list[str]) -> None:
        """Say what is being measured, or why what was started here failed."""
        if self._begun and (trouble := jobs.transfer_trouble()):
            self.session.error, self._begun = trouble, False
        self._begun = self._begun and not running
        self._write()
        self._start.disabled |= bool(running) or self._begun
        text = "Starting…" if self._begun else f"Measuring {', '.join(running)}…"
        text = text if running or self._begun else ""
        self._state.object = text and snippet("shared.html", "at_work", text)

    def _order(self) -> tuple[Path, Path, str]:
        """Return what would be measured."""
        trained, tested = self.session.data.path, services.catalogue()[self._test.value]
        return trained, tested, self._adapt.value

    def _write(self, *_: param.parameterized.Event) -> None:
        """Show the command line."""
        data = self.session.data
        there = bool(data and self._test.value)
        why = _why_not(data, services.dataset(self._test.value)) if there else ""
        self._start.disabled = not there or bool(why)
        self._train.object = snippet("shared.html", "paragraph", self._trained_on(why))
        self._command.text = jobs.transfer_command(*self._order()) if there and not why else ""

    def _trained_on(self, why: str) -> str:
        """Say what is trained on, or why nothing can be."""
        return f"Train on {self.session.dataset}" + f": not possible, {why}." * bool(why)

    def _begin(self, _: object) -> None:
        """Start the command; a second click does nothing."""
        if self._start.disabled:
            return
        with self.session.reporting():
            jobs.start_transfer(*self._order())
            self._begun = True
            self.follow([])


@lru_cache(maxsize=16)
def _why_not(train: DataSet, test: DataSet) -> str:
    """Return why a transfer cannot be measured; empty if it can."""
    if why := lacks(train).training:
        return why
    try:
        check_comparable(train, test)
    except DataSetError as error:
        return str(error)
    return ""
