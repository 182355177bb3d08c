"""Predictions of several runs -> what their pictures have in common: axes, errors, moves."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from bokeh.models import Range1d

from galmass_app.plots.frame import set_range, with_margin
from galmass_core.quantities import column_quantity

MOVED = 30  # samples that get an arrow
_SURE = (0.002, 0.998)  # quantiles of predictions that set the axes: outliers do not
_WIDE = 3.0  # the widest scatter that fits on either side of an error axis


class Frame(NamedTuple):
    """What the pictures of all panels have in common."""

    target: str  # column that is predicted
    ends: tuple[float, float]  # dex; of the axes of true and predicted values
    reach: float  # dex; of the axis of errors, on either side of zero
    # Ends of the axis of the property that errors are shown against
    span: tuple[float, float]
    label: str  # of that axis

    def beyond(self, predictions: pd.DataFrame) -> int:
        """Count the samples whose prediction lies outside."""
        return int((~predictions["y_pred"].between(*self.ends)).sum())


class Extent(NamedTuple):
    """What predictions need of axes."""

    low: float  # dex; of true and predicted values
    high: float  # dex
    spread: float  # dex; of errors


def extent_of(predictions: pd.DataFrame) -> Extent:
    """Return what predictions, ``y_true`` and ``y_pred`` (not empty), need of axes."""
    true, predicted = predictions["y_true"], predictions["y_pred"]
    ends = (true.min(), true.max(), *predicted.quantile(_SURE))
    return Extent(min(ends), max(ends), float((predicted - true).std(ddof=0)))


def common_frame(extents: Sequence[Extent], target: str, values: pd.DataFrame, label: str) -> Frame:
    """Return axes that suit all predictions, round ones: they stay where another hardly differs.

    Parameters
    ----------
    extents : sequence of Extent
        At least one.
    target : str
        Column that is predicted.
    values : pandas.DataFrame
        A property of all samples, ``x``.
    label : str
        Of that property's axis.
    """
    lows, highs, spreads = zip(*extents, strict=True)
    return Frame(
        target,
        _rounded(*with_margin(min(lows), max(highs), 0.04)),
        _rounded(0, max(_WIDE * max(spreads), 1e-3), steps=5)[1],
        with_margin(values["x"].min(), values["x"].max(), 0.03),
        label,
    )


def frame_of(tables: Sequence[pd.DataFrame], target: str, *, linear: bool = False) -> Frame:
    """Return axes that suit all predictions of a target, without a property.

    Parameters
    ----------
    tables : sequence of pandas.DataFrame
        ``y_true`` and ``y_pred``, decimal logarithms; at least one, none empty.
    target : str
        Column that is predicted.
    linear : bool
        Whether the quantity is drawn and not its logarithm; errors are of logarithms.
    """
    extents = [extent_of(each) for each in tables]
    frame = common_frame(extents, target, tables[0].rename(columns={"y_true": "x"}), "")
    if not linear:
        return frame
    shown = [drawn_rows(each, linear=True) for each in tables]
    extents = [extent_of(each) for each in shown]
    return common_frame(extents, target, shown[0], "")._replace(reach=frame.reach)


def drawn_rows(predictions: pd.DataFrame, *, linear: bool = False) -> pd.DataFrame:
    """Return predictions as `prediction.cloud_of` takes them; the strip of errors is not shown.

    Parameters
    ----------
    predictions : pandas.DataFrame
        ``name``, ``los``, ``y_true`` and ``y_pred``, decimal logarithms.
    linear : bool
        Whether to draw the quantity and not its logarithm.

    Returns
    -------
    pandas.DataFrame
        The same with ``x`` (the truth) and ``y`` (predicted less true).
    """
    rows = predictions[["name", "los", "y_true", "y_pred"]]
    if linear:
        rows = rows.assign(**{key: 10 ** rows[key] for key in ("y_true", "y_pred")})
    return rows.assign(x=rows["y_true"], y=rows["y_pred"] - rows["y_true"])


class Axes:
    """Ranges that the figures of all panels share: a zoom in one zooms all."""

    def __init__(self) -> None:
        names = ("true", "predicted", "property", "error", "histogram")
        self.ranges = {name: Range1d() for name in names}
        self.frame = None

    def follow(self, frame: Frame) -> None:
        """Move to another frame; a zoom on the same one stays."""
        self.frame = frame
        errors = (-frame.reach, frame.reach)
        ends = (frame.ends, frame.ends, frame.span, errors, errors)
        for side, (low, high) in zip(self.ranges.values(), ends, strict=True):
            set_range(side, low, high)

    def seen(self, *names: str) -> tuple[float, ...]:
        """Return the lengths of axes as far as they are in view."""
        return tuple(self.ranges[name].end - self.ranges[name].start for name in names)


def errors_beside(predictions: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Return predictions with their errors beside a property of the samples.

    Parameters
    ----------
    predictions : pandas.DataFrame
        ``name``, ``los``, ``y_true`` and ``y_pred``.
    values : pandas.DataFrame
        ``name``, ``los`` and ``x``.

    Returns
    -------
    pandas.DataFrame
        The same rows with ``x``, the property (NaN where it is not known), and ``y``, the error
        [dex].
    """
    beside = predictions[["name", "los"]].merge(values, on=["name", "los"], how="left")
    error = predictions["y_pred"] - predictions["y_true"]
    return predictions.assign(x=beside["x"].to_numpy(), y=error)


def values_of(samples: pd.DataFrame, column: str) -> tuple[pd.DataFrame, str]:
    """Return a property of samples as an axis takes it, and its label.

    Positive quantities that span a factor of 30 or more become decimal logarithms.

    Parameters
    ----------
    samples : pandas.DataFrame
        ``name``, ``los`` and the column.
    column : str
        Of numbers.

    Returns
    -------
    pandas.DataFrame
        ``name``, ``los`` and ``x``; samples without a value are left out.
    str
    """
    shown, values = column_quantity(column), samples[column].astype(float)
    wide = (values.dropna() > 0).all() and values.quantile(0.99) > 30 * values.quantile(0.01)
    as_log = bool(wide and not shown.log)
    table = samples[["name", "los"]].assign(x=np.log10(values) if as_log else values)
    return table.dropna(), f"{'log ' * as_log}{shown.label}"


def largest_moves(before: pd.DataFrame, after: pd.DataFrame, count: int = MOVED) -> pd.DataFrame:
    """Return the samples whose prediction changes most from one run to another.

    Parameters
    ----------
    before, after : pandas.DataFrame
        ``name``, ``los``, ``y_true`` and ``y_pred``.

    Returns
    -------
    pandas.DataFrame
        ``y_true``, ``start`` and ``end`` [dex], the largest first.
    """
    both = after.merge(before[["name", "los", "y_pred"]], on=["name", "los"], suffixes=("", "_1"))
    both = both.rename(columns={"y_pred_1": "start", "y_pred": "end"})
    order = (both["end"] - both["start"]).abs().sort_values(ascending=False).index
    return both.loc[order[:count], ["y_true", "start", "end"]]


def _rounded(low: float, high: float, *, steps: int = 10) -> tuple[float, float]:
    """Move ends of an axis outward, to a part of the power of ten below its length."""
    step = 10 ** np.floor(np.log10(high - low)) / steps
    return float(np.floor(low / step) * step), float(np.ceil(high / step) * step)
