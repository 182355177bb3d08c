"""Page: one galaxy at a time, in its maps, its numbers and its place in the sample."""

import pandas as pd

from galmass_app import how_made
from galmass_app.estimates import Strip, axes_of, estimates_of
from galmass_app.markup import snippet
from galmass_app.standing import standings_of
from galmass_app.state import SessionState
from galmass_app.views.deferred_updater import DeferredUpdater
from galmass_app.views.download import Download
from galmass_app.views.explore.beside import Beside
from galmass_app.views.explore.definitions import Definitions
from galmass_app.views.explore.estimates import Estimates
from galmass_app.views.explore.further import FurtherMaps
from galmass_app.views.explore.limits import Limits
from galmass_app.views.explore.lines_of_sight import LinesOfSight
from galmass_app.views.explore.motion import Motion
from galmass_app.views.explore.observed import Observed
from galmass_app.views.explore.telescope import ThroughTelescope
from galmass_app.views.explore.turn import Turn
from galmass_app.views.four_maps import COLOURED, FourMaps, chosen_scales, shown_maps
from galmass_app.views.galaxy_picker import GalaxyPicker
from galmass_app.views.galaxy_properties import headline, properties, true_masses
from galmass_app.views.heading import NO_DATA, captioned
from galmass_app.views.insights import Insights, Part
from galmass_app.views.layout import column, html, row, switch
from galmass_app.views.lookalikes import LookalikeCards
from galmass_app.views.mass_profiles import MassProfiles
from galmass_app.views.page_view import PageView
from galmass_app.views.scatter import Sample
from galmass_app.views.worker_poller import WorkerPoller
from galmass_app.workers import QUICK, Job, Slot

UNREADABLE = (
    "The maps of this galaxy cannot be read",
    "The status line says why. Other galaxies may be intact: try the next one.",
)
COLOURS = {"This galaxy": "galaxy", "Whole sample": "sample", "By hand": "hand"}
STARS = {str(count): count for count in SessionState.param.least_stars.objects}
PARTS = {
    "further": Part("Further maps", FurtherMaps),
    "alike": Part("Lookalikes and twins", LookalikeCards),
    "motion": Part("Motion by radius", Motion),
    "lines": Part("Three lines of sight", LinesOfSight),
    "turn": Part("Any line of sight", Turn),
    "telescope": Part("Through a telescope", ThroughTelescope),
    "observed": Part("Observed galaxies", Observed),
    "definitions": Part("Other definitions", Definitions),
    "beside": Part("Beside another galaxy", Beside),
}
SAMPLE = frozenset({"dataset", "galaxy", "los"})  # parameters that choose what is in view
BELOW = "below"  # what is drawn after the maps have been sent


class Explore(PageView):
    """Pick a galaxy by ID, by chance or in the scatter, and look at it."""

    def __init__(self, session: SessionState) -> None:
        super().__init__(session, FourMaps, Limits, MassProfiles, Sample, Estimates)
        self._headline.sizing_mode = None
        self._layout = column("gm-page", self._message)
        if session.data is None:
            self._show_message(NO_DATA)
            return
        maps, limits, profiles, sample, estimates = self.slots.values()
        self._properties = html("gm-properties")
        self._masses = html("gm-targets")
        middle = column("gm-masses", profiles, self._masses)
        below = row("gm-below", self._properties, middle, sample)
        self._download_maps = Download.of_maps(session, "gm-portrait")
        colours = switch("gm-colours", session.param.colours, COLOURS)
        stars = switch("gm-least-stars", session.param.least_stars, STARS)
        self._look = row(
            "gm-group gm-look",
            row(
                "gm-group",
                captioned("Stars in a pixel, at least", align="center"),
                stars,
                wide=False,
            ),
            row("gm-group", captioned("Colours span", align="center"), colours, wide=False),
            wide=False,
        )
        top = row("gm-portrait-top", self._headline, self._look, self._download_maps)
        profiles.append(
            Download.of(
                session,
                "gm-profiles",
                lambda: f"{session.galaxy}_profiles",
                how=lambda: how_made.of_profiles(session, self.views[MassProfiles].run),
                table=lambda: self.views[MassProfiles].table,
            )
        )
        sample.append(
            Download.of(
                session,
                "gm-sample",
                lambda: f"{session.y}_{session.x}",
                how=lambda: how_made.of_columns(session, self._scattered()),
                table=self._scattered,
            )
        )
        portrait = column("gm-portrait gm-page", top, self._message, maps, limits)
        self.insights = Insights(session, "explore", PARTS)
        self._layout[:] = [GalaxyPicker(session), portrait, estimates, self.insights, below]
        own = ("x", "y", "colour", "theme", "least_stars", "selection_query", *COLOURED)
        page = ("page", *MassProfiles.follows)  # runs may have ended meanwhile
        follows = (*SAMPLE, *own, *page, *self.insights.follows)
        self._predicting = Slot(QUICK)
        self._poller = WorkerPoller(self.pull, session)
        self._updater = DeferredUpdater(session, "explore", self._draw, follows)
        self._updater.add(BELOW)

    def _draw(self, changed: set[str]) -> None:
        """Update every view whose state has changed; one that fails reports why."""
        parts = {
            self._draw_facts: SAMPLE,
            self._draw_maps: {*SAMPLE, "theme", "least_stars", *COLOURED},
        }
        if BELOW in changed or Sample in self.views:
            parts |= {
                self._draw_profiles: {BELOW, "page", *SAMPLE, *MassProfiles.follows},
                self._predict: {BELOW, "page", *SAMPLE},
                lambda: self._put(Sample, self.session): {BELOW, "dataset", "x", "y", "colour"},
                lambda: self.views[Sample].mark(): {"galaxy", "los"},
                lambda: self.views[Sample].select(): {"selection_query"},
                lambda: self.insights.draw(changed): {BELOW, *self.insights.follows},
            }
        for draw, follows in parts.items():
            if changed & follows:
                with self.session.reporting():
                    draw()

    def _draw_facts(self) -> None:
        """Name the sample and list what is known of it."""
        data = self.session.data
        sample = self.session.galaxy, self.session.los
        row, standings = data.row(*sample), standings_of(data, *sample)
        self._headline.object = headline(row)
        self._masses.object = true_masses(row, standings)
        self._properties.object = properties(row, data.joined_columns, standings)

    def _draw_maps(self) -> None:
        """Show the maps, or why there are none."""
        session, data = self.session, self.session.data
        drawn, by_hand = False, session.colours == "hand"
        try:
            if data.has_maps:
                sample = session.galaxy, session.los
                scales = chosen_scales(session, data, *sample)
                self._put(FourMaps, shown_maps(session, *sample, scales))
                if by_hand:
                    self._put(Limits, scales, session=session)
                drawn = True
        finally:
            for part in (self.slots[FourMaps], self._look, self._download_maps):
                part.visible = drawn
            self.slots[Limits].visible = drawn and by_hand
            unreadable = snippet("shared.html", "message", *UNREADABLE)
            no_maps = snippet("explore.html", "no_maps")
            self._show_message("" if drawn else unreadable if data.has_maps else no_maps)

    def _draw_profiles(self) -> None:
        """Show how mass grows outwards, where that is known."""
        there = self.session.data.has_maps
        self.slots[MassProfiles].visible = there
        if there and MassProfiles in self.views:
            self.views[MassProfiles].draw()
        elif there:
            self._put(MassProfiles, self.session)

    def _predict(self) -> None:
        """Have a worker look up what runs predict: it reads all of them the first time."""
        session, data = self.session, self.session.data
        sample = session.galaxy, session.los

        def work(_: Job) -> tuple[str, list[Strip]]:
            axes = axes_of(data, *sample) if data.has_maps else ""
            return axes, estimates_of(data, *sample)

        self._predicting.submit(work)
        self._poller.wake()

    def pull(self) -> bool:
        """Show the estimates that the worker has made; return whether more are to come."""
        session = self.session
        with session.reporting():
            if (found := self._predicting.take()) is not None:
                axes, strips = found
                self._headline.object = headline(
                    session.data.row(session.galaxy, session.los), axes
                )
                if Estimates not in self.views:
                    self.slots[Estimates].append(self._download_predictions())
                self._put(Estimates, strips)
                self.slots[Estimates].visible = bool(strips)
        return self._predicting.busy

    def _download_predictions(self) -> Download:
        """Make the menu of the predictions."""
        session = self.session
        return Download.of(
            session,
            "gm-predictions",
            lambda: f"{session.galaxy}_{session.los}_predictions",
            how=lambda: how_made.of_predictions(session, self.views[Estimates].runs),
            table=lambda: self.views[Estimates].table,
        )

    def _scattered(self) -> pd.DataFrame:
        session = self.session
        columns = dict.fromkeys(("name", "los", session.x, session.y, session.colour or session.x))
        return session.data.samples[list(columns)]
