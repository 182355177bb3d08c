"""A command line that one can copy."""

import param
from panel.custom import JSComponent

from galmass_core.assets import asset


class CommandLine(JSComponent):
    """The words, and a button that copies them; they stay marked, for a browser that may not."""

    words = param.String()

    _esm = asset("command_line.js")
