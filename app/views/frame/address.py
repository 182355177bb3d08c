"""The address of what is in view: written as it changes, followed when one goes back, copied."""

import param
from panel.custom import JSComponent

from galmass_app.address import FIELDS, query, restore
from galmass_app.state import SessionState
from galmass_core.assets import asset

STEPS = {"page", "dataset", "galaxy", "figure"}  # a change of these is a step that "back" undoes


class Address(JSComponent):
    """A button that copies a link to what is in view; the browser's back and forward lead there.

    A step of `STEPS` makes a new entry of the browser's history, any other change rewrites the
    entry in view: back leads to the galaxy before as it was left, not through every axis.
    """

    written = param.List(
        [0, "", 0],
        doc="How many steps there were, the query in view, and which move of the browser it obeys.",
    )

    _esm = asset("address.js")

    @classmethod
    def of(cls, session: SessionState) -> "Address":
        """Keep the address of a session."""
        address = cls(css_classes=["gm-address"], written=[0, query(session), 0])
        address._session, address._restoring = session, False
        session.param.watch(address._write, list(FIELDS))
        return address

    def _write(self, *events: param.parameterized.Event) -> None:
        """Write what is in view; a step only where a person made one."""
        step = not self._restoring and any(event.name in STEPS for event in events)
        self.written = [self.written[0] + step, query(self._session), self.written[2]]

    def _handle_msg(self, data: tuple[int, str]) -> None:
        """Go where the browser went; correct the address if that no longer exists.

        The browser numbers its moves: what is written before its last one was obeyed is not of
        the entry that it has gone to.
        """
        move, search = data
        self._restoring = True
        try:
            restore(self._session, search)
        finally:
            self._restoring = False
        self.written = [self.written[0], query(self._session), move]
