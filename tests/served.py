"""A dashboard on a port of its own and a real Chromium, for the tests in the browser."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60_000  # ms, for a slow machine
FIGURES = "[...Bokeh.index.query(view => view.model.type === 'Figure')]"


@contextmanager
def served(data, log_folder, *flags):
    """Serve the dashboard on a data set as ``galmass serve`` does; yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "panel", "serve", "app/main.py", "--port", str(port), *flags]
    environment = os.environ | {"GALMASS_DATA": str(data), "GALMASS_HOME": str(data.parent)}
    address = f"http://localhost:{port}/main"
    with (log_folder / "server.log").open("w+") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            for _ in range(960):  # four minutes on a busy machine
                try:
                    urllib.request.urlopen(address, timeout=60).close()
                    break
                except urllib.error.URLError:
                    assert process.poll() is None, Path(log.name).read_text()
                    time.sleep(0.25)
            yield address
        finally:
            process.terminate()
            process.wait()


@contextmanager
def chromium_browser():
    """Start the machine's Chromium; skip, saying so, where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("no Chromium on this machine; install Debian's package chromium")
    flags = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


@contextmanager
def visitors(chromium):
    """Yield a function that opens tabs as new visitors do; in the end nothing may have failed.

    Errors of a page and its console, requests that failed and requests to another host all count.
    """
    tabs, troubles = [], []

    def open_tab(address, *, width=1400, height=900, script="", wait_until="load", **context):
        """Open an address, a script before all; what else is named describes the visitor."""
        size = {"width": width, "height": height}
        tab = chromium.new_context(viewport=size, **context).new_page()
        tabs.append(tab)
        tab.set_default_timeout(PATIENCE)
        tab.add_init_script(script)
        _note_troubles(tab, "/".join(address.split("/")[:3]), troubles)
        tab.goto(address, wait_until=wait_until)
        return tab

    yield open_tab
    found = list(troubles)  # closing breaks connections
    for tab in tabs:
        tab.context.close()
    assert not found, "\n".join(found)


def _note_troubles(tab, host, troubles):
    """Write down what goes wrong in a tab from now on."""

    def note_request(request):
        if not request.url.startswith((host, "data:", "blob:")):
            troubles.append(f"request to another host: {request.url}")

    def note_failure(request):
        if request.failure != "net::ERR_ABORTED":  # so ends what a page that is left still loads
            troubles.append(f"{request.failure}: {request.url}")

    tab.on("request", note_request)
    tab.on("requestfailed", note_failure)
    tab.on("console", lambda told: told.type == "error" and troubles.append(told.text))
    tab.on("pageerror", lambda error: troubles.append(error.stack or str(error)))
