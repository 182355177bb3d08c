"""Scores of a transfer in bins of stellar mass -> small plots, each point with its error."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import holoviews as hv
import numpy as np

from galmass_app.plots.layers import fitted, line, small_plot, with_errors
from galmass_app.theme import ACCENT, MARK, Stroke
from galmass_core.quantities import quantity


class Mark(NamedTuple):
    """How the points of a case are drawn: never by colour alone."""

    colour: str
    marker: str
    sign: str  # the marker as a letter, for a legend


MARKS = {  # by case of `scores.CASES`
    "source": Mark("#5b8def", "circle", "●"),
    "transfer": Mark("#d98e1f", "triangle", "▲"),
    "adapted": Mark(ACCENT, "square", "■"),
    "ceiling": Mark(MARK, "diamond", "◆"),
}
STATISTICS = {  # what is drawn: its axis, and its ideal value
    "bias": ("bias [dex]", 0.0),
    "scatter": ("σ [dex]", None),
    "coverage_68": ("inside the 68 % interval", 0.68),
}
_APART = 0.12  # of a bin's width, between the cases


def scores_by_mass(rows: Sequence[dict[str, Any]], statistic: str) -> hv.Overlay:
    """Draw a statistic of each case in bins of stellar mass.

    Parameters
    ----------
    rows : sequence of dict
        Of one target, as `scores.score_cases` gives them.
    statistic : str
        One of `STATISTICS`.
    """
    label, wanted = STATISTICS[statistic]
    points = {row["case"]: _points(row, statistic) for row in rows}
    ends = [end for row in rows for each in row["bins"] for end in (each["low"], each["high"])]
    low, high = (min(ends), max(ends)) if ends else (9.0, 12.0)
    hoped = ([], []) if wanted is None else ([low, high], [wanted, wanted])
    layers = [line(*hoped, Stroke(MARK, "dashed"), width=1.5)]
    for case, style in MARKS.items():
        x, y, below, above = points.get(case, np.empty((4, 0)))
        layers += with_errors(x, y, below, above, colour=style.colour, marker=style.marker)
    axes = fitted((low, high), _limits(points, wanted))
    mass = quantity("log_mstar").label
    return small_plot(layers, axes, xlabel=mass, ylabel=label, min_height=210)


def _points(row: dict[str, Any], statistic: str) -> np.ndarray:
    """Return place, value and errors below and above of each bin, (4, bins)."""
    shift = (list(MARKS).index(row["case"]) - 1.5) * _APART
    points = [
        (
            0.5 * (each["low"] + each["high"]) + shift * (each["high"] - each["low"]),
            each[statistic]["value"],
            max(each[statistic]["value"] - each[statistic]["low"], 0.0),
            max(each[statistic]["high"] - each[statistic]["value"], 0.0),
        )
        for each in row["bins"]
    ]
    return np.array(points, dtype=float).reshape(-1, 4).T


def _limits(points: dict[str, np.ndarray], wanted: float | None) -> tuple[float, float]:
    """Return the ends of the axis of a statistic."""
    values = [end for x, y, below, above in points.values() for end in (*(y - below), *(y + above))]
    values += [] if wanted is None else [wanted]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    margin = 0.08 * (high - low) or 0.05
    return low - margin, high + margin
