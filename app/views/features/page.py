"""Page: what a few numbers of a galaxy say about its mass, learned by boosted trees."""

from html import escape

import panel as pn
import param

from galmass_app.fits import LEAST_GALAXIES, QUICK, Fit, Question, Slot, learn, pose
from galmass_app.state import Choice
from galmass_app.views.due import Due
from galmass_app.views.features.correlations import LEAST_SAMPLES, Correlations
from galmass_app.views.features.importance import Importance
from galmass_app.views.features.losses import Losses
from galmass_app.views.heading import NO_DATA, heading
from galmass_app.views.learning_controls import LearningControls
from galmass_app.views.prediction import Prediction
from galmass_app.views.pulse import Pulse
from galmass_app.views.table_five import TableFive
from galmass_app.views.take_along import TakeAlong

SAID = "Boosted trees (LightGBM) learn from galaxies of {name} and are tried on others."
NOTHING = """<h2>There is nothing to learn here</h2>
<p>This data set has no true masses, or none of the numbers to learn them from. Choose another
above.</p>"""
TOO_FEW = """<h2>{here} galaxies are too few to learn from</h2>
<p>Learning and testing take {least} at least. Choose another data set above, or make a larger one
with <code>galmass build</code>, from particle files or from a simulation's group catalogue.</p>"""
FIGURES = {  # what can be taken along: the CSS class of its picture, its data
    Prediction: ("gm-prediction", lambda view: view.fit.predictions),
    Importance: ("gm-importance", lambda view: view.table),
    Losses: ("gm-losses", lambda view: view.fit.curves),
    Correlations: ("gm-correlations", lambda view: view.table),
    TableFive: ("gm-table-part", lambda view: view.table),
}


class Features(pn.viewable.Viewer):
    """Choose what to learn from what, and see at once how well that goes, and why."""

    choice = param.ClassSelector(class_=Choice)

    def __init__(self, choice: Choice) -> None:
        super().__init__(choice=choice)
        stretch = {"sizing_mode": "stretch_width"}
        self._headline = pn.pane.HTML(css_classes=["gm-headline"], **stretch)
        self._message = pn.pane.HTML(css_classes=["gm-message"], visible=False, **stretch)
        self._late = pn.pane.HTML(css_classes=["gm-late"])
        self._controls = LearningControls(choice)
        self._views, self._fits = {}, Slot(QUICK)
        self._slots = {
            kind: pn.Column(css_classes=["gm-slot", f"gm-slot-{kind.__name__.lower()}"], **stretch)
            for kind in (Prediction, Importance, Losses, Correlations, TableFive)
        }
        prediction, importance, losses, correlations, table = self._slots.values()
        self._learning = pn.Row(
            self._controls,
            prediction,
            pn.Column(importance, losses, css_classes=["gm-reasons"], **stretch),
            css_classes=["gm-learning"],
            **stretch,
        )
        self._learned = pn.Column(self._learning, css_classes=["gm-slot"], **stretch)
        self._layout = pn.Column(
            pn.Row(self._headline, self._late, css_classes=["gm-top"], **stretch),
            self._message,
            self._learned,
            correlations,
            table,
            css_classes=["gm-page", "gm-features"],
            **stretch,
        )
        self._pulse = Pulse(self._pull)
        follows = ("dataset", "target", "features", "split", "theme")
        self._due = Due(choice, "features", self._draw, follows)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def _draw(self, due: set[str]) -> None:
        """Bring everything whose choice has changed up to date, and have it learned anew."""
        data = self.choice.data
        question = data and self._question()
        self._say(data, question)
        if data is None:
            return
        self._draw_correlations(due, question)
        if self._learned.visible and due & {"dataset", "target", "features", "split"}:
            self._controls.draw(question)
            self._ask(question)
        if self._learned.visible and due & {"dataset", "split"}:
            self._put(TableFive, data, self.choice.split, wake=self._pulse.wake)

    def _question(self) -> Question | None:
        """Return what is asked now."""
        choice = self.choice
        return pose(choice.data, choice.target, choice.features, choice.split)

    def _say(self, data: object, question: Question | None) -> None:
        """Write what the page shows, or why there is nothing to show."""
        said = ""
        if data is None:
            said = NO_DATA
        elif question is None:
            said = NOTHING
        elif (here := len(data.galaxy_names)) < LEAST_GALAXIES:
            said = TOO_FEW.format(here=here, least=LEAST_GALAXIES)
        self._message.param.update(object=said, visible=bool(said))
        self._learned.visible = self._slots[TableFive].visible = not said
        if data:
            words = SAID.format(name=escape(data.path.name))
            self._headline.object = heading("Mass from a few numbers", words, data)

    def _draw_correlations(self, due: set[str], question: Question | None) -> None:
        """Show the matrix, if there are enough samples."""
        shown = question is not None and len(question.data) >= LEAST_SAMPLES
        self._slots[Correlations].visible = shown
        if shown and due & {"dataset", "target", "theme"}:
            self._put(Correlations, question.data, question.target, self.choice.theme)

    def _ask(self, question: Question) -> None:
        """Have a question learned; the pictures before it stay, and fade if it takes long."""
        self._fits.ask(lambda _: learn(question))
        self._busy(True)
        self._pulse.wake()

    def _pull(self) -> bool:
        """Take what the workers have made; return whether there is more to come."""
        with self.choice.reporting():
            if fit := self._fits.take():
                self._show(fit)
        asking = [self._views[kind] for kind in (Importance, TableFive) if kind in self._views]
        for view in asking:
            with self.choice.reporting():
                view.pull()
        if not self._fits.busy:
            self._busy(False)
        return any(one.busy for one in (self._fits, *asking))

    def _show(self, fit: Fit) -> None:
        """Show what was learned."""
        self._put(Prediction, fit)
        self._put(Importance, fit, wake=self._pulse.wake)
        self._put(Losses, fit)

    def _busy(self, busy: bool) -> None:
        """Show that the pictures are of the question before; seen after 0.3 s."""
        self._late.object = '<p class="at-work">learning…</p>' if busy else ""
        self._learning.css_classes = ["gm-learning", *["gm-busy"] * busy]

    def _put(self, kind: type, *content: object, **once: object) -> None:
        """Draw a view; the first time, build it in its slot."""
        if kind in self._views:
            self._views[kind].draw(*content)
        else:
            self._views[kind] = kind(*content, **once)
            self._slots[kind].extend([self._views[kind], self._take(kind)])

    def _take(self, kind: type) -> TakeAlong:
        """Make the menu of a figure."""
        figure, data = FIGURES[kind]
        choice, view = self.choice, self._views[kind]
        return TakeAlong.of(
            choice,
            figure,
            lambda: f"{choice.target}_split-by-{choice.split}_{kind.__name__.lower()}",
            table=lambda: data(view),
        )
