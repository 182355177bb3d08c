"""How the dashboard looks: the colours of pictures here, all the rest in ``assets/*.css``.

Plots take their inks and backgrounds from the page's style sheet (Bokeh reads ``--bk-...``
variables), so light and dark differ here only where a colour map needs it.
"""

from typing import ClassVar, Literal, NamedTuple

import colorcet
from bokeh.palettes import Inferno256, Viridis256, interp_palette
from panel.theme.native import Native
from panel.viewable import Viewable

from galmass_app.framework import SharedSheets
from galmass_core.assets import asset
from galmass_core.quantities import MAPS

Theme = Literal["dark", "light"]


class Stroke(NamedTuple):
    """How a curve is drawn: never by colour alone."""

    colour: str
    dash: str


class Group(NamedTuple):
    """How the points of a group are drawn, and the line through them: never by colour alone."""

    colour: str
    light: str
    marker: str
    dash: str


ACCENT = "#2f9e8f"
MARK = "#848d97"  # readable on both backgrounds
CASING = "#0e1116"  # around bright lines, so that they stand out from points on any background
CURVES = {
    "mstar": Stroke("#d98e1f", "solid"),
    "mdm": Stroke("#8577e8", "dashed"),
    "mtot": Stroke(MARK, "solid"),
}
GROUPS = (  # all galaxies or the centrals; satellites
    Group("#5b8def", "#d5e3ff", "circle", "solid"),
    Group("#d98e1f", "#ffe2ad", "triangle", "dashed"),
)
DENSITY = [f"#5b8def{alpha:02x}" for alpha in range(110, 256)]  # more samples, less see-through
VALUES = Viridis256[60:240]  # of points by a column: without the ends, which one theme would hide
STARLIGHT = interp_palette(["#3f6fd8", "#a9c6f5", "#f6efdf", "#f2ad5c", "#b3361f"], 256)
VELOCITY = {  # odd numbers: one colour is the middle
    "dark": interp_palette(["#b9e3ff", "#3d9bf0", "#0e1116", "#ee6a4d", "#ffd9b8"], 255),
    "light": interp_palette(["#0b3f86", "#4f97dd", "#ffffff", "#e5714f", "#8a1c12"], 255),
}


def palette(name: str, theme: Theme) -> list[str]:
    """Return colours by name, such as `MapSpec.palette`; of velocity, 0 has the background's."""
    if name == "velocity":
        return VELOCITY[theme]
    return {
        "gray": colorcet.gray,
        "starlight": STARLIGHT,
        "inferno": Inferno256,
        "viridis": Viridis256,
    }[name]


def map_colours(key: str, theme: Theme) -> list[str]:
    """Return the colours of a map."""
    return palette(MAPS[key].palette, theme)


def style_sheet(name: str) -> str:
    """Read one of the style sheets that ship with galmass."""
    return asset(name).read_text(encoding="utf-8")


WIDGETS = style_sheet("widgets.css")


class Look(SharedSheets):
    """Gives every component of a page the same sheet, inside its shadow root."""

    modifiers: ClassVar = {
        Viewable: {
            "stylesheets": [*Native.modifiers[Viewable]["stylesheets"], WIDGETS],
            "margin": 0,
        }
    }
