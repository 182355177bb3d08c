"""Many visitors at once: pages that tap in turn, two browsers and a training beside them.

Run ``python tests/benchmarks/load.py [--pages 50] [--minutes 10]``: it prints how long maps take
after a tap, the CPU time of the server, and its memory: after a first crowd of as many has come and
left, at most, and after the second has left, which must be as small. A page is a websocket that
speaks Bokeh's protocol, and keeps nothing but a few names of models.
"""

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from websocket_page import Page

from galmass_core.benchmarks import visitors
from galmass_core.benchmarks.browser import chromium_browser, dashboard
from galmass_core.benchmarks.invented import make_runs
from galmass_core.datasets.dataset import DataSet

EVERY = 10.0  # s between two taps of a page
SLOWEST = 2.0  # s that 95 % of taps may take
GROWTH = 0.05  # of the memory from crowd to crowd
KEPT = 100  # taps after which the server keeps as many maps for all visitors as it ever does
LEFT = (
    75.0  # s after the last has left: 30 until a session ends, 5 until that is looked for, and rest
)


@dataclass
class Tally:
    """What was measured."""

    waits: list[float] = field(default_factory=list)  # s
    errors: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        spread = "no taps"
        if self.waits:
            half, most, last = np.percentile(self.waits, [50, 95, 100])
            spread = f"p50 {half:.2f} s, p95 {most:.2f} s, max {last:.2f} s"
        return f"{len(self.waits)} taps, {len(self.errors)} errors, {spread}"


async def visit(page: Page, start: float, end: float, tally: Tally) -> None:
    """Tap every ten seconds."""
    try:
        await page.drain(start)
        while time.monotonic() < end:
            begin = time.monotonic()
            tally.waits.append(await page.tap())
            await page.drain(max(0.0, EVERY - (time.monotonic() - begin)))
    except Exception as error:
        tally.errors.append(f"{type(error).__name__}: {error}")
    finally:
        page.close()


def browse(address: str, stop: threading.Event, tally: Tally) -> None:
    """Tap in two browsers."""
    try:
        with chromium_browser() as chromium:
            server = visitors.Server(chromium, address, 0)
            with server.visitor() as first, server.visitor() as second:
                pages = [visitors.open_explore(context, address) for context in (first, second)]
                for page in pages:
                    page.wait_for_function(f"{visitors.SCATTER}?.has_finished()")
                turn = 0
                while not stop.wait(EVERY / 2):
                    turn += 1
                    begin = time.perf_counter()
                    visitors.tap(pages[turn % 2], 0.2 + 0.1 * (turn // 2 % 6))
                    tally.waits.append(time.perf_counter() - begin)
    except Exception as error:
        tally.errors.append(f"{type(error).__name__}: {error}")


@contextmanager
def training(data: DataSet) -> Iterator[None]:
    """Train a network meanwhile, at the low priority of the Train page."""
    command = ["nice", "-n", "10", sys.executable, "-m", "galmass_core.cli", "train"]
    command += [str(data.path), "--experiment", "mstar/r", "--preset", "laptop", "--epochs", "500"]
    command += ["--home", str(data.path.parent)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        ended = process.poll()
        process.kill()
        process.wait()
        print("training: " + ("beside all taps" if ended is None else f"ended early, {ended}"))


async def watch(server: visitors.Server, most: list[float]) -> None:
    """Note the largest memory of the server."""
    while True:
        most[0] = max(most[0], server.memory_mb())
        await asyncio.sleep(1)


async def arrive(server: visitors.Server, data: DataSet, count: int) -> list[Page]:
    """Open pages, one after another."""
    pages = [Page(server.address, data, seed) for seed in range(count)]
    for page in pages:
        await page.open()
    await asyncio.gather(*(page.drain(3) for page in pages))
    return pages


async def soak(server: visitors.Server, data: DataSet, count: int, minutes: float) -> Tally:
    """Open pages, one after another, and tap; return the waits of all."""
    most = [0.0]
    first = Page(server.address, data, -1)  # the first visitor finds nothing read yet
    await first.open()
    await first.drain(5)
    for _ in range(KEPT):
        await first.tap()
    alone, spent = server.memory_mb(), server.cpu_seconds()
    watching = asyncio.create_task(watch(server, most))
    crowd = await arrive(server, data, count)
    print(f"arrival: {(server.cpu_seconds() - spent) / count:.2f} CPU-s of the server, ", end="")
    print(f"{(server.memory_mb() - alone) / count:.1f} MB", flush=True)
    for page in crowd:
        page.close()
    await asyncio.sleep(LEFT)
    before = server.memory_mb()
    pages = await arrive(server, data, count)

    spent, begin = server.cpu_seconds(), time.monotonic()
    await asyncio.gather(*(page.drain(EVERY) for page in pages))
    rest = (server.cpu_seconds() - spent) / (time.monotonic() - begin)
    print(f"at rest: {rest:.3f} CPU-s each second for {count} pages", flush=True)

    tally, browsers, stop = Tally(), Tally(), threading.Event()
    browsing = threading.Thread(target=browse, args=(server.address, stop, browsers))
    with training(data):
        browsing.start()
        spent, begin = server.cpu_seconds(), time.monotonic()
        end = begin + 60 * minutes
        starts = [EVERY * number / count for number in range(count)]
        await asyncio.gather(
            *(visit(page, at, end, tally) for page, at in zip(pages, starts, strict=True))
        )
        spent, lasted = server.cpu_seconds() - spent, time.monotonic() - begin
        stop.set()
        await asyncio.to_thread(browsing.join)
    each = (spent - rest * lasted) / max(1, len(tally.waits) + len(browsers.waits))
    print(f"pages: {tally}\nbrowsers: {browsers}")
    print(f"tap: {each:.3f} CPU-s of the server; {spent / lasted:.2f} CPU-s each second in all")
    first.close()
    await asyncio.sleep(LEFT)
    watching.cancel()
    after = server.memory_mb()
    print(
        f"memory: {alone:.0f} MB with one page, {before:.0f} after a first crowd, "
        f"{most[0]:.0f} at most, {after:.0f} after all have left"
    )
    grown = after / before - 1
    leak = [f"memory grew by {grown:.0%} from crowd to crowd"] * (grown > GROWTH)
    return Tally(tally.waits, tally.errors + browsers.errors + leak)


def main() -> int:
    """Run the command; 0 without errors, if 95 % of taps were quick enough and memory is flat."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--samples", type=int, default=28_110)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = visitors.crowded(Path(folder), args.samples)
        make_runs(Path(folder), data, inputs=("r", "r+2V"))
        log = Path(folder) / "server.log"
        with dashboard(data.path, log) as (address, process):
            server = visitors.Server(None, address, process)
            tally = asyncio.run(soak(server, data, args.pages, args.minutes))
        lines = log.read_text(encoding="utf-8").splitlines()
    wrong = [line for line in lines if re.search(r"ERROR|Traceback|Error:|WARNING", line)]
    tally.errors += [f"log: {line}" for line in wrong]
    for error in dict.fromkeys(tally.errors):
        print(error)
    return int(bool(tally.errors) or bool(np.percentile(tally.waits or [np.inf], 95) > SLOWEST))


if __name__ == "__main__":
    sys.exit(main())
