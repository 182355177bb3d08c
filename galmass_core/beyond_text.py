"""What goes beyond the paper, as tables for a terminal: rows of `beyond` to lines and notes.

Each function takes the rows of one section and returns the lines of its table, the heading first,
and what must be said below.
"""

from collections.abc import Sequence
from typing import Any

from galmass_core.learning.intervals import LEVELS
from galmass_core.learning.metrics import Estimate
from galmass_core.paper.table_four_text import cohort_marks, cohort_notes, number_trained
from galmass_core.training.curves import extrapolation_text
from galmass_core.training.leakage import leakage_notes, leakage_value
from galmass_core.training.switches import goal_note, switch_lines

Rows = Sequence[dict[str, Any]]
Lines = list[tuple[str, ...]]
Layout = tuple[Lines, list[str]]


def training_noise(rows: Rows) -> Layout:
    """Lay out σ of groups of trainings, and the spread between them."""
    lines: Lines = [("experiment", "target", "trainings", "N_train", "σ [dex]", "spread [dex]")]
    lines += [
        (
            row["experiment"],
            row["target"],
            str(len(row["training_seeds"])),
            f"{row['n_train']:,}",
            _estimate(row["std"]),
            f"{row['spread']:.3f}",
        )
        for row in rows
    ]
    return lines, []


def cohorts(rows: Rows) -> Layout:
    """Lay out the rows of Table 4, each with its training set."""
    marks = cohort_marks(rows)
    lines: Lines = [("row", "experiment", "target", "σ [dex]", "N_train", "run")]
    lines += [
        (
            str(row["row"]),
            row["experiment"],
            row["target"],
            _estimate(row["std"]),
            number_trained(row, marks),
            row["run"],
        )
        for row in rows
    ]
    return lines, cohort_notes(rows)


def every_set(rows: Rows) -> Layout:
    """Lay out networks for every set of maps, beside networks of one set."""
    lines: Lines = [("maps", "target", "trainings", "σ [dex]", "one set alone [dex]", "difference")]
    lines += [
        (
            row["inputs"],
            row["target"],
            str(len(row["runs"])),
            _estimate(row["std"]),
            _estimate(row["alone"]["std"]) if row["alone"] else "not trained",
            _difference(row["alone"]),
        )
        for row in rows
    ]
    missing = any(row["alone"] and not row["alone"]["has_training_noise"] for row in rows)
    note = "differences of single trainings do not include the noise of training"
    return lines, [note] * missing


def intervals(rows: Rows) -> Layout:
    """Lay out the coverage of intervals on all test samples."""
    heads = [f"inside {100 * level:.0f} % [%]" for level in LEVELS]
    lines: Lines = [("experiment", "run", "target", *heads, "CRPS [dex]", "N")]
    lines += [
        (
            entry["experiment"],
            entry["run"] or "trees",
            entry["target"],
            *_shares(row["coverage"]),
            f"{row['crps']:.4f}",
            str(row["n"]),
        )
        for entry in rows
        for row in entry.get("rows", ())[:1]
    ]
    return lines, ["by predicted mass: galmass coverage"]


def slices(rows: Rows) -> Layout:
    """Lay out where predictions fail."""
    lines: Lines = [
        ("experiment", "property", "slice", "σ [dex]", "bias [dex]", "inside 68 % [%]", "N")
    ]
    lines += [
        (
            entry["experiment"],
            "" if row["by"] == "all" else row["title"],
            row["slice"],
            *("" if row[key] is None else _estimate(row[key]) for key in ("std", "mean")),
            _shares(row["coverage"])[0] if row["coverage"] else "",
            str(row["n"]),
        )
        for entry in rows
        for row in entry["rows"]
    ]
    return lines, ["the worst first, and other targets: galmass slices"]


def profiles(rows: Rows) -> Layout:
    """Lay out mass profiles radius by radius."""
    lines: Lines = [("experiment", "target", "σ [dex]", "inside 68 % [%]", "inside 90 % [%]", "N")]
    lines += [
        (
            entry["experiment"],
            entry["target"],
            _estimate(entry["std"]),
            *_shares(entry["rows"][0]["coverage"]),
            str(entry["rows"][0]["n"]),
        )
        for entry in rows
    ]
    return lines, []


def learning_curves(rows: Rows) -> Layout:
    """Lay out learning curves, and what they say of larger training sets."""
    lines: Lines = [("experiment", "target", "galaxies", "σ [dex]", "floor [dex]", "exponent")]
    for row in rows:
        first, last = row["points"][0], row["points"][-1]
        lines.append(
            (
                row["experiment"],
                row["target"],
                f"{first['galaxies']:,} to {last['galaxies']:,}",
                f"{_estimate(first['std'])} to {_estimate(last['std'])}",
                _estimate(row["fit"]["floor"]),
                _estimate(row["fit"]["exponent"]),
            )
        )
    notes = [
        f"{row['experiment']}, {row['target']}: {extrapolation_text(row['fit'])}" for row in rows
    ]
    return lines, notes


def leakage(rows: Rows) -> Layout:
    """Lay out what the paper's split lowers σ by."""
    difference = "paper split − galaxy split [dex]"
    lines: Lines = [("table", "row", "experiment", "target", "σ, split by galaxy", difference)]
    lines += [
        (
            row["table"],
            str(row["row"]),
            row["experiment"],
            row["target"],
            _estimate(row["std"]),
            leakage_value(row["leakage"]),
        )
        for row in rows
    ]
    return lines, leakage_notes([row["leakage"] for row in rows])


def switches(rows: Rows) -> Layout:
    """Lay out what each switch gains."""
    return switch_lines(rows), [goal_note(rows)]


def _difference(beside: dict[str, Any] | None) -> str:
    """Return a difference of σ with its error as text."""
    if beside is None:
        return ""
    return f"{Estimate(**beside['difference']).signed} {beside['verdict']}".rstrip()


def _estimate(entry: dict[str, float]) -> str:
    """Return a number with its error as text."""
    return str(Estimate(**entry))


def _shares(coverage: dict[str, dict[str, float]]) -> list[str]:
    """Return the coverage of each of `LEVELS` with its error, per cent."""
    shares = (coverage[f"{level:.2f}"] for level in LEVELS)
    return [f"{100 * each['value']:.1f} ± {100 * each['error']:.1f}" for each in shares]
