"""What a network's prediction depends on: its maps with lines of equal share, and their rings."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from bokeh.plotting import figure
from numpy.typing import NDArray

from galmass_app import services
from galmass_app.explanations import NetworkExplanation
from galmass_app.framework import IsolatedLayout
from galmass_app.plots.maps import MapFigures
from galmass_app.plots.saliency import (
    RingSteps,
    draw_lines,
    line_heights,
    share_density,
    share_lines,
)
from galmass_app.plots.scale import Scale
from galmass_app.theme import Theme, map_colours
from galmass_app.views.four_maps import colour_bar, map_title
from galmass_app.views.layout import View, column, html
from galmass_app.views.why import explanation_text
from galmass_core.datasets.dataset import DataSet
from galmass_core.quantities import MAPS, further_keys, map_keys


@dataclass(frozen=True, eq=False)
class Content:
    """What the panels are drawn from."""

    sample: tuple[DataSet, str, str]  # data set, galaxy and line of sight
    explanation: NetworkExplanation | None = None  # None until a network has answered

    @cached_property
    def densities(self) -> dict[str, NDArray]:
        """Smoothed shares of the maps that the network sees."""
        if self.explanation is None:
            return {}
        result = self.explanation.result
        return {key: share_density(each, result.half_width) for key, each in result.shares.items()}

    @property
    def further(self) -> tuple[str, ...]:
        """Which maps beside the paper's the network sees."""
        return tuple(key for key in further_keys() if key in self.densities)

    @cached_property
    def heights(self) -> list[float]:
        """At which shares lines are drawn."""
        return line_heights(self.densities) if self.densities else []


class Drawn(NamedTuple):
    """Content, and how it is drawn."""

    content: Content
    scales: dict[str, Scale]  # by map that is shown
    theme: Theme


class WhyNetwork(View):
    """The four maps, what each adds to the prediction, and where; unseen ones are pale.

    Further maps that the network sees come below.

    Parameters
    ----------
    scales : dict of Scale
        Colour range by map, of the further ones that the network sees.
    """

    def __init__(self, content: Content, scales: dict[str, Scale], theme: Theme) -> None:
        super().__init__()
        self._text = html("gm-why-said")
        self._lines = html("gm-why-lines")
        self._maps = [_Maps(map_keys())]
        self._place = column("gm-slot", *self._maps)
        self._layout = column("gm-why-network", self._text, self._place, self._lines)
        self.draw(content, scales, theme)

    @property
    def table(self) -> pd.DataFrame:
        """What each ring of each map changes, and the prediction with its intervals."""
        shown = self.content.explanation
        predicted = {"y_true": shown.true, "y_pred": shown.result.predicted}
        return shown.result.rings.assign(**predicted, **shown.limits)

    def draw(self, content: Content, scales: dict[str, Scale], theme: Theme) -> None:
        """Show something else; arguments as of the class."""
        self.content = content
        if content.further and len(self._maps) == 1:  # they come later, where there are any
            self._maps.append(_Maps(further_keys()))
            self._place.append(self._maps[-1])
        for maps in self._maps:
            maps.draw(Drawn(content, scales, theme))
        if content.explanation:
            self._text.object = explanation_text.network_text(content.explanation)
            self._lines.object = explanation_text.lines_text(content.explanation, content.heights)


class _Maps(View):
    """Panels of maps; a zoom in one zooms all."""

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__()
        self._pictures = MapFigures(keys)
        self._panels = [_Panel(key, picture) for key, picture in self._pictures.figures.items()]
        self._layout = column("gm-maps", *self._panels)

    def draw(self, drawn: Drawn) -> None:
        """Show something else."""
        maps = services.maps(*drawn.content.sample)
        self._pictures.show(maps, drawn.scales, theme=drawn.theme)
        for panel in self._panels:
            panel.draw(drawn)


class _Panel(View):
    """One map: name, picture with lines, colour bar, what it adds, and its rings."""

    def __init__(self, key: str, picture: figure) -> None:
        super().__init__()
        self._key, self._lines = key, draw_lines(picture)
        self._bar = html("gm-bar")
        self._text = html("gm-why-map")
        self._steps = RingSteps()
        self._rings = IsolatedLayout(self._steps.figure, "gm-why-rings")
        self._rings.visible = False  # until there are steps to draw
        self._layout = column(
            f"gm-map-panel gm-map-{key}",
            html("gm-map-title", map_title(MAPS[key])),
            IsolatedLayout(picture),
            self._bar,
            self._text,
            self._rings,
        )

    def draw(self, drawn: Drawn) -> None:
        """Write what the map adds, and draw its lines and rings; one that is not seen is pale."""
        key, content, explanation = self._key, drawn.content, drawn.content.explanation
        self.visible = key in drawn.scales
        if not self.visible:
            return
        self._bar.object = colour_bar(drawn.scales[key], map_colours(key, drawn.theme))
        density_HW = content.densities.get(key, np.zeros((2, 2)))
        edge = services.maps(*content.sample).half_width
        self._lines.data = share_lines(density_HW, content.heights, edge)
        if explanation is None:
            return
        rings = explanation.result.rings
        seen = key in drawn.content.densities
        self._text.object = explanation_text.map_text(explanation, key)
        self._rings.visible = seen
        if seen:
            reach = 1.1 * max(rings["change"].abs().max(), 1e-3)
            self._steps.show(rings[rings["map"] == key], reach)
        self._layout.css_classes = ["gm-map-panel", f"gm-map-{key}", *["gm-unseen"] * (not seen)]
