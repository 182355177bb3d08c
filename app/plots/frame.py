"""What the frames of all plots share."""

import holoviews as hv
from holoviews.plotting.bokeh.element import ElementPlot

_TOOLBAR = """:host {
  --icon-color: #ffffff;
  border-radius: 0 0 0 6px;
  background: rgb(14 17 22 / 60%) !important;
}"""


def quiet_toolbar(plot: ElementPlot, element: hv.Element) -> None:
    """Keep the toolbar inside the frame, and hidden until the pointer comes (a HoloViews hook)."""
    plot.state.toolbar_inner = True
    plot.state.toolbar.update(autohide=True, logo=None, stylesheets=[_TOOLBAR])


def no_tools(plot: ElementPlot, element: hv.Element) -> None:
    """Let a finger or a wheel scroll the page over a picture that needs no zoom (a hook)."""
    plot.state.toolbar.tools = []
