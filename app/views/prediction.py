"""Predictions against the truth, with their errors in words and the paper's beside them."""

import holoviews as hv
import panel as pn
from holoviews.streams import Pipe

from galmass_app.agreement import compare_to_published
from galmass_app.markup import snippet
from galmass_app.plots.prediction import error_histogram, prediction_picture
from galmass_app.tree_models import Fit
from galmass_core.learning.metrics import Estimate
from galmass_core.quantities import quantity, symbol_of


class Prediction(pn.viewable.Viewer):
    """The square panel of one fit, its histogram of errors in the corner, the numbers below.

    Parameters
    ----------
    fit : Fit
    """

    def __init__(self, fit: Fit) -> None:
        super().__init__()
        self.fit = fit
        self._pipe = Pipe(data=fit)
        stretch = {"sizing_mode": "stretch_width"}
        self._title = pn.pane.HTML(css_classes=["gm-section"], **stretch)
        self._words = pn.pane.HTML(css_classes=["gm-result"], **stretch)
        panes = [
            pn.pane.HoloViews(
                hv.DynamicMap(draw, streams=[self._pipe]), css_classes=[name], margin=0
            )
            for name, draw in (("gm-square", _square), ("gm-inset", _inset))
        ]
        self._layout = pn.Column(
            self._title,
            pn.Column(*panes, css_classes=["gm-framed"], **stretch),
            self._words,
            css_classes=["gm-prediction"],
            **stretch,
        )
        self._write(fit)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def draw(self, fit: Fit) -> None:
        """Show another fit."""
        self.fit = fit
        self._pipe.send(fit)
        self._write(fit)

    def _write(self, fit: Fit) -> None:
        """Write what is predicted, and how well."""
        shown = quantity(fit.request.target)
        name = shown.name[0].upper() + shown.name[1:]
        self._title.object = snippet("prediction.html", "title", name, shown.help)
        self._words.object = in_words(fit) + beside_paper(fit) + notes(fit)


def in_words(fit: Fit) -> str:
    """Write scatter, bias and number of test samples as a sentence."""
    scatter, mean = fit.errors["std"], fit.errors["mean"]
    count, galaxies = len(fit.predictions), fit.predictions["name"].nunique()
    if fit.request.split == "galaxy":
        split = "split by galaxy"
    else:
        split = f"split at random: {fit.siblings:.0%} of them have a sibling in training"
    counts = f"{count:,}", f"{galaxies:,}"
    bias = signed(mean.value, 3)
    return snippet("prediction.html", "errors", str(scatter), bias, *counts, split)


def signed(value: float, digits: int) -> str:
    """Write a number with its sign; zero is never negative."""
    return f"{round(value, digits) + 0.0:+.{digits}f}".replace("-", "−")


def cells(scatter: Estimate, mean: Estimate, count: int) -> list[str]:
    """Write scatter, bias and number of samples for a table."""
    return [str(scatter), signed(mean.value, 3), f"{count:,}"]


def beside_paper(fit: Fit) -> str:
    """Write the paper's scatter; in colour only where the two can be compared."""
    request = fit.request
    agreement = compare_to_published(
        request.data, request.target, request.features, fit.errors["std"]
    )
    if agreement.published is None:
        return snippet("shared.html", "notes", [f"Paper: {agreement.why}."])
    if agreement.agrees is None:
        line = f"{agreement.number}. Not comparable: {agreement.why}."
        return snippet("shared.html", "notes", [line])
    kind, word = agreement.mark
    return snippet("shared.html", "beside_paper", kind, agreement.number, word)


def notes(fit: Fit) -> str:
    """Write what must be known to read the result."""
    lines = []
    if unseen := fit.request.experiment.truth_level:
        symbols = ", ".join(quantity(key).symbol for key in unseen)
        lines.append(f"Learned with {symbols}, which no telescope measures.")
    lines += left_out(fit.left_out)
    return snippet("shared.html", "notes", lines)


def left_out(reasons: dict[str, int]) -> list[str]:
    """Write why samples could not be used, a sentence per reason of `usable_rows`."""
    parts = [(count, *reason.rpartition(" is ")) for reason, count in reasons.items()]
    return [
        f"{count:,} samples left out: {symbol_of(column)} is {why}."
        for count, column, _, why in parts
    ]


def _square(data: Fit) -> hv.Overlay:
    return prediction_picture(data.predictions, data.request.target)


def _inset(data: Fit) -> hv.Overlay:
    return error_histogram(data.predictions)
