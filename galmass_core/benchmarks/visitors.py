"""Part ``visitors``: what visitors of the dashboard cost its server, and wait for, in Chromium.

The data set is a table of copies of the showcase's galaxies with other names and masses; each has
the maps of the original. Runs are random (see `invented`). A wait ends when the browser has drawn
the result; CPU time is the server's alone. Times are medians of several visits or clicks. The
server has been visited before.
"""

import os
import shutil
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from galmass_core.assets import asset
from galmass_core.benchmarks.browser import FIGURES, chromium_browser, dashboard
from galmass_core.benchmarks.invented import enlarge, make_run, replace_samples
from galmass_core.benchmarks.timing import OURS, Figure
from galmass_core.datasets.dataset import DataSet, open_dataset
from galmass_core.galaxy import LINES_OF_SIGHT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

SIZES = (28_110,)
PEERS: dict[str, str] = {}
_PATIENCE = 240_000  # ms, on a busy machine
_ROUNDS = 5  # measured visits or clicks, after one to warm up
_AT_ONCE = 20  # visitors
_PAUSE = 2000  # ms before the first click
_LOOKED_AROUND = 7000  # ms before the first branch is switched, for the page to prepare
_REST, _LITTLE = 1.0, 0.2  # s of rest, and of CPU time in it for looks at the home folder
SWITCHED = ("g−r", "r", "V", "r", "g−r")  # from all four: every combination is a new one
_COMBINATIONS = ("g,r+2V", "r+2V", "2V", "sigma", "r+sigma", "g,r+sigma")

# JavaScript expressions for the state of the page.
READY = "window.Bokeh?.index?.query"
_MAPS = f"{FIGURES}.filter(view => view.model.css_classes.includes('gm-map'))"
SCATTER = f"{FIGURES}.find(view => view.model.css_classes.includes('gm-scatter'))"
IMAGE = "view.model.renderers.find(one => one.glyph?.type === 'Image').data_source.data.image[0]"
SEEN = f"{_MAPS}.length === 4 && {_MAPS}.every(view => view.has_finished())"
_SQUARES = f"""{FIGURES}.filter(view => view.model.below[0]?.axis_label?.startsWith('true')
    && view.has_finished() && view.model.renderers.some(({{data_source}}) =>
        data_source.data.image?.length || data_source.data.shade?.length))"""


@dataclass(frozen=True)
class Server:
    """A dashboard, and a browser to visit it with."""

    browser: "Browser"
    address: str
    process: int

    @contextmanager
    def visitor(self) -> Iterator["BrowserContext"]:
        """Open a visit in a browser with an empty cache."""
        context = self.browser.new_context(  # playwright waits by evaluating text
            viewport={"width": 1400, "height": 900}, bypass_csp=True
        )
        context.set_default_timeout(_PATIENCE)
        try:
            yield context
        finally:
            context.close()

    def cpu_seconds(self) -> float:
        """Return the CPU time of the server so far."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """Return the memory of the server."""
        pages = int(Path(f"/proc/{self.process}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def rest(self) -> None:
        """Wait until the server has little to do."""
        before = -1.0
        while (now := self.cpu_seconds()) - before > _LITTLE:
            before = now
            time.sleep(_REST)

    def figure(self, task: str, size: int, rounds: Sequence[Callable[[], None]]) -> Figure:
        """Time repeated rounds, without the first."""
        spent, waited = [], []
        for call in rounds:
            cpu, begin = self.cpu_seconds(), time.perf_counter()
            call()
            waited.append(time.perf_counter() - begin)
            time.sleep(0.5)  # let the server finish pending work
            spent.append(self.cpu_seconds() - cpu)
        return Figure(
            task=task,
            size=size,
            program=OURS,
            cpu_ms=1e3 * median(spent[1:]),
            wait_ms=1e3 * median(waited[1:]),
        )


def measure(size: int, *, peers: bool) -> Iterator[Figure]:
    """Time arrivals, taps, switches of branches, and a crowd that arrives at once.

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
    with serve_crowd(size, _COMBINATIONS) as server:
        yield first_plot(server, size)
        yield from explore(server, size)
        yield compare_branches(server, size)
        yield all_at_once(server, size)


@contextmanager
def serve_crowd(size: int, inputs: Iterable[str]) -> Iterator[Server]:
    """Serve an invented data set.

    Parameters
    ----------
    size : int
        Number of samples.
    inputs : iterable of str
        Sets of maps from which a run predicts it.

    Yields
    ------
    Server
    """
    with tempfile.TemporaryDirectory() as folder, chromium_browser() as browser:
        data = crowded(Path(folder), size)
        for each in inputs:
            make_run(Path(folder), data, f"mstar/{each}", 0.05)
        with dashboard(data.path, Path(folder) / "server.log") as (address, process):
            yield Server(browser, address, process)


def crowded(folder: Path, size: int) -> DataSet:
    """Create a data set of a given number of samples."""
    path = folder / f"crowd-{size}"
    shutil.copytree(asset("showcase"), path)
    few = open_dataset(path)
    enlarge(few, -(-size // len(few)))
    many = open_dataset(path)
    replace_samples(many, many.samples[: size // len(LINES_OF_SIGHT) * len(LINES_OF_SIGHT)])
    return open_dataset(path)


def first_page(server: Server, size: int) -> Figure:
    """Time the page's frame, before any script has run."""

    def read() -> None:
        with urllib.request.urlopen(server.address) as page:
            page.read()

    return server.figure("HTML", size, [read] * (1 + _ROUNDS))


def first_plot(server: Server, size: int) -> Figure:
    """Time until a new visitor has the four maps of a galaxy.

    Parameters
    ----------
    server : Server
    size : int
        Number of samples, or of galaxies.

    Returns
    -------
    Figure
    """

    def visit() -> None:
        with server.visitor() as context:
            open_explore(context, server.address)

    return server.figure("first plots of a visitor", size, [visit] * (1 + _ROUNDS))


def open_explore(context: "BrowserContext", address: str) -> "Page":
    """Open the page Explore and wait for the maps."""
    page = context.new_page()
    page.goto(address, wait_until="commit")
    page.wait_for_function(f"{READY} && {SEEN}")
    return page


def explore(server: Server, size: int) -> Iterator[Figure]:
    """Time taps in the scatter, and zooms into it."""
    with server.visitor() as context:
        page = open_explore(context, server.address)
        page.wait_for_function(f"{SCATTER}?.has_finished()")
        page.wait_for_timeout(_PAUSE)
        taps = [partial(tap, page, 0.2 + 0.1 * number) for number in range(1 + _ROUNDS)]
        yield server.figure("tap to four maps", size, taps)
        yield server.figure("zoom to new picture", size, [partial(zoom, page)] * (1 + _ROUNDS))


def tap(page: "Page", share: float) -> None:
    """Click on the diagonal of the scatter, and wait for the maps of the galaxy there."""
    page.evaluate(f"() => {{ window.before = {_MAPS}.map(view => {IMAGE}) }}")
    place = page.evaluate(
        f"""share => {{
            const view = {SCATTER}, {{left, top, width, height}} = view.frame.bbox
            view.el.scrollIntoView({{block: 'center'}})
            const box = view.el.getBoundingClientRect()
            return [box.left + left + share * width, box.top + top + (1 - share) * height]
        }}""",
        share,
    )
    page.mouse.click(*place)
    page.wait_for_function(f"{SEEN} && {_MAPS}.every((view, at) => {IMAGE} !== before[at])")


def zoom(page: "Page") -> None:
    """Zoom into the scatter by a tenth, and wait for the new image of its points."""
    page.evaluate(
        f"""() => {{
            const view = {SCATTER}
            window.before = {IMAGE}
            for (const range of [view.model.x_range, view.model.y_range]) {{
                const step = 0.05 * (range.end - range.start)
                range.setv({{start: range.start + step, end: range.end - step}})
            }}
            view.trigger_ranges_update_event()
        }}"""
    )
    page.wait_for_function(f"[{SCATTER}].every(view => {IMAGE} !== before)")


def compare_branches(server: Server, size: int) -> Figure:
    """Time switching branches until their panel is drawn, each in its own panel."""
    with server.visitor() as context:
        page = context.new_page()
        page.goto(f"{server.address}?page=compare&panels=g,r%2B2V&branches=g,r%2B2V")
        _wait_for_panels(page, 1)
        page.wait_for_timeout(_LOOKED_AROUND)

        def switch(branch: str, count: int) -> None:
            buttons = page.locator(".gm-branches")
            buttons.get_by_role("button", name=branch, exact=True).click()
            _wait_for_panels(page, count)

        rounds = [partial(switch, branch, 2 + at) for at, branch in enumerate(SWITCHED)]
        return server.figure("branch toggle to new scatter", size, rounds)


def _wait_for_panels(page: "Page", count: int) -> None:
    """Wait until a number of panels have their samples."""
    page.wait_for_function(f"{READY} && {_SQUARES}.length === {count}")


def all_at_once(server: Server, size: int) -> Figure:
    """Time simultaneous visitors until the last has the maps, with the memory of each; all tap."""
    with server.visitor() as context:
        before, cpu, begin = server.memory_mb(), server.cpu_seconds(), time.perf_counter()
        pages = [context.new_page() for _ in range(_AT_ONCE)]
        for page in pages:
            page.goto(server.address, wait_until="commit")
        for page in pages:
            page.wait_for_function(f"{READY} && {SEEN}")
        waited = time.perf_counter() - begin
        spent, memory = server.cpu_seconds() - cpu, (server.memory_mb() - before) / _AT_ONCE
        for page in pages:
            page.wait_for_function(f"{SCATTER}?.has_finished()")
            tap(page, 0.5)
    return Figure(
        task=f"{_AT_ONCE} visitors at once, the last",
        size=size,
        program=OURS,
        cpu_ms=1e3 * spent,
        wait_ms=1e3 * waited,
        memory_mb=memory,
    )
