"""Part ``dataset``: time and memory of a build by number of galaxies.

Galaxies are small, to show the cost per galaxy rather than per star; all are the same one, read
from files of different names. Every size runs in its own process, whose peak memory is measured. A
galaxy's maps take 1.5 MB of the temporary folder.
"""

import math
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import h5py

from galmass_core.benchmarks.galaxies import write_median_galaxy
from galmass_core.benchmarks.timing import OURS, Figure
from galmass_core.datasets.build import build_dataset

SIZES = (1, 10, 100, 1_000)
PEERS: dict[str, str] = {}
_STARS = 500  # of each galaxy


def measure(size: int, *, peers: bool) -> Iterator[Figure]:
    """Time the build of a data set.

    Parameters
    ----------
    size : int
        Number of galaxies.
    peers : bool
        Ignored: there are no peers.

    Yields
    ------
    Figure
    """
    with tempfile.TemporaryDirectory() as folder:
        sources = Path(folder) / "cutouts"
        write_links(sources, size)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            seconds, memory = alone.submit(_build, sources, Path(folder)).result()
    yield Figure(
        task=f"data set of galaxies of {_STARS} stars",
        size=size,
        program=OURS,
        cpu_ms=1e3 * seconds,
        memory_mb=memory,
    )


def write_links(sources: Path, count: int) -> None:
    """Write a galaxy under many file names."""
    sources.mkdir()
    first = sources / "cutout_0.hdf5"
    write_median_galaxy(first, stars=_STARS)
    with h5py.File(first, "a") as file:
        del file["Header"].attrs["CutoutID"]
    for subhalo in range(1, count):
        (sources / f"cutout_{subhalo}.hdf5").hardlink_to(first)


def _build(sources: Path, folder: Path) -> tuple[float, float]:
    """Build from one galaxy to warm up, then from all; return CPU seconds and MB."""
    build_dataset([sources], folder / "warm", limit=1)
    begin = time.process_time()
    build_dataset([sources], folder / "whole")
    seconds = time.process_time() - begin
    return seconds, _most_memory()


def _most_memory() -> float:
    """Return the peak memory of this process, MB; NaN if the system does not report it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return math.nan
    lines = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
    return int(lines["VmHWM"].split()[0]) / 1024
