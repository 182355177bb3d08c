"""Lay out the rows of Table 4 as text."""

from collections.abc import Sequence
from typing import Any

from galmass_core.learning.experiments import experiment
from galmass_core.learning.metrics import Estimate
from galmass_core.paper.table_four import CONTROLS
from galmass_core.paper.tables import align
from galmass_core.quantities import quantity
from galmass_core.training.leakage import leakage_notes, leakage_text

_SPLITS = {"galaxy": "split by galaxy", "paper": "split at random, as in the paper"}
_HEADING = (
    "row",
    "experiment",
    "of",
    "published: bias, σ",
    "bias [dex]",
    "σ [dex]",
    "N_train",
    "N",
    *CONTROLS,
    "run",
)


def format_table_4(rows: Sequence[dict[str, Any]]) -> str:
    """Return rows of `table_4` for a terminal: σ and bias with their 68 % errors, in dex."""
    marks = cohort_marks(rows)
    lines = [_HEADING, *(_cells(row, marks) for row in rows)]
    known = [row["leakage"] for row in rows if row.get("leakage")]
    notes = [*cohort_notes(rows), *_remarks(rows), *leakage_notes(known)]
    return "\n".join([align(lines), "", *notes])


def cohort_marks(rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Return the letter of each training set of a table; empty letters if there is one only."""
    cohorts = list(dict.fromkeys(row["cohort"] for row in rows if "cohort" in row))
    letters = "abcdefghijklmnopqrstuvwxyz"
    return {
        cohort: letters[number % 26] * (len(cohorts) > 1) for number, cohort in enumerate(cohorts)
    }


def cohort_notes(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Say of each training set of a table what it is, with a warning if there are several."""
    marks, notes = cohort_marks(rows), []
    for cohort, mark in marks.items():
        own = [row for row in rows if row.get("cohort") == cohort]
        split = own[0]["split"]
        numbers = " to ".join(f"{n:,}" for n in _ends([row["n_train"] for row in own]))
        presets = ", ".join(dict.fromkeys(row["preset"] for row in own))
        seeds = sorted({seed for row in own for seed in row["training_seeds"]})
        notes.append(
            f"{mark}{': ' * bool(mark)}trained on {cohort} ({own[0]['source']}), "
            f"{_SPLITS[split['kind']]} (seed {split['seed']}), "
            f"{100 * split['siblings']:.0f} % of test samples have a sibling in training, "
            f"N_train {numbers}, preset {presets}, "
            f"training seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"
        )
    if len(marks) > 1:
        notes.append(
            "! rows of different training sets are not comparable: σ falls with N_train; "
            "galmass table 4 --cohort keeps one"
        )
    return notes


def number_trained(row: dict[str, Any], marks: dict[str, str]) -> str:
    """Return the number of training samples of a row, with the letter of its training set."""
    about = "" if row["n_train_exact"] else "≈"
    return f"{about}{row['n_train']:,} {marks[row['cohort']]}".rstrip()


def _ends(numbers: Sequence[int]) -> list[int]:
    """Return the smallest and the largest number; one if they are equal."""
    return sorted({min(numbers), max(numbers)})


def _cells(row: dict[str, Any], marks: dict[str, str]) -> tuple[str, ...]:
    """Return the cells of one row."""
    published = f"{row['published']['mean']:+.2f}, {row['published']['std']:.2f}"
    subset = "*" if row["subset"] == "early types" else ""
    symbol = quantity(row["target"]).symbol + subset
    first = (str(row["row"]), row["experiment"], symbol, published)
    others = [_sigma(row.get("controls", {}).get(name)) for name in CONTROLS]
    if row["status"] != "measured":
        return (*first, row["status"].partition(":")[0], "", "", "", *others, row.get("run", ""))
    mean = Estimate(**row["mean"])
    bias = f"{mean.value:+.3f} ± {mean.error:.3f}"
    trained = number_trained(row, marks)
    return (*first, bias, _sigma(row), trained, str(row["n"]), *others, row["run"])


def _sigma(measured: dict[str, Any] | None) -> str:
    """Return a scatter as text; empty if there is none."""
    return str(Estimate(**measured["std"])) if measured else ""


def _remarks(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return the footnotes of the table, without repetitions."""
    rows_by_remark: dict[str, list[str]] = {}
    for row in rows:
        for remark in _row_remarks(row):
            rows_by_remark.setdefault(remark, []).append(str(row["row"]))
    return [
        "occupancy, thinned: σ of the same target learned only from which pixels have a star, "
        "and from galaxies thinned to the same number of stars",
        "* early types: sSFR < 1e-11/yr and n > 2.5 along every line of sight; the paper's are "
        "those of Wang et al. (2020)",
        *(f"row {', '.join(numbers)}: {remark}" for remark, numbers in rows_by_remark.items()),
    ]


def _row_remarks(row: dict[str, Any]) -> list[str]:
    """Return the differences between a row and the paper's."""
    if row["status"] == "not trained":
        return [f"not trained; {row['command']}"]
    lines = []
    if row["joint"]:
        lines.append(f"by a network that learned {row['learned']}")
    if row["any"]:
        lines.append("by one network for every set of maps, the paper's being for these alone")
    if row.get("spread") is not None:
        lines.append(
            f"mean of {len(row['training_seeds'])} trainings, between which σ varies by "
            f"{row['spread']:.3f}"
        )
    if row["pixels"] != experiment(row["experiment"]).pixels:
        lines.append(f"from images of {row['pixels']}² pixels")
    if row["width"] != 1:
        lines.append(f"by a network {row['width']:g} times as wide as the paper's")
    if row["status"] != "measured":
        lines.append(row["status"])
    elif row["clipped"]:
        lines.append(f"{row['clipped']} predictions of f_DM were below 0.001 and set to it")
    if "leakage" in row:
        lines.append(_leakage_remark(row))
    for name, control in row.get("controls", {}).items():
        if control and control["n"] != row.get("n"):
            lines.append(f"σ of {name} is of {control['n']} samples")
    if row.get("from_mass"):
        lines.append(f"predicted M* over true light has σ {_sigma(row['from_mass'])}")
    return lines


def _leakage_remark(row: dict[str, Any]) -> str:
    """Say how much leaks in the paper's split, or what would show it."""
    if row["leakage"] is None:
        return (
            f"leakage not measured: no run of {row['learned']} with these settings is split as in "
            "the paper; galmass train --split paper makes one"
        )
    return f"{leakage_text(row['leakage'])} (run {row['leakage']['run']})"
