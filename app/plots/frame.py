"""What the frames of all plots share."""

from collections.abc import Mapping

import holoviews as hv
from bokeh.models import Axis, FixedTicker, Plot, Range1d
from holoviews.plotting.bokeh.element import ElementPlot

_TOOLBAR = """:host {
  --icon-color: #ffffff;
  border-radius: 0 0 0 6px;
  background: rgb(14 17 22 / 60%) !important;
}"""


STRETCHED = {  # a figure as wide as its parent
    "sizing_mode": "stretch_width",
    "width": None,
    "height": None,
    "min_border": 10,
    "margin": 0,
    "align": "start",
    "active_drag": None,  # a finger on the plot scrolls the page
}
RADIAL = STRETCHED | {  # frame of a figure over logarithmic radii
    "x_axis_type": "log",
    "min_height": 230,
    "tools": "pan,wheel_zoom,box_zoom,save,reset",
}


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


def name_ticks(axis: Axis, names: Mapping[float, str]) -> None:
    """Write names at places on an axis."""
    axis.update(ticker=FixedTicker(ticks=list(names)), major_label_overrides=dict(names))


def with_margin(low: float, high: float, share: float) -> tuple[float, float]:
    """Return ends of an axis that leave some space, a share of its length, on both sides."""
    margin = share * (high - low) or 0.5
    return float(low - margin), float(high + margin)


def set_range(axis: Range1d, low: float, high: float) -> None:
    """Move an axis to other limits; a zoom within the same limits stays."""
    if (axis.reset_start, axis.reset_end) != (low, high):
        axis.update(start=low, end=high, reset_start=low, reset_end=high)
