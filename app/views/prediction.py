"""Predictions against the truth, with their errors in words and the paper's beside them."""

from collections.abc import Mapping, Sequence

import numpy as np
import panel as pn

from galmass_app.agreement import compare_to_published
from galmass_app.framework import IsolatedLayout
from galmass_app.markup import snippet
from galmass_app.plots.comparison import Axes, drawn_rows, frame_of
from galmass_app.plots.prediction import cloud_of
from galmass_app.plots.prediction_figures import PredictionFigures
from galmass_app.tree_models import QUICK_GALAXIES, Fit
from galmass_app.views.layout import View, column, html
from galmass_core.learning.intervals import LEVELS, limit_names
from galmass_core.learning.metrics import Estimate
from galmass_core.quantities import quantity, symbol_of, with_minus

LEAKAGE = "paper − galaxy split [dex]"  # heading of what the paper's split lowers σ by
DISTANCE_HELP = (
    "Distance to the nearest other galaxy of the training set in the space of the summary "
    "features, among the same distances of the training galaxies themselves. Predictions far "
    "from the training set cannot be trusted, nor can their intervals."
)


class Prediction(View):
    """The square panel of one fit, its histogram of errors in the corner, the numbers below."""

    def __init__(self, fit: Fit) -> None:
        super().__init__()
        self._axes = Axes()
        self._figures = PredictionFigures(self._axes)
        self._title, self._text = html("gm-section"), html("gm-result")
        self._layout = column(
            "gm-prediction", self._title, framed("gm-framed", self._figures), self._text
        )
        self.draw(fit)

    def draw(self, fit: Fit) -> None:
        """Show another fit."""
        self.fit = fit
        self._axes.follow(frame_of([fit.predictions], fit.request.target))
        self._figures.show(cloud_of(drawn_rows(fit.predictions)))
        self._write(fit)

    def _write(self, fit: Fit) -> None:
        shown = quantity(fit.request.target)
        name = shown.name[0].upper() + shown.name[1:]
        self._title.object = snippet("prediction.html", "title", name, shown.help)
        beyond = self._axes.frame.beyond(fit.predictions)
        outside = [f"{beyond} beyond the axes."] * bool(beyond)
        texts = (
            errors_text(fit),
            beside_paper(fit),
            notes(fit),
            snippet("shared.html", "notes", outside),
        )
        self._text.object = "".join(texts)


def framed(classes: str, figures: PredictionFigures) -> pn.Column:
    """Return the square of predictions, with the histogram of errors in its corner."""
    square, inset = figures.square, figures.inset
    return column(classes, IsolatedLayout(square, "gm-square"), IsolatedLayout(inset, "gm-inset"))


def errors_text(fit: Fit) -> str:
    """Write scatter, bias and number of test samples as a sentence."""
    scatter, mean = fit.errors["std"], fit.errors["mean"]
    count, galaxies = len(fit.predictions), fit.predictions["name"].nunique()
    if fit.request.split == "galaxy":
        split = "split by galaxy"
    else:
        split = f"split at random: {100 * fit.siblings:.0f} % of them have a sibling in training"
    counts = f"{count:,}", f"{galaxies:,}"
    bias = signed(mean.value, 3)
    return snippet("prediction.html", "errors", str(scatter), bias, *counts, split)


def intervals_text(limits: Mapping[str, float]) -> str:
    """Write the intervals of a prediction, as far as they are finite; empty without calibration.

    Parameters
    ----------
    limits : mapping of str to float
        By `predictions.LIMITS`, dex.
    """
    written = []
    for level in LEVELS:
        low, high = (limits.get(name, np.nan) for name in limit_names(level))
        if np.isfinite(high - low):
            written.append(with_minus(f"{100 * level:.0f} %: {low:.2f} to {high:.2f}"))
    return "; ".join(written)


def signed(value: float, digits: int) -> str:
    """Write a number with its sign; zero is never negative."""
    return with_minus(f"{round(value, digits) + 0.0:+.{digits}f}")


def distance_text(percentile: float) -> str:
    """Write how far a galaxy is from a training set, as half a sentence; empty if unknown."""
    if np.isnan(percentile):
        return ""
    if percentile > 50:
        share = "all" if percentile >= 100 else f"{np.floor(percentile):.0f} %"
        return f"farther from the training set than {share} of its own galaxies"
    share = "all" if percentile <= 0 else f"{np.floor(100 - percentile):.0f} %"
    return f"closer to the training set than {share} of its own galaxies"


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
    if (galaxies := len(fit.request.data.galaxy_names)) > QUICK_GALAXIES:
        lines.append(f"On {QUICK_GALAXIES:,} of {galaxies:,} galaxies, drawn by chance.")
    lines += left_out(fit.left_out)
    return snippet("shared.html", "notes", lines)


def sentences(notes: Sequence[str]) -> list[str]:
    """Return notes of a terminal as sentences."""
    return [f"{note[0].upper()}{note[1:]}." for note in notes]


def left_out(reasons: dict[str, int]) -> list[str]:
    """Write why samples could not be used, a sentence per reason of `usable_rows`."""
    parts = [(count, *reason.rpartition(" is ")) for reason, count in reasons.items()]
    return [
        f"{count:,} samples left out: {symbol_of(column)} is {why}."
        for count, column, _, why in parts
    ]
