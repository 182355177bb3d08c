"""The contents of the Paper page: one entry per figure and table."""

import param
from panel.custom import JSComponent

from galmass_app.paper_figures import FIGURES, label
from galmass_app.state import SessionState
from galmass_core.assets import asset


class Contents(JSComponent):
    """A list of buttons; the one in view is marked, and stays in sight where the list scrolls."""

    entries = param.List(doc="Key, name and title of each figure.")
    figure = param.String(doc="Key of the one in view.")

    _esm = asset("contents.js")

    @classmethod
    def of(cls, session: SessionState) -> "Contents":
        """Keep the contents and a session at the same figure."""
        entries = [[key, label(key), figure.title] for key, figure in FIGURES.items()]
        contents = cls(entries=entries, figure=session.figure, css_classes=["gm-contents"])
        contents.link(session, figure="figure", bidirectional=True)
        return contents
