"""The four maps side by side, each with its name above and its colour bar below."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import panel as pn
from bokeh.events import Tap

from galmass_app import services
from galmass_app.framework import IsolatedLayout
from galmass_app.markup import snippet
from galmass_app.plots.maps import MapFigures, Unit
from galmass_app.plots.scale import Scale, scales_by_hand
from galmass_app.state import SessionState
from galmass_app.theme import Theme, map_colours
from galmass_app.views.layout import View, column, html
from galmass_core.datasets.dataset import DataSet
from galmass_core.imaging.maps import GalaxyMaps
from galmass_core.quantities import MAPS, MapSpec

COLOURED = ("colours", "limits")  # parameters of a session that choose ranges of colours


class ShownMaps(NamedTuple):
    """The maps of a sample, and how they are drawn."""

    maps: GalaxyMaps
    scales: dict[str, Scale]  # range of the colours by map
    effective_radius: float | None  # kpc; of a ring
    theme: Theme
    least_stars: int  # in a pixel of motion
    keys: tuple[str, ...] | None = None  # of maps; None: all


def shown_maps(
    session: SessionState, galaxy: str, los: str, scales: dict[str, Scale] | None = None
) -> ShownMaps:
    """Return the maps of a sample in colours that suit it, or in given ranges of colours."""
    data = session.data
    radius = data.row(galaxy, los).get("effective_radius")
    scales = scales or services.scales(data, galaxy, los)
    maps = services.maps(data, galaxy, los)
    return ShownMaps(maps, scales, radius, session.theme, session.least_stars)


def chosen_scales(
    session: SessionState,
    data: DataSet,
    galaxy: str,
    los: str,
    keys: tuple[str, ...] | None = None,
) -> dict[str, Scale]:
    """Return ranges of colours for a sample or, if the visitor chose so, for its data set."""
    if session.colours == "sample":
        return services.sample_scales(data, keys)
    scales = services.scales(data, galaxy, los, keys)
    return scales_by_hand(session.limits, scales) if session.colours == "hand" else scales


class FourMaps(View):
    """r image, g−r, velocity and dispersion of one sample; a zoom in one zooms all.

    Parameters
    ----------
    keys : sequence of str, optional
        Other maps than these.
    small : bool
        Whether they are too small for names over them.
    counted, unit
        As of `MapFigures`.
    """

    def __init__(
        self,
        shown: ShownMaps,
        *,
        keys: Sequence[str] | None = None,
        small: bool = False,
        counted: bool = True,
        unit: Unit = "kpc",
    ) -> None:
        super().__init__()
        self._pictures = MapFigures(keys, small=small, counted=counted, unit=unit)
        self._bars = {key: html("gm-bar") for key in self._pictures.figures}
        self._panels = {key: self._panel(key) for key in self._pictures.figures}
        self._layout = column("gm-maps", *self._panels.values())
        self.draw(shown)

    def draw(self, shown: ShownMaps) -> None:
        """Show another sample in the same panes."""
        maps, scales, radius, theme, stars, keys = shown
        for key, panel in self._panels.items():
            panel.visible = keys is None or key in keys
            if panel.visible:
                self._bars[key].object = colour_bar(scales[key], map_colours(key, theme))
        seen = {key: scales[key] for key, panel in self._panels.items() if panel.visible}
        self._pictures.show(maps, seen, effective_radius=radius, least_stars=stars, theme=theme)

    def on_tap(self, tapped: Callable[[str, float, float], None]) -> None:
        """Have a function called with map and place [kpc] where a map is tapped."""
        for key, drawn in self._pictures.figures.items():
            drawn.on_event(Tap, lambda at, key=key: tapped(key, at.x, at.y))

    def _panel(self, key: str) -> pn.Column:
        """Name, picture and colour bar of one map."""
        return column(
            f"gm-map-panel gm-map-{key}",
            html("gm-map-title", map_title(MAPS[key])),
            IsolatedLayout(self._pictures.figures[key]),
            self._bars[key],
        )


class LaterMaps(View):
    """The place of `FourMaps` that are made when they are first drawn.

    Parameters
    ----------
    tapped : callable, optional
        As of `FourMaps.on_tap`.
    **options : object
        As of `FourMaps`.
    """

    def __init__(
        self, tapped: Callable[[str, float, float], None] | None = None, **options: object
    ) -> None:
        super().__init__()
        self._maps: FourMaps | None = None
        self._tapped, self._options = tapped, options
        self._layout = column("gm-slot")

    def draw(self, shown: ShownMaps) -> None:
        """Show a sample."""
        if self._maps:
            self._maps.draw(shown)
            return
        self._maps = FourMaps(shown, **self._options)
        if self._tapped:
            self._maps.on_tap(self._tapped)
        self._layout.append(self._maps)


def map_title(shown: MapSpec) -> str:
    """Name of a map in words, with what it means on hover, and its unit."""
    tip = shown.help
    if shown.colours == "fixed":
        low, high = shown.colour_range
        tip += f" In colours of the whole sample from {low:g} to {high:g} {shown.unit}."
    return snippet("explore.html", "map_title", shown.name, tip, shown.label)


def colour_bar(scale: Scale, colours: list[str]) -> str:
    """Write a colour bar as HTML: the gradient and three ticks."""
    gradient = ", ".join(colours[:: len(colours) // 16])
    ticks = []
    for value, text in scale.ticks.items():
        place = scale.place(value)
        edge = {0.0: "first", 1.0: "last"}.get(place, "")
        ticks.append((f"{100 * place:.1f}", edge, text))
    return snippet("explore.html", "colour_bar", gradient, ticks)
