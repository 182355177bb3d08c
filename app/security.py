"""What every answer of the server carries, and which requests get none.

`galmass_core.cli.server` has the names that the dashboard answers to; here is what depends on the
page: a content-security policy, and how many sessions there may be.
"""

import re
import sys
from collections.abc import Sequence
from functools import partial
from secrets import token_hex
from typing import Any

from bokeh.server.contexts import ApplicationContext
from bokeh.server.tornado import BokehTornado
from bokeh.util.token import get_session_id
from panel.io.resources import COMPONENT_PATH
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.routing import Matcher, Rule
from tornado.web import OutputTransform, RequestHandler

from galmass_app.markup import NONCE, template

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # addresses name data sets and galaxies
    "X-Frame-Options": "SAMEORIGIN",  # for browsers without frame-ancestors
}
_POLICY = (
    "default-src 'self'; script-src 'self' blob: 'nonce-{nonce}'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'self'{embedders}"
)
_HOST = re.compile(r"[\w.*\[\]:-]+")


def protect(application: BokehTornado, embedders: Sequence[str], most_sessions: int) -> None:
    """Give every answer its headers, and refuse what the dashboard never needs.

    Parameters
    ----------
    application : bokeh.server.tornado.BokehTornado
    embedders : sequence of str
        Hosts whose pages may show the dashboard in a frame, besides its own.
    most_sessions : int
        Pages that may be open at one time.
    """
    hosts = [host for host in embedders if _HOST.fullmatch(host)]
    application.add_transform(partial(Headers, hosts))
    rules = [
        Rule(_UnknownModule(application.prefix), _Refused, {"status": 404}),
        Rule(_ChosenSession(), _Refused, {"status": 403}),
    ]
    for path, context in application.applications.items():
        crowd = _Crowd(application.prefix + path, context, most_sessions)
        rules.append(Rule(crowd, _Full, {"most": most_sessions}))
    application.add_handlers(".*", rules)


class Headers(OutputTransform):
    """Adds the headers, whichever handler answers.

    Scripts run only if the server sends them as files or they carry the nonce of this answer; text
    is never evaluated. Panel loads components, and Bokeh modules of `CustomJS`, from ``blob:``.
    Styles in a page are Bokeh's own, and have no nonce.
    """

    def __init__(self, embedders: Sequence[str], request: HTTPServerRequest) -> None:
        self._embedders = "".join(f" {host}" for host in embedders)

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Add the headers; the nonce is as long as what it replaces."""
        nonce = token_hex(len(NONCE) // 2)
        policy = _POLICY.format(nonce=nonce, embedders=self._embedders)
        headers.update(_HEADERS | {"Content-Security-Policy": policy})
        if headers.get("Content-Type", "").startswith("text/html"):
            chunk = chunk.replace(NONCE.encode(), nonce.encode())
        return status_code, headers, chunk


class _UnknownModule(Matcher):
    """Matches addresses of files of components whose module is not in use."""

    def __init__(self, prefix: str) -> None:
        self._start = f"{prefix}/{COMPONENT_PATH}"

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """Return None for requests to answer."""
        if not request.path.startswith(self._start):
            return None
        module = request.path.removeprefix(self._start).partition("/")[0]
        return None if module in sys.modules else {}


class _ChosenSession(Matcher):
    """Matches requests that choose their session, and so could show somebody another's page."""

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """Return None for requests to answer."""
        chosen = request.arguments.keys() & {"bokeh-session-id", "bokeh-token"}
        return {} if chosen or "Bokeh-Session-Id" in request.headers else None


class _Refused(RequestHandler):
    """Refuses."""

    def initialize(self, status: int) -> None:
        """Take the status of the answer."""
        self._status = status

    def prepare(self) -> None:
        """Answer whatever was requested."""
        self.send_error(self._status)


class _Crowd(Matcher):
    """Matches requests that would begin one session too many."""

    def __init__(self, path: str, context: ApplicationContext, most: int) -> None:
        self._pages = {path, f"{path}/", f"{path}/autoload.js", f"{path}/metadata"}
        self._socket, self._context, self._most = f"{path}/ws", context, most

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """Return None for requests to answer."""
        sessions = {session.id for session in self._context.sessions}
        if len(sessions) < self._most:
            return None
        if request.path == self._socket:
            return None if _session_of(request) in sessions else {}
        return {} if request.path in self._pages else None


def _session_of(request: HTTPServerRequest) -> str:
    """Return the session that a websocket is for; empty if it names none."""
    try:
        return get_session_id(request.headers["Sec-WebSocket-Protocol"].split(",")[1].strip())
    except (KeyError, IndexError, ValueError):
        return ""


class _Full(RequestHandler):
    """Says that there are as many sessions as may be."""

    def initialize(self, most: int) -> None:
        """Take the number."""
        self._most = most

    def prepare(self) -> None:
        """Answer whatever was requested."""
        self.set_status(503)
        self.set_header("Retry-After", "30")
        self.set_header("Cache-Control", "no-store")
        self.finish(template("full.html").render(most=self._most))
