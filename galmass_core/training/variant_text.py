"""Results of variants as the lines of a table, as a table for CSV, and notes."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from galmass_core.datasets.control_maps import PLAIN
from galmass_core.datasets.variants import LIGHT, MOTION, STARS, TELESCOPE, VIEW
from galmass_core.learning.metrics import Estimate
from galmass_core.learning.uncertainty import difference_text
from galmass_core.training.control_text import share_text

HEADS = ("inputs", "seen", "network", "σ [dex]", "bias [dex]", "Δσ [95 %]", "gain left", "N")
_WORDS = {
    TELESCOPE: "by {value}",
    MOTION: "V and σ of {value} pixels",
    LIGHT: "images of {value} pixels",
    STARS: "{value:,} stars at most",
}


def words_of(kind: str, value: str | int | None) -> str:
    """Say how galaxies of a row are seen."""
    if kind == PLAIN:
        return "as they are"
    if kind == VIEW:
        return f"{value}° inclined" if str(value)[0].isdigit() else str(value)
    if kind == TELESCOPE:
        value = ", ".join(str(value).split()).replace(":", " ")
    return _WORDS[kind].format(value=value)


def variant_lines(rows: Sequence[Mapping[str, Any]], target: str) -> list[tuple[str, ...]]:
    """Return the rows of a target as the cells of a table, with the heading."""
    return [HEADS, *(_cells(row) for row in rows if row["target"] == target)]


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the cells of a row."""
    plain = row["variant"] == PLAIN
    return (
        row["inputs"],
        words_of(row["kind"], row["value"]),
        "learned" if row["learned"] else "tested",
        str(Estimate(**row["std"])),
        Estimate(**row["mean"]).signed,
        "–" if plain else difference_text(row["difference"]),
        "–" if plain else share_text(row["share"]),
        f"{row['n']}",
    )


def variant_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows as a table: a column for each number, with its interval."""
    names = ("inputs", "target", "variant", "kind", "value", "learned", "n", "n_galaxies")
    flat = []
    for row in rows:
        numbers = {
            f"{key}_{part}": each
            for key in ("std", "mean", "difference", "share")
            for part, each in (row[key] or {}).items()
        }
        runs = {"runs": " ".join(row["runs"])}
        flat.append({name: row[name] for name in names} | numbers | runs)
    return pd.DataFrame(flat)


def variant_notes(result: Mapping[str, Any]) -> list[str]:
    """Return what must be said below the table."""
    rows, notes = result["rows"], []
    if any(not row["learned"] for row in rows):
        notes.append(
            "tested: by a network that learned from maps as they are, so that more may be in those "
            "that are seen than it finds; --train has networks learn from each"
        )
    if {len(row["runs"]) for row in rows} == {1}:
        notes.append("one training each: the errors have no noise of training")
    for key, why in result["missing"].items():
        kind, _, value = key.partition(" ")
        words = words_of(kind, int(value) if kind == STARS else value)
        notes.append(f"not available: {words} ({why})")
    notes += [
        f"{count:,} galaxies without their stars: {reason}"
        for reason, count in result["left_out"].items()
    ]
    return notes
