"""What every answer carries, and which requests get none: a server of one empty page."""

import asyncio
import re
from types import SimpleNamespace

import pytest
from bokeh.application import Application
from bokeh.application.handlers.function import FunctionHandler
from bokeh.server.tornado import BokehTornado
from bokeh.util.token import generate_jwt_token
from panel.io.server import ComponentResourceHandler
from served import free_ports
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import RequestHandler
from tornado.websocket import websocket_connect

from galmass_app import page
from galmass_app.markup import NONCE, with_nonce
from galmass_app.security import protect

MOST = 2  # sessions


class Script(RequestHandler):
    """A page with a script of ours."""

    def get(self):
        self.write(f'<script nonce="{NONCE}"></script>')


class Visitor:
    """Requests to a server in the same event loop."""

    def __init__(self, port):
        self.host = f"localhost:{port}"

    async def get(self, path, **headers):
        address = f"http://{self.host}{path}"
        return await AsyncHTTPClient().fetch(address, raise_error=False, headers=headers)

    async def socket(self, token):
        """Open a websocket; return what the server says first."""
        request = HTTPRequest(
            f"ws://{self.host}/main/ws", headers={"Origin": f"http://{self.host}"}
        )
        connection = await websocket_connect(request, subprotocols=["bokeh", token])
        said = await connection.read_message()
        connection.close()
        while await connection.read_message() is not None:
            pass
        return said


def visit(steps):
    """Serve, and do what a visitor does."""

    async def run():
        (port,) = free_ports(1)
        made = Application(FunctionHandler(lambda document: None))
        patterns = [("/script", Script), ("/components/(.*)", ComponentResourceHandler, {})]
        application = BokehTornado(
            {"/main": made},
            extra_websocket_origins=[f"localhost:{port}"],
            extra_patterns=patterns,
        )
        protect(application, ["a.org:8000", "b.org; script-src *"], MOST)
        server = HTTPServer(application)
        application.initialize(IOLoop.current())
        server.listen(port, "localhost")
        try:
            return await steps(Visitor(port))
        finally:
            server.stop()
            await server.close_all_connections()
            AsyncHTTPClient().close()

    return asyncio.run(run())


def policy(answer):
    rules = answer.headers["Content-Security-Policy"].split("; ")
    return dict(rule.partition(" ")[::2] for rule in rules)


@pytest.mark.parametrize("path", ["/main", "/script", "/nothing", "/components/a"])
def test_every_answer_has_the_headers(path):
    answer = visit(lambda visitor: visitor.get(path))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert policy(answer)["default-src"] == "'self'"


def test_policy_lets_no_text_be_evaluated_and_no_other_host_in():
    rules = policy(visit(lambda visitor: visitor.get("/script")))
    assert re.fullmatch(r"'self' blob: 'nonce-\w{32}'", rules["script-src"])
    assert rules["connect-src"] == "'self' blob:"
    assert rules["object-src"] == rules["base-uri"] == "'none'"


def test_frames_are_for_our_own_pages_and_allowed_hosts():
    rules = policy(visit(lambda visitor: visitor.get("/script")))
    assert rules["frame-ancestors"] == "'self' a.org:8000"


def test_each_answer_has_another_nonce():
    async def steps(visitor):
        return [await visitor.get("/script") for _ in range(2)]

    numbers = []
    for answer in visit(steps):
        (number,) = re.findall(r'nonce="(\w+)"', answer.body.decode())
        assert f"'nonce-{number}'" in policy(answer)["script-src"]
        numbers.append(number)
    assert len({*numbers, NONCE}) == 3


def test_scripts_of_panel_get_the_nonce():
    made = with_nonce('<script type="text/javascript">1</script><script src="a.js"></script>')
    assert made.count(f'<script nonce="{NONCE}" ') == 2


def test_only_files_of_modules_in_use_are_answered():
    answer = visit(lambda visitor: visitor.get("/components/no_module/Button/css/b"))
    assert answer.code == 404
    answer = visit(lambda visitor: visitor.get("/components/panel.widgets/Button/secrets/b"))
    assert answer.code == 403  # by Panel: no file of a component


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("?bokeh-session-id=mine", {}),
        (f"?bokeh-token={generate_jwt_token('mine')}", {}),
        ("", {"Bokeh-Session-Id": "mine"}),
    ],
    ids=["identifier", "token", "header"],
)
def test_nobody_chooses_a_session(query, headers):
    assert visit(lambda visitor: visitor.get(f"/main{query}", **headers)).code == 403


def test_the_session_too_many_has_to_wait():
    async def steps(visitor):
        return [await visitor.get("/main") for _ in range(MOST + 1)]

    *fit, last = visit(steps)
    assert [answer.code for answer in fit] == [200] * MOST
    assert last.code == 503
    assert last.headers["Retry-After"] == "30"
    assert f"{MOST} pages of this dashboard are open" in last.body.decode()


def test_a_full_server_serves_those_who_are_there():
    async def steps(visitor):
        pages = [await visitor.get("/main") for _ in range(MOST)]
        (token,) = re.findall(r'"token":"([^"]+)"', pages[0].body.decode())
        return await visitor.socket(token), await visitor.get("/static/js/bokeh.min.js")

    said, script = visit(steps)
    assert '"ACK"' in said
    assert script.code == 200


@pytest.mark.parametrize(
    "token", [generate_jwt_token("mine"), "no token", "e30"], ids=["unknown", "text", "empty"]
)
def test_a_full_server_lets_nobody_in_by_a_websocket(token):
    async def steps(visitor):
        for _ in range(MOST):
            await visitor.get("/main")
        return await visitor.get("/main/ws", **{"Sec-WebSocket-Protocol": f"bokeh, {token}"})

    assert visit(steps).code == 503


# visitors who leave


@pytest.mark.parametrize(("connections", "ended"), [(0, [True]), (1, [])])
def test_session_ends_when_its_visitor_does_not_come_back(connections, ended):
    asked, later = [], []
    session = SimpleNamespace(
        connection_count=connections, request_expiration=lambda: asked.append(True)
    )
    document = SimpleNamespace(
        session_context=SimpleNamespace(session=session),
        add_timeout_callback=lambda end, wait: later.append((end, wait)),
    )
    page.end_if_gone(document)
    ((end, wait),) = later
    assert wait == page.GONE
    end()
    assert asked == ended
