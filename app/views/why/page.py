"""Page: explanations of the predictions for the galaxy in view, by a network and by trees."""

import param

from galmass_app import how_made
from galmass_app.explanations import (
    NetworkExplanation,
    TreeExplanation,
    explain_by_network,
    explain_by_trees,
    networks,
    request_for,
)
from galmass_app.markup import snippet
from galmass_app.services import name_of_run
from galmass_app.state import SessionState
from galmass_app.tree_models import resolve_request
from galmass_app.views.deferred_updater import DeferredUpdater
from galmass_app.views.download import Download
from galmass_app.views.four_maps import COLOURED, chosen_scales
from galmass_app.views.galaxy_picker import GalaxyPicker
from galmass_app.views.galaxy_properties import headline
from galmass_app.views.heading import NO_DATA, section
from galmass_app.views.insights import Insights, Part
from galmass_app.views.layout import column, html, row, select
from galmass_app.views.lookalikes import LookalikeCards
from galmass_app.views.mass_profiles import MassProfiles
from galmass_app.views.page_view import PageView
from galmass_app.views.why import explanation_text
from galmass_app.views.why.network import Content, WhyNetwork
from galmass_app.views.why.replaced import WhyReplaced
from galmass_app.views.why.trees import WhyTrees
from galmass_app.views.worker_poller import WorkerPoller
from galmass_app.workers import NETWORKS, QUICK, Slot
from galmass_core.datasets.capabilities import lacks
from galmass_core.quantities import map_keys, quantity
from galmass_core.training.runs import Run, open_run

NO_MAPS = (
    "This data set holds numbers, no maps",
    "Networks need maps; boosted trees do not, see below.",
)
FAILED = (
    "The network gave no prediction",
    "The status line says why. Try another galaxy or network.",
)
FAILED_TREES = "The trees gave no prediction; the status line says why."
NO_TREES = "No trees can be trained on this data set: {}."
NOTHING = "There is nothing to train trees on."
FIGURES = {  # what can be downloaded: the CSS class of its picture, what it is of
    WhyNetwork: ("gm-why-network", lambda view: view.content.explanation.run.name),
    WhyReplaced: ("gm-why-replaced", lambda view: view.explanation.run.name),
    WhyTrees: ("gm-why-trees", lambda view: "trees"),
    MassProfiles: ("gm-why-profiles", lambda view: "profiles"),
}


class Why(PageView):
    """Choose a galaxy and a network, and see what the prediction depends on."""

    def __init__(self, session: SessionState) -> None:
        super().__init__(session, *FIGURES)
        self._no_trees = html("gm-message", visible=False)
        self._target = select("gm-inline gm-why-target", "What is predicted")
        self._network = select("gm-inline gm-why-run", "Network")
        for kind in (WhyReplaced, WhyTrees):  # hidden until there is something to draw
            self._put(kind)
            self.slots[kind].visible = False
        self._menus = {kind: self._menu(kind) for kind in FIGURES}
        for kind, menu in self._menus.items():
            self.slots[kind].append(menu)
        network, replaced, trees, profiles = self.slots.values()
        self.explaining, self._learning = Slot(NETWORKS), Slot(QUICK)
        self._network_request = self._tree_request = None  # what the pictures are of
        both = row(
            "gm-two", replaced, column("gm-slot", section("Boosted trees"), self._no_trees, trees)
        )
        self._layout = column("gm-page gm-why")
        self._poller = WorkerPoller(self.pull, session)
        if session.data is None:
            self._show_message(NO_DATA)
            self._layout.append(self._message)
            return
        alike = Part("Lookalikes and twins", LookalikeCards)
        self.insights = Insights(session, "why", {"alike": alike})
        self._layout[:] = [
            GalaxyPicker(session),
            row("gm-top", self._headline, self._late),
            row("gm-why-choices", self._target, self._network),
            self._message,
            network,
            both,
            profiles,
            self.insights,
        ]
        follows = ("dataset", "galaxy", "los", "target", "features", "split", "explained_run")
        follows += (
            *COLOURED,
            "theme",
            "page",
            *MassProfiles.follows,
            *self.insights.follows,
        )  # networks may have come meanwhile
        self._updater = DeferredUpdater(session, "why", self._draw, follows)
        self._target.param.watch(self._chosen, "value")
        self._network.param.watch(self._chosen, "value")

    def _draw(self, changed: set[str]) -> None:
        """Update everything whose state has changed."""
        session = self.session
        self._headline.object = headline(session.data.row(session.galaxy, session.los))
        self._request_network()
        self._request_trees()
        self._draw_profiles()
        self.insights.draw(changed)
        if changed & {*COLOURED, "theme"} and WhyNetwork in self.views:
            self._draw_network(self.views[WhyNetwork].content)
        self._dim()
        self._poller.wake()

    def _draw_profiles(self) -> None:
        """Show the mass profile, true and predicted, where the data set has it."""
        there = self.session.data.has_maps
        self.slots[MassProfiles].visible = self._menus[MassProfiles].visible = there
        with self.session.reporting():
            if there and MassProfiles in self.views:
                self.views[MassProfiles].draw()
            elif there:
                self._put(MassProfiles, self.session, figure=FIGURES[MassProfiles][0])

    def _request_network(self) -> None:
        """Request an explanation by the chosen network, unless it is the last request."""
        session, data = self.session, self.session.data
        runs = networks(data)
        target, run = self._pick(runs)
        for part in (self._target, self._network):
            part.visible = run is not None
        if run is None:
            self._network_request = None
            self.explaining.cancel()
            no_maps = snippet("shared.html", "message", *NO_MAPS)
            no_network = snippet("why.html", "no_network", data.path.name, lacks(data).training)
            self._show_no_network(no_maps if lacks(data).maps else no_network)
            return
        self._list_choices(runs, target, run)
        if WhyNetwork not in self.views:
            self._draw_network(Content((data, session.galaxy, session.los)))
        request = request_for(data, session.galaxy, session.los, run, target)
        if request != self._network_request:
            self._network_request = request
            self.explaining.submit(lambda _: explain_by_network(request))

    def _pick(self, runs: list[Run]) -> tuple[str, Run | None]:
        """Return target and network: as chosen, or as near to it as possible."""
        session = self.session
        named = name_of_run(session.explained_run)
        wanted = [run for run in runs if run.name == named]
        able = [run for run in runs if session.target in run.config["targets"]]
        run = next(iter([run for run in wanted if run in able] or able or runs), None)
        if run is None or session.target in run.config["targets"]:
            return session.target, run
        return run.config["targets"][0], run

    def _list_choices(self, runs: list[Run], target: str, run: Run) -> None:
        """List the targets of all networks, and the networks for the target."""
        with self._update_controls():
            targets = dict.fromkeys(key for each in runs for key in each.config["targets"])
            able = [each for each in runs if target in each.config["targets"]]
            self._target.param.update(
                options={quantity(key).name: key for key in targets}, value=target
            )
            self._network.param.update(
                options={explanation_text.called(each): each.name for each in able}, value=run.name
            )

    def _request_trees(self) -> None:
        """Request an explanation by the trees of the Features page, unless that is pending."""
        session, data = self.session, self.session.data
        request = resolve_request(data, session.target, session.features, session.split)
        why = lacks(data).testing
        text = NO_TREES.format(why) if why else NOTHING if request is None else ""
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
        """Show the explanation of a network, or that it failed in the place of old pictures."""
        if not self.explaining.ready:
            return
        text = snippet("shared.html", "message", *FAILED)
        with self.session.reporting():
            self._show_network(self.explaining.take())
            text = ""
        self._show_no_network(text)

    def _take_trees(self) -> None:
        """Show how trees come to their prediction, or why they have none."""
        if not self._learning.ready:
            return
        text = snippet("shared.html", "paragraph", FAILED_TREES)
        with self.session.reporting():
            steps = self._learning.take()
            if isinstance(steps, TreeExplanation):
                text = ""
                self.views[WhyTrees].draw(steps)
                self._menus[WhyTrees].visible = True
            else:
                text = explanation_text.unusable_text(steps)
        self._show_no_trees(text)

    def _show_no_network(self, text: str) -> None:
        """Show a message in the place of a network's explanation."""
        self._show_message(text)
        for kind in (WhyNetwork, WhyReplaced):
            self.slots[kind].visible = not text

    def _show_no_trees(self, text: str) -> None:
        """Show a message in the place of the explanation by trees."""
        self._no_trees.param.update(object=text, visible=bool(text))
        self.slots[WhyTrees].visible = not text

    def _dim(self) -> None:
        """Fade pictures of an earlier request; seen after 0.3 s."""
        busy = {
            WhyNetwork: self.explaining.busy,
            WhyReplaced: self.explaining.busy,
            WhyTrees: self._learning.busy,
            MassProfiles: False,
        }
        for kind, slot in self.slots.items():
            slot.css_classes = [*slot.css_classes[:2], *["gm-stale"] * busy[kind]]
        late = "computing the explanation…" if self.explaining.busy else "learning…"
        self._show_progress(late * any(busy.values()))

    def _show_network(self, explanation: NetworkExplanation) -> None:
        """Show what a network's prediction depends on."""
        request = explanation.request
        self._draw_network(Content((request.data, request.galaxy, request.los), explanation))
        self.views[WhyReplaced].draw(explanation)
        for kind in (WhyNetwork, WhyReplaced):
            self._menus[kind].visible = True

    def _draw_network(self, content: Content) -> None:
        """Draw the maps, and what is known of them; the first time, make their panes."""
        keys = (*map_keys(), *content.further) if content.further else None
        scales = chosen_scales(self.session, *content.sample, keys)
        self._put(WhyNetwork, content, scales, self.session.theme)

    def _menu(self, kind: type) -> Download:
        """Make the menu of a figure; it is there when the figure is."""
        figure, source = FIGURES[kind]
        session = self.session
        menu = Download.of(
            session,
            figure,
            lambda: f"{source(self.views[kind])}_{session.galaxy}_{session.los}_{figure[3:]}",
            how=lambda: self._how(kind),
            table=lambda: self.views[kind].table,
        )
        menu.visible = False
        return menu

    def _how(self, kind: type) -> str:
        """Write how a figure was made."""
        session, view = self.session, self.views[kind]
        if kind is WhyTrees:
            return how_made.of_steps(session, self._tree_request[0])
        if kind is MassProfiles:
            return how_made.of_profiles(session, view.run)
        request = self._network_request
        return how_made.of_explanation(session, open_run(request.run), request.target)

    def _chosen(self, event: param.parameterized.Event) -> None:
        if not self._updating and event.new:
            name = "target" if event.obj is self._target else "explained_run"
            self.session.param.update({name: event.new})
