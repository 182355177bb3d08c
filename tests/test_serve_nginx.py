"""The configuration of nginx in the documentation: a page and its websocket reach one server."""

import asyncio
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from served import free_ports
from tornado.httpclient import AsyncHTTPClient, HTTPError, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler, websocket_connect

PAGE = Path(__file__).resolve().parents[1] / "docs" / "how_to" / "serve.md"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
FRAME = """
daemon off; error_log {folder}/error.log; pid {folder}/pid; worker_processes 1;
events {{ }}
http {{
    access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};
    fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
    {site}
}}
"""

pytestmark = pytest.mark.skipif(NGINX is None, reason="needs nginx")


class Page(RequestHandler):
    """Says which server it is, and under which name."""

    def initialize(self, port):
        self.port = port

    def get(self):
        self.write(f"{self.port} {self.request.host}")


class Socket(WebSocketHandler):
    """The same over a websocket."""

    def initialize(self, port):
        self.port = port

    def open(self):
        self.write_message(f"{self.port} {self.request.host}")


def backend(port):
    app = Application([("/main", Page, {"port": port}), ("/main/ws", Socket, {"port": port})])
    server = HTTPServer(app)
    server.add_sockets(bind_sockets(port, "127.0.0.1"))
    return server


async def visit(port, cookie=""):
    """Open a page and its websocket; return what both say, and the cookie."""
    fetch = AsyncHTTPClient().fetch
    headers = {"Cookie": cookie}
    page = await fetch(HTTPRequest(f"http://localhost:{port}/main", headers=headers))
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    request = HTTPRequest(f"ws://localhost:{port}/main/ws", headers={"Cookie": cookie})
    socket = await websocket_connect(request)
    spoken = await socket.read_message()
    socket.close()
    await socket.read_message()
    return page.body.decode(), spoken, cookie


async def visits(outer, inner):
    """Visit as twelve people, then again as the first, then when their server has ended."""
    servers = {port: backend(port) for port in inner}
    for _ in range(200):
        try:
            await visit(outer)
        except (OSError, HTTPError):
            await asyncio.sleep(0.05)
        else:
            break
    people = [await visit(outer) for _ in range(12)]
    first, _, cookie = people[0]
    again = await visit(outer, cookie)
    port = int(first.split()[0])
    servers[port].stop()
    await servers[port].close_all_connections()
    elsewhere = await visit(outer, cookie)
    for server in servers.values():
        server.stop()
        await server.close_all_connections()
    AsyncHTTPClient().close()
    return people, again, elsewhere


def test_each_visitor_stays_at_one_server(tmp_path):
    outer, *inner = free_ports(3)
    (site,) = re.findall(r"```text\n(map .*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    site = re.sub(r"\n *ssl_\S+ \S+;", "", site).replace("443 ssl", f"127.0.0.1:{outer}")
    site = site.replace("5006", str(inner[0])).replace("5007", str(inner[1]))
    (tmp_path / "nginx.conf").write_text(FRAME.format(folder=tmp_path, site=site))
    nginx = subprocess.Popen([NGINX, "-p", tmp_path, "-c", tmp_path / "nginx.conf"])
    try:
        people, again, elsewhere = asyncio.run(visits(outer, inner))
    finally:
        nginx.terminate()
        nginx.wait()
    assert all(page == spoken for page, spoken, _ in people)
    assert {page for page, _, _ in people} == {f"{port} localhost:{outer}" for port in inner}
    assert again == people[0]
    assert elsewhere[0] == elsewhere[1] != people[0][0]
