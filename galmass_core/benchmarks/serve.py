"""Part ``serve``: waiting times of visitors of the dashboard on all its pages, in Chromium.

As `visitors`, and each page, selections, and the memory that visits leave.
"""

import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from galmass_core.benchmarks.timing import OURS, Figure
from galmass_core.benchmarks.visitors import (
    Server,
    all_at_once,
    compare_branches,
    explore,
    first_page,
    first_plot,
    open_explore,
    serve_crowd,
)
from galmass_core.learning.experiments import input_sets

if TYPE_CHECKING:
    from playwright.sync_api import Page

SIZES = (28_110, 1_000_000)
PEERS: dict[str, str] = {}
_ONE_AFTER_ANOTHER = 50  # visitors
_CROWD = 100_000  # samples; beyond, only one visitor is measured
_GONE = 45.0  # s until sessions without a visitor are removed
_PAGES = ("Sample", "Features", "Compare", "Why", "Paper", "Train")
_CONDITIONS = ("log_mstar > 11", "log_mstar > 10.5 and g_minus_r > 0.5")


def measure(size: int, *, peers: bool) -> Iterator[Figure]:
    """Time visits to a dashboard.

    Parameters
    ----------
    size : int
        Number of samples, three for each galaxy.
    peers : bool
        Ignored: there are no peers.

    Yields
    ------
    Figure

    Raises
    ------
    NoBrowserError
        If no browser is available.
    """
    with serve_crowd(size, input_sets() if size < _CROWD else ()) as server:
        yield first_page(server, size)
        yield first_plot(server, size)
        yield from explore(server, size)
        yield from _pages(server, size)
        if size < _CROWD:
            yield compare_branches(server, size)
            yield _one_after_another(server, size)
            yield all_at_once(server, size)


def _pages(server: Server, size: int) -> Iterator[Figure]:
    """Measure each page of the second visitor who turns to it, and selections; then memory.

    Waiting times include the second in which nothing more happens.
    """
    with server.visitor() as first, server.visitor() as second:
        tabs = [open_explore(each, server.address) for each in (first, second)]
        for name in _PAGES:
            turns = [partial(_turn, server, tab, name) for tab in tabs]
            yield server.figure(f"page {name}", size, turns)
        choices = [partial(_select, server, tabs[1], condition) for condition in _CONDITIONS]
        yield server.figure("selection by a condition", size, choices)
        memory = server.memory_mb()
    yield Figure(
        task="memory of the server",
        size=size,
        program=OURS,
        cpu_ms=1e3 * server.cpu_seconds(),
        memory_mb=memory,
    )


def _turn(server: Server, page: "Page", name: str) -> None:
    """Turn to a page, and wait until it is drawn."""
    page.locator(".gm-pages").get_by_role("button", name=name, exact=True).click()
    server.rest()


def _select(server: Server, page: "Page", condition: str) -> None:
    """Select galaxies by a condition, and wait until they are marked."""
    bar = page.locator(".gm-selection input").first
    bar.fill(condition)
    bar.press("Enter")
    server.rest()


def _one_after_another(server: Server, size: int) -> Figure:
    """Measure the memory that remains in use after visits."""
    time.sleep(_GONE)
    before, cpu = server.memory_mb(), server.cpu_seconds()
    for _ in range(_ONE_AFTER_ANOTHER):
        with server.visitor() as context:
            open_explore(context, server.address)
    time.sleep(_GONE)
    return Figure(
        task=f"memory that {_ONE_AFTER_ANOTHER} visitors leave",
        size=size,
        program=OURS,
        cpu_ms=1e3 * (server.cpu_seconds() - cpu),
        memory_mb=server.memory_mb() - before,
    )
