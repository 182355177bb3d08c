"""Texts of the Paper page: what the paper states, what ours is, and how it was made."""

from typing import Any

from galmass_app.address import link
from galmass_app.agreement import compare_network_to_published, mark_of, simulations
from galmass_app.comparison import Missing, Result, controls
from galmass_app.how_made import SPLITS, data_facts
from galmass_app.markup import snippet
from galmass_app.paper_answers import Answer, Matrix, differences, leakage
from galmass_app.paper_calls import command_lines, python_call
from galmass_app.paper_figures import FIGURES, TABLES, PaperPanel, label
from galmass_app.plots.comparison import Frame
from galmass_app.plots.correlation import short
from galmass_app.tree_models import Fit
from galmass_app.views.compare import panel_text as compare_text
from galmass_app.views.prediction import beside_paper, errors_text, left_out, notes, sentences
from galmass_core.datasets.dataset import DataSet
from galmass_core.galaxy import GalaxyName
from galmass_core.learning.correlations import strong_pairs
from galmass_core.paper.published import DATA
from galmass_core.quantities import quantity, with_minus
from galmass_core.training.leakage import leakage_notes, leakage_text

GALAXY = f"{DATA}/99/501761"  # of Figure 1
TAP = (
    "Each point is a sample outside the training set; contours enclose 68 and 95 % of them. "
    "Tap one."
)
_LEARNERS = {
    "table-4": "all finished runs of networks about these galaxies",
    "table-5": "boosted trees, trained on request",
    "text": "all finished runs about these galaxies; trees and formulas, trained for this page",
}
_OTHER_DRAWS = "The ± here is of 400 draws of galaxies, there of 1,000: its last digit may differ."


def heading(key: str) -> str:
    """Write what a figure shows, and what the paper states."""
    figure = FIGURES[key]
    return snippet("paper.html", "heading", label(key), figure.title, figure.says)


def galaxies(data: DataSet) -> str:
    """Return which galaxies these are, and whether results on them can agree with the paper's."""
    here = simulations(data)
    if here == (DATA,):
        return "These are galaxies of TNG100-1, the paper's: agreement is marked."
    return (
        f"The paper’s galaxies are of TNG100-1, these of {', '.join(here)}: "
        "numbers stand side by side, but are not comparable."
    )


def panel_title(panel: PaperPanel, answer: Answer) -> str:
    """Write what is predicted from what."""
    symbol = short(panel.target) + " of early types" * panel.early
    if panel.wanted.method == "trees":
        inputs = "ten numbers" if "abs_mag_r" in panel.wanted.features else "all but M_r"
    else:
        inputs = answer.title
    return snippet("paper.html", "panel_title", symbol, inputs)


def panel_text(data: DataSet, panel: PaperPanel, answer: Result | Fit, frame: Frame) -> str:
    """Write how good a prediction is, beside the paper's.

    Parameters
    ----------
    answer : Result or Fit
        The predictions of a Result are as they are drawn, in linear axes not logarithms.
    frame : Frame
        Of the picture.
    """
    leaks = _leakage(data, panel)
    if isinstance(answer, Fit):
        return errors_text(answer) + beside_paper(answer) + leaks + notes(answer)
    agreement = compare_network_to_published(
        data, panel.published, answer.errors["std"], differences(panel, answer)
    )
    beside = {} if panel.early else controls(data, panel.target, answer)  # they are of all types
    return (
        compare_text.numbers(answer)
        + compare_text.agreement_text(agreement)
        + leaks
        + compare_text.control_lines(beside, data)
        + compare_text.learning(answer, frame)
    )


def _leakage(data: DataSet, panel: PaperPanel) -> str:
    """Write what the paper's split lowers the scatter by, where both splits are measured."""
    found = leakage(data, panel)
    if found is None:
        return ""
    lines = [leakage_text(found), *sentences(leakage_notes([found]))]
    return "".join(snippet("shared.html", "paragraph", line) for line in lines)


def gap(data: DataSet, panel: PaperPanel | None, missing: Missing) -> str:
    """Write why there is nothing to see, and where to go."""
    if missing.experiment:
        return compare_text.gap(missing, data, panel.target)
    why = missing.why[0].upper() + missing.why[1:]
    return snippet("paper.html", "gap", why, link(page="features", dataset=data.path.name))


def galaxy_in_view(data: DataSet, name: str, los: str) -> str:
    """Write which galaxy is in the place of the paper's, and its masses."""
    row, subhalo = data.row(name, los), GalaxyName.parse(name).subhalo
    keys = [key for key in ("log_mstar", "log_mstar_1rhsm", "log_mtot_1rhsm") if key in row]
    masses = ", ".join(f"log {quantity(key).symbol} = {row[key]:.2f}" for key in keys)
    masses = with_minus(masses)
    return snippet("paper.html", "galaxy", subhalo, los, name == GALAXY, masses)


def matrix_text(matrix: Matrix) -> str:
    """Write which features are correlated with each other, and which with targets."""
    features = set(list(matrix.values)[: matrix.features])
    pairs = [
        (
            f"{short(one)} and {short(two)} ({value:+.2f})".replace("-0", "−0"),
            len({one, two} & features),
        )
        for one, two, value in strong_pairs(matrix.values)
    ]
    two, one = (
        "; ".join(text for text, count in pairs if count == number) or "none" for number in (2, 1)
    )
    return snippet("paper.html", "matrix", f"{matrix.samples:,}", two, one)


def text_table(data: DataSet, rows: list[dict[str, Any]]) -> str:
    """Write what the paper's text states beside ours, as HTML."""
    return snippet("paper.html", "statements", [_statement(data, row) for row in rows])


def _statement(data: DataSet, row: dict[str, Any]) -> dict[str, Any]:
    unit = "" if row["unit"] in ("list", "name", "count") else f" {row['unit']}"
    if row["ours"] is None:
        return row | {"unit": unit}
    ours = f"{row['ours']:,}" if isinstance(row["ours"], int) else str(row["ours"])
    return row | {"unit": unit, "ours": ours, "mark": _mark(data, row)}


def _mark(data: DataSet, row: dict[str, Any]) -> tuple[str, str]:
    """Return whether a number rounds to the paper's; only on its galaxies, and only of numbers."""
    if simulations(data) != (DATA,):
        return mark_of(None)
    try:
        published = float(row["published"])
    except ValueError:
        return "aside", ""
    if not isinstance(row["ours"], int | float):
        return "aside", ""
    digits = len(row["published"].partition(".")[2])
    return mark_of(round(float(row["ours"]), digits) == published)


def how_made(
    key: str,
    data: DataSet,
    content: object,
    *,
    split: str,
    sample: tuple[str, str],
    folded: bool = True,
) -> str:
    """Write how a figure was made; arguments as of `paper_calls.python_call`."""
    calls = {
        "In Python": python_call(key, data, content, split=split, sample=sample),
        "In a terminal": "\n".join(command_lines(key, data, content, split)),
    }
    hints = {"5": "Trains such a run again. Its curves are in the file history.csv of its folder."}
    shown = content if isinstance(content, list) and key not in TABLES else []
    drawn = any(isinstance(one, Result | Fit) for one in shown) and key not in ("4", "5")
    hint = hints.get(key, _OTHER_DRAWS * drawn)
    facts = _facts(key, data, content, split)
    hint = hint if calls["In Python"] else ""
    return snippet("shared.html", "how_made", facts, calls, hint, folded)


def _facts(key: str, data: DataSet, content: object, split: str) -> dict[str, str]:
    """Return runs, split, filter and data set of a figure."""
    facts = data_facts(data)
    if key in ("1", "2", "3"):
        return facts
    if key == "10":
        return facts | {"filter": "samples with all of these numbers, n ≤ 100 and B/T ≤ 1"}
    if key in TABLES:
        return facts | {"split": SPLITS[split], "learned by": _LEARNERS[key]}
    pairs = zip(FIGURES[key].panels, content or (), strict=False)
    shown = [(panel, one) for panel, one in pairs if not isinstance(one, Missing)]
    runs = {one.run.name: one.run for _, one in shown if isinstance(one, Result) and one.run}
    parts = [f"{name} (learned {run.config['experiment']})" for name, run in runs.items()]
    if any(isinstance(one, Fit) for _, one in shown):
        parts.append("boosted trees, trained by this page, seed 0")
    kinds = [one.split.kind for _, one in shown if isinstance(one, Result)]
    facts["run"] = "; ".join(parts) or "none yet"
    if unlike := _unlike_paper(shown):
        facts["unlike the paper’s"] = unlike
    facts["split"] = SPLITS[kinds[0] if kinds else split]
    return facts | {"filter": " ".join(_filters(shown))}


def _unlike_paper(shown: list[tuple[PaperPanel, Answer]]) -> str:
    """Say how networks learned in another way than the paper's."""
    parts = [
        each for panel, one in shown if isinstance(one, Result) for each in differences(panel, one)
    ]
    return "; ".join(dict.fromkeys(parts))


def run_text(panel: PaperPanel, result: Result) -> str:
    """Write how a run differs from the paper's."""
    unlike, several = "; ".join(differences(panel, result)), len(result.experiment.targets) > 1
    return snippet("paper.html", "run", unlike, several)


def _filters(shown: list[tuple[PaperPanel, Answer]]) -> list[str]:
    parts = {}
    for panel, one in shown:
        if isinstance(one, Fit):
            parts |= dict.fromkeys(left_out(one.left_out))
        elif one.run:
            parts["Samples that the run did not learn from or choose its epoch by."] = None
        if panel.early:
            parts["Early types: sSFR < 1e-11/yr and n > 2.5 along every line of sight."] = None
    return list(parts) or ["All samples with the numbers that are needed."]
