"""Page: every figure and table of the paper, from the data set in view, beside what it states."""

from html import escape

import panel as pn
import param

from galmass_app import services
from galmass_app.comparison import known
from galmass_app.fits import QUICK, SLOW, Slot
from galmass_app.paper_answers import measured
from galmass_app.paper_figures import FIGURES, TABLES
from galmass_app.state import Choice
from galmass_app.views.facts import SYNTHETIC
from galmass_app.views.features.page import LOOK_EVERY, NO_DATA
from galmass_app.views.learning_controls import SPLITS
from galmass_app.views.paper import words
from galmass_app.views.paper.contents import Contents
from galmass_app.views.paper.drawing import Drawing, draw_figure, sample_of
from galmass_app.views.table_five import TableFive
from galmass_app.views.take_along import TakeAlong
from galmass_app.views.update import one_update

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
        self._section = pn.Row(
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
        self._layout = pn.Column(
            self._headline, self._message, self._section, css_classes=["gm-page"], **stretch
        )
        self._pulse = pn.state.add_periodic_callback(self._pull, period=LOOK_EVERY, start=False)
        self._due = {"dataset"}
        self._draw()
        choice.param.watch(self._look_for_runs, "beat")
        follows = ("dataset", "split", "figure", "theme", "galaxy", "los")
        choice.param.watch(self._later, ["page", *follows])

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def _later(self, *events: param.parameterized.Event) -> None:
        """Draw once this callback is through; a page that is not in view waits until it is."""
        self._due |= {event.name for event in events} - {"page"}
        if self._due and self.choice.page == "paper":
            pn.state.execute(self._draw, schedule=True)

    def _draw(self) -> None:
        """Bring everything whose choice has changed up to date."""
        due, self._due = self._due, set()
        if not due:
            return
        choice, data = self.choice, self.choice.data
        with one_update(), choice.reporting():
            if choice.figure not in FIGURES:
                asked, choice.figure = choice.figure, FIRST
                choice.error = f"The address asks for figure={asked}, which there is not."
            self._say()
            if data is None:
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
        badge = SYNTHETIC if data and services.is_synthetic(data) else ""
        self._headline.object = data and (
            f'<div class="line"><h1>The paper, figure by figure</h1>{badge}<p>Chu et al. (2024) '
            f"beside {escape(data.path.name)}. {escape(words.galaxies(data))}</p></div>"
        )

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
            self._table = TableFive(data, choice.split, wake=self._wake)
        if key in ("1", "2", "3", "table-5"):
            self._show()
            return
        self._slot = Slot(SLOW if key in TABLES else QUICK)
        self._slot.ask(lambda _: measured(data, key, choice.split))
        said = AT_WORK.format(what=WORK.get(key, words.label(key)))
        self._late.param.update(object=said, visible=True)
        self._wake()

    def _show(self) -> None:
        """Draw what was measured, and write how."""
        choice = self.choice
        if self._slot and self._slot.busy:
            return
        self._late.visible = False
        self._drawing = draw_figure(choice, self._content)
        self._drawing.mark(choice.galaxy, choice.los)
        self._picture[:] = [self._table] if self._table else self._drawing.parts
        self._take[:] = [self._menu()]
        self._made.object = words.how_made(
            choice.figure,
            choice.data,
            self._content,
            split=choice.split,
            sample=sample_of(choice),
        )

    def _wake(self) -> None:
        """Look after the workers until they are done, once the page has reached its visitor."""
        pn.state.onload(self._look)

    def _look(self) -> None:
        """Begin to look, unless we do already."""
        if not self._pulse.running:
            self._pulse.start()

    def _pull(self) -> None:
        """Take what the workers have made; rest when there is nothing left."""
        with one_update(), self.choice.reporting():
            if self._slot and (content := self._slot.take()) is not None:
                self._content = content
                self._show()
            if self._table:
                self._table.pull()
        if not any(one and one.busy for one in (self._slot, self._table)):
            self._late.visible = False
            self._pulse.stop()

    def _look_for_runs(self, _: param.parameterized.Event) -> None:
        """Measure anew when a run has ended."""
        data = self.choice.data
        if self.choice.page == "paper" and data and known(data) is not self._known:
            self._due.add("runs")
            self._draw()

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
