"""Which galaxy is in view: ID box, previous, random, next, line of sight."""

from itertools import islice

import param

from galmass_app import services
from galmass_app.framework import CompletingInput
from galmass_app.markup import snippet
from galmass_app.selection import call_of
from galmass_app.state import SessionState
from galmass_app.views.heading import captioned
from galmass_app.views.layout import View, button, column, html, row, switch
from galmass_core.datasets.capabilities import lacks
from galmass_core.galaxy import LINES_OF_SIGHT

ALONG = "Seen along"
LISTED = 10_000  # IDs that a browser is given to complete what is typed: the paper's 9,370
OFFERED = 50  # IDs that fit what is typed, where there are more


class GalaxyPicker(View):
    """The row of controls above the maps."""

    def __init__(self, session: SessionState) -> None:
        super().__init__(session)
        self._box = CompletingInput(
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
        self._los = switch("gm-los", session.param.los, list(LINES_OF_SIGHT))
        self._along = captioned(ALONG, align="center")
        self._box.param.watch(self._go_to_entry, "value")
        self._box.param.watch(self._complete, "value_input")
        session.param.watch(self._list_galaxies, ["dataset", "selection_query"])
        session.param.watch(self._moved, ["dataset", "galaxy", "not_found"])
        self._list_galaxies()
        self._moved()
        self._layout = row(
            "gm-controls",
            column("gm-find-galaxy", self._box, self._not_found, wide=False),
            row("gm-group", *buttons, wide=False),
            row("gm-group", self._along, self._los, wide=False),
        )

    def _go_to_entry(self, event: param.parameterized.Event) -> None:
        """Go to the galaxy that was entered, unless it is the one in view, or there is none."""
        if not event.new.strip():
            self.session.not_found = ""
            self._box.value = self._here()
        elif event.new == self._here():
            self.session.not_found = ""
        else:
            self.session.show(event.new)

    def _list_galaxies(self, *_: param.parameterized.Event) -> None:
        """List the galaxies that are selected."""
        session = self.session
        with session.reporting():
            why = lacks(session.data).lines_of_sight
            self._los.disabled = bool(why)
            words = f"No line of sight: {why}" if why else ALONG
            self._along.object = snippet("shared.html", "text", words)
            self._calls = services.kept_calls(session.data, session.selection_query)
            self._complete()

    def _complete(self, *_: param.parameterized.Event) -> None:
        """Offer all galaxies, or those that fit what is typed if all are too many for a browser."""
        calls, typed = self._calls, (self._box.value_input or "").strip().lower()
        if len(calls) > LISTED:
            same = [call for call in calls if f"/{call}".lower().endswith(f"/{typed}")]
            fitting = (call for call in calls if typed in call.lower())
            calls = list(dict.fromkeys([*same, *islice(fitting, OFFERED)])) if typed else []
        if calls != self._box.options:
            self._box.options = calls

    def _moved(self, *_: param.parameterized.Event) -> None:
        """Write the galaxy in view into the box; keep what was typed if there is no such galaxy."""
        session = self.session
        alert = snippet("shared.html", "alert", session.not_found)
        self._not_found.object = alert if session.not_found else ""
        if not session.not_found:
            self._box.value = self._here()

    def _here(self) -> str:
        """Return what the galaxy in view is called in the box."""
        return call_of(self.session.galaxy, services.subhalo_ids(self.session.data))
