"""Pages and their parts without a browser: what they say, their widgets, their workers' answers."""

import time

import panel as pn
from bokeh.document import Document
from bokeh.events import RangesUpdate, SelectionGeometry
from bokeh.models import Image


def settle(page):
    """Do what a session's callback does until the workers of a page are through."""
    deadline = time.monotonic() + 300
    while page.pull():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return page


def texts(view):
    """Return all HTML that a view shows."""
    panes = view.__panel__().select(pn.pane.HTML)
    return "\n".join(pane.object for pane in panes if pane.visible and pane.object)


def parts(view, css_class):
    """Return all parts of a view that have a CSS class."""
    whole = view.__panel__() if isinstance(view, pn.viewable.Viewer) else view
    return list(whole.select(lambda part: css_class in part.css_classes))


def widget(view, css_class):
    """Return the one part of a view that has a CSS class."""
    (found,) = parts(view, css_class)
    return found


def labelled(view, label):
    """Return the one widget of a view that has a label."""
    whole = view.__panel__() if isinstance(view, pn.viewable.Viewer) else view
    (found,) = whole.select(lambda part: getattr(part, "label", None) == label)
    return found


def is_shown(view, css_class):
    """Return whether the one part of a view that has a CSS class is visible, and all around it."""
    whole = view.__panel__() if isinstance(view, pn.viewable.Viewer) else view
    found = widget(whole, css_class)
    around = whole.select(lambda part: found in part.select(lambda inner: inner is found))
    return all(part.visible for part in around)


def hear(figure, event):
    """Let a figure hear an event of its own, as from a browser."""
    document = figure.document or Document()
    if figure.document is None:
        document.add_root(figure)
    document.callbacks.trigger_event(event)


def send(component, message):
    """Hand a component what its script in the browser would send."""
    component._handle_msg(message)


def answers_of(component):
    """Return a list that gets what a component sends to its script in the browser."""
    answers = []
    component._send_msg = answers.append
    return answers


def figure_of(view, css_class):
    """Return the one figure of a view that has a CSS class."""
    whole = view.__panel__() if isinstance(view, pn.viewable.Viewer) else view
    drawn = [pane.object for pane in whole.select(pn.pane.Bokeh) if pane.object]
    (found,) = [figure for figure in drawn if css_class in figure.css_classes]
    return found


def image_of(panel):
    """Return the source of the image in the panel of a map."""
    (pane,) = panel.select(pn.pane.Bokeh)
    (source,) = [one.data_source for one in pane.object.renderers if isinstance(one.glyph, Image)]
    return source


def enclose(figure, left, right, low, high):
    """Draw a box in a figure."""
    box = {"type": "rect", "x0": left, "x1": right, "y0": low, "y1": high}
    hear(figure, SelectionGeometry(figure, geometry=box, final=True))


def zoom(figure, x, y):
    """Zoom into a part of a figure, and do what the session then does."""
    (left, right), (low, high) = x, y
    figure.x_range.update(start=left, end=right)
    figure.y_range.update(start=low, end=high)
    hear(figure, RangesUpdate(figure, x0=left, x1=right, y0=low, y1=high))
    for waiting in figure.document.session_callbacks:
        figure.document.remove_timeout_callback(waiting)
        waiting.callback()


def ends_of(figure):
    """Return the ends of the axes of a figure."""
    ranges = figure.x_range, figure.y_range
    return tuple((each.start, each.end) for each in ranges)
