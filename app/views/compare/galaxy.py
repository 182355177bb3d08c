"""The galaxy that was tapped: its four maps, and the prediction of each panel."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from markupsafe import Markup

from galmass_app.comparison import Missing, Result, with_limits
from galmass_app.framework import batched_update
from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.training_distance import distance_to, unusual
from galmass_app.views.download import Download
from galmass_app.views.four_maps import FourMaps, shown_maps
from galmass_app.views.galaxy_properties import seen_along
from galmass_app.views.layout import View, column, html
from galmass_app.views.prediction import DISTANCE_HELP, distance_text, signed
from galmass_core.galaxy import GalaxyName
from galmass_core.learning.intervals import LEVELS, limit_names
from galmass_core.quantities import quantity, with_minus

UNTESTED = Markup(
    "<b>Not tested on this galaxy: it was in the training set</b>, so that no panel shows it. Tap "
    "a point in a panel to see its galaxy here."
)


class ComparedGalaxy(View):
    """Beside the panels, so that a tap is answered at once."""

    def __init__(self, session: SessionState) -> None:
        super().__init__()
        self._session = session
        self._title = html("gm-compared-name")
        self._slot = column("gm-slot")
        self._table = html("gm-compared-table")
        self._maps, self._drawn = None, None
        self._download = Download.of_maps(session, "gm-compared-galaxy")
        self._layout = column(
            "gm-compared-galaxy", self._title, self._slot, self._table, self._download
        )

    def draw(self, answers: Sequence[Result | Missing], target: str) -> None:
        """Show the galaxy in view, and its predictions."""
        session = self._session
        self._title.object = _title(session)
        self._table.object = _table(session, answers, target)
        self._slot.visible = self._download.visible = session.data.has_maps
        if session.data.has_maps:
            self._draw_maps()

    def _draw_maps(self) -> None:
        """Show its maps, unless they are in view already; the first time, make their panes."""
        session = self._session
        drawn = (session.data, session.galaxy, session.los, session.theme)
        if drawn == self._drawn:
            return
        self._drawn, shown = drawn, shown_maps(session, session.galaxy, session.los)
        if self._maps:
            with batched_update():
                self._maps.draw(shown)
        else:
            self._maps = FourMaps(shown, small=True)
            self._slot.append(self._maps)


def _title(session: SessionState) -> str:
    subhalo = GalaxyName.parse(session.galaxy).subhalo
    row = session.data.row(session.galaxy, session.los)
    return snippet("compare.html", "galaxy", subhalo, seen_along(row, ""))


def _table(session: SessionState, answers: Sequence[Result | Missing], target: str) -> str:
    """Write what each panel predicts for the sample in view, beside the truth."""
    lines, truth, distances = [], None, {}
    for answer in answers:
        if not isinstance(answer, Result):
            continue
        rows = with_limits(answer, target)
        row = rows[(rows["name"] == session.galaxy) & (rows["los"] == session.los)]
        numbers = ("–", "", "not tested")
        if len(row):
            sample = row.iloc[0]
            truth, predicted = float(sample["y_true"]), float(sample["y_pred"])
            numbers = (_number(predicted), _interval(sample), signed(predicted - truth, 3))
            distance = distance_to(answer, session.data)
            far = distance_text(unusual(distance, session.data, session.galaxy, session.los))
            distances.setdefault(far, []).append(answer.title)
        lines.append((answer.title, *numbers))
    if truth is None:
        return snippet("shared.html", "paragraph", UNTESTED) if lines else ""
    symbol = quantity(target).symbol
    far = [(text, ", ".join(titles)) for text, titles in distances.items() if text]
    return snippet("compare.html", "predictions", symbol, _number(truth), lines, far, DISTANCE_HELP)


def _interval(sample: pd.Series) -> str:
    """Write the 68 % interval of a prediction; empty if the run is not calibrated."""
    low, high = (float(sample[name]) for name in limit_names(LEVELS[0]))
    return with_minus(f"{low:.2f} to {high:.2f}") if np.isfinite(high - low) else ""


def _number(value: float) -> str:
    return with_minus(f"{value:.3f}")
