"""Galaxies that look like the one in view, and those of them that differ most in total mass."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from galmass_app.lookalikes import AMONG, Lookalike, LookalikeRequest, Lookalikes, find_lookalikes
from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.thumbnails import thumbnails
from galmass_app.views.galaxy_cards import GalaxyCard, GalaxyCards
from galmass_app.views.heading import captioned
from galmass_app.views.layout import column, html, row, switch
from galmass_app.views.prediction import signed
from galmass_app.views.worker_poller import WorkerView
from galmass_app.workers import SLOW, Job
from galmass_core.quantities import symbol_of

_ALIKE = {"r image": "r", "all four maps": "g,r+2V"}
_CLOSE = 10  # per cent of galaxies whose nearest other is farther than a twin, at least
_FAILED = "No lookalikes could be found; the status line says why."


class _Made(NamedTuple):
    """What the worker has made: galaxies, and the pictures of their cards in both rows."""

    found: Lookalikes
    pictures: tuple[list[tuple[str, ...]], list[tuple[str, ...]]]


class LookalikeCards(WorkerView):
    """Two rows of cards: the most alike galaxies, and twins of the most different mass."""

    follows = ("dataset", "galaxy", "los", "theme", "alike")

    def __init__(self, session: SessionState) -> None:
        super().__init__(session, SLOW, _FAILED)
        self.found: Lookalikes | None = None
        self._text = html("gm-lookalike-text", wide=False)
        self._words = {key: html("gm-section", wide=False) for key in ("nearest", "twins")}
        self._cards = {key: GalaxyCards.of(session) for key in self._words}
        parts = [part for key in self._words for part in (self._words[key], self._cards[key])]
        alike = switch("gm-alike", session.param.alike, _ALIKE)
        choice = row("gm-group", captioned("Alike in", align="center"), alike, wide=False)
        self._layout = column("gm-lookalikes", choice, self._text, *parts)
        self.draw()

    @property
    def table(self) -> pd.DataFrame:
        """The galaxies of both rows."""
        found = self.found
        rows = [
            {"row": key, **vars(each)}
            for key in self._words
            for each in (getattr(found, key) if found else ())
        ]
        return pd.DataFrame(rows, columns=["row", *Lookalike.__annotations__])

    def draw(self) -> None:
        """Have a worker look for the lookalikes of the sample in view."""
        session = self.session
        data, theme = session.data, session.theme
        los = str(data.row(session.galaxy, session.los)["los"])
        request = LookalikeRequest(data=data, galaxy=session.galaxy, los=los, inputs=session.alike)

        def work(job: Job) -> _Made:
            found = find_lookalikes(request, job)
            rows = [
                [thumbnails(data, each.name, each.los, theme) for each in shown]
                for shown in (found.nearest, found.twins)
            ]
            return _Made(found, tuple(rows))

        self._submit(work, "looking for lookalikes…")

    def _show(self, made: _Made) -> None:
        """Show galaxies in their rows."""
        self.found = found = made.found
        words = (
            f"To {found.run}, among {found.searched:,} other galaxies, however the maps are turned."
        )
        self._text.object = snippet("shared.html", "notes", [words])
        titles = {
            "nearest": (
                "Most alike",
                "Δ is by how much more massive they are, in dex; closer than is the share of all "
                "galaxies whose nearest other is farther from them.",
            ),
            "twins": ("Twins of other mass", about_twins(found)),
        }
        for (key, cards), pictures in zip(self._cards.items(), made.pictures, strict=True):
            self._words[key].object = snippet("shared.html", "message", *titles[key])
            cards.show([_card(each) for each in getattr(found, key)], pictures)


def about_twins(found: Lookalikes) -> str:
    """Say what twins are, and that these are none if they are far."""
    total = symbol_of("log_mtot_1rhsm")
    words = f"Of the {AMONG} most alike, those whose {total} differs most"
    if max((each.closer for each in found.twins), default=100) < _CLOSE:
        return f"{words}. None is close: almost every galaxy has one that is more like it."
    return f"{words}: what the maps do not show."


def _card(shown: Lookalike) -> GalaxyCard:
    """Return what the card of a lookalike says."""
    differences = {"M_tot": shown.total, "M*": shown.stars}
    lines = [
        f"Δ{symbol} {signed(value, 2)}"
        for symbol, value in differences.items()
        if np.isfinite(value)
    ]
    closer = f"closer than {shown.closer:.0f} %"
    return GalaxyCard(shown.name, shown.los, (f"along {shown.los}", closer, *lines))
