"""Pages and their parts without a browser: what they say, their widgets, their workers' answers."""

import time

import panel as pn
from bokeh.document import Document


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
