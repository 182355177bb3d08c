"""Serve a dashboard on a free port and open it in Chromium."""

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FIGURES = "[...Bokeh.index.query(view => view.model.type === 'Figure')]"  # in the browser
_NAMES = (  # the first one, without windows, takes two thirds of the others' CPU time
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
)
_FLAGS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking")
_PATIENCE = 240.0  # s until a server answers, on a busy machine


class NoBrowserError(OSError):
    """No browser is available."""


@contextmanager
def dashboard(data: Path, log: Path, *flags: str) -> Iterator[tuple[str, int]]:
    """Serve the dashboard on a data set while the block runs.

    Parameters
    ----------
    data : Path
        Folder of the data set; the folder around it is the home folder, with its runs.
    log : Path
        File for the output of the server.
    *flags : str
        Further ones of ``galmass serve``.

    Yields
    ------
    str, int
        The address, and the number of the server's process.

    Raises
    ------
    ChildProcessError
        If the server does not start; with its output.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "galmass_core.cli", "serve", str(data), "--no-browser"]
    command += ["--port", str(port), "--home", str(data.parent), *flags]
    address = f"http://localhost:{port}/main"
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            _wait_for(address, process, log)
            yield address, process.pid
        finally:
            process.terminate()
            process.wait()


def _wait_for(address: str, process: subprocess.Popen, log: Path) -> None:
    """Wait until the server responds."""
    end = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            urllib.request.urlopen(address, timeout=60).close()
        except OSError:  # nobody listens yet, or no page has come in time
            time.sleep(0.25)
        else:
            return
    msg = f"the dashboard must start, but its output is:\n{log.read_text(encoding='utf-8')}"
    raise ChildProcessError(msg)


@contextmanager
def chromium_browser() -> Iterator["Browser"]:
    """Start the installed Chromium, without background requests.

    Yields
    ------
    playwright.sync_api.Browser

    Raises
    ------
    NoBrowserError
        If playwright or Chromium is missing; the message says how to install it.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        msg = 'needs playwright: pip install "galmass[test]"'
        raise NoBrowserError(msg) from error
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        msg = "needs Chromium on this machine, such as Debian's package chromium"
        raise NoBrowserError(msg)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(_FLAGS))
        yield browser
        browser.close()
