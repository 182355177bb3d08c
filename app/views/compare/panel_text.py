"""Texts of the panels of the Compare page: how good, how much better, what is missing."""

import numpy as np

from galmass_app.address import train_link
from galmass_app.agreement import (
    Agreement,
    compare_network_to_published,
    network_scatter,
    other_images,
)
from galmass_app.comparison import Missing, Result
from galmass_app.markup import snippet
from galmass_app.plots.comparison import Frame
from galmass_app.views.prediction import cells, signed
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import ANY, inputs_of
from galmass_core.learning.metrics import OUTLIER, r_squared
from galmass_core.learning.uncertainty import Comparison
from galmass_core.quantities import IMAGE_PIXELS, OCCUPANCY, quantity

OCCUPANCY_HELP = (
    "Star particles have equal mass, so the number of occupied pixels traces the number of "
    "stars: part of what a network learns from maps of V and σ may be this. The control is "
    "trained on nothing else."
)
THINNED_HELP = (
    "The same maps, rendered after every galaxy was thinned to the same number of stars: their "
    "number then carries no information."
)
NO_NOISE_HELP = (
    "The interval includes the choice of test galaxies only. Networks that differ in nothing but "
    "the training seed also scatter differently; how much is known once there are several "
    "trainings: galmass train --repeats 3."
)
_VERDICTS = {  # class and words, by `Comparison.verdict`
    "better": ("agrees", "▼ better"),
    "worse": ("differs", "▲ worse"),
    "equal": ("aside", "no difference shown"),
    "": ("aside", ""),
}
_CONTROLS = {
    OCCUPANCY: ("Control: star occupancy", OCCUPANCY_HELP),
    "thinned": ("Control: thinned galaxies", THINNED_HELP),
}


def heading(answer: Result | Missing, *, reference: bool) -> str:
    """Write the inputs of a panel's network, and its run; of an ensemble, the text has them."""
    alone = isinstance(answer, Result) and answer.run and not answer.ensemble
    run = answer.run.name if alone else ""
    return snippet("compare.html", "panel_heading", answer.title, reference, run)


def numbers(answer: Result) -> str:
    """Write scatter, bias and number of samples; then R², rms and outliers."""
    errors, rows = answer.errors, answer.predictions
    rms = float(np.sqrt(np.mean((rows["y_pred"] - rows["y_true"]) ** 2)))
    more = [
        f"R² = {r_squared(rows['y_true'], rows['y_pred']):.3f} · rms {rms:.3f} dex · "
        f"|error| > {OUTLIER} dex: {100 * errors['outliers'].value:.1f} %"
    ]
    written = cells(errors["std"], errors["mean"], len(answer.predictions))
    text = snippet("compare.html", "numbers", *written) + snippet("shared.html", "notes", more)
    return text + trainings(answer)


def trainings(answer: Result) -> str:
    """Write the spread between the trainings of a group, and σ of each on request."""
    spread = answer.measured.spread
    if spread is None:
        return ""
    rows = [
        (run.name, run.training_seed, f"{scatter:.3f}")
        for run, scatter in zip(answer.group, answer.measured.scatters, strict=True)
    ]
    return snippet("compare.html", "trainings", len(rows), f"{spread:.3f}", rows)


def difference(compared: Comparison | None, reference: str) -> str:
    """Write how much more a run scatters than the reference, and whether that is sure."""
    if compared is None:
        return snippet("shared.html", "notes", ["Has no sample in common with the reference."])
    low, high = (signed(end, 3) for end in (compared.low95, compared.high95))
    change, verdict = signed(compared.difference.value, 3), _VERDICTS[compared.verdict]
    counts = f"{compared.n_samples:,}", f"{compared.n_galaxies:,}"
    return snippet(
        "compare.html", "difference", change, reference, low, high, *verdict, counts, NO_NOISE_HELP
    )


def beside_paper(data: DataSet, target: str, answer: Result) -> str:
    """Write the paper's scatter; in colour only where the two can be compared."""
    wanted = answer.experiment
    inputs = inputs_of(wanted.maps)
    joint = len(wanted.targets) > 1
    published = network_scatter(target, inputs, joint=joint)
    if published is None:
        return ""
    agreement = compare_network_to_published(
        data, published, answer.errors["std"], _unlike_paper(answer)
    )
    return agreement_text(agreement)


def agreement_text(agreement: Agreement) -> str:
    """Write whether a result agrees with the paper's."""
    if agreement.agrees is None:
        return snippet("compare.html", "not_comparable", agreement.number, agreement.why)
    kind, word = agreement.mark
    return snippet("shared.html", "beside_paper", kind, agreement.number, word)


def control_lines(controls: dict[str, Result | Missing], data: DataSet) -> str:
    """Write what must stand beside a network that saw motions."""
    lines = ""
    for key, answer in controls.items():
        result, link = "not trained", ""
        if isinstance(answer, Result):
            result = f"σ = {answer.errors['std']} dex"
        elif key == OCCUPANCY and answer.experiment:
            link = train_link(data, answer.experiment)
        lines += snippet("compare.html", "control", *_CONTROLS[key], result, link)
    return lines


def learning(answer: Result, frame: Frame) -> str:
    """Write how it was trained, and what the picture leaves out."""
    wanted, lines = answer.experiment, []
    symbols = [quantity(key).symbol for key in wanted.targets]
    if answer.derived:
        lines.append(f"derived from {' and '.join(symbols)}")
    elif len(symbols) > 1:
        lines.append(f"learned jointly: {', '.join(symbols)}")
    if answer.split.kind == "galaxy":
        lines.append("split by galaxy")
    else:
        lines.append(f"split at random, {100 * answer.siblings:.0f} % have a sibling in training")
    if answer.ensemble:
        names = ", ".join(run.name for run in answer.group)
        lines.append(f"predictions are the mean of {len(answer.group)} trainings, {names}")
    if answer.run and "subsets" in answer.run.config:
        lines.append("one network for every set of maps")
    if answer.newer:
        lines.append(f"a newer run predicts from these maps: {answer.newer}")
    if beyond := frame.beyond(answer.predictions):
        lines.append(f"{beyond} beyond the axes")
    text = "; ".join(lines)
    return snippet("shared.html", "notes", [f"{text[0].upper()}{text[1:]}."])


def gap(answer: Missing, data: DataSet, target: str) -> str:
    """Write why there is nothing to see, and what can be done."""
    command, wanted = "", answer.experiment
    if wanted:
        command = f"galmass train {data.path.name} --experiment {wanted}"
    why, symbol = answer.why[0].upper() + answer.why[1:], quantity(target).symbol
    how = "Train one for every set of maps" if wanted.endswith(f"/{ANY}") else "Train one"
    return snippet("compare.html", "gap", why, symbol, how, train_link(data, wanted), command)


def _unlike_paper(answer: Result) -> list[str]:
    """Return how a network was trained otherwise than the paper's."""
    wanted = answer.experiment
    differences = other_images(wanted.maps, wanted.pixels, IMAGE_PIXELS[0])
    if answer.ensemble:
        differences.append(f"the mean of {len(answer.group)} trainings")
    if answer.derived and not quantity(wanted.target).log:
        differences.append("derived, the paper's learned")
    return differences
