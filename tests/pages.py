"""Pages and their parts without a browser: what they say, their widgets, their workers' answers."""

import time

import panel as pn


def settle(page):
    """Do what a session's callback does until the workers of a page are through."""
    deadline = time.monotonic() + 120
    while page._pull():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return page


def texts(view):
    """Return all HTML that a view shows."""
    panes = view.__panel__().select(pn.pane.HTML)
    return "\n".join(pane.object for pane in panes if pane.visible and pane.object)


def widget(view, css_class):
    """Return the one part of a view that has a CSS class."""
    (found,) = view.__panel__().select(lambda part: css_class in part.css_classes)
    return found
