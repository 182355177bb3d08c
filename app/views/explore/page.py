"""Page: one galaxy at a time, in its maps, its numbers and its place in the sample."""

import pandas as pd

from galmass_app.markup import snippet
from galmass_app.predictions import predictions_of
from galmass_app.state import SessionState
from galmass_app.views.deferred_updater import DeferredUpdater
from galmass_app.views.download import Download
from galmass_app.views.explore.limits import Limits
from galmass_app.views.explore.predictions import Predictions
from galmass_app.views.four_maps import COLOURED, FourMaps, chosen_scales, shown_maps
from galmass_app.views.galaxy_picker import GalaxyPicker
from galmass_app.views.galaxy_properties import headline, properties, true_masses
from galmass_app.views.heading import NO_DATA, captioned
from galmass_app.views.layout import column, html, row, switch
from galmass_app.views.mass_profiles import FOLLOWS, MassProfiles
from galmass_app.views.page_view import PageView
from galmass_app.views.scatter import Sample
from galmass_app.views.worker_poller import WorkerPoller
from galmass_app.workers import QUICK, Slot

UNREADABLE = (
    "The maps of this galaxy cannot be read",
    "The status line says why. Other galaxies may be intact: try the next one.",
)
COLOURS = {"This galaxy": "galaxy", "Whole sample": "sample", "By hand": "hand"}
STARS = {str(count): count for count in SessionState.param.least_stars.objects}
BELOW = "below"  # what is drawn after the maps have been sent


class Explore(PageView):
    """Pick a galaxy by ID, by chance or in the scatter, and look at it."""

    def __init__(self, session: SessionState) -> None:
        super().__init__(session, FourMaps, MassProfiles, Sample, Predictions)
        self._headline.sizing_mode = None
        self._layout = column("gm-page", self._message)
        if session.data is None:
            self._show_message(NO_DATA)
            return
        maps, profiles, sample, predictions = self.slots.values()
        self._properties = html("gm-properties")
        self._masses = html("gm-targets")
        middle = column("gm-masses", profiles, self._masses, predictions)
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
                table=lambda: self.views[MassProfiles].table,
            )
        )
        sample.append(
            Download.of(
                session, "gm-sample", lambda: f"{session.y}_{session.x}", table=self._scattered
            )
        )
        self._limits = Limits(session)
        portrait = column("gm-portrait gm-page", top, self._message, maps, self._limits)
        self._layout[:] = [GalaxyPicker(session), portrait, below]
        follows = ("dataset", "galaxy", "los", "x", "y", "colour", "theme", *COLOURED)
        follows += (
            "least_stars",
            "selection_query",
            "page",
            *FOLLOWS,
        )  # runs may have ended meanwhile
        self._predicting = Slot(QUICK)
        self._poller = WorkerPoller(self.pull, session)
        self._updater = DeferredUpdater(session, "explore", self._draw, follows)
        self._updater.add(BELOW)

    def _draw(self, changed: set[str]) -> None:
        """Update every view whose state has changed; one that fails reports why."""
        parts = {
            self._draw_facts: {"dataset", "galaxy", "los"},
            self._draw_maps: {"dataset", "galaxy", "los", "theme", "least_stars", *COLOURED},
        }
        if BELOW in changed or Sample in self.views:
            parts |= {
                self._draw_profiles: {BELOW, "page", "dataset", "galaxy", "los", *FOLLOWS},
                self._predict: {BELOW, "page", "dataset", "galaxy", "los"},
                lambda: self._put(Sample, self.session): {BELOW, "dataset", "x", "y", "colour"},
                lambda: self.views[Sample].mark(): {"galaxy", "los"},
                lambda: self.views[Sample].select(): {"selection_query"},
            }
        for draw, follows in parts.items():
            if changed & follows:
                with self.session.reporting():
                    draw()

    def _draw_facts(self) -> None:
        """Name the sample and list what is known of it."""
        data = self.session.data
        row = data.row(self.session.galaxy, self.session.los)
        self._headline.object, self._masses.object = headline(row), true_masses(row)
        self._properties.object = properties(row, data.joined_columns)

    def _draw_maps(self) -> None:
        """Show the maps, or why there are none."""
        session, data = self.session, self.session.data
        drawn = False
        try:
            if data.has_maps:
                sample = session.galaxy, session.los
                scales = chosen_scales(session, data, *sample)
                self._put(FourMaps, shown_maps(session, *sample, scales))
                self._limits.draw(scales)
                drawn = True
        finally:
            for part in (self.slots[FourMaps], self._look, self._download_maps):
                part.visible = drawn
            self._limits.show(drawn and session.colours == "hand")
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
        self._predicting.submit(lambda _: predictions_of(data, *sample))
        self._poller.wake()

    def pull(self) -> bool:
        """Show the predictions that the worker has looked up; return whether more are to come."""
        with self.session.reporting():
            if (predictions := self._predicting.take()) is not None:
                if Predictions not in self.views:
                    self.slots[Predictions].append(self._download_predictions())
                self._put(Predictions, predictions)
                self.slots[Predictions].visible = bool(predictions)
        return self._predicting.busy

    def _download_predictions(self) -> Download:
        """Make the menu of the predictions."""
        session = self.session
        return Download.of(
            session,
            "gm-predictions",
            lambda: f"{session.galaxy}_{session.los}_predictions",
            table=lambda: self.views[Predictions].table,
        )

    def _scattered(self) -> pd.DataFrame:
        session = self.session
        columns = dict.fromkeys(("name", "los", session.x, session.y, session.colour or session.x))
        return session.data.samples[list(columns)]
