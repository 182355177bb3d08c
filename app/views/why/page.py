"""Page: why a network, and boosted trees, say what they say of the galaxy in view."""

import panel as pn
import param

from galmass_app import services
from galmass_app.explanations import (
    NetworkExplanation,
    TreeExplanation,
    explain_by_network,
    explain_by_trees,
    networks,
    request_for,
)
from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.tree_models import LEAST_GALAXIES, resolve_request
from galmass_app.views.deferred_updater import DeferredUpdater
from galmass_app.views.download import Download
from galmass_app.views.galaxy_picker import GalaxyPicker
from galmass_app.views.galaxy_properties import headline
from galmass_app.views.heading import NO_DATA, section
from galmass_app.views.why import explanation_text
from galmass_app.views.why.network import Content, WhyNetwork
from galmass_app.views.why.replaced import WhyReplaced
from galmass_app.views.why.trees import WhyTrees
from galmass_app.views.worker_poller import WorkerPoller
from galmass_app.workers import NETWORKS, QUICK, Slot
from galmass_core.quantities import quantity
from galmass_core.training.runs import Run

NO_MAPS = (
    "This data set holds numbers, no maps",
    "Networks need maps. The prediction of boosted trees is below.",
)
FAILED = (
    "The network gave no prediction",
    "The status line says why. Try another galaxy or network.",
)
FAILED_TREES = "The trees gave no prediction; the status line says why."
TOO_FEW = "Trees need {least} galaxies at least to learn from; here are {here}."
NOTHING = "There is nothing to train trees on."
FIGURES = {  # what can be downloaded: the CSS class of its picture, what it is of
    WhyNetwork: ("gm-why-network", lambda view: view.content.explanation.run.name),
    WhyReplaced: ("gm-why-replaced", lambda view: view.explanation.run.name),
    WhyTrees: ("gm-why-trees", lambda view: "trees"),
}


class Why(pn.viewable.Viewer):
    """Choose a galaxy and a network, and see what the prediction rests on."""

    session = param.ClassSelector(class_=SessionState)

    def __init__(self, session: SessionState) -> None:
        super().__init__(session=session)
        stretch = {"sizing_mode": "stretch_width"}
        self._headline = pn.pane.HTML(css_classes=["gm-headline"], **stretch)
        self._late = pn.pane.HTML(css_classes=["gm-late"])
        self._message, self._no_trees = (
            pn.pane.HTML(css_classes=["gm-message"], visible=False, **stretch) for _ in range(2)
        )
        self._target, self._network = (
            pn.widgets.Select(label=label, css_classes=["gm-inline", name], **stretch)
            for label, name in (("What is predicted", "gm-why-target"), ("Network", "gm-why-run"))
        )
        self.views = {WhyReplaced: WhyReplaced(), WhyTrees: WhyTrees()}
        self._menus = {kind: self._menu(kind) for kind in FIGURES}
        self.slots = {
            kind: pn.Column(self._menus[kind], css_classes=["gm-slot"], **stretch)
            for kind in FIGURES
        }
        for kind, view in self.views.items():
            self.slots[kind].insert(0, view)
        self._showing = False
        network, replaced, trees = self.slots.values()
        self.explaining, self._learning = Slot(NETWORKS), Slot(QUICK)
        self._network_request = self._tree_request = None  # what the pictures are of
        both = pn.Row(
            replaced,
            pn.Column(
                section("Boosted trees"),
                self._no_trees,
                trees,
                css_classes=["gm-slot"],
                **stretch,
            ),
            css_classes=["gm-two"],
            **stretch,
        )
        self._layout = pn.Column(css_classes=["gm-page", "gm-why"], **stretch)
        self._poller = WorkerPoller(self.pull)
        if session.data is None:
            self._message.param.update(object=NO_DATA, visible=True)
            self._layout.append(self._message)
            return
        self._layout[:] = [
            GalaxyPicker(session),
            pn.Row(self._headline, self._late, css_classes=["gm-top"], **stretch),
            pn.Row(self._target, self._network, css_classes=["gm-why-choices"], **stretch),
            self._message,
            network,
            both,
        ]
        follows = ("dataset", "galaxy", "los", "target", "features", "split", "explained_run")
        follows += ("colours", "theme", "page")  # networks may have come meanwhile
        self._updater = DeferredUpdater(session, "why", self._draw, follows)
        self._target.param.watch(self._chosen, "value")
        self._network.param.watch(self._chosen, "value")

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def _draw(self, changed: set[str]) -> None:
        """Bring everything whose state has changed up to date."""
        session = self.session
        self._headline.object = headline(session.data.row(session.galaxy, session.los))
        self._ask_network()
        self._ask_trees()
        if changed & {"colours", "theme"} and WhyNetwork in self.views:
            self._draw_network(self.views[WhyNetwork].content)
        self._dim()
        self._poller.wake()

    def _ask_network(self) -> None:
        """Put the question to the network that is chosen, unless it has been."""
        session, data = self.session, self.session.data
        runs = networks(data)
        target, run = self._pick(runs)
        for part in (self._target, self._network):
            part.visible = run is not None
        if run is None:
            self._network_request = None
            self.explaining.cancel()
            no_maps = snippet("shared.html", "message", *NO_MAPS)
            no_network = snippet("why.html", "no_network", data.path.name)
            self._show_message(no_network if data.has_maps else no_maps)
            return
        self._offer(runs, target, run)
        if WhyNetwork not in self.views:
            self._draw_network(Content((data, session.galaxy, session.los)))
        request = request_for(data, session.galaxy, session.los, run, target)
        if request != self._network_request:
            self._network_request = request
            self.explaining.submit(lambda _: explain_by_network(request))

    def _pick(self, runs: list[Run]) -> tuple[str, Run | None]:
        """Return what is predicted and by whom: as asked, or as near to it as can be."""
        session = self.session
        wanted = [run for run in runs if run.name == session.explained_run]
        able = [run for run in runs if session.target in run.config["targets"]]
        run = next(iter([run for run in wanted if run in able] or able or runs), None)
        if run is None or session.target in run.config["targets"]:
            return session.target, run
        return run.config["targets"][0], run

    def _offer(self, runs: list[Run], target: str, run: Run) -> None:
        """List the targets of all networks, and the networks for the target."""
        self._showing = True  # what we set ourselves is no wish of a person
        targets = dict.fromkeys(key for each in runs for key in each.config["targets"])
        able = [each for each in runs if target in each.config["targets"]]
        self._target.param.update(
            options={quantity(key).name: key for key in targets}, value=target
        )
        self._network.param.update(
            options={explanation_text.called(each): each.name for each in able}, value=run.name
        )
        self._showing = False

    def _ask_trees(self) -> None:
        """Have the trees of the Features page followed to this galaxy, unless they have been."""
        session, data = self.session, self.session.data
        request = resolve_request(data, session.target, session.features, session.split)
        here = len(data.galaxy_names)
        few = TOO_FEW.format(least=LEAST_GALAXIES, here=here) * (here < LEAST_GALAXIES)
        text = NOTHING if request is None else few
        if text:
            self._tree_request = None
            self._learning.cancel()
            self._show_no_trees(snippet("shared.html", "paragraph", text))
            return
        tree_request = (request, session.galaxy, session.los)
        if tree_request != self._tree_request:
            self._tree_request = tree_request
            self._learning.submit(lambda _: explain_by_trees(*tree_request))

    def pull(self) -> bool:
        """Take what the workers have made; return whether there is more to come."""
        self._take_network()
        self._take_trees()
        self._dim()
        return self.explaining.busy or self._learning.busy

    def _take_network(self) -> None:
        """Show what a network answered; if it failed, show that in place of old pictures."""
        if not self.explaining.ready:
            return
        text = snippet("shared.html", "message", *FAILED)
        with self.session.reporting():
            self._show_network(self.explaining.take())
            text = ""
        self._show_message(text)

    def _take_trees(self) -> None:
        """Show how trees come to their prediction, or why they have none."""
        if not self._learning.ready:
            return
        text = snippet("shared.html", "paragraph", FAILED_TREES)
        with self.session.reporting():
            steps = self._learning.take()
            text = (
                "" if isinstance(steps, TreeExplanation) else explanation_text.unusable_text(steps)
            )
            if not text:
                self.views[WhyTrees].draw(steps)
                self._menus[WhyTrees].visible = True
        self._show_no_trees(text)

    def _show_message(self, text: str) -> None:
        """Show a message in place of what a network says."""
        self._message.param.update(object=text, visible=bool(text))
        for kind in (WhyNetwork, WhyReplaced):
            self.slots[kind].visible = not text

    def _show_no_trees(self, text: str) -> None:
        """Show a message in place of what trees say."""
        self._no_trees.param.update(object=text, visible=bool(text))
        self.slots[WhyTrees].visible = not text

    def _dim(self) -> None:
        """Show that pictures are of the question before; seen after 0.3 s."""
        busy = {
            WhyNetwork: self.explaining.busy,
            WhyReplaced: self.explaining.busy,
            WhyTrees: self._learning.busy,
        }
        for kind, slot in self.slots.items():
            slot.css_classes = ["gm-slot", *["gm-stale"] * busy[kind]]
        late = "computing the explanation…" if self.explaining.busy else "learning…"
        at_work = snippet("shared.html", "at_work", late)
        self._late.object = at_work if any(busy.values()) else ""

    def _show_network(self, explanation: NetworkExplanation) -> None:
        """Show what a network's prediction rests on."""
        request = explanation.request
        self._draw_network(Content((request.data, request.galaxy, request.los), explanation))
        self.views[WhyReplaced].draw(explanation)
        for kind in (WhyNetwork, WhyReplaced):
            self._menus[kind].visible = True

    def _draw_network(self, content: Content) -> None:
        """Draw the maps, and what is known of them; the first time, make their panes."""
        fixed = self.session.colours == "sample"
        scales = (
            services.sample_scales(content.sample[0]) if fixed else services.scales(*content.sample)
        )
        if WhyNetwork in self.views:
            self.views[WhyNetwork].draw(content, scales, self.session.theme)
        else:
            self.views[WhyNetwork] = WhyNetwork(content, scales, self.session.theme)
            self.slots[WhyNetwork].insert(0, self.views[WhyNetwork])

    def _menu(self, kind: type) -> Download:
        """Make the menu of a figure; it is there when the figure is."""
        figure, source = FIGURES[kind]
        session = self.session
        menu = Download.of(
            session,
            figure,
            lambda: f"{source(self.views[kind])}_{session.galaxy}_{session.los}_{figure[3:]}",
            table=lambda: self.views[kind].table,
        )
        menu.visible = False
        return menu

    def _chosen(self, event: param.parameterized.Event) -> None:
        """Ask for another target, or another network."""
        if not self._showing and event.new:
            name = "target" if event.obj is self._target else "explained_run"
            self.session.param.update({name: event.new})
