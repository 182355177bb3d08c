"""Keys that go from galaxy to galaxy, a list of them, and a tour of the page for newcomers."""

from functools import partial
from typing import Any

import param
from panel.custom import JSComponent

from galmass_app.markup import template
from galmass_app.state import SessionState
from galmass_core.assets import asset
from galmass_core.datasets.capabilities import lacks
from galmass_core.galaxy import LINES_OF_SIGHT


def _look_along(session: SessionState, los: str) -> None:
    if not lacks(session.data).lines_of_sight:
        session.los = los


KEYS = {
    "ArrowLeft": lambda session: session.step(-1),
    "ArrowRight": lambda session: session.step(+1),
    "r": lambda session: session.jump(),
    "u": lambda session: session.undo(),
    "U": lambda session: session.redo(),
    **{los: partial(_look_along, los=los) for los in LINES_OF_SIGHT},
    **{str(at): partial(_look_along, los=los) for at, los in enumerate(LINES_OF_SIGHT, start=1)},
}
LISTED = [
    ["← →", "previous and next galaxy"],
    ["r", "a random galaxy"],
    ["x y z", "line of sight along this axis; also 1 2 3"],
    ["u U", "undo and redo the selection"],
    ["Esc", "close the sheet that lies over the page"],
    ["?", "this list"],
]
CLOSE = "Escape"
SHEETS = ("getting", "building")  # parameters of the session


class Guide(JSComponent):
    """A button that lists the keys and starts the tour; it says so to newcomers.

    The browser remembers that it was opened. Keys do nothing while a person types.
    """

    keys = param.List(list(KEYS), doc="Keys that are sent to the server.")
    listed = param.List(LISTED, doc="Keys and what they do.")
    steps = param.List(doc="Stops of the tour of the page in view.")

    _esm = asset("guide.js")

    @classmethod
    def of(cls, session: SessionState) -> "Guide":
        """Make the guide whose keys move a session."""
        guide = cls(css_classes=["gm-guide"])
        guide._session = session
        session.param.watch(guide._turn, "page")
        session.param.watch(guide._hear, SHEETS)
        guide._turn()
        guide._hear()
        return guide

    def _turn(self, *_: param.parameterized.Event) -> None:
        """Lead through the page that is in view."""
        self.steps = tour(self._session.page)

    def _hear(self, *_: param.parameterized.Event) -> None:
        """Hear of the key that closes a sheet while one is open."""
        is_open = any(getattr(self._session, sheet) for sheet in SHEETS)
        self.keys = [*KEYS, *[CLOSE] * is_open]

    def _handle_msg(self, data: str) -> None:
        """Carry out the action of a key, if there is a galaxy."""
        if data == CLOSE:
            self._session.param.update(dict.fromkeys(SHEETS, False))
        elif self._session.galaxy:
            KEYS[data](self._session)


def tour(page: str) -> list[list[str]]:
    """Return the stops of the tour of a page: the CSS class of a part, its title and a text."""
    texts: Any = template("tour.html").module
    return [*getattr(texts, page), *texts.everywhere]
