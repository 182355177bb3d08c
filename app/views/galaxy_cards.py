"""Cards of galaxies: their maps as small pictures, with a few words; a tap goes to one."""

from collections.abc import Sequence
from typing import NamedTuple

import param
from panel.custom import JSComponent

from galmass_app.state import SessionState
from galmass_core.assets import asset
from galmass_core.galaxy import GalaxyName


class GalaxyCard(NamedTuple):
    """A sample, and what its card says."""

    name: str
    los: str
    lines: tuple[str, ...]


class GalaxyCards(JSComponent):
    """A row of cards."""

    cards = param.List([], doc="Name, line of sight, title, lines, and pictures of each.")

    _esm = asset("galaxy_cards.js")

    @classmethod
    def of(cls, session: SessionState) -> "GalaxyCards":
        """Make a row without cards for a session."""
        made = cls(css_classes=["gm-strip", "gm-cards"], sizing_mode="stretch_width")
        made._session = session
        return made

    def show(self, cards: Sequence[GalaxyCard], pictures: Sequence[Sequence[str]]) -> None:
        """Show cards, with their pictures as of `thumbnails.thumbnails`."""
        self.cards = [
            [name, los, f"Subhalo {GalaxyName.parse(name).subhalo}", list(lines), list(sources)]
            for (name, los, lines), sources in zip(cards, pictures, strict=True)
        ]

    def _handle_msg(self, data: list[str]) -> None:
        """Go to a galaxy."""
        if data in [card[:2] for card in self.cards]:
            self._session.look_at(*data)
