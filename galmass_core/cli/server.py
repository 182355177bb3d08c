"""The web server of the dashboard: who may reach it, and which requests it answers.

Whoever reaches the dashboard can start trainings. Hence it listens on this machine only, or asks
for a password; and it answers only to its own names, so that no page of another site can use it
through a visitor's browser (DNS rebinding, cross-site websockets).
"""

import argparse
import json
import os
import platform
import secrets
from importlib import import_module
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bokeh.server.server import Server
from bokeh.server.util import check_allowlist, match_host
from bokeh.settings import settings
from panel.command.serve import Serve
from panel.config import config
from tornado.httputil import HTTPServerRequest
from tornado.routing import Matcher, Rule
from tornado.web import RequestHandler

HEALTH = "/liveness"  # answers to any name: those who ask use the machine's number
LAST_PORT = 65535
_LARGEST_BODY = 2**20  # bytes; only logins send one
_ALL_INTERFACES = ("", "0.0.0.0", "::")
_LOCAL = ("localhost", "127.0.0.1", "[::1]")


class DashboardServer(Serve):
    """``panel serve`` that answers only to its own names.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    hosts : list of str
        Further names, as of ``--allow-websocket-origin``; their pages may show the dashboard in a
        frame.
    most_sessions : int
        Pages that may be open at one time.
    """

    def __init__(
        self, parser: argparse.ArgumentParser, hosts: list[str], most_sessions: int
    ) -> None:
        super().__init__(parser)
        self._hosts, self._most_sessions = hosts, most_sessions

    def customize_kwargs(
        self, args: argparse.Namespace, server_kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        """Limit what a request can send."""
        kwargs = super().customize_kwargs(args, server_kwargs)
        return kwargs | {"http_server_kwargs": {"max_body_size": _LARGEST_BODY}}

    def customize_server(self, server: Server) -> Server:
        """Refuse requests to other names and from other pages, and print the address."""
        names = _own_names(server.address or "")
        allowed = [f"{name}:{server.port}" for name in names] + self._hosts
        settings.allowed_ws_origin.set_value(allowed)
        names += [_name(host) for host in self._hosts]
        # Bokeh 3.9.2 has no public name for its application and its HTTP server
        server._tornado.add_handlers(".*", [Rule(_Foreign(names, allowed), _Refusal)])
        security = import_module("galmass_app.security")
        security.protect(server._tornado, self._hosts, self._most_sessions)
        protocol = "https" if server._http.ssl_options else "http"
        port_and_path = f"{server.port}{server.prefix}/main"
        print(f"dashboard: {protocol}://{names[0]}:{port_and_path}", flush=True)
        return server


def access_flags(args: argparse.Namespace) -> list[str]:
    """Check who will reach the dashboard; return the flags of ``panel serve`` for logins.

    Parameters
    ----------
    args : argparse.Namespace
        Of ``galmass serve``.

    Raises
    ------
    ValueError
        If others would reach it without a login, or an option cannot be used.
    """
    _check_addresses(args)
    if args.max_sessions < 1:
        msg = f"--max-sessions must be at least 1, got {args.max_sessions}"
        raise ValueError(msg)
    password = _password(args)
    if password is None and not (args.oauth_provider or config.oauth_provider):
        if not args.allow_anyone:
            _check_is_private(args.address, other_hosts(args))
        return []
    if config.oauth_optional or config.oauth_guest_endpoints:
        msg = "$PANEL_OAUTH_OPTIONAL and $PANEL_OAUTH_GUEST_ENDPOINTS must be unset: no guests"
        raise ValueError(msg)
    pages = files("galmass_app") / "templates"
    flags = [
        f"--basic-login-template={pages / 'login.html'}",
        f"--logout-template={pages / 'logout.html'}",
    ]
    if not (args.cookie_secret or config.cookie_secret):
        flags.append(f"--cookie-secret={secrets.token_hex()}")
    return flags if password is None else [*flags, f"--basic-auth={password}"]


def other_hosts(args: argparse.Namespace) -> list[str]:
    """Return the names to answer to besides our own; also those of ``$BOKEH_ALLOW_WS_ORIGIN``."""
    return [host.lower() for host in [*args.allow_websocket_origin, *settings.allowed_ws_origin()]]


def is_local(address: str) -> bool:
    """Return whether only this machine reaches an address."""
    try:
        return address == "localhost" or ip_address(address).is_loopback
    except ValueError:
        return False


def _check_addresses(args: argparse.Namespace) -> None:
    """Check the port, the names and the files of https."""
    if not 0 <= args.port <= LAST_PORT:
        msg = f"--port must be a number up to {LAST_PORT}, got {args.port}"
        raise ValueError(msg)
    for host in other_hosts(args):
        if not _is_host(host):
            msg = f"--allow-websocket-origin must be HOST or HOST:PORT, got {host!r}"
            raise ValueError(msg)
    for option in ("certfile", "keyfile"):
        path = getattr(args, f"ssl_{option}")
        if path is not None and not Path(path).is_file():
            msg = f"--ssl-{option}: {path} must be a file, but there is none"
            raise ValueError(msg)
    if args.ssl_keyfile and not args.ssl_certfile:
        msg = "--ssl-keyfile must come with --ssl-certfile"
        raise ValueError(msg)


def _check_is_private(address: str, hosts: list[str]) -> None:
    """Check that without a login only this machine, and pages of known names, reach us."""
    wide = [f"--allow-websocket-origin {host}" for host in hosts if "*" in host]
    if not is_local(address):
        wide.insert(0, f"--address {address}")
    if wide:
        msg = (
            f"{wide[0]} must come with --basic-auth, --generate-password or --oauth-provider, for "
            "whoever reaches the dashboard can start trainings; or with --allow-anyone"
        )
        raise ValueError(msg)


def _is_host(text: str) -> bool:
    """Return whether a text is ``HOST`` or ``HOST:PORT``."""
    name, colon, port = text.partition(":")
    return name != "" and "/" not in text and (not colon or port.isdecimal() or port == "*")


def _password(args: argparse.Namespace) -> str | None:
    """Return the password, or the file of passwords; None if there is none."""
    # Panel 1.9.4 turns a password from the environment into lower case
    password = os.environ.pop("PANEL_BASIC_AUTH", None)
    if args.generate_password:
        password = secrets.token_hex(8)
        print(f"password: {password} (with any user name)", flush=True)
    if args.basic_auth is not None:
        password = args.basic_auth
    if password is not None:
        _check_password(password)
    return password


def _check_password(password: str) -> None:
    """Check a password, or the file of passwords that it names."""
    if not password:
        msg = "--basic-auth must be a password or a file, got ''"
        raise ValueError(msg)
    path = Path(password)
    if not path.is_file():
        if path.suffix == ".json" or len(path.parts) > 1:
            msg = f"--basic-auth: {password} must be a file, but there is none"
            raise ValueError(msg)
        return
    try:
        users: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        users = None
    if not (isinstance(users, dict) and users and all(map(_is_password, users.values()))):
        msg = f'{path}: must be a JSON object of users and passwords, such as {{"ada": "secret"}}'
        raise ValueError(msg)


def _is_password(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _own_names(address: str) -> list[str]:
    """Return the names of this machine that reach an address; the first is for people."""
    if is_local(address):
        return list(_LOCAL)
    own = [platform.node()]
    if address not in _ALL_INTERFACES:
        own.append(f"[{address}]" if ":" in address else address)
    return [name.lower() for name in own] + list(_LOCAL)


def _name(host: str) -> str:
    """Return a host without its port."""
    return host.rsplit(":", 1)[0].lower() if not host.endswith("]") else host.lower()


class _Foreign(Matcher):
    """Matches requests to a name that is not ours, or from a page of another site."""

    def __init__(self, names: list[str], origins: list[str]) -> None:
        self._names, self._origins = names, origins

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """Return None for requests to answer."""
        if request.path.endswith(HEALTH):
            return None
        host = request.host.lower()
        if not any(match_host(_name(host), name) for name in self._names):
            return {}
        origin = request.headers.get("Origin")
        if origin is None:
            return None
        page = urlsplit(origin).netloc.lower()
        return None if page == host or check_allowlist(page, self._origins) else {}


class _Refusal(RequestHandler):
    """Says why a request is not answered."""

    def prepare(self) -> None:
        """Refuse whatever was requested."""
        self.set_status(403)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(
            "This dashboard does not answer to this address, or to a page of another site. If it "
            "should, start galmass serve with --allow-websocket-origin HOST:PORT as in the address "
            "that the browser shows.\n"
        )
