"""Addresses of the server besides the page: its health, and the looks of the pages for logins."""

from typing import Any

from panel.io.resources import DIST_DIR
from tornado.web import RequestHandler, StaticFileHandler

from galmass_core.assets import asset


class Health(RequestHandler):
    """Says that the dashboard is ready: its port is opened when a page has been built once.

    Panel's own answers the same, but builds a page for whoever adds ``?endpoint=/main``.
    """

    def get(self) -> None:
        """Answer."""
        self.write({"/liveness": True})


ROUTES: list[tuple[Any, ...]] = [
    ("/liveness", Health),
    (r"/(favicon\.ico)", StaticFileHandler, {"path": str(DIST_DIR / "images")}),  # below a prefix
    (r"/(tokens\.css|theme\.js)", StaticFileHandler, {"path": str(asset("tokens.css").parent)}),
]
