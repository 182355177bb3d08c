"""What the best runs predict for the sample in view, with intervals."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from galmass_app.markup import snippet
from galmass_app.predictions import LIMITS, NOT_CALIBRATED, UNTESTED, SamplePrediction
from galmass_app.views.layout import View, html
from galmass_core.learning.intervals import LEVELS, limit_names
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


def _line(shown: SamplePrediction) -> tuple[str, str, list[str], str]:
    """Return symbol, help, cells and note of a prediction."""
    target = quantity(shown.target)
    help_text = HELP.format(name=target.name, run=shown.called)
    if np.isnan(shown.predicted):
        return target.symbol, help_text, [], UNTESTED.get(shown.part, "no prediction")
    cells = [_number(shown.predicted)]
    if not shown.limits:
        return target.symbol, help_text, cells, NOT_CALIBRATED
    limits = [[shown.limits[name] for name in limit_names(level)] for level in LEVELS]
    cells += [
        f"{_number(low)} to {_number(high)}" if np.isfinite(high - low) else "–"
        for low, high in limits
    ]
    return target.symbol, help_text, cells, ""


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
