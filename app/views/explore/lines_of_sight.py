"""The three lines of sight of the galaxy in view side by side, with what changes."""

import numpy as np
import pandas as pd

from galmass_app.markup import snippet
from galmass_app.predictions import predictions_of, true_value
from galmass_app.state import SessionState
from galmass_app.thumbnails import thumbnails
from galmass_app.views.galaxy_cards import GalaxyCard, GalaxyCards
from galmass_app.views.galaxy_properties import table_line
from galmass_app.views.layout import column, html
from galmass_app.views.prediction import signed
from galmass_app.views.worker_poller import WorkerView
from galmass_app.workers import QUICK, Job
from galmass_core.datasets.dataset import DataSet
from galmass_core.galaxy import LINES_OF_SIGHT
from galmass_core.quantities import QUANTITIES, quantity

_ONE = "This galaxy is seen along one line of sight."
_Errors = dict[str, list[float]]  # by target: prediction minus truth along each line of sight


class LinesOfSight(WorkerView):
    """Small maps along each line of sight, and a table of all that depends on it."""

    follows = ("dataset", "galaxy", "theme")

    def __init__(self, session: SessionState) -> None:
        super().__init__(session, QUICK)
        self.table = pd.DataFrame()
        self._cards, self._tables = GalaxyCards.of(session), html("gm-tables gm-two-tables")
        self._layout = column("gm-lines-of-sight", self._cards, self._tables)
        self.draw()

    def draw(self) -> None:
        """Have a worker read the galaxy in view."""
        session = self.session
        data, galaxy, theme = session.data, session.galaxy, session.theme
        rows = data.samples.iloc[data.rows_of(galaxy)]
        self._rows = rows[rows["los"].isin(LINES_OF_SIGHT)]
        seen = list(self._rows["los"])

        def work(_: Job) -> tuple[list[tuple[str, ...]], _Errors]:
            return [thumbnails(data, galaxy, los, theme) for los in seen], _errors(
                data, galaxy, seen
            )

        self._submit(work)

    def _show(self, made: tuple[list[tuple[str, ...]], _Errors]) -> None:
        """Show pictures, and numbers."""
        (pictures, errors), rows, seen = made, self._rows, list(self._rows["los"])
        self._cards.show(
            [GalaxyCard(row["name"], row["los"], _words(row)) for _, row in rows.iterrows()],
            pictures,
        )
        known = [q for q in QUANTITIES.values() if q.per_sample and q.key in rows]
        spread = {q.key: _spread(rows[q.key]) for q in known}
        tables = {
            "What depends on the line of sight": [
                table_line(q.name, q, [*rows[q.key], spread[q.key]]) for q in known
            ]
        }
        if errors:
            tables["Predictions minus truth [dex]"] = [
                _error_line(target, values) for target, values in errors.items()
            ]
        alone = snippet("shared.html", "notes", [_ONE] * (len(seen) < 2))
        heads = [*(f"along {los}" for los in seen), "largest − least"]
        self._tables.object = alone + snippet("explore.html", "columns", heads, tables)
        columns = {q.key: rows[q.key].astype(float).tolist() for q in known} | {
            f"{target}_error": values for target, values in errors.items()
        }
        self.table = pd.DataFrame({"los": seen, **columns})


def _errors(data: DataSet, galaxy: str, seen: list[str]) -> _Errors:
    """Return the errors of the best runs; of targets that none tested on this galaxy, none."""
    found: _Errors = {}
    for los in seen:
        for each in predictions_of(data, galaxy, los):
            error = each.predicted - true_value(data, galaxy, los, each.target)
            found.setdefault(each.target, []).append(error)
    return {target: errors for target, errors in found.items() if np.isfinite(errors).any()}


def _error_line(target: str, errors: list[float]) -> tuple[str, str, str, list[str], str]:
    """Return a line of the table of errors."""
    shown = quantity(target)
    written = ["–" if np.isnan(each) else signed(each, 2) for each in errors]
    return shown.name, shown.help, shown.symbol, [*written, f"{_spread(errors):.2f}"], "dex"


def _spread(values: pd.Series | list[float]) -> float:
    """Return the largest minus the least value; NaN where none is known."""
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    return float(known.max() - known.min()) if known.size else np.nan


def _words(row: pd.Series) -> tuple[str, ...]:
    """Return what the card of a line of sight says."""
    angle = row.get("inclination", np.nan)
    inclined = (f"inclination {angle:.0f}°",) if np.isfinite(angle) else ()
    return (f"along {row['los']}", *inclined)
