"""Part ``scale``: a simulation at TNG100's resolution, from its files on disk to a page.

The synthetic universe is written as a snapshot in TNG's layout with as many particles as TNG100 has
(about 20 MB a galaxy; large haloes of hot gas are thinned), its galaxies are selected by the
catalogue, built, learned from, and served. Each stage has processes of its own: CPU time is that of
all of them, memory the most that they held at one time. Two sizes show how a stage grows.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil

from galmass_core.benchmarks.browser import chromium_browser, dashboard
from galmass_core.benchmarks.timing import OURS, Figure
from galmass_core.benchmarks.visitors import Server, first_plot

SIZES = (100, 1_000)
PEERS: dict[str, str] = {}
_WORKERS = 2
_TRAININGS = {
    "train trees": ["--experiment", "mstar/features"],
    "train a laptop network": ["--experiment", "mstar/r+2V", "--preset", "laptop"],
}
_GALMASS = ("-m", "galmass_core.cli")
_WRITE = """
from math import inf
from galmass_core.synthetic.universe import write_universe
write_universe({folder!r}, {size}, seed=1, workers={workers}, most_particles=inf)
"""
_SELECT = """
from galmass_core.sources import find_galaxies
print(len(find_galaxies([{folder!r}]).galaxies))
"""
_INTERVAL = 0.2  # s between two looks at the memory


def measure(size: int, *, peers: bool) -> Iterator[Figure]:
    """Time the stages from a snapshot to a page.

    Parameters
    ----------
    size : int
        Number of galaxies.
    peers : bool
        Ignored: there are no peers.

    Yields
    ------
    Figure
        With what the stage left on disk.

    Raises
    ------
    ChildProcessError
        If a stage fails; with its output.
    NoBrowserError
        If no browser is available.
    """
    with tempfile.TemporaryDirectory() as home, chromium_browser() as browser:
        particles, data = Path(home) / "particles", Path(home) / "data"
        values = {"folder": str(particles), "size": size, "workers": _WORKERS}
        yield run_stage("write the snapshot", size, particles, "-c", _WRITE.format_map(values))
        yield run_stage("select by the catalogue", size, None, "-c", _SELECT.format_map(values))
        arguments = [str(particles), "--out", str(data), "--workers", str(_WORKERS)]
        yield run_stage("build", size, data, *_GALMASS, "build", *arguments)
        for task, experiment in _TRAININGS.items():
            out = Path(home) / "runs" / task.replace(" ", "-")
            arguments = [str(data), *experiment, "--out", str(out), "--home", home]
            yield run_stage(task, size, out, *_GALMASS, "train", *arguments)
        with dashboard(data, Path(home) / "server.log") as (address, process):
            server = Server(browser, address, process)
            plot = first_plot(server, size)
            yield replace(plot, memory_mb=server.memory_mb())


def run_stage(task: str, size: int, out: Path | None, *arguments: str) -> Figure:
    """Run Python for one stage, and measure it.

    Parameters
    ----------
    task : str
        Name of the stage.
    size : int
        Number of galaxies.
    out : Path or None
        Folder that the stage writes.
    *arguments : str
        Of Python.

    Returns
    -------
    Figure

    Raises
    ------
    ChildProcessError
        If the stage fails; with its output.
    """
    begin, spent, most = time.perf_counter(), _cpu_of_children(), 0.0
    with tempfile.TemporaryFile("w+") as output:
        process = psutil.Popen([sys.executable, *arguments], stdout=output, stderr=output)
        while process.poll() is None:
            most = max(most, _memory(process))
            time.sleep(_INTERVAL)
        if process.returncode:
            output.seek(0)
            msg = f"{task} must succeed, but its output is:\n{output.read()}"
            raise ChildProcessError(msg)
    return Figure(
        task=task,
        size=size,
        program=OURS,
        cpu_ms=1e3 * (_cpu_of_children() - spent),
        wait_ms=1e3 * (time.perf_counter() - begin),
        memory_mb=most / 2**20,
        disk_mb=None if out is None else _bytes(out) / 1e6,
    )


def _cpu_of_children() -> float:
    """Return the CPU seconds of all processes that were started here and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _memory(process: psutil.Process) -> float:
    """Return the bytes that a process and its children hold; what they share counts for each."""
    total = 0.0
    with suppress(psutil.NoSuchProcess):  # ended meanwhile
        for one in (process, *process.children(recursive=True)):
            total += one.memory_info().rss
    return total


def _bytes(folder: Path) -> int:
    """Return the size of the files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
