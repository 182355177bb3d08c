"""What the browser does alone: light or dark, and to notice that the server has gone."""

import param
from panel.custom import JSComponent

from galmass_app.state import SessionState
from galmass_core.assets import asset


class ThemeSwitch(JSComponent):
    """A button that turns the page light or dark at once, and remembers it for the next visit.

    The server learns the theme for its colour maps. A lost server shows in the status line.
    """

    theme = param.Selector(default="dark", objects=["dark", "light"])
    reported = param.Boolean(doc="Whether the browser has reported its theme.")

    _esm = asset("theme_switch.js")

    @classmethod
    def of(cls, session: SessionState) -> "ThemeSwitch":
        """Make the button that turns the theme of a session."""
        switch = cls(css_classes=["gm-theme"])
        switch.link(session, theme="theme")
        return switch
