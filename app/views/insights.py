"""What a page shows of a galaxy besides maps and numbers, each part built when it is opened."""

from collections.abc import Mapping
from itertools import chain
from typing import NamedTuple

import panel as pn
import param

from galmass_app import how_made
from galmass_app.state import SessionState
from galmass_app.views.download import Download
from galmass_app.views.layout import View, column


class Part(NamedTuple):
    """A part: its title, and its view.

    The view takes a session, and has ``draw()``, ``table``, ``pull()`` if it has a worker, and
    ``follows``: the parameters of the session with which it changes.
    """

    title: str
    kind: type[View]


class Insights(View):
    """Buttons that open parts, and the parts that are open; those need maps.

    Parameters
    ----------
    session : SessionState
    page : str
        Key of the page, for the CSS classes of parts.
    parts : mapping of str to Part
        By key in an address (`state.INSIGHTS`).
    """

    def __init__(self, session: SessionState, page: str, parts: Mapping[str, Part]) -> None:
        super().__init__(session)
        self.views: dict[str, View] = {}
        self._page, self._parts = page, parts
        self._slots: dict[str, pn.Column] = {}  # by key, like ``views``
        self._buttons = pn.widgets.CheckButtonGroup(
            options={part.title: key for key, part in parts.items()},
            value=self._open(),
            css_classes=["gm-insight-buttons"],
        )
        self._buttons.param.watch(self._chosen, "value")
        there = bool(session.data and session.data.has_maps)
        self._layout = column("gm-insights", self._buttons, visible=there)
        follows = (part.kind.follows for part in parts.values())
        self.follows = {"insights", *chain.from_iterable(follows)}

    def draw(self, changed: set[str]) -> None:
        """Open, draw and close parts."""
        session, shown = self.session, self._open()
        self._layout.visible = there = session.data.has_maps
        with self._update_controls():
            self._buttons.value = shown
        for key in self._parts:
            is_open = there and key in shown
            if is_open and key not in self._slots:
                self._add_slot(key)
            if key in self._slots:
                self._slots[key].visible = is_open
            if is_open:
                with session.reporting():
                    self._draw_part(key, changed)

    def pull(self) -> bool:
        """Take what workers have made, for tests; in a session each part has a poller."""
        busy = [view.pull() for view in self.views.values() if hasattr(view, "pull")]
        return any(busy)

    def _add_slot(self, key: str) -> None:
        """Make the place of a part, in the order of the buttons."""
        self._slots[key] = column(f"gm-insight gm-{self._page}-{key}")
        places = [self._slots[each] for each in self._parts if each in self._slots]
        self._layout[:] = [self._buttons, *places]

    def _draw_part(self, key: str, changed: set[str]) -> None:
        """Draw a part again if it follows what has changed; build it the first time."""
        part = self._parts[key]
        if key not in self.views:
            self.views[key] = part.kind(self.session)
            self._slots[key][:] = [self.views[key], self._download(key)]
        elif changed & {"insights", *part.kind.follows}:
            self.views[key].draw()

    def _open(self) -> list[str]:
        """Return the parts of this page that are to be open."""
        return [key for key in self._parts if key in self.session.insights]

    def _chosen(self, event: param.parameterized.Event) -> None:
        """Open and close parts; those of other pages stay as they are."""
        if not self._updating:
            others = [key for key in self.session.insights if key not in self._parts]
            self.session.insights = [*others, *event.new]

    def _download(self, key: str) -> Download:
        """Make the menu of a part."""
        session = self.session
        return Download.of(
            session,
            f"gm-{self._page}-{key}",
            lambda: f"{session.galaxy}_{session.los}_{key}",
            how=lambda: how_made.of_part(session, key),
            table=lambda: self.views[key].table,
        )
