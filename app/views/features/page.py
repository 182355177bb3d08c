"""Page: masses from summary features of galaxies, predicted by boosted trees."""

from galmass_app import how_made
from galmass_app.jobs import curve_of_trees
from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.tree_models import FitRequest, learn, resolve_request
from galmass_app.views.deferred_updater import DeferredUpdater
from galmass_app.views.download import Download
from galmass_app.views.features.correlations import Correlations
from galmass_app.views.features.importance import Importance
from galmass_app.views.features.losses import Losses
from galmass_app.views.heading import NO_DATA, heading
from galmass_app.views.layout import View, column, row
from galmass_app.views.learning_controls import LearningControls
from galmass_app.views.learning_curves import LearningCurves
from galmass_app.views.page_view import PageView
from galmass_app.views.prediction import Prediction
from galmass_app.views.table_five import TableFive
from galmass_app.views.worker_poller import WorkerPoller
from galmass_app.workers import QUICK, Slot
from galmass_core.datasets.capabilities import lacks
from galmass_core.learning.correlations import LEAST_SAMPLES
from galmass_core.learning.experiments import default_features
from galmass_core.quantities import TARGETS

DESCRIPTION = "Boosted trees (LightGBM) are trained on galaxies of {name} and tested on others."
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
CONTENT = {  # of a figure: the attribute of a fit
    Prediction: "predictions",
    Importance: "importance",
    Losses: "curves",
}


class Features(PageView):
    """Choose what to learn from what, and see at once how well that goes, and why."""

    def __init__(self, session: SessionState) -> None:
        super().__init__(session, *FIGURES)
        self._controls, self._fits = LearningControls(session), Slot(QUICK)
        prediction, importance, losses, correlations, table = self.slots.values()
        self._learning = row(
            "gm-learning", self._controls, prediction, column("gm-reasons", importance, losses)
        )
        self._learned = column("gm-slot", self._learning)
        self._curves = LearningCurves(session, networks=False)
        self._curves_part = column("gm-slot", self._curves)
        self._layout = column(
            "gm-page gm-features",
            row("gm-top", self._headline, self._late),
            self._message,
            self._learned,
            self._curves_part,
            correlations,
            table,
        )
        self._poller = WorkerPoller(self.pull, session)
        follows = ("dataset", "target", "features", "split", "theme")
        self._updater = DeferredUpdater(session, "features", self._draw, follows)

    def _draw(self, changed: set[str]) -> None:
        """Update everything whose state has changed, and train again."""
        data = self.session.data
        chosen = (self.session.target, self.session.features, self.session.split)
        request = data and resolve_request(data, *chosen)
        self._describe(data, request)
        if data is None:
            return
        self._draw_correlations(changed, request)
        if self._learned.visible and changed & {"dataset", "target", "features", "split"}:
            self._controls.draw(request)
            self._train(request)
            self._curves.draw(_curve(request))
        if self._learned.visible and changed & {"dataset", "split"}:
            self._put(TableFive, data, self.session.split, wake=self._poller.wake)

    def _describe(self, data: object, request: FitRequest | None) -> None:
        """Write what the page shows, or why there is nothing to show."""
        text = ""
        if data is None:
            text = NO_DATA
        elif request is None:
            text = snippet("shared.html", "message", *NOTHING)
        elif why := lacks(data).testing:
            text = snippet("features.html", "too_few", why)
        self._show_message(text)
        for part in (self._learned, self._curves_part, self.slots[TableFive]):
            part.visible = not text
        if data:
            text = DESCRIPTION.format(name=data.path.name)
            self._headline.object = heading("Masses from summary features", text, data)

    def _draw_correlations(self, changed: set[str], request: FitRequest | None) -> None:
        """Show the matrix, if there are enough samples."""
        shown = request is not None and len(request.data) >= LEAST_SAMPLES
        self.slots[Correlations].visible = shown
        if shown and changed & {"dataset", "target", "theme"}:
            self._put(Correlations, request.data, request.target, self.session.theme)

    def _train(self, request: FitRequest) -> None:
        """Have a worker train; the pictures before stay, and fade if it takes long."""
        self._fits.submit(lambda _: learn(request))
        self._fade(True)
        self._poller.wake()

    def pull(self) -> bool:
        """Take what the workers have made; return whether there is more to come."""
        with self.session.reporting():
            if fit := self._fits.take():
                self._put(Prediction, fit)
                self._put(Importance, fit, wake=self._poller.wake)
                self._put(Losses, fit)
        measuring = [self.views[kind] for kind in (Importance, TableFive) if kind in self.views]
        for view in measuring:
            with self.session.reporting():
                view.pull()
        if not self._fits.busy:
            self._fade(False)
        return any(one.busy for one in (self._fits, *measuring))

    def _fade(self, busy: bool) -> None:
        """Show whether the pictures are of an earlier request; seen after 0.3 s."""
        self._show_progress("learning…" * busy)
        self._learning.css_classes = ["gm-learning", *["gm-busy"] * busy]

    def _put(self, kind: type, *content: object, **once: object) -> None:
        """Draw a view; the first time, build it and its download menu in its slot."""
        built = kind in self.views
        super()._put(kind, *content, **once)
        if not built:
            self.slots[kind].append(self._download(kind))

    def _download(self, kind: type) -> Download:
        figure, data = FIGURES[kind]
        session, view = self.session, self.views[kind]
        return Download.of(
            session,
            figure,
            lambda: f"{session.target}_split-by-{session.split}_{kind.__name__.lower()}",
            how=lambda: self._how(kind, view),
            table=lambda: data(view),
        )

    def _how(self, kind: type, view: View) -> str:
        """Write how a figure was made."""
        session = self.session
        if kind is TableFive:
            return how_made.of_table(session, 5)
        if kind is Correlations:
            return how_made.of_correlations(session, view.table, view.method.value)
        return how_made.of_fit(session, self.views[Prediction].fit, CONTENT[kind])


def _curve(request: FitRequest) -> tuple[str, ...]:
    """Return the arguments of ``galmass curve`` for what is learned; its split is by galaxy."""
    name = f"{TARGETS[request.target].word}/features"
    usual = tuple(default_features(request.data.samples))
    features = None if request.features == usual else request.features
    return curve_of_trees(request.data.path, name, features)
