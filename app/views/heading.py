"""Headings of a page and of its parts, captions of controls, and the words where no data are."""

import panel as pn

from galmass_app import services
from galmass_app.markup import snippet
from galmass_app.views.layout import html
from galmass_core.datasets.dataset import DataSet

NO_DATA = snippet("shared.html", "no_data")


def heading(title: str, description: str, data: DataSet | None) -> str:
    """Write a heading as HTML.

    Parameters
    ----------
    title, description : str
        Name of the page, and what it shows.
    data : DataSet or None
        A badge says if it is synthetic.
    """
    made_up = bool(data and services.is_synthetic(data))
    return snippet("shared.html", "heading", title, description, made_up)


def section(title: str, text: str = "") -> pn.pane.HTML:
    """Return the heading of a part of a page, and a sentence on it."""
    if text:
        return html("gm-section", snippet("shared.html", "message", title, text), wide=False)
    return html("gm-section", snippet("shared.html", "section", title), wide=False)


def captioned(text: str, **options: object) -> pn.pane.HTML:
    """Return a caption to put beside some controls, or over them."""
    return html("gm-caption", snippet("shared.html", "text", text), wide=False, **options)
