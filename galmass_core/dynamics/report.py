"""Dynamical masses as the lines of a table, and notes."""

from collections.abc import Mapping
from typing import Any

from galmass_core.dynamics.comparison import R_HSM
from galmass_core.learning.metrics import Estimate
from galmass_core.learning.uncertainty import difference_text
from galmass_core.quantities import FAMILIES

_HEADS = ("estimate", "inside", "bias", "σ", "16–84 %", "Δσ [95 %]", "N", "failed")
_NOTES = (
    "R_hsm, the radius of the sphere, is the simulation's true half-mass radius; R_e is that of "
    "the r image. The frame of the maps is {frame}.",
    "virial: 2.5 σ_e² R_e/G; Wolf: 4 σ² R_e/G, of light and stars inside the frame. Jeans: a "
    "sphere of constant M*/L and anisotropy in an NFW halo. inclined: with the "
    "rotation as if seen edge-on, the inclination being that of the flattening of the r image. "
    "axisymmetric: oblate models of all thicknesses that the image allows.",
)


def table_of(result: Mapping[str, Any], target: str) -> list[tuple[str, ...]]:
    """Return heading and rows of a target as cells; without runs, no column Δσ."""
    rows = [row for row in result["rows"] if row["target"] == target]
    lines = [_HEADS, *map(_cells, rows)]
    if result["runs"]:
        return lines
    place = _HEADS.index("Δσ [95 %]")
    return [line[:place] + line[place + 1 :] for line in lines]


def title_of(target: str) -> str:
    """Return the heading of a target's table."""
    unit = "dex" if FAMILIES[target].log else "a share"
    return f"{FAMILIES[target].symbol} ({unit})"


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the cells of a row."""
    numbers = ["–"] * 3
    if row["n"]:
        mean, *others = (Estimate(**row[key]) for key in ("mean", "std", "half_width"))
        numbers = [mean.signed, *map(str, others)]
    interval = difference_text(row["difference"]) if row["difference"] else "–"
    counts = (f"{row['n']:,}", f"{row['failed']:,}")
    return (row["method"], row["inside"], *numbers, interval, *counts)


def notes_of(result: Mapping[str, Any]) -> list[str]:
    """Return what a reader must know."""
    notes = [text.format(frame=result["frame"]) for text in _NOTES]
    if any(row["method"] == "JAM" for row in result["rows"]):
        notes.append("JAM: the axisymmetric fit with three anisotropies, solved by JamPy.")
    if result["runs"]:
        notes.append(
            f"Δσ: from {result['runs'][0]}, on the samples of both, without the noise of training; "
            f"of the sphere of {R_HSM} only. Galaxies that a run learned from are left out."
        )
    notes += [f"{count:,} samples failed: {why}." for why, count in result["failures"].items()]
    return notes
