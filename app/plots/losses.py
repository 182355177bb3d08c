"""Losses after each tree -> the curves of Figure 4."""

from functools import partial

import holoviews as hv
import pandas as pd
from holoviews.plotting.bokeh.element import ElementPlot

from galmass_app.plots.frame import name_ticks, set_range
from galmass_app.plots.layers import line, small_plot
from galmass_app.theme import Stroke

LOSSES = {"l1": "MAE [dex]", "l2": "MSE [dex²]"}
PARTS = {"train": Stroke("#d98e1f", "dashed"), "test": Stroke("#5b8def", "solid")}


def loss_curves(curves: pd.DataFrame, loss: str) -> hv.Overlay:
    """Draw one loss of the training and of the test part.

    Parameters
    ----------
    curves : pandas.DataFrame
        As `boosting.fit_with_curves` gives it.
    loss : str
        ``l1`` (mean absolute error) or ``l2`` (mean squared error).
    """
    columns = [f"{part}_{loss}" for part in PARTS]
    lines = [
        line(curves["iteration"], curves[column], style)
        for column, style in zip(columns, PARTS.values(), strict=True)
    ]
    limits = (0.9 * curves[columns].min().min(), 1.1 * curves[columns].max().max())
    hook, axes = partial(follow_losses, limits=limits), {"xlabel": "trees", "ylabel": LOSSES[loss]}
    return small_plot(lines, hook, logy=True, xticks=3, min_height=190, **axes)


def follow_losses(plot: ElementPlot, element: hv.Overlay, limits: tuple[float, float]) -> None:
    """Fit the logarithmic axis to the curves, also when others are shown (a HoloViews hook)."""
    low, high = limits
    steps = [float(f"{step}e{power}") for power in range(-9, 3) for step in (1, 3)]
    seen = [step for step in steps if low < step < high]
    seen = seen[:: 1 + len(seen) // 5]
    name_ticks(plot.state.yaxis[0], {step: f"{step:g}" for step in seen})
    set_range(plot.handles["y_range"], low, high)
