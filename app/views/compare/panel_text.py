"""What the panels of the Compare page say in words: how good, how much better, what is missing."""

from html import escape

from galmass_app.agreement import Agreement, compare_network_to_published, network_scatter
from galmass_app.comparison import Missing, Result
from galmass_app.plots.comparison import Frame
from galmass_app.views.links import train_link
from galmass_app.views.prediction import signed
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import inputs_of
from galmass_core.learning.metrics import Comparison
from galmass_core.quantities import IMAGE_PIXELS, OCCUPANCY, has_images, quantity

OCCUPANCY_HELP = (
    "Star particles have equal mass, so which pixels have stars says how many stars there are: "
    "part of what a network reads in maps of V and σ may be this. The control sees nothing else."
)
THINNED_HELP = (
    "The same maps, made anew with every galaxy thinned to the same number of stars: their number "
    "then says nothing."
)
_CONTROLS = {
    OCCUPANCY: ("Control, where there are stars", OCCUPANCY_HELP),
    "thinned": ("Control, thinned", THINNED_HELP),
}


def heading(answer: Result | Missing, *, reference: bool) -> str:
    """Write what a panel's network saw."""
    mark = ' <span class="badge">reference</span>' if reference else ""
    return f'<div class="line"><h2>{escape(answer.title)}</h2>{mark}</div>'


def numbers(answer: Result) -> str:
    """Write scatter, bias and number of samples."""
    scatter, mean = answer.errors["std"], answer.errors["mean"]
    return (
        f'<p class="numbers">σ = <b>{scatter} dex</b>, bias {signed(mean.value, 3)}, '
        f"N&nbsp;=&nbsp;{len(answer.predictions):,}</p>"
    )


def difference(compared: Comparison | None, reference: str) -> str:
    """Write how much more a run scatters than the reference, and whether that is sure."""
    if compared is None:
        return '<p class="aside">Has no sample in common with the reference.</p>'
    low, high = (signed(end, 3) for end in (compared.low95, compared.high95))
    if compared.high95 < 0:
        kind, word = "agrees", "▼ better"
    elif compared.low95 > 0:
        kind, word = "differs", "▲ worse"
    else:
        kind, word = "aside", "no difference shown"
    return (
        f"<p>Δσ = <b>{signed(compared.difference.value, 3)}</b> against {escape(reference)} "
        f'(95 %: {low} to {high}): <span class="{kind}">{word}</span></p>'
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
    return in_words(agreement)


def in_words(agreement: Agreement) -> str:
    """Write what the paper has to say."""
    number = f"Paper: σ = {agreement.published:.2f} dex"
    if agreement.agrees is None:
        return (
            f'<p class="aside">{number}, <span class="help" tabindex="0" '
            f'data-help="{escape(agreement.why)}">not comparable</span>.</p>'
        )
    kind, word = ("agrees", "✓ agrees") if agreement.agrees else ("differs", "✗ differs")
    return f'<p class="{kind}">{number}: {word} with ours.</p>'


def control_lines(controls: dict[str, Result | Missing], data: DataSet) -> str:
    """Write what must stand beside a network that saw motions."""
    lines = ""
    for key, answer in controls.items():
        words, help_ = _CONTROLS[key]
        if isinstance(answer, Result):
            text = f"σ = {answer.errors['std']} dex"
        else:
            link = f', <a href="{train_link(data, answer.experiment)}">train it</a>'
            text = f"not trained{link * (key == OCCUPANCY and bool(answer.experiment))}"
        lines += (
            f'<p class="aside"><span class="help" tabindex="0" data-help="{escape(help_)}">{words}'
            f"</span>: {text}</p>"
        )
    return lines


def learning(answer: Result, frame: Frame) -> str:
    """Write how it was learned, and what the picture leaves out."""
    wanted, lines = answer.experiment, []
    symbols = [quantity(key).symbol for key in wanted.targets]
    if answer.derived:
        lines.append(f"derived from {' and '.join(symbols)}")
    elif len(symbols) > 1:
        lines.append(f"learned jointly: {', '.join(symbols)}")
    if answer.split.kind == "galaxy":
        lines.append("split by galaxy")
    else:
        lines.append(f"split at random, {answer.siblings:.0%} have a sibling in training")
    if answer.run:
        lines.append(f"run {answer.run.name}")
    if beyond := frame.beyond(answer.predictions):
        lines.append(f"{beyond} beyond the axes")
    text = "; ".join(lines)
    return f'<p class="aside">{escape(text[0].upper() + text[1:])}.</p>'


def gap(answer: Missing, data: DataSet, target: str) -> str:
    """Write why there is nothing to see, and what can be done."""
    link = train_link(data, answer.experiment)
    text = f"<p><b>{escape(answer.why[0].upper() + answer.why[1:])}.</b></p>"
    if answer.experiment:
        command = f"galmass train {data.path.name} --experiment {answer.experiment}"
        text += (
            f"<p>No network has learned {escape(quantity(target).symbol)} from these maps here yet."
            f'</p><p><a href="{link}">Train it</a>, or in a terminal:</p>'
            f"<p><code>{escape(command)}</code></p>"
        )
    return f'<div class="gap"><div>{text}</div></div>'


def _unlike_paper(answer: Result) -> list[str]:
    """Say how a network learned in another way than the paper's."""
    wanted = answer.experiment
    text = []
    if has_images(wanted.maps) and wanted.pixels != IMAGE_PIXELS[0]:
        text.append(f"learned from images of {wanted.pixels}², the paper's of {IMAGE_PIXELS[0]}²")
    if answer.derived and not quantity(wanted.target).log:
        text.append("derived, the paper's learned")
    return text
