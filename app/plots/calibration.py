"""How well intervals hold -> small plots: coverage, PIT, widths, each with what chance allows."""

from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd

from galmass_app.plots.frame import with_margin
from galmass_app.plots.layers import band, fitted, line, small_plot, with_errors
from galmass_app.theme import ACCENT, MARK, Stroke
from galmass_core.learning.intervals import LEVELS

WIDTHS = {  # by level, in %
    f"{100 * level:.0f}": stroke
    for level, stroke in zip(
        LEVELS, (Stroke("#5b8def", "solid"), Stroke("#d98e1f", "dashed")), strict=True
    )
}
_MARKERS = dict(zip(WIDTHS, ("circle", "triangle"), strict=True))
_MARGIN = 0.04  # of the axis of predictions, on both sides
_APART = 0.08  # of a bin's width, between the points of two levels


def coverage_curve(measured: dict[str, Any]) -> hv.Overlay:
    """Draw the coverage of intervals against their nominal level, over the binomial band.

    Parameters
    ----------
    measured : dict
        As `calibration.measure_calibration` gives it.
    """
    rows = 100 * pd.DataFrame(measured["levels"])
    points = rows["nominal"], rows["coverage"]
    layers = [
        band(rows["nominal"], rows["low"], rows["high"]),
        _expected([(0, 0), (100, 100)]),
        line(*points, Stroke(ACCENT, "solid")),
        hv.Scatter(points, "x", "y").opts(color=ACCENT, size=8, line_color=None),
    ]
    return _framed(layers, "nominal coverage [%]", "measured coverage [%]", (0, 100), (0, 100))


def pit_bars(measured: dict[str, Any]) -> hv.Overlay:
    """Draw the histogram of PIT values over the binomial band; arguments as of `coverage_curve`."""
    rows = pd.DataFrame(measured["pit"])
    shares = 100 * rows[["share", "low", "high"]]
    bars = hv.Rectangles(
        [
            (low, 0.0, high, share)
            for low, high, share in zip(
                rows["pit_low"], rows["pit_high"], shares["share"], strict=True
            )
        ],
        ["x", "y", "x1", "y1"],
    )
    ends = [0.0, 1.0]
    even = 100 / len(rows)
    layers = [
        band(ends, [shares["low"].iloc[0]] * 2, [shares["high"].iloc[0]] * 2),
        bars.opts(fill_color=ACCENT, fill_alpha=0.55, line_color=ACCENT),
        _expected([(0, even), (1, even)]),
    ]
    top = 1.15 * max(shares["share"].max(), shares["high"].max())
    return _framed(layers, "predicted probability below the truth", "samples [%]", (0, 1), (0, top))


def width_curves(measured: dict[str, Any], label: str) -> hv.Overlay:
    """Draw the median width of intervals, and that of most samples, against the prediction.

    Parameters
    ----------
    measured : dict
        As `calibration.measure_calibration` gives it.
    label : str
        Of the axis of the prediction.
    """
    rows, layers, tops = pd.DataFrame(measured["widths"]).astype(float), [], [0.01]
    for level, style in WIDTHS.items():
        width = rows[f"width_{level}"]
        low, high = rows[f"width_{level}_low"], rows[f"width_{level}_high"]
        points = (rows["predicted"], width)
        layers += [
            band(rows["predicted"], low, high, style.colour),
            line(*points, style),
            hv.Scatter(points, "x", "y").opts(
                color=style.colour, marker=_MARKERS[level], size=7, line_color=None
            ),
        ]
        tops += high.dropna().tolist()
    sides = with_margin(rows["predicted"].min(), rows["predicted"].max(), _MARGIN)
    return _framed(layers, label, "width [dex]", sides, (0, 1.1 * max(tops)))


def coverage_by_mass(rows: list[dict[str, Any]], label: str) -> hv.Overlay:
    """Draw the coverage of intervals in bins of the prediction, with binomial errors.

    Parameters
    ----------
    rows : list of dict
        As `coverage.measure_coverage` gives them; the first, for all samples, is not drawn.
    label : str
        Of the axis of the prediction.
    """
    bins, layers, lowest = rows[1:], [], 60.0
    ends = with_margin(
        min(each["low"] for each in bins), max(each["high"] for each in bins), _MARGIN
    )
    for number, (level, style) in enumerate(WIDTHS.items()):
        shares = [each["coverage"][f"{int(level) / 100:.2f}"] for each in bins]
        shift = (number - 0.5) * _APART
        x = [
            0.5 * (each["low"] + each["high"]) + shift * (each["high"] - each["low"])
            for each in bins
        ]
        y, error = (100 * np.array([share[key] for share in shares]) for key in ("value", "error"))
        lowest = min(lowest, float((y - error).min()) - 5)
        layers += [
            _expected([(ends[0], float(level)), (ends[1], float(level))]),
            *with_errors(x, y, error, error, colour=style.colour, marker=_MARKERS[level]),
        ]
    return _framed(layers, label, "measured coverage [%]", ends, (max(lowest, 0), 101))


def _expected(points: list[tuple[float, float]]) -> hv.Curve:
    """Draw what a calibrated model would have, as a dashed line."""
    return line(*zip(*points, strict=True), Stroke(MARK, "dashed"), width=1.5)


def _framed(layers: list[hv.Element], xlabel: str, ylabel: str, x: tuple, y: tuple) -> hv.Overlay:
    """Return a small plot of some layers."""
    return small_plot(layers, fitted(x, y), xlabel=xlabel, ylabel=ylabel, xticks=5, min_height=250)
