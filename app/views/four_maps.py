"""The four maps side by side, each with its name above and its colour bar below."""

from typing import NamedTuple

import holoviews as hv
import panel as pn
from holoviews.streams import Pipe

from galmass_app import services
from galmass_app.framework import IsolatedLayout
from galmass_app.markup import snippet
from galmass_app.plots.maps import picture
from galmass_app.plots.scale import Scale
from galmass_app.state import SessionState
from galmass_app.theme import Theme, map_colours
from galmass_app.views.layout import View, column, html, plot
from galmass_core.datasets.dataset import DataSet
from galmass_core.imaging.maps import GalaxyMaps
from galmass_core.quantities import MAPS, MapSpec, map_keys


class ShownMaps(NamedTuple):
    """The maps of a sample, and how they are drawn."""

    maps: GalaxyMaps
    scales: dict[str, Scale]  # range of the colours by map
    effective_radius: float | None  # kpc; of a ring
    theme: Theme


def shown_maps(
    session: SessionState, galaxy: str, los: str, scales: dict[str, Scale] | None = None
) -> ShownMaps:
    """Return the maps of a sample in colours that suit it, or in given ranges of colours."""
    data = session.data
    radius = data.row(galaxy, los).get("effective_radius")
    scales = scales or services.scales(data, galaxy, los)
    return ShownMaps(services.maps(data, galaxy, los), scales, radius, session.theme)


def chosen_scales(session: SessionState, data: DataSet, galaxy: str, los: str) -> dict[str, Scale]:
    """Return ranges of colours for a sample or, if the visitor chose so, for its data set."""
    whole = session.colours == "sample"
    return services.sample_scales(data) if whole else services.scales(data, galaxy, los)


class FourMaps(View):
    """r image, g−r, velocity and dispersion of one sample; a zoom in one zooms all."""

    def __init__(self, shown: ShownMaps) -> None:
        super().__init__()
        self._pipe = Pipe(data=shown)
        self._bars = {key: html("gm-bar") for key in map_keys()}
        self._layout = column("gm-maps", *(self._panel(key) for key in map_keys()))
        self._label(shown)

    def draw(self, shown: ShownMaps) -> None:
        """Show another sample in the same panes."""
        self._label(shown)
        self._pipe.send(shown)

    def _label(self, shown: ShownMaps) -> None:
        for key, bar in self._bars.items():
            bar.object = colour_bar(shown.scales[key], map_colours(key, shown.theme))

    def _panel(self, key: str) -> pn.Column:
        """Name, picture and colour bar of one map."""

        def drawn(data: ShownMaps) -> hv.Image:
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
