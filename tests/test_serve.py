"""``galmass serve`` for others: names, logins, proxies; real servers on loopback."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPConnection
from http.cookiejar import CookieJar
from types import SimpleNamespace
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, build_opener, urlopen

import pytest
from demo_folder import write_demo_galaxies
from galaxy_files import write_directory
from sample_tables import make_dataset, make_samples
from served import free_ports
from tng_api import heavy_particles
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClosedError, websocket_connect
from websocket_page import Page

from galmass_core.cli import main
from galmass_core.datasets.build import build_dataset
from galmass_core.datasets.dataset import open_dataset

PATIENCE = 240  # s, for a slow machine
BASE = "/user/me"  # of the Jupyter server, as under JupyterHub
OUTSIDE = "jupyter.example.org"
JUPYTER = """
import sys
sys.modules["rfc3987_syntax"] = None  # spends a second on grammars of web addresses
from jupyter_server.serverapp import main
main()
"""


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """A Jupyter server with jupyter-server-proxy, and two dashboards, ``open`` and ``closed``.

    ``open`` has no login and shows a data set that nobody may write to; ``closed`` has one, and is
    below the path that the proxy keeps.
    """
    pytest.importorskip("jupyter_server_proxy", reason="needs jupyter-server-proxy (extra [test])")
    folder = tmp_path_factory.mktemp("servers")
    data = folder / "data" / "toys"
    build_dataset([write_demo_galaxies(folder / "cutouts", count=2)], data)
    make_dataset(folder / "home" / "own", make_samples(4))
    make_read_only(data)
    users = folder / "users.json"
    users.write_text(json.dumps({"ada": "right"}), encoding="utf-8")
    jupyter, first, second = free_ports(3)
    prefix = f"{BASE}/proxy/absolute/{second}"
    before = snapshot(data)
    with ExitStack() as stack:
        start = [
            stack.enter_context(process(folder, "jupyter", *jupyter_command(folder, jupyter))),
            stack.enter_context(
                dashboard(folder, first, str(data), "--allow-websocket-origin", OUTSIDE)
            ),
            stack.enter_context(
                dashboard(folder, second, "--basic-auth", str(users), "--prefix", prefix, "--admin")
            ),
        ]
        for answer, address in zip(
            start,
            (
                f"http://localhost:{jupyter}{BASE}/api",
                f"http://localhost:{first}/liveness",
                f"http://localhost:{second}{prefix}/liveness",
            ),
            strict=True,
        ):
            wait_for(address, *answer)
        yield SimpleNamespace(
            jupyter=f"http://localhost:{jupyter}{BASE}",
            open=f"http://localhost:{first}",
            closed=f"http://localhost:{second}{prefix}",
            port=first,
            closed_port=second,
            data=data,
            log=folder / f"dashboard-{first}.log",
            before=before,
        )


def jupyter_command(folder, port):
    return (
        *("-c", JUPYTER, "--allow-root", "--no-browser", "--ip=127.0.0.1"),
        *(f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=secret"),
        f"--ServerApp.base_url={BASE}/",
        f"--ServerApp.root_dir={folder}",
        "--ServerApp.jpserver_extensions=jupyter_server_proxy=True",
        "--ServerApp.jpserver_extensions=panel.io.jupyter_server_extension=False",  # slow
    )


def dashboard(folder, port, *arguments):
    command = ("-m", "galmass_core.cli", "serve", "--no-browser", "--port", str(port), *arguments)
    return process(folder, f"dashboard-{port}", *command)


@contextmanager
def process(folder, name, *command):
    """Run Python with a home of its own; yield the process and its log."""
    log = folder / f"{name}.log"
    own = {"GALMASS_HOME": folder / "home", "HOME": folder, "JUPYTER_CONFIG_DIR": folder}
    own |= {"JUPYTER_DATA_DIR": folder / "jupyter", "JUPYTER_RUNTIME_DIR": folder / "jupyter"}
    environment = os.environ | {name: str(value) for name, value in own.items()}
    with log.open("w") as output:
        started = subprocess.Popen(
            [sys.executable, *command], env=environment, stdout=output, stderr=output
        )
    try:
        yield started, log
    finally:
        started.terminate()
        started.wait()


def wait_for(address, started, log):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and started.poll() is None:
        try:
            urlopen(address, timeout=PATIENCE).close()
        except OSError:
            time.sleep(0.25)
        else:
            return
    pytest.fail(f"{address} must answer; its log:\n{log.read_text(encoding='utf-8')}")


def make_read_only(folder):
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)


def snapshot(folder):
    """Names, sizes and times; the time of a folder also tells of files that came and went."""
    found = {path: path.stat() for path in (folder, *folder.rglob("*"))}
    return {path: (stat.st_size, stat.st_mtime_ns) for path, stat in found.items()}


def status(address, **headers):
    """Return the status of an answer, and where it leads to."""
    parts = urlsplit(address)
    with closing(HTTPConnection(parts.netloc, timeout=PATIENCE)) as connection:
        connection.request("GET", f"{parts.path}?{parts.query}", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Location", "")


def open_websocket(page, html, cookies="", origin=None, **headers):
    """Open the websocket of a page as its script does; return the server's first message."""
    token = re.search(r'"token":"([^"]+)"', html).group(1)
    origin = origin or "/".join(page.split("/")[:3])
    headers = {"Origin": origin, "Cookie": cookies, **headers}
    address = page.partition("?")[0].replace("http", "ws", 1) + "/ws"

    async def connect():
        request = HTTPRequest(address, headers=headers, request_timeout=PATIENCE)
        connection = await websocket_connect(request, subprotocols=["bokeh", token])
        try:
            return await asyncio.wait_for(connection.read_message(), PATIENCE)
        finally:
            connection.close()
            while await connection.read_message() is not None:
                pass

    return json.loads(asyncio.run(connect()))["msgtype"]


class Visitor:
    """A browser without scripts: keeps cookies and follows redirects."""

    def __init__(self):
        self.jar = CookieJar()
        self.opener = build_opener(HTTPCookieProcessor(self.jar))

    def open(self, address, **form):
        body = urlencode(form).encode() if form else None
        with self.opener.open(address, body, timeout=PATIENCE) as answer:
            return answer.url, answer.read().decode()

    @property
    def cookies(self):
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.jar)


@pytest.fixture(scope="module")
def user(servers):
    """A visitor who is logged in to Jupyter."""
    visitor = Visitor()
    visitor.open(f"{servers.jupyter}/api/status?token=secret")
    return visitor


@pytest.fixture(scope="module")
def ada(servers, user):
    """The same, after the log-in of ``closed``, through the proxy; with her first page."""
    start, _ = user.open(f"{servers.jupyter}/proxy/absolute/{servers.closed_port}/main?page=train")
    page, html = user.open(start.partition("?")[0], username="ada", password="right")
    return SimpleNamespace(open=user.open, cookies=user.cookies, start=start, page=page, html=html)


# proxies


def test_page_and_websocket_come_through_jupyters_proxy(servers, user):
    page, html = user.open(f"{servers.jupyter}/proxy/{servers.port}/main")
    assert open_websocket(page, html, user.cookies) == "ACK"


def test_login_leads_to_the_page_that_was_wanted(servers, ada):
    assert ada.start.startswith(f"{servers.jupyter}/proxy/absolute/{servers.closed_port}/login?")
    assert ada.page == f"{servers.jupyter}/proxy/absolute/{servers.closed_port}/main?page=train"


def test_page_with_login_has_its_websocket_through_jupyters_proxy(ada):
    assert open_websocket(ada.page, ada.html, ada.cookies) == "ACK"


def test_admin_page_lists_the_session_and_its_user(servers, ada):
    _, html = ada.open(f"{servers.jupyter}/proxy/absolute/{servers.closed_port}/admin")
    assert re.search(r"<td>ada</td><td>train</td><td>own</td>", html)


# names


@pytest.mark.parametrize("host", ["localhost:{}", "127.0.0.1:{}", "localhost:9", OUTSIDE])
def test_own_names_are_answered(servers, host):
    assert status(f"{servers.open}/login", Host=host.format(servers.port))[0] == 404


@pytest.mark.parametrize("host", ["evil.example.com:{}", "10.0.0.1:{}", f"{OUTSIDE}.evil.com", "x"])
def test_other_names_are_refused(servers, host):
    assert status(f"{servers.open}/main", Host=host.format(servers.port))[0] == 403


@pytest.mark.parametrize("origin", ["http://evil.example.com", "http://localhost:9", "null"])
def test_pages_of_other_sites_are_refused(servers, origin):
    address = f"{servers.open}/main/autoload.js?bokeh-autoload-element=x"
    assert status(address, Origin=origin)[0] == 403


def test_websocket_of_a_rebound_name_is_refused(servers, user):
    _, html = user.open(f"{servers.open}/main")
    name = f"evil.example.com:{servers.port}"
    with pytest.raises(HTTPClientError, match="403"):
        open_websocket(f"{servers.open}/main", html, origin=f"http://{name}", Host=name)


def test_websocket_of_the_allowed_name_opens(servers, user):
    _, html = user.open(f"{servers.open}/main")
    page = f"{servers.open}/main"
    assert open_websocket(page, html, origin=f"https://{OUTSIDE}", Host=OUTSIDE) == "ACK"


def test_health_is_answered_under_any_name(servers):
    assert status(f"{servers.closed}/liveness", Host="10.0.0.1:80")[0] == 200


def test_health_builds_no_page(servers, ada):
    urlopen(f"{servers.closed}/liveness?endpoint=/nowhere").close()  # 400 from one that does


# what every answer carries


@pytest.mark.parametrize(
    ("server", "path"),
    [
        ("open", "/main"),
        ("open", "/static/js/bokeh.min.js"),
        ("open", "/liveness"),
        ("open", "/nothing"),
        ("closed", "/login"),
        ("closed", "/logout"),
        ("closed", "/admin"),
        ("closed", "/theme.js"),
    ],
)
def test_every_answer_has_a_policy(server, path, servers):
    parts = urlsplit(getattr(servers, server) + path)
    with closing(HTTPConnection(parts.netloc, timeout=PATIENCE)) as connection:
        connection.request("GET", parts.path)
        headers = connection.getresponse().headers
    assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_all_scripts_of_the_page_have_its_nonce(servers):
    with urlopen(f"{servers.open}/main", timeout=PATIENCE) as answer:
        html, policy = answer.read().decode(), answer.headers["Content-Security-Policy"]
    scripts = re.findall(r"<script\b[^>]*>", html)
    numbers = {number for tag in scripts for number in re.findall(r'nonce="(\w+)"', tag)}
    assert len(scripts) > 3
    assert all("nonce=" in tag for tag in scripts)
    assert [f"'nonce-{number}'" in policy for number in numbers] == [True]


def test_a_large_request_is_refused(servers):
    parts = urlsplit(f"{servers.closed}/login")
    with closing(HTTPConnection(parts.netloc, timeout=PATIENCE)) as connection:
        connection.putrequest("POST", parts.path)
        connection.putheader("Content-Length", str(2**30))
        connection.endheaders()
        assert connection.getresponse().status == 400


def test_a_large_message_ends_its_connection(servers, user):
    _, html = user.open(f"{servers.open}/main")
    token = re.search(r'"token":"([^"]+)"', html).group(1)

    async def send():
        address = servers.open.replace("http", "ws") + "/main/ws"
        request = HTTPRequest(address, headers={"Origin": servers.open})
        connection = await websocket_connect(request, subprotocols=["bokeh", token])
        first = await connection.read_message()
        with suppress(WebSocketClosedError):  # when the server has not read to the end
            await connection.write_message("x" * 2**22)
        last = first
        while last is not None:
            last = await connection.read_message()
        connection.close()
        return first

    assert '"ACK"' in asyncio.run(asyncio.wait_for(send(), PATIENCE))


# logins


@pytest.mark.parametrize("path", ["/", "/main", "/main/metadata", "/admin"])
def test_without_login_pages_lead_to_it(servers, path):
    code, location = status(servers.closed + path)
    assert code == 302
    assert "login?next=" + quote(servers.closed.partition(f":{servers.closed_port}")[2], "") in (
        location
    )


def test_without_login_no_websocket_opens(servers, ada):
    with pytest.raises(HTTPClientError, match="403"):
        open_websocket(f"{servers.closed}/main", ada.html)


def test_wrong_password_lets_nobody_in(servers):
    visitor = Visitor()
    _, html = visitor.open(f"{servers.closed}/login", username="ada", password="wrong")
    assert "Invalid username or password" in html
    assert "login" in visitor.open(f"{servers.closed}/main")[0]


def test_pages_for_logins_need_no_other_host(servers):
    for page in ("login", "logout"):
        _, html = Visitor().open(f"{servers.closed}/{page}")
        assert "://" not in html


# the command line


@pytest.fixture
def no_server(monkeypatch):
    """Nothing is served: what would be is returned."""
    from panel.command.serve import Serve

    served = []
    monkeypatch.setattr(Serve, "invoke", lambda self, args: served.append(args))
    for name in ("PANEL_BASIC_AUTH", "GALMASS_DATA", "GALMASS_HOME"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return served


def serve(home, *arguments):
    return main(["serve", "--home", str(home), "--no-browser", *arguments])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--address", "0.0.0.0"], "--address 0.0.0.0 must come with --basic-auth"),
        (["--address", "::"], "--address :: must come with --basic-auth"),
        (["--address", "login.example.org"], "must come with --basic-auth"),
        (["--allow-websocket-origin", "*"], "--allow-websocket-origin * must come with"),
        (["--allow-websocket-origin", "https://a.org"], "must be HOST or HOST:PORT, got 'https:"),
        (["--basic-auth", ""], "--basic-auth must be a password or a file"),
        (["--basic-auth", "user.json"], "user.json must be a file, but there is none"),
        (["--ssl-certfile", "no.pem"], "--ssl-certfile: no.pem must be a file, but there is none"),
        (["--ssl-keyfile", __file__], "--ssl-keyfile must come with --ssl-certfile"),
        (["--max-sessions", "0"], "--max-sessions must be at least 1, got 0"),
        (["--port", "65536"], "--port must be a number up to 65535, got 65536"),
    ],
)
def test_what_opens_doors_or_cannot_work_is_refused(arguments, message, servers, no_server, capsys):
    assert serve(servers.data.parent, *arguments) == 2
    assert message in capsys.readouterr().err
    assert not no_server


@pytest.mark.parametrize("content", ["ada: right", "{}", '{"ada": ""}', '["right"]'])
def test_file_of_passwords_must_have_some(content, tmp_path, servers, no_server, capsys):
    path = tmp_path / "users"
    path.write_text(content, encoding="utf-8")
    assert serve(servers.data.parent, "--basic-auth", str(path)) == 2
    assert "must be a JSON object of users and passwords" in capsys.readouterr().err


def test_danger_can_be_chosen(servers, no_server):
    assert serve(servers.data.parent, "--address", "0.0.0.0", "--allow-anyone") == 0
    assert (no_server[0].address, no_server[0].basic_auth) == ("0.0.0.0", None)


def test_password_is_generated_and_printed(servers, no_server, capsys):
    assert serve(servers.data.parent, "--address", "0.0.0.0", "--generate-password") == 0
    assert f"password: {no_server[0].basic_auth} (" in capsys.readouterr().out
    assert len(no_server[0].basic_auth) == 16


def test_password_of_the_environment_keeps_its_capitals(servers, no_server, monkeypatch):
    monkeypatch.setenv("PANEL_BASIC_AUTH", "Secret")
    assert serve(servers.data.parent, "--address", "0.0.0.0") == 0
    assert no_server[0].basic_auth == "Secret"
    assert "PANEL_BASIC_AUTH" not in os.environ  # nor in that of trainings


# simulations that cannot be written to


@pytest.mark.parametrize("command", ["build", "catalogue"])
def test_nothing_is_written_beside_a_simulation(command, tmp_path):
    folder = tmp_path / "TNG100-1" / "output"
    write_directory(folder, [heavy_particles(seed) for seed in (1, 2)])
    make_read_only(tmp_path / "TNG100-1")
    before = snapshot(tmp_path / "TNG100-1")
    workers = ["--workers", "1"] if command == "build" else []
    assert main([command, str(folder), "--out", str(tmp_path / "out"), *workers]) == 0
    assert snapshot(tmp_path / "TNG100-1") == before


# visitors who leave


class Leaver(Page):
    """Leaves after some messages: politely, or as a browser that crashes."""

    def __init__(self, address, data, messages, *, polite):
        super().__init__(address, data, seed=0)
        self._left, self._polite = messages, polite

    async def send(self, kind, content):
        await super().send(kind, content)
        self._count_down()

    async def receive(self):
        content = await super().receive()
        self._count_down()
        return content

    def _count_down(self):
        self._left -= 1
        if self._left == 0:
            raise EOFError

    def close(self):
        if not self._polite:
            self._connection.protocol.stream.close()
        super().close()


def test_visitors_who_leave_while_a_page_loads_leave_no_traceback(servers):
    data = open_dataset(servers.data)

    async def leave(messages, polite):
        visitor = Leaver(f"{servers.open}/main", data, messages, polite=polite)
        with suppress(EOFError):
            await visitor.open()
            await visitor.tap()
        visitor.close()

    async def run():
        for messages in (1, 2, 5, 6, 9):
            await leave(messages, polite=messages % 2)
        last = Page(f"{servers.open}/main", data, seed=0)  # is served all the same
        await last.open()
        last.close()

    asyncio.run(run())
    log = servers.log.read_text(encoding="utf-8")
    assert not re.findall(r"^.*(?:ERROR|Traceback|Exception|Error:).*$", log, re.MULTILINE)


# last, because the browser's driver runs an event loop


@pytest.mark.browser
def test_galaxy_changes_through_jupyters_proxy_and_nothing_is_written(servers, open_tab):
    expect = pytest.importorskip("playwright.sync_api").expect
    tab = open_tab(f"{servers.jupyter}/proxy/{servers.port}/main?token=secret")
    expect(tab.locator(".gm-headline")).to_contain_text("Subhalo 1")
    tab.locator(".gm-map canvas").first.wait_for()
    tab.get_by_role("button", name="Next").click()
    expect(tab.locator(".gm-headline")).to_contain_text("Subhalo 2")
    assert snapshot(servers.data) == servers.before
