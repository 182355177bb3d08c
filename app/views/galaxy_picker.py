"""Which galaxy is in view: ID box, previous, random, next, line of sight."""

import panel as pn
import param

from galmass_app import services
from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_core.galaxy import LINES_OF_SIGHT


class GalaxyPicker(pn.viewable.Viewer):
    """The row of controls above the maps."""

    session = param.ClassSelector(class_=SessionState)

    def __init__(self, session: SessionState) -> None:
        super().__init__(session=session)
        self._box = pn.widgets.AutocompleteInput(
            label="Subhalo ID",
            placeholder="type an ID",
            restrict=False,
            case_sensitive=False,
            search_strategy="includes",
            min_characters=1,
            width=260,
            css_classes=["gm-inline", "gm-id"],
        )
        self._not_found = pn.pane.HTML(css_classes=["gm-not-found"])
        steps = {
            "previous": lambda _: session.step(-1),
            "random": lambda _: session.jump(),
            "next": lambda _: session.step(+1),
        }
        captions = {"previous": "← Previous", "random": "Random", "next": "Next →"}
        buttons = [
            pn.widgets.Button(label=captions[key], on_click=go, css_classes=[f"gm-{key}"])
            for key, go in steps.items()
        ]
        los = pn.widgets.RadioButtonGroup.from_param(
            session.param.los, options=list(LINES_OF_SIGHT), css_classes=["gm-los"]
        )
        self._box.param.watch(self._asked, "value")
        session.param.watch(self._offer, ["dataset", "selection_query"])
        session.param.watch(self._moved, ["dataset", "galaxy", "not_found"])
        self._offer()
        self._moved()
        self._layout = pn.Row(
            pn.Column(self._box, self._not_found, css_classes=["gm-find-galaxy"]),
            pn.Row(*buttons, css_classes=["gm-group"]),
            pn.Row(caption("Seen along"), los, css_classes=["gm-group"]),
            css_classes=["gm-controls"],
            sizing_mode="stretch_width",
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def _asked(self, event: param.parameterized.Event) -> None:
        """Go where the box says, unless the box only says where we are."""
        if event.new and event.new != self._here():
            self.session.show(event.new)

    def _offer(self, *_: param.parameterized.Event) -> None:
        """Offer the galaxies that are selected."""
        session = self.session
        with session.reporting():
            kept = set(services.kept(session.data, session.selection_query))
            names = services.subhalo_ids(session.data)
            self._box.options = [call for call, name in names.items() if name in kept]

    def _moved(self, *_: param.parameterized.Event) -> None:
        """Say in the box where we are; leave what a person typed if it leads nowhere."""
        session = self.session
        alert = snippet("shared.html", "alert", session.not_found)
        self._not_found.object = alert if session.not_found else ""
        if not session.not_found:
            self._box.value = self._here()

    def _here(self) -> str:
        """Return what the galaxy in view is called in the box."""
        ids = services.subhalo_ids(self.session.data)
        return next(call for call, name in ids.items() if name == self.session.galaxy)


def caption(text: str) -> pn.pane.HTML:
    """Name a group of buttons."""
    return pn.pane.HTML(text, css_classes=["gm-caption"], align="center")
