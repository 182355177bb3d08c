"""How boosted trees come to their prediction for a galaxy, number by number."""

import pandas as pd
import panel as pn

from galmass_app.explanations import TreeExplanation
from galmass_app.plots.prediction import axis_label
from galmass_app.plots.waterfall import Waterfall
from galmass_app.views.layout import View, column, html
from galmass_app.views.why import explanation_text


class WhyTrees(View):
    """The waterfall of one sample, once there are steps to draw."""

    def __init__(self) -> None:
        super().__init__()
        stretch = {"sizing_mode": "stretch_width"}
        self.steps, self._waterfall = None, Waterfall()
        self._text = html("gm-why-said")
        self._layout = column(
            "gm-why-trees", self._text, pn.pane.Bokeh(self._waterfall.figure, margin=0, **stretch)
        )

    @property
    def table(self) -> pd.DataFrame:
        """Value and SHAP value of each feature, and the prediction with its intervals."""
        steps = self.steps
        table = steps.steps.rename_axis("feature").reset_index()
        return table.assign(y_true=steps.true, y_pred=steps.predicted, **steps.limits)

    def draw(self, steps: TreeExplanation) -> None:
        """Show how trees come to their prediction for a sample."""
        self.steps = steps
        named = {
            key: explanation_text.measured(key, value)
            for key, value in steps.steps["value"].items()
        }
        label = axis_label(steps.request.target)
        self._waterfall.show(steps.mean, steps.steps["step"].rename(index=named), label)
        self._text.object = explanation_text.trees_text(steps)
