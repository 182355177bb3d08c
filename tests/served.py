"""A dashboard on a port of its own and a real Chromium, for the tests in the browser."""

import socket
import time
from contextlib import ExitStack, contextmanager
from functools import partial

import pytest

from galmass_core.benchmarks import browser
from galmass_core.benchmarks.browser import FIGURES as FIGURES

PATIENCE = 300_000  # ms, for a machine that is ten times slower
_POLLING = 100  # ms between two looks
_STILL = 5  # polls in a row that show the same
_DRAWN = """() => {  // in all shadow roots
  const all = (look, root = document) => [root, ...root.querySelectorAll("*")].reduce(
    (sum, one) => sum + (one.shadowRoot ? all(look, one.shadowRoot) : 0),
    root.querySelectorAll(look).length,
  )
  const idle = window.Bokeh.documents.every((each) => each.is_idle)
  return [all(".gm-busy, .gm-stale"), all("canvas"), idle]
}"""
FORGET = """if (location.protocol.startsWith("http") && !sessionStorage.getItem("visiting")) {
    localStorage.clear()
    sessionStorage.setItem("visiting", "yes")  // kept when this tab loads the page again
}
"""


@contextmanager
def served(data, log_folder, *flags):
    """Serve the dashboard on a data set as ``galmass serve`` does; yield its address."""
    with browser.dashboard(data, log_folder / "server.log", *flags) as (address, _):
        yield address


def free_ports(count):
    """Return numbers of ports of this machine that nothing listens on."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


@contextmanager
def chromium_browser():
    """Start the machine's Chromium; skip, saying so, where there is none."""
    try:
        with browser.chromium_browser() as chromium:
            from playwright.sync_api import expect

            expect.set_options(timeout=PATIENCE)
            yield chromium
    except browser.NoBrowserError as error:
        pytest.skip(str(error))


@contextmanager
def visitors(chromium, shared=None):
    """Yield a function that opens tabs as new visitors do; in the end nothing may have failed.

    Errors of a page and its console, requests that failed and requests to another host all count.
    A tab is opened in the context ``shared``, if there is one without tabs: its cache has the
    scripts of the dashboard already, and everything else that earlier visitors left there is
    removed. Further tabs have contexts of their own.
    """
    tabs, troubles = [], []

    def open_tab(
        address, *, width=1400, height=900, script="", wait_until="load", permissions=(), **media
    ):
        """Open an address, a script before all; media are those of ``Page.emulate_media``."""
        context = shared if shared and not shared.pages else chromium.new_context()
        context.grant_permissions(list(permissions))
        tab = context.new_page()
        tabs.append(tab)
        tab.set_default_timeout(PATIENCE)
        tab.wait_for_function = partial(_wait_until, tab)
        tab.set_viewport_size({"width": width, "height": height})
        tab.emulate_media(**media)
        tab.add_init_script(FORGET + script)
        _note_troubles(tab, "/".join(address.split("/")[:3]), troubles)
        tab.goto(address, wait_until=wait_until)
        return tab

    yield open_tab
    found = list(troubles)  # closing breaks connections
    for tab in tabs:
        _leave(tab.context, keep=tab.context is shared)
    assert not found, "\n".join(found)


def wait_until_drawn(tab):
    """Wait until no part of a page is being computed, and no plot has come for half a second."""
    end, still, before = time.monotonic() + PATIENCE / 1000, 0, None
    while still < _STILL:
        assert time.monotonic() < end, f"(parts computed, plots, idle) is {before}"
        tab.wait_for_timeout(_POLLING)
        state = tab.evaluate(_DRAWN)
        still = still + 1 if state == before and state[0] == 0 and state[2] else 0
        before = state


def _wait_until(tab, expression, arg=None):
    """Wait until a condition holds in a page; return its value.

    Playwright's own evaluates text in the page, which the dashboard's security policy forbids.
    """
    end = time.monotonic() + PATIENCE / 1000
    while not (value := tab.evaluate(expression, arg)):
        assert time.monotonic() < end, f"{expression} must hold"
        tab.wait_for_timeout(_POLLING)
    return value


def _leave(context, *, keep):
    """Close a context, or only the pages that were opened after its first."""
    if not keep:
        context.close()
        return
    for page in context.pages[1:]:
        page.close()
    context.clear_cookies()
    context.clear_permissions()


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
    tab.on("console", lambda entry: entry.type == "error" and troubles.append(entry.text))
    tab.on("pageerror", lambda error: troubles.append(error.stack or str(error)))
