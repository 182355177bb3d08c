"""Page: every figure and table of the paper, from the data set in view, beside what it states."""

from html import escape

import panel as pn
import param

from galmass_app.comparison import known
from galmass_app.fits import QUICK, SLOW, Slot
from galmass_app.paper_answers import measured
from galmass_app.paper_figures import FIGURES, TABLES
from galmass_app.state import Choice
from galmass_app.views.due import Due
from galmass_app.views.heading import NO_DATA, heading
from galmass_app.views.learning_controls import SPLITS
from galmass_app.views.paper import words
from galmass_app.views.paper.contents import Contents
from galmass_app.views.paper.drawing import Drawing, draw_figure, sample_of
from galmass_app.views.pulse import Pulse
from galmass_app.views.table_five import TableFive
from galmass_app.views.take_along import TakeAlong

FIRST = "1"
AT_WORK = '<p class="at-work">Measuring: {what}…</p>'
WORK = {"table-4": "what the runs predict", "text": "models for each statement, up to a minute"}


class Paper(pn.viewable.Viewer):
    """A list of figures; the one that is chosen is measured by a worker and drawn."""

    choice = param.ClassSelector(class_=Choice)

    def __init__(self, choice: Choice) -> None:
        super().__init__(choice=choice)
        stretch = {"sizing_mode": "stretch_width"}
        self._headline = pn.pane.HTML(css_classes=["gm-headline"], **stretch)
        self._message = pn.pane.HTML(css_classes=["gm-message"], visible=False, **stretch)
        self._heading = pn.pane.HTML(css_classes=["gm-section", "gm-paper-heading"], **stretch)
        self._late = pn.pane.HTML(css_classes=["gm-late"], visible=False, **stretch)
        self._picture = pn.Column(css_classes=["gm-slot", "gm-paper-figure"], **stretch)
        self._made = pn.pane.HTML(css_classes=["gm-how"], **stretch)
        self._slot, self._drawing, self._table = None, Drawing(), None
        self._known, self._content = None, None
        split = pn.widgets.RadioButtonGroup.from_param(
            choice.param.split, options=SPLITS, css_classes=["gm-split"]
        )
        tested = pn.pane.HTML("Tested on other galaxies", css_classes=["gm-caption"])
        self._take = pn.Column(css_classes=["gm-paper-take"])
        section = pn.Row(
            pn.Column(
                tested, split, Contents.of(choice), css_classes=["gm-paper-index"], **stretch
            ),
            pn.Column(
                pn.Column(self._heading, self._take, css_classes=["gm-framed"], **stretch),
                self._late,
                self._picture,
                self._made,
                css_classes=["gm-paper-part"],
                **stretch,
            ),
            css_classes=["gm-paper"],
            **stretch,
        )
        self._section = pn.Column(section, css_classes=["gm-slot"], **stretch)
        self._layout = pn.Column(
            self._headline, self._message, self._section, css_classes=["gm-page"], **stretch
        )
        self._pulse = Pulse(self._pull)
        follows = ("dataset", "split", "figure", "theme", "galaxy", "los")
        self._due = Due(choice, "paper", self._draw, follows)
        choice.param.watch(self._look_for_runs, "beat")

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def _draw(self, due: set[str]) -> None:
        """Bring everything whose choice has changed up to date."""
        choice = self.choice
        if choice.figure not in FIGURES:
            asked, choice.figure = choice.figure, FIRST
            choice.error = f"The address asks for figure={asked}, which there is not."
        self._say()
        if choice.data is None:
            return
        self._heading.object = words.heading(choice.figure)
        if due & {"dataset", "split", "figure", "runs"}:
            self._ask()
        elif "theme" in due or choice.figure == "1":
            self._show()
        else:
            self._drawing.mark(choice.galaxy, choice.los)

    def _say(self) -> None:
        """Write whose galaxies these are, or why there is nothing to show."""
        data = self.choice.data
        self._message.param.update(object=NO_DATA if data is None else "", visible=data is None)
        self._section.visible = data is not None
        if data:
            said = f"Chu et al. (2024) beside {data.path.name}. {words.galaxies(data)}"
            self._headline.object = heading("The paper, figure by figure", escape(said), data)

    def _ask(self) -> None:
        """Have the figure measured; the one before goes."""
        choice, data = self.choice, self.choice.data
        key = choice.figure
        if self._slot:
            self._slot.drop()
        self._slot, self._content, self._table = None, None, None
        self._known = known(data)
        self._picture[:], self._made.object, self._drawing = [], "", Drawing()
        if key == "table-5":
            self._table = TableFive(data, choice.split, wake=self._pulse.wake)
        if key in ("1", "2", "3", "table-5"):
            self._show()
            return
        self._slot = Slot(SLOW if key in TABLES else QUICK)
        self._slot.ask(lambda _: measured(data, key, choice.split))
        said = AT_WORK.format(what=WORK.get(key, words.label(key)))
        self._late.param.update(object=said, visible=True)
        self._pulse.wake()

    def _show(self) -> None:
        """Draw what was measured, and write how."""
        choice = self.choice
        if self._slot and self._slot.busy:
            return
        self._late.visible = False
        self._drawing = draw_figure(choice, self._content)
        self._picture[:] = [self._table] if self._table else self._drawing.parts
        self._pulse.wake()
        self._take[:] = [self._menu()]
        self._made.object = words.how_made(
            choice.figure,
            choice.data,
            self._content,
            split=choice.split,
            sample=sample_of(choice),
        )

    def _pull(self) -> bool:
        """Take what the workers have made; return whether there is more to come."""
        with self.choice.reporting():
            if self._slot and (content := self._slot.take()) is not None:
                self._content = content
                self._show()
            elif self._drawing.due:
                self._drawing.draw_next()
                self._drawing.mark(self.choice.galaxy, self.choice.los)
            if self._table:
                self._table.pull()
        busy = any(one and one.busy for one in (self._slot, self._table))
        self._late.visible = busy and self._late.visible
        return busy or self._drawing.due

    def _look_for_runs(self, _: param.parameterized.Event) -> None:
        """Measure anew when a run has ended."""
        data = self.choice.data
        if self._due.in_view and data and known(data) is not self._known:
            self._due.add("runs")

    def _menu(self) -> TakeAlong:
        """Make the menu of the figure in view."""
        drawing, key, split = self._drawing, self.choice.figure, self.choice.split
        table = self._table and (lambda: self._table.table)
        if len(drawing.rows):
            table = lambda: drawing.rows  # noqa: E731
        return TakeAlong.of(
            self.choice,
            "gm-paper-figure",
            lambda: f"paper-{words.label(key)}_split-by-{split}",
            table=table,
            fits=drawing.fits,
        )
