"""Sizes, shapes and motions of the galaxy in view by other definitions than the paper's."""

import pandas as pd

from galmass_app.markup import snippet
from galmass_app.standing import standings_of
from galmass_app.state import SessionState
from galmass_app.views.galaxy_properties import defined_otherwise, properties_table
from galmass_app.views.layout import View, html

_NONE = "This data set has no number by another definition than the paper's."


class Definitions(View):
    """Tables of numbers for the whole galaxy, and inside R_hsm."""

    follows = ("dataset", "galaxy", "los")

    def __init__(self, session: SessionState) -> None:
        super().__init__(session)
        self.table = pd.DataFrame()
        self._layout = html("gm-tables gm-definitions")
        self.draw()

    def draw(self) -> None:
        """Show the sample in view."""
        session, data = self.session, self.session.data
        row = data.row(session.galaxy, session.los)
        tables = defined_otherwise(row)
        nothing = snippet("shared.html", "notes", [_NONE])
        standings = standings_of(data, session.galaxy, session.los)
        self._layout.object = properties_table(row, tables, standings) if tables else nothing
        shown = [each for group in tables.values() for each in group]
        self.table = pd.DataFrame(
            {"column": [each.key for each in shown], "value": [row[each.key] for each in shown]}
        )
