"""Changes of a choice -> one drawing of the page that follows it, once the page is in view."""

from collections.abc import Callable, Iterable
from functools import partial

import panel as pn
import param

from galmass_app.state import Choice
from galmass_app.views.update import one_update


class Due:
    """Draws a page now, and again whenever something that it follows has changed.

    What changes during one callback is drawn together, after it; what changes while another page
    is in view waits until this one is.

    Parameters
    ----------
    choice : Choice
        Is told whether a drawing is under way, and what went wrong with it.
    page : str
        Key of the page.
    draw : callable
        Takes the set of parameters of the choice that have changed; at first ``{"dataset"}``.
    follows : iterable of str
        Parameters of the choice. With ``page`` among them the page is also drawn when it comes
        into view.
    """

    def __init__(
        self,
        choice: Choice,
        page: str,
        draw: Callable[[set[str]], None],
        follows: Iterable[str],
    ) -> None:
        self._choice, self._page, self._draw_page = choice, page, draw
        self._follows, self._names = set(follows), {"dataset"}
        self._draw()
        choice.param.watch(self._changed, ["page", *self._follows - {"page"}])

    @property
    def in_view(self) -> bool:
        """Whether the page is the one that is seen."""
        return self._choice.page == self._page

    def add(self, *names: str) -> None:
        """Have something drawn, by names that the page's own drawing knows."""
        self._names |= set(names)
        if self._names and self.in_view:
            self._choice.pending = True
            pn.state.onload(partial(pn.state.execute, self._draw, schedule=True))

    def _changed(self, *events: param.parameterized.Event) -> None:
        """Have what changed drawn, and what has waited."""
        self.add(*self._follows & {event.name for event in events})

    def _draw(self) -> None:
        """Draw what is due, if it has not been drawn by now."""
        names, self._names = self._names, set()
        try:
            if names:
                with one_update(), self._choice.reporting():
                    self._draw_page(names)
        finally:
            self._choice.pending = False
