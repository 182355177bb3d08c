"""How far a network's prediction moves with another map in the place of one."""

import pandas as pd
import panel as pn

from galmass_app.explanations import NetworkExplanation
from galmass_app.markup import snippet
from galmass_app.plots.saliency import ReplacedMaps
from galmass_core.quantities import quantity

HELP = (
    "The branches of the network add up, so the contribution of a map does not depend on the "
    "others. Combined maps like these belong to no real galaxy."
)


class WhyReplaced(pn.viewable.Viewer):
    """A bar and many circles for each map, once there are reasons to draw."""

    def __init__(self) -> None:
        super().__init__()
        stretch = {"sizing_mode": "stretch_width"}
        self.explanation, self._bars = None, ReplacedMaps()
        self._foot = pn.pane.HTML(css_classes=["gm-foot"], **stretch)
        self._layout = pn.Column(
            pn.pane.HTML(snippet("why.html", "replaced", HELP), css_classes=["gm-section"]),
            self._foot,
            pn.pane.Bokeh(self._bars.figure, margin=0, **stretch),
            css_classes=["gm-why-replaced"],
            **stretch,
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    @property
    def table(self) -> pd.DataFrame:
        """All changes."""
        return self.explanation.result.maps

    def draw(self, explanation: NetworkExplanation) -> None:
        """Show what a network's prediction rests on."""
        self.explanation = explanation
        changes = self.table
        self._bars.show(changes, {key: quantity(key).name for key in changes["map"].unique()})
        words = (
            f"Bars: with the mean map of {explanation.others} other galaxies in its place. "
            "Circles: with the map of each of them."
        )
        self._foot.object = snippet("shared.html", "paragraph", words)
