"""A dashboard on a port of its own and a real Chromium, for the tests in the browser."""

from contextlib import contextmanager

import pytest

from galmass_core.benchmarks import browser
from galmass_core.benchmarks.browser import FIGURES as FIGURES

PATIENCE = 60_000  # ms, for a slow machine


@contextmanager
def served(data, log_folder, *flags):
    """Serve the dashboard on a data set as ``galmass serve`` does; yield its address."""
    with browser.dashboard(data, log_folder / "server.log", *flags) as (address, _):
        yield address


@contextmanager
def chromium_browser():
    """Start the machine's Chromium; skip, saying so, where there is none."""
    try:
        with browser.chromium_browser() as chromium:
            yield chromium
    except browser.NoBrowserError as error:
        pytest.skip(str(error))


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
