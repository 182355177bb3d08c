"""``/admin``: who is here, and what the server holds (``galmass serve --admin``).

A page of ours: Panel's keeps all sessions that ever were, takes fonts from another host, and knows
neither data sets nor trainings.
"""

import time
from typing import Any, NamedTuple
from weakref import ReferenceType, ref

import panel as pn
import psutil
from bokeh.server.session import ServerSession
from bokeh.server.tornado import BokehTornado
from bokeh.server.views.auth_request_handler import AuthRequestHandler
from panel.io.server import LoginUrlMixin
from tornado.web import authenticated

from galmass_app import services
from galmass_app.markup import template
from galmass_app.state import SessionState
from galmass_core.training.runs import ACTIVE


class _Visitor(NamedTuple):
    """Who opened a page, and when."""

    user: str  # empty where nobody logs in
    opened: float  # s since 1970
    state: ReferenceType[SessionState]


_visitors: dict[str, _Visitor] = {}  # by session


def register(state: SessionState) -> None:
    """List the page that is being made, until its session ends."""
    context = pn.state.curdoc.session_context if pn.state.curdoc else None
    if context is not None:
        _visitors[context.id] = _Visitor(pn.state.user or "", time.time(), ref(state))
        pn.state.on_session_destroyed(lambda ended: _visitors.pop(ended.id, None))


class Admin(LoginUrlMixin, AuthRequestHandler):
    """The page; the browser requests it again every few seconds."""

    @authenticated
    def get(self) -> None:
        """Answer."""
        self.set_header("Cache-Control", "no-store")
        self.write(template("admin.html").render(_facts(self.application)))


def _facts(server: BokehTornado) -> dict[str, Any]:
    """Return what the page shows; memory is that of the process [MB], times are in minutes."""
    process = psutil.Process()
    sessions = [_session(one) for path in server.app_paths for one in server.get_sessions(path)]
    return {
        "sessions": sorted(sessions, key=lambda session: session["age"]),
        "datasets": sorted({session["dataset"] for session in sessions} - {""}),
        "trainings": [run for run in services.runs() if run.state in ACTIVE],
        "making": services.work(),
        "memory": process.memory_info().rss / 1e6,
        "age": (time.time() - process.create_time()) / 60,
        "cpu": sum(process.cpu_times()[:2]) / 60,
        "pid": process.pid,
    }


def _session(session: ServerSession) -> dict[str, Any]:
    """Return the facts of one session; its share of the memory is not known."""
    visitor = _visitors.get(session.id)
    state = visitor.state() if visitor else None
    return {
        "user": visitor.user if visitor else "",
        "age": (time.time() - visitor.opened) / 60 if visitor else 0.0,
        "page": state.page if state else "",
        "dataset": state.dataset if state else "",
        "connected": session.connection_count > 0,
        "models": len(session.document.models),
    }


ROUTES = [("/admin", Admin)]
