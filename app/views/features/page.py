"""Page: what a few numbers of a galaxy say about its mass, learned by boosted trees."""

import panel as pn
import param

from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.tree_models import LEAST_GALAXIES, Fit, FitRequest, learn, resolve_request
from galmass_app.views.deferred_updater import DeferredUpdater
from galmass_app.views.download import Download
from galmass_app.views.features.correlations import LEAST_SAMPLES, Correlations
from galmass_app.views.features.importance import Importance
from galmass_app.views.features.losses import Losses
from galmass_app.views.heading import NO_DATA, heading
from galmass_app.views.learning_controls import LearningControls
from galmass_app.views.prediction import Prediction
from galmass_app.views.table_five import TableFive
from galmass_app.views.worker_poller import WorkerPoller
from galmass_app.workers import QUICK, Slot

SAID = "Boosted trees (LightGBM) are trained on galaxies of {name} and tested on others."
NOTHING = (
    "Nothing to train on",
    "This data set has no true masses, or none of the features to predict them from. Choose "
    "another above.",
)
FIGURES = {  # what can be downloaded: the CSS class of its picture, its data
    Prediction: ("gm-prediction", lambda view: view.fit.predictions),
    Importance: ("gm-importance", lambda view: view.table),
    Losses: ("gm-losses", lambda view: view.fit.curves),
    Correlations: ("gm-correlations", lambda view: view.table),
    TableFive: ("gm-table-part", lambda view: view.table),
}


class Features(pn.viewable.Viewer):
    """Choose what to learn from what, and see at once how well that goes, and why."""

    session = param.ClassSelector(class_=SessionState)

    def __init__(self, session: SessionState) -> None:
        super().__init__(session=session)
        stretch = {"sizing_mode": "stretch_width"}
        self._headline = pn.pane.HTML(css_classes=["gm-headline"], **stretch)
        self._message = pn.pane.HTML(css_classes=["gm-message"], visible=False, **stretch)
        self._late = pn.pane.HTML(css_classes=["gm-late"])
        self._controls = LearningControls(session)
        self.views, self._fits = {}, Slot(QUICK)
        self.slots = {
            kind: pn.Column(css_classes=["gm-slot", f"gm-slot-{kind.__name__.lower()}"], **stretch)
            for kind in (Prediction, Importance, Losses, Correlations, TableFive)
        }
        prediction, importance, losses, correlations, table = self.slots.values()
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
        self._poller = WorkerPoller(self.pull)
        follows = ("dataset", "target", "features", "split", "theme")
        self._updater = DeferredUpdater(session, "features", self._draw, follows)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def _draw(self, changed: set[str]) -> None:
        """Bring everything whose state has changed up to date, and train again."""
        data = self.session.data
        request = data and self._request()
        self._say(data, request)
        if data is None:
            return
        self._draw_correlations(changed, request)
        if self._learned.visible and changed & {"dataset", "target", "features", "split"}:
            self._controls.draw(request)
            self._ask(request)
        if self._learned.visible and changed & {"dataset", "split"}:
            self._put(TableFive, data, self.session.split, wake=self._poller.wake)

    def _request(self) -> FitRequest | None:
        """Return what is asked now."""
        session = self.session
        return resolve_request(session.data, session.target, session.features, session.split)

    def _say(self, data: object, request: FitRequest | None) -> None:
        """Write what the page shows, or why there is nothing to show."""
        text = ""
        if data is None:
            text = NO_DATA
        elif request is None:
            text = snippet("shared.html", "message", *NOTHING)
        elif (here := len(data.galaxy_names)) < LEAST_GALAXIES:
            text = snippet("features.html", "too_few", here, LEAST_GALAXIES)
        self._message.param.update(object=text, visible=bool(text))
        self._learned.visible = self.slots[TableFive].visible = not text
        if data:
            words = SAID.format(name=data.path.name)
            self._headline.object = heading("Masses from summary features", words, data)

    def _draw_correlations(self, changed: set[str], request: FitRequest | None) -> None:
        """Show the matrix, if there are enough samples."""
        shown = request is not None and len(request.data) >= LEAST_SAMPLES
        self.slots[Correlations].visible = shown
        if shown and changed & {"dataset", "target", "theme"}:
            self._put(Correlations, request.data, request.target, self.session.theme)

    def _ask(self, request: FitRequest) -> None:
        """Have a question learned; the pictures before it stay, and fade if it takes long."""
        self._fits.submit(lambda _: learn(request))
        self._busy(True)
        self._poller.wake()

    def pull(self) -> bool:
        """Take what the workers have made; return whether there is more to come."""
        with self.session.reporting():
            if fit := self._fits.take():
                self._show(fit)
        asking = [self.views[kind] for kind in (Importance, TableFive) if kind in self.views]
        for view in asking:
            with self.session.reporting():
                view.pull()
        if not self._fits.busy:
            self._busy(False)
        return any(one.busy for one in (self._fits, *asking))

    def _show(self, fit: Fit) -> None:
        """Show what was learned."""
        self._put(Prediction, fit)
        self._put(Importance, fit, wake=self._poller.wake)
        self._put(Losses, fit)

    def _busy(self, busy: bool) -> None:
        """Show that the pictures are of the question before; seen after 0.3 s."""
        self._late.object = snippet("shared.html", "at_work", "learning…") if busy else ""
        self._learning.css_classes = ["gm-learning", *["gm-busy"] * busy]

    def _put(self, kind: type, *content: object, **once: object) -> None:
        """Draw a view; the first time, build it in its slot."""
        if kind in self.views:
            self.views[kind].draw(*content)
        else:
            self.views[kind] = kind(*content, **once)
            self.slots[kind].extend([self.views[kind], self._download(kind)])

    def _download(self, kind: type) -> Download:
        """Make the menu of a figure."""
        figure, data = FIGURES[kind]
        session, view = self.session, self.views[kind]
        return Download.of(
            session,
            figure,
            lambda: f"{session.target}_split-by-{session.split}_{kind.__name__.lower()}",
            table=lambda: data(view),
        )
