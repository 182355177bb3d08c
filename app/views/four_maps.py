"""The four maps side by side, each with its name above and its colour bar below."""

import holoviews as hv
import panel as pn
from holoviews.streams import Pipe

from galmass_app.framework import IsolatedLayout
from galmass_app.markup import snippet
from galmass_app.plots.maps import picture
from galmass_app.plots.scale import Scale
from galmass_app.theme import Theme, map_colours
from galmass_app.views.layout import View, column, html, plot
from galmass_core.imaging.maps import GalaxyMaps
from galmass_core.quantities import MAPS, MapSpec, map_keys


class FourMaps(View):
    """r image, g−r, velocity and dispersion of one sample; a zoom in one zooms all.

    Parameters
    ----------
    scales : dict of Scale
        Colour range by map.
    effective_radius : float, kpc, or None
        R_e, for its ring.
    theme : str
        ``dark`` or ``light``.
    """

    def __init__(
        self,
        maps: GalaxyMaps,
        scales: dict[str, Scale],
        effective_radius: float | None,
        theme: Theme,
    ) -> None:
        super().__init__()
        self._pipe = Pipe(data=(maps, scales, effective_radius, theme))
        self._bars = {key: html("gm-bar") for key in map_keys()}
        self._layout = column("gm-maps", *(self._panel(key) for key in map_keys()))
        self._label(scales, theme)

    def draw(
        self,
        maps: GalaxyMaps,
        scales: dict[str, Scale],
        effective_radius: float | None,
        theme: Theme,
    ) -> None:
        """Show another sample in the same panes; arguments as of the class."""
        self._label(scales, theme)
        self._pipe.send((maps, scales, effective_radius, theme))

    def _label(self, scales: dict[str, Scale], theme: Theme) -> None:
        for key, bar in self._bars.items():
            bar.object = colour_bar(scales[key], map_colours(key, theme))

    def _panel(self, key: str) -> pn.Column:
        """Name, picture and colour bar of one map."""

        def drawn(data: tuple) -> hv.Image:
            maps, scales, radius, theme = data
            image = picture(maps, key, scales[key], effective_radius=radius, theme=theme)
            return image.opts(responsive="width", aspect=1)

        return column(
            f"gm-map-panel gm-map-{key}",
            html("gm-map-title", map_title(MAPS[key])),
            IsolatedLayout(plot("gm-map", hv.DynamicMap(drawn, streams=[self._pipe]), wide=False)),
            self._bars[key],
        )


def map_title(shown: MapSpec) -> str:
    """Name of a map in words, with what it means on hover, and its unit."""
    tip = shown.help
    if shown.colours == "fixed":
        low, high = shown.colour_range
        tip += f" Always drawn from {low:g} to {high:g} {shown.unit}, so that galaxies compare."
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
