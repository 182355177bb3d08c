"""Page: one galaxy at a time, in its maps, its numbers and its place in the sample."""

import pandas as pd
import panel as pn
import param

from galmass_app import services
from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.views.deferred_updater import DeferredUpdater
from galmass_app.views.download import Download
from galmass_app.views.explore.mass_profiles import MassProfiles
from galmass_app.views.four_maps import FourMaps
from galmass_app.views.galaxy_picker import GalaxyPicker, caption
from galmass_app.views.galaxy_properties import headline, properties, true_masses
from galmass_app.views.heading import NO_DATA
from galmass_app.views.scatter import Sample

UNREADABLE = (
    "The maps of this galaxy cannot be read",
    "The status line says why. Other galaxies may be intact: try the next one.",
)
BELOW = "below"  # what is drawn after the maps have been sent


class Explore(pn.viewable.Viewer):
    """Pick a galaxy by ID, by chance or in the scatter, and look at it."""

    session = param.ClassSelector(class_=SessionState)

    def __init__(self, session: SessionState) -> None:
        super().__init__(session=session)
        self._headline = pn.pane.HTML(css_classes=["gm-headline"])
        self._message = pn.pane.HTML(
            css_classes=["gm-message"], visible=False, sizing_mode="stretch_width"
        )
        self.views = {}
        self.slots = {
            kind: pn.Column(css_classes=["gm-slot"], sizing_mode="stretch_width")
            for kind in (FourMaps, MassProfiles, Sample)
        }
        self._layout = pn.Column(
            self._message, css_classes=["gm-page"], sizing_mode="stretch_width"
        )
        if session.data is None:
            self._say(NO_DATA)
            return
        maps, profiles, sample = self.slots.values()
        stretch = {"sizing_mode": "stretch_width"}
        self._properties = pn.pane.HTML(css_classes=["gm-properties"], **stretch)
        self._masses = pn.pane.HTML(css_classes=["gm-targets"], **stretch)
        middle = pn.Column(profiles, self._masses, css_classes=["gm-masses"], **stretch)
        below = pn.Row(self._properties, middle, sample, css_classes=["gm-below"], **stretch)
        self._download_maps = Download.of_maps(session, "gm-portrait")
        colours = pn.widgets.RadioButtonGroup.from_param(
            session.param.colours,
            options={"This galaxy": "galaxy", "Whole sample": "sample"},
            css_classes=["gm-colours"],
        )
        self._colours = pn.Row(caption("Colours span"), colours, css_classes=["gm-group"])
        top = pn.Row(
            self._headline,
            self._colours,
            self._download_maps,
            css_classes=["gm-portrait-top"],
            **stretch,
        )
        profiles.append(
            Download.of(
                session, "gm-profiles", lambda: f"{session.galaxy}_profiles", table=self._profiles
            )
        )
        sample.append(
            Download.of(
                session, "gm-sample", lambda: f"{session.y}_{session.x}", table=self._scattered
            )
        )
        portrait = pn.Column(
            top, self._message, maps, css_classes=["gm-portrait", "gm-page"], **stretch
        )
        self._layout[:] = [GalaxyPicker(session), portrait, below]
        follows = ("dataset", "galaxy", "los", "x", "y", "colour", "colours", "theme")
        follows += ("selection_query",)
        self._updater = DeferredUpdater(session, "explore", self._draw, follows)
        self._updater.add(BELOW)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def _draw(self, changed: set[str]) -> None:
        """Bring every view whose state has changed up to date; one that fails says why."""
        parts = {
            self._draw_facts: {"dataset", "galaxy", "los"},
            self._draw_maps: {"dataset", "galaxy", "los", "colours", "theme"},
        }
        if BELOW in changed or Sample in self.views:
            parts |= {
                self._draw_profiles: {BELOW, "dataset", "galaxy"},
                self._draw_sample: {BELOW, "dataset", "x", "y", "colour"},
                self._draw_rings: {"galaxy", "los"},
                self._draw_selection: {"selection_query"},
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
        """Show the maps, or say why there are none."""
        session, data = self.session, self.session.data
        drawn = False
        try:
            if data.has_maps:
                sample = (data, session.galaxy, session.los)
                fixed = session.colours == "sample"
                scales = services.sample_scales(data) if fixed else services.scales(*sample)
                radius = data.row(session.galaxy, session.los).get("effective_radius")
                self._put(FourMaps, services.maps(*sample), scales, radius, session.theme)
                drawn = True
        finally:
            for part in (self.slots[FourMaps], self._colours, self._download_maps):
                part.visible = drawn
            unreadable = snippet("shared.html", "message", *UNREADABLE)
            no_maps = snippet("explore.html", "no_maps")
            self._say("" if drawn else unreadable if data.has_maps else no_maps)

    def _draw_profiles(self) -> None:
        """Show how mass grows outwards, where that is known."""
        session, data = self.session, self.session.data
        self.slots[MassProfiles].visible = data.has_maps
        if data.has_maps:
            radius = data.row(session.galaxy, session.los)["half_mass_radius"]
            self._put(MassProfiles, self._profiles(), radius)

    def _draw_sample(self) -> None:
        """Show the sample in other axes, or another sample."""
        self._put(Sample, self.session)

    def _draw_rings(self) -> None:
        """Mark the galaxy in view in the scatter."""
        self.views[Sample].mark()

    def _draw_selection(self) -> None:
        """Show in the scatter which galaxies are selected."""
        self.views[Sample].select()

    def _profiles(self) -> pd.DataFrame:
        """Return the mass profiles in view."""
        return services.profiles(self.session.data, self.session.galaxy)

    def _scattered(self) -> pd.DataFrame:
        """Return the samples in the scatter."""
        session = self.session
        columns = dict.fromkeys(("name", "los", session.x, session.y, session.colour or session.x))
        return session.data.samples[list(columns)]

    def _put(self, kind: type, *content: object) -> None:
        """Draw a view; the first time, build it in its slot."""
        if kind in self.views:
            self.views[kind].draw(*content)
        else:
            self.views[kind] = kind(*content)
            self.slots[kind].append(self.views[kind])

    def _say(self, html: str) -> None:
        """Show a message in place of the maps."""
        self._message.param.update(object=html, visible=bool(html))
