"""What is said of a prediction and of what it rests on, in words."""

from html import escape

import numpy as np

from galmass_app.comparison import experiment_of, title
from galmass_app.explanations import NetworkExplanation, TreeExplanation
from galmass_app.plots.correlation import short
from galmass_app.views.prediction import signed
from galmass_core.quantities import quantity
from galmass_core.training.runs import Run

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
PARTS = {
    "train": "It learned from this galaxy.",
    "validation": "It did not learn from this galaxy, but chose its best epoch by it and others.",
    "test": "It has never seen this galaxy.",
    "new": "It has never seen this galaxy.",
}


def called(run: Run) -> str:
    """Name a network in a list: what it sees, and its run."""
    return f"{title(experiment_of(run))} · {run.name}"


def amount(target: str, dex: float) -> str:
    """Write a quantity whose decimal logarithm is given, with its unit."""
    value = 10.0**dex
    unit = quantity(target).label.partition("[")[2].removesuffix("]")
    if value < 1e4:
        return f"{value:.3g} {unit}".strip()
    power = int(np.floor(dex))
    return f"{value / 10.0**power:.2f} × 10{str(power).translate(_RAISED)} {unit}".strip()


def measured(key: str, value: float) -> str:
    """Write a feature and its value, with its unit."""
    unit = quantity(key).label.partition("[")[2].removesuffix("]")
    return f"{short(key)} = {value:.3g} {unit}".strip().replace("-", "−")


def prediction_text(target: str, predicted: float, true: float) -> str:
    """Write prediction, truth and error."""
    text = f"predicts <b>{amount(target, predicted)}</b> ({predicted:.3f} dex)"
    if np.isnan(true):
        return f"{text}; the truth is not known here"
    error = signed(predicted - true, 3)
    return f"{text}; the truth is {amount(target, true)} ({true:.3f} dex): error <b>{error} dex</b>"


def network_text(explanation: NetworkExplanation) -> str:
    """Write what a network says of a sample, and whether it had seen it."""
    result, run = explanation.result, explanation.run
    text = prediction_text(result.target, result.predicted, explanation.true)
    seen = escape(title(experiment_of(run)))
    trained = escape(run.record["dataset"]["name"])
    part = PARTS.get(explanation.part, f"It was trained on other data ({trained}).")
    return (
        f'<p class="numbers">From {seen}, the network {text}.</p>'
        f"<p>{part} For the mean maps of {explanation.others} other galaxies it says "
        f"{result.plain:.3f} dex. This galaxy's maps add "
        f"{signed(result.predicted - result.plain, 3)} dex to that, as follows.</p>"
    )


def map_text(explanation: NetworkExplanation, key: str) -> str:
    """Write what a map adds, and what its pixels add up to."""
    result = explanation.result
    if key not in result.shares:
        return '<p class="aside">This network does not see it.</p>'
    added, pixels = result.added(key), float(result.shares[key].sum())
    return (
        f'<p class="numbers">adds <b>{signed(added, 3)} dex</b></p>'
        f'<p class="aside">Its pixels add up to {signed(pixels, 3)}.</p>'
    )


def lines_text(explanation: NetworkExplanation, heights: list[float]) -> str:
    """Explain the lines on the maps, and how completely pixels account for the prediction."""
    result = explanation.result
    pixels = sum(float(each.sum()) for each in result.shares.values())
    at = ", ".join(f"{height:.2g}" for height in heights)
    return (
        '<p class="legend"><span><i class="raises"></i>pixels that raise the prediction</span>'
        '<span><i class="lowers"></i>pixels that lower it</span>'
        f"<span>Lines in all maps at {at} dex per R_hsm² (smoothed).</span>"
        "<span>TreeExplanation: what each ring adds, against that of the mean map.</span>"
        '<span><span class="help" tabindex="0" data-help="Integrated gradients: how fast the '
        "prediction changes with each pixel, on the straight way from the mean maps to this "
        "galaxy's, times the way. In the end they must add up to the difference.\">All pixels"
        f"</span> add up to {signed(pixels, 3)} of "
        f"{signed(result.predicted - result.plain, 3)} dex."
        "</span></p>"
    )


def trees_text(steps: TreeExplanation) -> str:
    """Write what trees say of a sample, and whether they learned from it."""
    target = steps.request.target
    part = "have never seen" if steps.tested else "learned from"
    count = len(steps.steps)
    return (
        f'<p class="numbers">From {count} numbers, trees predict'
        f"{prediction_text(target, steps.predicted, steps.true).removeprefix('predicts')}.</p>"
        f"<p>They {part} this galaxy. From the mean prediction, {steps.mean:.3f} dex, each number "
        "moves it by its SHAP value; the largest first.</p>"
    )


def unusable_text(reason: str) -> str:
    """Write why trees say nothing of a sample; ``reason`` as of `usable_rows`."""
    column, _, why = reason.partition(" is ")
    return f"<p>Trees say nothing of this galaxy: its {quantity(column).symbol} is {why}.</p>"
