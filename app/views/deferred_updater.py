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
    is in view waits until this one is. Each of several drawings is sent before the next begins,
    and the first comes first again if something changes meanwhile.

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
    *later : callable
        What else to draw, like ``draw``: what is slow, or less often looked at.
    """

    def __init__(
        self,
        session: SessionState,
        page: str,
        draw: Callable[[set[str]], None],
        follows: Iterable[str],
        *later: Callable[[set[str]], None],
    ) -> None:
        self._session, self._page = session, page
        self._follows, self._drawing = set(follows), False
        self._due = [({"dataset"}, each) for each in (draw, *later)]
        self._draw()
        session.param.watch(self._changed, ["page", *self._follows - {"page"}])

    @property
    def in_view(self) -> bool:
        """Whether the page is the one that is seen."""
        return self._session.page == self._page

    def add(self, *names: str) -> None:
        """Request a drawing, by names that the page's own drawing knows."""
        for due, _ in self._due:
            due.update(names)
        self._request()

    @property
    def _is_due(self) -> bool:
        """Whether something that is in view is to be drawn."""
        return self.in_view and any(names for names, _ in self._due)

    def _request(self) -> None:
        """Have what is due drawn by a callback of its own, once the page has its visitor."""
        if self._is_due:
            self._session.pending = True
            if not self._drawing:  # else it is requested at the end
                pn.state.onload(partial(pn.state.execute, self._draw, schedule=True))

    def _changed(self, *events: param.parameterized.Event) -> None:
        """Request a drawing of what changed, and of what has waited."""
        self.add(*self._follows & {event.name for event in events})

    def _draw(self) -> None:
        """Draw the first of what is due, if it has not been drawn by now, and request the rest."""
        due, draw = next((one for one in self._due if one[0]), self._due[0])
        names = due.copy()
        due.clear()
        self._drawing = True
        with batched_update():
            try:
                if names:
                    with self._session.reporting():
                        draw(names)
            finally:
                self._drawing, self._session.pending = False, self._is_due
        self._request()
