"""Changes of a session -> one drawing of the page that follows it, once the page is in view."""

from collections.abc import Callable, Iterable
from functools import partial

import panel as pn
import param

from galmass_app.framework import batched_update
from galmass_app.state import SessionState


class DeferredUpdater:
    """Draws a page now, and again whenever something that it follows has changed.

    What changes during one callback is drawn together, after it; what changes while another page
    is in view waits until this one is.

    Parameters
    ----------
    session : SessionState
        Gets ``pending`` while a drawing is due, and its errors.
    page : str
        Key of the page.
    draw : callable
        Takes the set of parameters of the session that have changed; at first ``{"dataset"}``.
    follows : iterable of str
        Parameters of the session. With ``page`` among them the page is also drawn when it comes
        into view.
    """

    def __init__(
        self,
        session: SessionState,
        page: str,
        draw: Callable[[set[str]], None],
        follows: Iterable[str],
    ) -> None:
        self._session, self._page, self._draw_page = session, page, draw
        self._follows, self._names = set(follows), {"dataset"}
        self._draw()
        session.param.watch(self._changed, ["page", *self._follows - {"page"}])

    @property
    def in_view(self) -> bool:
        """Whether the page is the one that is seen."""
        return self._session.page == self._page

    def add(self, *names: str) -> None:
        """Request a drawing, by names that the page's own drawing knows."""
        self._names |= set(names)
        if self._names and self.in_view:
            self._session.pending = True
            pn.state.onload(partial(pn.state.execute, self._draw, schedule=True))

    def _changed(self, *events: param.parameterized.Event) -> None:
        """Request a drawing of what changed, and of what has waited."""
        self.add(*self._follows & {event.name for event in events})

    def _draw(self) -> None:
        """Draw what has changed, if it has not been drawn by now."""
        names, self._names = self._names, set()
        try:
            if names:
                with batched_update(), self._session.reporting():
                    self._draw_page(names)
        finally:
            self._session.pending = False
