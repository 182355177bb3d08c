"""A command line that one can copy."""

import param
from panel.custom import JSComponent

from galmass_core.assets import asset


class CommandLine(JSComponent):
    """The text, and a button that copies it; it stays marked, for a browser that may not."""

    text = param.String()

    _esm = asset("command_line.js")


def command_line() -> CommandLine:
    """Return a command line as wide as its parent; empty at first."""
    return CommandLine(css_classes=["gm-command"], sizing_mode="stretch_width")
