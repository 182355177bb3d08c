"""What share of what kinematic maps gain is not motion: the last controls of a data set."""

from typing import Any

import pandas as pd

from galmass_app import how_made, services
from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.views.download import Download, flat
from galmass_app.views.heading import section
from galmass_app.views.layout import View, column, html
from galmass_core.datasets.capabilities import lacks
from galmass_core.datasets.control_maps import PLAIN
from galmass_core.datasets.dataset import DataSet
from galmass_core.quantities import quantity
from galmass_core.training.control_text import (
    HEADS,
    control_lines,
    control_notes,
    control_targets,
    verdict,
)

TITLE = "How much of it is motion?"
DESCRIPTION = (
    "Stars of a simulation have nearly equal mass, so that maps of single stars count them. "
    "Controls keep some of what V and σ show, and destroy the rest."
)
_HELP = {
    "network": "Learned: from the maps of the control. Tested: by a network that never saw such "
    "maps.",
    "Δσ [95 %]": "Difference of σ from the maps as they are, on the same samples, with its 95 % "
    "interval.",
    "gain left": "Share of what the maps lower σ by that is left, with its 68 % error. Where the "
    "maps are r, V and σ, what V and σ add to r.",
    "λ_R": "Median spin parameter inside 2 R_hsm of the stars of the control.",
    "N": "Samples that were tested.",
}
_WORDS = HEADS[:3]  # columns of words, not numbers


class ControlPanel(View):
    """A table of the target in view, and one sentence."""

    def __init__(self, session: SessionState) -> None:
        super().__init__(session)
        self.result: dict[str, Any] | None = None
        self._page = html("gm-control-maps-table")
        self._download = Download.of(
            session,
            "gm-control-maps",
            lambda: "controls",
            how=lambda: how_made.of_controls(session),
            table=lambda: self.table,
        )
        self._layout = column(
            "gm-control-maps", section(TITLE, DESCRIPTION), self._page, self._download
        )

    @property
    def table(self) -> pd.DataFrame:
        """The rows of all targets as numbers."""
        return flat(self.result["rows"] if self.result else [])

    def draw(self, data: DataSet | None, target: str) -> None:
        """Show the last controls of a data set for a target, or the command that measures them."""
        self._layout.visible = bool(data) and not lacks(data).network
        if not self._layout.visible:
            return
        self.result = services.control_result(data)
        self._download.visible = self.result is not None
        if self.result is None:
            self._page.object = snippet("diagnostics.html", "no_controls", data.path.name)
            return
        targets = control_targets(self.result)
        shown = quantity(target if target in targets else targets[0])
        heads = [(head, _HELP.get(head, ""), head not in _WORDS) for head in HEADS]
        self._page.object = snippet(
            "diagnostics.html",
            "controls",
            verdict(self.result, shown.key),
            f"{shown.name}, {shown.symbol}",
            heads,
            _lines(self.result, shown.key),
            control_notes(self.result),
        )


def _lines(result: dict[str, Any], target: str) -> list[tuple[tuple[str, ...], float | None]]:
    """Return the cells of each row, and the share of the gain that is left, from 0 to 100."""
    rows = [row for row in result["rows"] if row["target"] == target]
    shares = [
        None
        if row["share"] is None or row["control"] in (PLAIN, row["baseline"])
        else round(100 * min(max(row["share"]["value"], 0.0), 1.0))
        for row in rows
    ]
    return list(zip(control_lines(result, target), shares, strict=True))
