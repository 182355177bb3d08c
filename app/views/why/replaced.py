"""How far a network's prediction moves with another map in the place of one."""

import pandas as pd
import panel as pn

from galmass_app.explanations import NetworkExplanation
from galmass_app.markup import snippet
from galmass_app.plots.saliency import ReplacedMaps
from galmass_app.views.layout import View, column, html
from galmass_app.views.why.explanation_text import others_text
from galmass_core.quantities import quantity

HELP = (
    "The branches of the network add up, so the contribution of a map does not depend on the "
    "others. Combined maps like these belong to no real galaxy."
)


class WhyReplaced(View):
    """A bar and many circles for each map, once there are reasons to draw."""

    def __init__(self) -> None:
        super().__init__()
        stretch = {"sizing_mode": "stretch_width"}
        self.explanation, self._bars = None, ReplacedMaps()
        self._foot = html("gm-foot")
        self._layout = column(
            "gm-why-replaced",
            html("gm-section", snippet("why.html", "replaced", HELP), wide=False),
            self._foot,
            pn.pane.Bokeh(self._bars.figure, margin=0, **stretch),
        )

    @property
    def table(self) -> pd.DataFrame:
        """All changes."""
        return self.explanation.result.maps

    def draw(self, explanation: NetworkExplanation) -> None:
        """Show what a network's prediction depends on."""
        self.explanation = explanation
        changes = self.table
        self._bars.show(changes, {key: quantity(key).name for key in changes["map"].unique()})
        text = (
            f"Bars: with the mean map of {others_text(explanation)} in its place. "
            "Circles: with the map of each of them."
        )
        self._foot.object = snippet("shared.html", "paragraph", text)
