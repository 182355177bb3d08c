"""Keys that go from galaxy to galaxy, a list of them, and a tour of the page for newcomers."""

from functools import partial

import param
from panel.custom import JSComponent

from galmass_app.state import Choice
from galmass_app.theme import style_sheet
from galmass_core.galaxy import LINES_OF_SIGHT


def _look_along(choice: Choice, los: str) -> None:
    """Turn the galaxy in view."""
    choice.los = los


KEYS = {
    "ArrowLeft": lambda choice: choice.step(-1),
    "ArrowRight": lambda choice: choice.step(+1),
    "r": lambda choice: choice.jump(),
    "u": lambda choice: choice.undo(),
    "U": lambda choice: choice.redo(),
    **{los: partial(_look_along, los=los) for los in LINES_OF_SIGHT},
    **{str(at): partial(_look_along, los=los) for at, los in enumerate(LINES_OF_SIGHT, start=1)},
}
LISTED = [
    ["← →", "the galaxy before, the next one"],
    ["r", "a galaxy by chance"],
    ["x y z", "seen along this axis; 1 2 3 do the same"],
    ["u U", "the selection before; back again"],
    ["?", "this list"],
]
STEPS = [  # CSS class of what is pointed at, where it is in view; title; words
    [
        "gm-maps",
        "Four maps of one galaxy",
        "Its light in r, its colour, how fast its stars move away from us or towards us, and how "
        "far their speeds scatter. Zoom into one and all follow. Rings mark two radii: R_hsm holds "
        "half of the stars' mass, R_e half of their light.",
    ],
    [
        "gm-controls",
        "Another galaxy, another side",
        "Type an ID, go on with the keys ← and →, or let chance choose. x, y and z turn the "
        "galaxy.",
    ],
    [
        "gm-targets",
        "What is to be learnt",
        "The true masses inside R_hsm, which no telescope sees: the question is how much of them "
        "the maps tell. Every word with a dotted line explains itself.",
    ],
    [
        "gm-sample",
        "Its place in the sample",
        "Any quantity against any other. Tap a point to see its galaxy.",
    ],
    [
        "gm-relations",
        "Is the data set right?",
        "Scaling relations that real galaxies keep: a wrong build shows here first. The galaxy in "
        "view is marked in all of them.",
    ],
    [
        "gm-ticks",
        "Learn from a few numbers",
        "Choose what to learn, and tick from what: trees are trained anew at once.",
    ],
    [
        "gm-correlations",
        "What follows what",
        "Click a cell to see the samples behind it.",
    ],
    [
        "gm-take",
        "Take it along",
        "Every figure as a picture (PNG, SVG, PDF), its data as CSV or FITS.",
    ],
    [
        "gm-pages",
        "More pages",
        "From one galaxy to the sample, to what ten numbers say about mass, to networks that learn "
        "it from the maps.",
    ],
    [
        "gm-address",
        "Share what you see",
        "The address of this page holds all that you chose. Copy it here; the browser's back and "
        "forward work as well.",
    ],
]


class Guide(JSComponent):
    """A button that lists the keys and starts the tour; to newcomers it says so.

    The browser remembers that it was opened. Keys do nothing while a person types.
    """

    keys = param.List(list(KEYS), doc="Keys that the server hears of.")
    listed = param.List(LISTED, doc="Keys and what they do.")
    steps = param.List(STEPS, doc="Stops of the tour.")

    _esm = style_sheet("guide.js")

    @classmethod
    def of(cls, choice: Choice) -> "Guide":
        """Make the guide whose keys move a choice."""
        guide = cls(css_classes=["gm-guide"])
        guide._choice = choice
        return guide

    def _handle_msg(self, data: str) -> None:
        """Do what a key says, if there is a galaxy."""
        if self._choice.galaxy:
            KEYS[data](self._choice)
