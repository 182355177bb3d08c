"""A sheet over any page: what is wanted on the left; buttons, progress and results on the right."""

from collections.abc import Callable

import panel as pn

from galmass_app.views.layout import button, column, html, row


def sheet(title: str, close: Callable[[object], None], form: object, *parts: object) -> pn.Column:
    """Return the layout of a sheet.

    Parameters
    ----------
    title : str
        HTML.
    close : callable
        Called on a click on "Close".
    form : object
        On the left.
    *parts : object
        On the right, one below the other.
    """
    return column(
        "gm-fetch",
        row("gm-fetch-head", html("gm-fetch-title", title), button("gm-close", "Close", close)),
        row("gm-fetch-parts", form, column("gm-trainings", *parts)),
    )
