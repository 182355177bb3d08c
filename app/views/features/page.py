"""Page: what a few numbers of a galaxy say about its mass, learned by boosted trees."""

from functools import partial
from html import escape

import panel as pn
import param

from galmass_app import services
from galmass_app.fits import LEAST_GALAXIES, QUICK, Fit, Question, Slot, learn, pose
from galmass_app.state import Choice
from galmass_app.views.facts import SYNTHETIC
from galmass_app.views.features.correlations import LEAST_SAMPLES, Correlations
from galmass_app.views.features.importance import Importance
from galmass_app.views.features.losses import Losses
from galmass_app.views.learning_controls import LearningControls
from galmass_app.views.prediction import Prediction
from galmass_app.views.table_five import TableFive
from galmass_app.views.take_along import TakeAlong
from galmass_app.views.update import one_update

LOOK_EVERY = 60  # ms, while a worker is at it
NO_DATA = """<h2>There is no data set yet</h2>
<p>Make one from the files of simulated galaxies (TNG cutouts, EAGLE, COLIBRE), and serve it:</p>
<pre>galmass build GALAXY.hdf5 --out mygalaxies
galmass serve mygalaxies</pre>"""
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
        self._pulse = pn.state.add_periodic_callback(self._pull, period=LOOK_EVERY, start=False)
        self._due = {"dataset"}
        self._draw()
        choice.param.watch(self._later, ["page", "dataset", "target", "features", "split", "theme"])

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def _later(self, *events: param.parameterized.Event) -> None:
        """Draw once this callback is through; a page that is not in view waits until it is."""
        self._due |= {event.name for event in events} - {"page"}
        if self._due and self.choice.page == "features":
            pn.state.onload(partial(pn.state.execute, self._draw, schedule=True))

    def _draw(self) -> None:
        """Bring everything whose choice has changed up to date, and have it learned anew."""
        due, self._due = self._due, set()
        if not due:
            return
        data = self.choice.data
        with one_update(), self.choice.reporting():
            question = data and self._question()
            self._say(data, question)
            if data is None:
                return
            self._draw_correlations(due, question)
            if self._learned.visible and due & {"dataset", "target", "features", "split"}:
                self._controls.draw(question)
                self._ask(question)
            if self._learned.visible and due & {"dataset", "split"}:
                self._put(TableFive, data, self.choice.split, wake=self._wake)

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
        badge = SYNTHETIC if data and services.is_synthetic(data) else ""
        name = escape(data.path.name) if data else ""
        self._headline.object = (
            f'<div class="line"><h1>Mass from a few numbers</h1>{badge}<p>Boosted trees (LightGBM) '
            f"learn from galaxies of {name} and are tried on others.</p></div>" * bool(data)
        )

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
        self._wake()

    def _wake(self) -> None:
        """Look after the workers until they are done, once the page has reached its visitor."""
        pn.state.onload(self._look)

    def _look(self) -> None:
        """Begin to look, unless we do already."""
        if not self._pulse.running:
            self._pulse.start()

    def _pull(self) -> None:
        """Take what the workers have made; rest when there is nothing left."""
        with one_update():
            with self.choice.reporting():
                if fit := self._fits.take():
                    self._show(fit)
            for view in (self._views.get(Importance), self._views.get(TableFive)):
                if view:
                    with self.choice.reporting():
                        view.pull()
            if not self._fits.busy:
                self._busy(False)
        if not (self._fits.busy or any(self._views[kind].busy for kind in self._workers())):
            self._pulse.stop()

    def _workers(self) -> list[type]:
        """Return the views that ask workers themselves."""
        return [kind for kind in (Importance, TableFive) if kind in self._views]

    def _show(self, fit: Fit) -> None:
        """Show what was learned."""
        self._put(Prediction, fit)
        self._put(Importance, fit, wake=self._wake)
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
