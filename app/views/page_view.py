"""What pages have in common: a headline, a message where nothing can be shown, and views."""

import param

from galmass_app.markup import snippet
from galmass_app.run_index import run_index
from galmass_app.state import SessionState
from galmass_app.views.layout import View, column, html


class PageView(View):
    """A page with a place for each of its views.

    Attributes
    ----------
    views : dict of View
        By class; a view is built when it is drawn for the first time.
    slots : dict of panel.Column
        Their places.
    """

    def __init__(self, session: SessionState, *kinds: type) -> None:
        super().__init__(session)
        self._headline, self._message = html("gm-headline"), html("gm-message", visible=False)
        self._late = html("gm-late", wide=False)
        self.views: dict[type, View] = {}
        self.slots = {kind: column(f"gm-slot gm-slot-{kind.__name__.lower()}") for kind in kinds}

    def _show_message(self, text: str) -> None:
        """Show HTML in the place of what cannot be shown; empty removes it."""
        self._message.param.update(object=text, visible=bool(text))

    def _show_progress(self, text: str) -> None:
        """Show what is being computed, once that has taken 0.3 s; empty removes it."""
        self._late.object = text and snippet("shared.html", "at_work", text)

    def _put(self, kind: type, *content: object, **once: object) -> None:
        """Draw a view; the first time, build it in its slot."""
        if kind in self.views:
            self.views[kind].draw(*content)
        else:
            self.views[kind] = kind(*content, **once)
            self.slots[kind].insert(0, self.views[kind])

    def _update_for_runs(self, _: param.parameterized.Event) -> None:
        """Draw again when a run has ended: for pages with an ``_updater`` and a run ``_index``."""
        data = self.session.data
        if self._updater.in_view and data and run_index(data) is not self._index:
            self._updater.add("runs")
