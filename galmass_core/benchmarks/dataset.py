"""Part ``dataset``: how the build of a data set grows with its galaxies, in time and memory.

Galaxies are small, so that what is done for each data set and not for each star shows; all are
the same one, read from a file that is there under many names. Every size runs in a process of its
own, whose memory is the most it ever held. A galaxy's maps take 1.5 MB of the temporary folder.
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
        Changes nothing: there are none.

    Yields
    ------
    Figure
    """
    with tempfile.TemporaryDirectory() as folder:
        sources = Path(folder) / "cutouts"
        _write_links(sources, size)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            seconds, memory = alone.submit(_build, sources, Path(folder)).result()
    yield Figure(
        task=f"data set of galaxies of {_STARS} stars",
        size=size,
        program=OURS,
        cpu_ms=1e3 * seconds,
        memory_mb=memory,
    )


def _write_links(sources: Path, count: int) -> None:
    """Write a galaxy once, as so many galaxies that are named by their files."""
    sources.mkdir()
    first = sources / "cutout_0.hdf5"
    write_median_galaxy(first, stars=_STARS)
    with h5py.File(first, "a") as file:
        del file["Header"].attrs["CutoutID"]
    for subhalo in range(1, count):
        (sources / f"cutout_{subhalo}.hdf5").hardlink_to(first)


def _build(sources: Path, folder: Path) -> tuple[float, float]:
    """Build once to warm up, from one galaxy, then from all; CPU seconds and MB."""
    build_dataset([sources], folder / "warm", limit=1)
    begin = time.process_time()
    build_dataset([sources], folder / "whole")
    seconds = time.process_time() - begin
    return seconds, _most_memory()


def _most_memory() -> float:
    """Most memory that this process ever held, MB; NaN where the system does not say."""
    status = Path("/proc/self/status")
    if not status.exists():
        return math.nan
    lines = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
    return int(lines["VmHWM"].split()[0]) / 1024
