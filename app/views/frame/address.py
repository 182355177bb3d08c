"""The address of what is in view: written as it changes, obeyed when one goes back, copied."""

from urllib.parse import parse_qsl, urlencode

import param
from panel.custom import JSComponent
from param.parameterized import batch_call_watchers

from galmass_app.state import IN_URL, SessionState
from galmass_core.assets import asset

STEPS = {"page", "dataset", "galaxy", "figure"}  # a change of these is a step that "back" undoes


class Address(JSComponent):
    """A button that copies a link to what is in view; the browser's back and forward lead there.

    A step of `STEPS` makes a new entry of the browser's history, any other change rewrites the
    entry in view: back leads to the galaxy before as it was left, not through every axis.
    """

    written = param.List([0, ""], doc="How many steps there were, and the query in view.")

    _esm = asset("address.js")

    @classmethod
    def of(cls, session: SessionState) -> "Address":
        """Keep the address of a session."""
        address = cls(css_classes=["gm-address"], written=[0, query(session)])
        address._session, address._restoring = session, False
        session.param.watch(address._write, list(IN_URL))
        return address

    def _write(self, *events: param.parameterized.Event) -> None:
        """Write what is in view; a step only where a person made one."""
        step = not self._restoring and any(event.name in STEPS for event in events)
        self.written = [self.written[0] + step, query(self._session)]

    def _handle_msg(self, data: str) -> None:
        """Go where the browser went; say in the address if it cannot be had any more."""
        self._restoring = True
        try:
            restore(self._session, data)
        finally:
            self._restoring = False
        self._write()


def query(session: SessionState) -> str:
    """Write all that is chosen as the query of an address; defaults go unsaid."""
    chosen = {key: getattr(session, name) for name, key in IN_URL.items()}
    plain = {key: session.param[name].default for name, key in IN_URL.items()}
    return "?" + urlencode({key: value for key, value in chosen.items() if value != plain[key]})


def read(search: str) -> dict[str, str]:
    """Return what the query of an address asks for, by the names of a `SessionState`."""
    wanted = dict(parse_qsl(search.removeprefix("?"), keep_blank_values=True))
    return {name: wanted[key] for name, key in IN_URL.items() if key in wanted}


def restore(session: SessionState, search: str) -> None:
    """Choose what an address asks for, in one go."""
    wanted = {name: session.param[name].default for name in IN_URL} | read(search)
    name, galaxy = (wanted.pop(key) or getattr(session, key) for key in ("dataset", "galaxy"))
    with batch_call_watchers(session), session.reporting():
        if name != session.dataset:
            session.open(name)
        if name == session.dataset:
            if galaxy != session.galaxy:
                session.show(galaxy)
            session.param.update(wanted)
