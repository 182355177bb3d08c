"""Which galaxy is in view: ID box, previous, random, next, line of sight."""

import panel as pn
import param

from galmass_app import services
from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.views.heading import captioned
from galmass_app.views.layout import View, button, column, html, row, switch
from galmass_core.galaxy import LINES_OF_SIGHT


class GalaxyPicker(View):
    """The row of controls above the maps."""

    def __init__(self, session: SessionState) -> None:
        super().__init__(session)
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
        self._not_found = html("gm-not-found", wide=False)
        steps = {
            "previous": lambda _: session.step(-1),
            "random": lambda _: session.jump(),
            "next": lambda _: session.step(+1),
        }
        captions = {"previous": "← Previous", "random": "Random", "next": "Next →"}
        buttons = [button(f"gm-{key}", captions[key], go) for key, go in steps.items()]
        los = switch("gm-los", session.param.los, list(LINES_OF_SIGHT))
        self._box.param.watch(self._go_to_entry, "value")
        session.param.watch(self._list_galaxies, ["dataset", "selection_query"])
        session.param.watch(self._moved, ["dataset", "galaxy", "not_found"])
        self._list_galaxies()
        self._moved()
        self._layout = row(
            "gm-controls",
            column("gm-find-galaxy", self._box, self._not_found, wide=False),
            row("gm-group", *buttons, wide=False),
            row("gm-group", captioned("Seen along", align="center"), los, wide=False),
        )

    def _go_to_entry(self, event: param.parameterized.Event) -> None:
        """Go to the galaxy that was entered, unless it is the one in view."""
        if event.new and event.new != self._here():
            self.session.show(event.new)

    def _list_galaxies(self, *_: param.parameterized.Event) -> None:
        """List the galaxies that are selected."""
        session = self.session
        with session.reporting():
            kept = set(services.kept(session.data, session.selection_query))
            names = services.subhalo_ids(session.data)
            self._box.options = [call for call, name in names.items() if name in kept]

    def _moved(self, *_: param.parameterized.Event) -> None:
        """Write the galaxy in view into the box; keep what was typed if there is no such galaxy."""
        session = self.session
        alert = snippet("shared.html", "alert", session.not_found)
        self._not_found.object = alert if session.not_found else ""
        if not session.not_found:
            self._box.value = self._here()

    def _here(self) -> str:
        """Return what the galaxy in view is called in the box."""
        ids = services.subhalo_ids(self.session.data)
        return next(call for call, name in ids.items() if name == self.session.galaxy)
