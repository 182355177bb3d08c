"""Predictions and their explanations in words."""

from collections.abc import Mapping

import numpy as np
from markupsafe import Markup

from galmass_app.comparison import experiment_of, title
from galmass_app.explanations import NetworkExplanation, TreeExplanation
from galmass_app.markup import snippet
from galmass_app.numerals import power_of_ten
from galmass_app.plots.correlation import short
from galmass_app.predictions import UNTESTED
from galmass_app.views.prediction import DISTANCE_HELP, distance_text, intervals_text, signed
from galmass_core.quantities import column_quantity, quantity, symbol_of, with_minus
from galmass_core.training.runs import Run

PIXELS_HELP = (
    "Integrated gradients: how fast the prediction changes with each pixel, along the straight "
    "path from the mean maps to this galaxy's, times its change. In the end they must add up to "
    "the difference."
)
PARTS = {
    "train": Markup("<b>Not tested on this galaxy: it was in the training set.</b>"),
    "validation": "This galaxy was in its validation set, which selects the best epoch.",
    "test": "This galaxy was not in its training set.",
    "new": "This galaxy was not in its training set.",
}


NO_INTERVAL = "It has no interval, for this network is not calibrated; train it again to get one."
NOT_TRAINED_ON = (
    "The training set of this network is not here, so that what is added is counted from other "
    "galaxies of the data set in view: another data set gives other numbers."
)
TESTED = "They were not trained on this galaxy."


def called(run: Run) -> str:
    """Name a network in a list: what it sees, and its run."""
    return f"{title(experiment_of(run))} · {run.name}"


def amount(target: str, dex: float) -> str:
    """Write a quantity whose decimal logarithm is given, with its unit."""
    value = 10.0**dex
    unit = quantity(target).shown_unit
    if value < 1e4:
        return f"{value:.3g} {unit}".strip()
    return f"{power_of_ten(value, 2)} {unit}".strip()


def measured(key: str, value: float) -> str:
    """Write a feature and its value, with its unit."""
    unit = column_quantity(key).shown_unit
    return with_minus(f"{short(key)} = {value:.3g} {unit}".strip())


def _dex(value: float) -> str:
    return with_minus(f"{value:.3f}")


def prediction_numbers(
    target: str, predicted: float, true: float, limits: Mapping[str, float] | None = None
) -> dict[str, str]:
    """Write prediction, interval, truth and error, by their names in the template."""
    numbers = {"predicted": amount(target, predicted), "dex": _dex(predicted)}
    numbers["interval"] = intervals_text(limits or {})
    if np.isnan(true):
        return numbers | {"truth": "not known here", "error": ""}
    truth = f"{amount(target, true)} ({_dex(true)} dex)"
    return numbers | {"truth": truth, "error": signed(predicted - true, 3)}


def network_text(explanation: NetworkExplanation) -> str:
    """Write the prediction of a network for a sample, and whether it was in its training set."""
    result, run = explanation.result, explanation.run
    without = explanation.part not in UNTESTED and not explanation.limits
    other = f"It was trained on another data set, {run.record['dataset']['name']}."
    return snippet(
        "why.html",
        "network",
        seen=title(experiment_of(run)),
        of=prediction_numbers(
            result.target, result.predicted, explanation.true, explanation.limits
        ),
        part=PARTS.get(explanation.part, other),
        no_interval=NO_INTERVAL * without,
        distance=distance_text(explanation.unusual),
        distance_help=DISTANCE_HELP,
        others=others_text(explanation),
        warning=NOT_TRAINED_ON * (not explanation.trained),
        plain=_dex(result.plain),
        added=signed(result.predicted - result.plain, 3),
    )


def others_text(explanation: NetworkExplanation) -> str:
    """Say how many galaxies of which data the reference is of."""
    count = explanation.others
    galaxies = f"{count} galax{'y' if count == 1 else 'ies'}"
    if explanation.trained:
        return f"{galaxies} of its training set"
    return f"{galaxies} of the data set in view, instead of its training set"


def map_text(explanation: NetworkExplanation, key: str) -> str:
    """Write what a map adds, and what its pixels add up to."""
    result = explanation.result
    if key not in result.shares:
        return snippet("why.html", "unseen")
    added, pixels = result.added(key), float(result.shares[key].sum())
    return snippet("why.html", "map", signed(added, 3), signed(pixels, 3))


def lines_text(explanation: NetworkExplanation, heights: list[float]) -> str:
    """Explain the lines on the maps, and how completely pixels account for the prediction."""
    result = explanation.result
    pixels = sum(float(each.sum()) for each in result.shares.values())
    return snippet(
        "why.html",
        "lines",
        heights=", ".join(f"{height:.2g}" for height in heights),
        help=PIXELS_HELP,
        pixels=signed(pixels, 3),
        added=signed(result.predicted - result.plain, 3),
    )


def trees_text(steps: TreeExplanation) -> str:
    """Write the prediction of trees for a sample, and whether it was in their training set."""
    return snippet(
        "why.html",
        "trees",
        count=len(steps.steps),
        of=prediction_numbers(steps.request.target, steps.predicted, steps.true, steps.limits),
        part=TESTED if steps.tested else PARTS["train"],
        distance=distance_text(steps.unusual),
        distance_help=DISTANCE_HELP,
        mean=_dex(steps.mean),
    )


def unusable_text(reason: str) -> str:
    """Write why trees cannot predict a sample; ``reason`` as of `usable_rows`."""
    column, _, why = reason.rpartition(" is ")
    text = f"The trees cannot predict this galaxy: its {symbol_of(column)} is {why}."
    return snippet("shared.html", "paragraph", text)
