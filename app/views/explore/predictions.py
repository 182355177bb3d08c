"""What the best runs predict for the sample in view, with intervals."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from galmass_app.markup import snippet
from galmass_app.predictions import LIMITS, NOT_CALIBRATED, UNTESTED, SamplePrediction
from galmass_app.views.layout import View, html
from galmass_app.views.prediction import intervals_text
from galmass_core.quantities import quantity

HELP = "{name}, predicted by the run of least σ: {run}"


class Predictions(View):
    """A table with a line for each target."""

    def __init__(self, predictions: Sequence[SamplePrediction]) -> None:
        super().__init__()
        self._layout = html("gm-targets gm-predictions")
        self.draw(predictions)

    @property
    def table(self) -> pd.DataFrame:
        """The predictions, with their intervals and runs."""
        rows = [
            {
                "target": each.target,
                "run": each.run.name,
                "part": each.part,
                "y_pred": each.predicted,
                **{name: each.limits.get(name, np.nan) for name in LIMITS},
            }
            for each in self._predictions
        ]
        return pd.DataFrame(rows)

    def draw(self, predictions: Sequence[SamplePrediction]) -> None:
        """Show the predictions for another sample."""
        self._predictions = predictions
        self._layout.object = snippet("explore.html", "predictions", list(map(_line, predictions)))


def _line(shown: SamplePrediction) -> tuple[str, str, str, list[str], str]:
    """Return symbol, help, prediction, intervals and note of a prediction."""
    target = quantity(shown.target)
    named = target.symbol, HELP.format(name=target.name, run=shown.called)
    if np.isnan(shown.predicted):
        return *named, "", [], UNTESTED.get(shown.part, "no prediction")
    intervals = intervals_text(shown.limits)
    note = "" if intervals else NOT_CALIBRATED
    predicted = f"{shown.predicted:.2f}".replace("-", "−")
    return *named, predicted, intervals.split("; "), note
