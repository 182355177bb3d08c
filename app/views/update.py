"""Many changes of a page in one message."""

from collections.abc import Iterator
from contextlib import contextmanager

import panel as pn
from bokeh.document import Document
from bokeh.models import ImportedStyleSheet
from panel.io.resources import CDN_DIST, patch_stylesheet


@contextmanager
def one_update() -> Iterator[None]:
    """Send all changes in one message, and look once for new models, if there may be any."""
    document = pn.state.curdoc
    with pn.io.hold():
        if document is None or "recompute" in vars(document.models):  # within another update
            yield
            return
        wanted = []
        document.models.recompute = lambda: wanted.append(True)  # it walks over all models
        try:
            yield
        finally:
            del document.models.recompute
            if wanted:
                document.models.recompute()
                _take_sheets_from_here(document)


def _take_sheets_from_here(document: Document) -> None:
    """Take style sheets from our own server, also for parts that came in this very update.

    Panel does not know the page of such a part yet, and when it changes names its makers' host.
    """
    ours = document.template_variables.get("dist_url")
    for sheet in document.select({"type": ImportedStyleSheet}) if ours else ():
        if str(sheet.url).startswith(CDN_DIST):
            patch_stylesheet(sheet, ours)
