"""What the frames of all plots share."""

from collections.abc import Sequence

import holoviews as hv
from bokeh.models import FixedTicker, Plot
from holoviews.plotting.bokeh.element import ElementPlot

_TOOLBAR = """:host {
  --icon-color: #ffffff;
  border-radius: 0 0 0 6px;
  background: rgb(14 17 22 / 60%) !important;
}"""


def quiet_toolbar(plot: ElementPlot, element: hv.Element) -> None:
    """Keep the toolbar inside the frame, and hidden until the pointer comes (a HoloViews hook)."""
    quiet(plot.state)


def quiet(figure: Plot) -> None:
    """Keep a figure's toolbar inside the frame, and hidden until the pointer comes."""
    figure.toolbar_inner = True
    figure.toolbar.update(autohide=True, logo=None, stylesheets=[_TOOLBAR])


def no_tools(plot: ElementPlot, element: hv.Element) -> None:
    """Let a finger or a wheel scroll the page over a picture that needs no zoom (a hook)."""
    plot.state.toolbar.tools = []


def name_rows(figure: Plot, names: Sequence[str]) -> None:
    """Write names at 0, 1, ... on the y axis of a figure."""
    rows = dict(enumerate(names))
    figure.yaxis[0].update(ticker=FixedTicker(ticks=list(rows)), major_label_overrides=rows)
