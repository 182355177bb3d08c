"""A figure -> a part of a page that lays itself out, apart from all others."""

import panel as pn
from bokeh.models import Column, Pane
from bokeh.plotting import figure


def apart(picture: figure, css_class: str) -> pn.Column:
    """Show a figure that is laid out alone.

    Bokeh lays all figures of a page out anew whenever any part of it changes, but for those inside
    a `Pane`: where there are many, that is what a click would wait for.

    Parameters
    ----------
    picture : bokeh.plotting.figure
        As wide as its place.
    css_class : str
        Of the place.

    Returns
    -------
    panel.Column
    """
    wide = {"sizing_mode": "stretch_width"}
    alone = Column(children=[Pane(elements=[picture])], **wide)
    return pn.Column(pn.pane.Bokeh(alone, **wide), css_classes=[css_class], **wide)
