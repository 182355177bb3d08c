"""Another galaxy, pinned beside the one in view."""

import pandas as pd
import panel as pn

from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.views.four_maps import COLOURED, LaterMaps, chosen_scales, shown_maps
from galmass_app.views.galaxy_properties import headline, table_line
from galmass_app.views.layout import View, button, column, html, row
from galmass_core.quantities import QUANTITIES

_NONE = (
    "Pin the galaxy in view, then go to another one: both are shown here, and their numbers side "
    "by side."
)
_GONE = "The galaxy that was pinned is not in this data set."


class Beside(View):
    """The maps of the pinned galaxy, under those of the one in view, and the numbers of both."""

    follows = ("dataset", "galaxy", "los", "theme", "least_stars", "beside", *COLOURED)

    def __init__(self, session: SessionState) -> None:
        super().__init__(session)
        self.table = pd.DataFrame()
        self._maps = LaterMaps()
        self._title, self._numbers = html("gm-headline", wide=False), html("gm-tables")
        self._unpin = button("gm-unpin", "Unpin", lambda _: session.param.update(beside=""))
        self._swap = button("gm-swap", "Go to it", lambda _: self._go())
        buttons: list[pn.widgets.Button] = [
            button("gm-pin", "Pin the galaxy in view", lambda _: self._pin()),
            self._swap,
            self._unpin,
        ]
        self._layout = column(
            "gm-beside", row("gm-group", *buttons), self._title, self._maps, self._numbers
        )
        self.draw()

    def draw(self) -> None:
        """Show the galaxy that is pinned beside the one in view, or how to pin one."""
        session, data = self.session, self.session.data
        galaxy, _, los = session.beside.rpartition(" ")
        there = len(data.rows_of(galaxy)) > 0
        for part in (self._maps, self._swap, self._unpin, self._numbers):
            part.visible = there
        if not there:
            words = _GONE if session.beside else _NONE
            self._title.object = snippet("shared.html", "notes", [words])
            return
        shown = shown_maps(session, galaxy, los, chosen_scales(session, data, galaxy, los))
        self._maps.draw(shown)
        pinned, here = data.row(galaxy, los), data.row(session.galaxy, session.los)
        self._title.object = headline(pinned)
        self._write(pinned, here)

    def _write(self, pinned: pd.Series, here: pd.Series) -> None:
        """Write the numbers of both."""
        known = [q for q in QUANTITIES.values() if q.kind != "map" and q.key in pinned]
        groups = {"property": "The whole galaxy", "feature": "Light and motion", "target": "Truth"}
        both = pd.DataFrame([pinned, here])[[q.key for q in known]].astype(float)
        values = {q.key: both[q.key].tolist() for q in known}
        tables = {
            title: [
                table_line(q.name, q, [*values[q.key], values[q.key][1] - values[q.key][0]])
                for q in known
                if q.kind == kind
            ]
            for kind, title in groups.items()
        }
        heads = ["pinned", "in view", "difference"]
        self._numbers.object = snippet("explore.html", "columns", heads, tables)
        self.table = pd.DataFrame(
            [(key, *pair) for key, pair in values.items()], columns=["column", "pinned", "in_view"]
        )

    def _pin(self) -> None:
        """Pin the sample in view."""
        session = self.session
        los = session.data.row(session.galaxy, session.los)["los"]
        session.beside = f"{session.galaxy} {los}"

    def _go(self) -> None:
        """Go to the pinned galaxy, and pin the one that was in view instead."""
        galaxy, _, los = self.session.beside.rpartition(" ")
        self._pin()
        self.session.look_at(galaxy, los)
