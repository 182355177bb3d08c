"""Maps beside the paper's four, those that a person switches on."""

import numpy as np
import pandas as pd
import panel as pn
import param

from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.views.four_maps import COLOURED, LaterMaps, chosen_scales, shown_maps
from galmass_app.views.layout import View, column, html
from galmass_app.views.prediction import sentences
from galmass_core.datasets.capabilities import further_maps, lacking
from galmass_core.imaging.maps import GalaxyMaps
from galmass_core.quantities import MAPS, further_keys, symbol_of


class FurtherMaps(View):
    """Switches of the further maps that the data set has, and those that are on."""

    follows = ("dataset", "galaxy", "los", "theme", "least_stars", "further", *COLOURED)

    def __init__(self, session: SessionState) -> None:
        super().__init__(session)
        self.table = pd.DataFrame()
        self._maps = LaterMaps(keys=further_keys())
        self._switches = pn.widgets.CheckButtonGroup(
            label="Further maps", css_classes=["gm-further"]
        )
        self._switches.param.watch(self._chosen, "value")
        self._words = html("gm-foot", wide=False)
        self._layout = column("gm-further-maps", self._switches, self._words, self._maps)
        self.draw()

    def draw(self) -> None:
        """Show the maps that are on, of those that the data set has."""
        session, data = self.session, self.session.data
        there = further_maps(data)
        keys = tuple(key for key in there if key in session.further)
        with self._update_controls():
            self._switches.options = {symbol_of(key): key for key in there}
            self._switches.value = list(keys)
        why = lacking(data, further_keys())
        self._words.object = snippet("shared.html", "notes", sentences([why] * bool(why)))
        self._maps.visible = bool(keys)
        self.table = pd.DataFrame()
        if keys:
            sample = session.galaxy, session.los
            scales = chosen_scales(session, data, *sample, keys)
            shown = shown_maps(session, *sample, scales)._replace(keys=keys)
            self._maps.draw(shown)
            self.table = pd.DataFrame([_line(shown.maps, key) for key in keys])

    def _chosen(self, event: param.parameterized.Event) -> None:
        """Keep what is switched on."""
        if not self._updating:
            self.session.further = [key for key in further_keys() if key in event.new]


def _line(maps: GalaxyMaps, key: str) -> dict[str, object]:
    """Return the percentiles of a map over its pixels."""
    values = maps.meaningful(key)
    known = values[np.isfinite(values)]
    spread = np.quantile(known, [0.16, 0.5, 0.84]) if known.size else [np.nan] * 3
    line = {"map": key, "unit": MAPS[key].unit, "pixels": known.size}
    return line | dict(zip(("p16", "p50", "p84"), map(float, spread), strict=True))
