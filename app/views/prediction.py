"""Predictions against the truth, with their errors in words and the paper's beside them."""

from html import escape

import holoviews as hv
import panel as pn
from holoviews.streams import Pipe

from galmass_app.agreement import compare_to_published
from galmass_app.plots.prediction import error_histogram, prediction_picture
from galmass_app.tree_models import Fit
from galmass_core.quantities import quantity


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
        self._title.object = (
            f'<h2><span class="help" tabindex="0" data-help="{escape(shown.help)}">'
            f"{escape(shown.name[0].upper() + shown.name[1:])}</span>, predicted</h2>"
            "<p>Each point is a galaxy the model has not seen. Lines hold 68 and 95 % of them.</p>"
        )
        self._words.object = in_words(fit) + beside_paper(fit) + notes(fit)


def in_words(fit: Fit) -> str:
    """Write scatter, bias and number of test samples as a sentence."""
    scatter, mean = fit.errors["std"], fit.errors["mean"]
    count, galaxies = len(fit.predictions), fit.predictions["name"].nunique()
    bias = signed(mean.value, 3)
    if fit.request.split == "galaxy":
        split = "split by galaxy"
    else:
        split = f"split at random: {fit.siblings:.0%} of them have a sibling in training"
    return (
        f'<p class="numbers">σ = <b>{scatter} dex</b>, bias {bias}, N = {count:,} test samples '
        f"of {galaxies:,} galaxies, {split}.</p>"
    )


def signed(value: float, digits: int) -> str:
    """Write a number with its sign; zero is never negative."""
    return f"{round(value, digits) + 0.0:+.{digits}f}".replace("-", "−")


def beside_paper(fit: Fit) -> str:
    """Write the paper's scatter; in colour only where the two can be compared."""
    request = fit.request
    agreement = compare_to_published(
        request.data, request.target, request.features, fit.errors["std"]
    )
    if agreement.published is None:
        return f'<p class="aside">Paper: {escape(agreement.why)}.</p>'
    number = f"Paper: σ = {agreement.published:.2f} dex"
    if agreement.agrees is None:
        return f'<p class="aside">{number}. Not comparable: {escape(agreement.why)}.</p>'
    kind, word = ("agrees", "✓ agrees") if agreement.agrees else ("differs", "✗ differs")
    return f'<p class="{kind}">{number}: {word} with ours.</p>'


def notes(fit: Fit) -> str:
    """Write what must be known to read the result."""
    lines = []
    if unseen := fit.request.experiment.truth_level:
        symbols = ", ".join(quantity(key).symbol for key in unseen)
        lines.append(f"Learned with {symbols}, which no telescope measures.")
    lines += left_out(fit.left_out)
    return "".join(f'<p class="aside">{escape(line)}</p>' for line in lines)


def left_out(reasons: dict[str, int]) -> list[str]:
    """Write why samples could not be used, a sentence per reason of `usable_rows`."""
    parts = [(count, *reason.partition(" is ")) for reason, count in reasons.items()]
    return [
        f"{count:,} samples left out: {quantity(column).symbol} is {why}."
        for count, column, _, why in parts
    ]


def _square(data: Fit) -> hv.Overlay:
    return prediction_picture(data.predictions, data.request.target)


def _inset(data: Fit) -> hv.Overlay:
    return error_histogram(data.predictions)
