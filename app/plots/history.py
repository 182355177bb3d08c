"""Losses of a training, epoch by epoch -> the curves of Figure 5."""

from functools import partial
from typing import NamedTuple

import holoviews as hv
import numpy as np
import pandas as pd
from holoviews.plotting.bokeh.element import ElementPlot

from galmass_app.plots.frame import set_range
from galmass_app.plots.layers import line, small_plot
from galmass_app.plots.losses import follow_losses
from galmass_app.theme import Stroke, Theme

TRAIN = {"dark": Stroke("#e8ebef", "dashed"), "light": Stroke("#14181d", "dashed")}
HELD_OUT = Stroke("#e5484d", "solid")
_COLUMNS = (  # of networks; of trees
    ("epoch", "train_mse", "validation_mse"),
    ("iteration", "train_l2", "test_l2"),
)


class Losses(NamedTuple):
    """What the picture is drawn from."""

    history: pd.DataFrame  # as `runs.Run.history` gives it
    steps: int  # epochs when the training is through
    theme: Theme


class Curves(NamedTuple):
    """The two curves of a history by name, and the best point of the second."""

    step: str
    held_out: str
    table: pd.DataFrame  # columns step, train, held_out
    best: pd.Series | None


def curves_of(history: pd.DataFrame) -> Curves | None:
    """Find the curves in a history; None if it has none, as before the first epoch.

    Parameters
    ----------
    history : pandas.DataFrame
        As `runs.Run.history` gives it, of a network or of trees.
    """
    for columns in _COLUMNS:
        if len(history) and set(columns) <= set(history):
            table = history[list(columns)].set_axis(["step", "train", "held_out"], axis=1)
            finite = table["held_out"].dropna()
            best = table.loc[finite.idxmin()] if len(finite) else None
            return Curves(columns[0], columns[2].partition("_")[0], table, best)
    return None


def history_curves(data: Losses) -> hv.Overlay:
    """Draw the loss of the training part and of the part that is not learned from."""
    curves = curves_of(data.history)
    table = curves.table.to_numpy(float) if curves else np.full((1, 3), np.nan)
    step, train, held_out = table.T
    best = curves.best if curves else None
    lines = [
        line(step, values, style)
        for values, style in ((train, TRAIN[data.theme]), (held_out, HELD_OUT))
    ]
    mark = hv.Points([] if best is None else [(best["step"], best["held_out"])], ["x", "y"]).opts(
        fill_alpha=0, line_color=HELD_OUT.colour, size=11, line_width=2
    )
    losses = np.concatenate([train, held_out])
    losses = losses[np.isfinite(losses)] if np.isfinite(losses).any() else np.ones(1)
    hook = partial(_follow, losses=losses, steps=max(data.steps, 1))
    return small_plot(
        [*lines, mark],
        hook,
        logy=True,
        xlabel=curves.step if curves else "epoch",
        ylabel="mean squared error [dex²]",
        min_height=300,
    )


def _follow(plot: ElementPlot, element: hv.Overlay, losses: np.ndarray, steps: int) -> None:
    """Show all epochs to come, and all losses so far."""
    follow_losses(plot, element, limits=(0.8 * losses.min(), 1.25 * losses.max()))
    plot.state.xaxis[0].ticker.update(min_interval=1)  # no half epochs
    set_range(plot.handles["x_range"], 0, steps)
