"""Part ``command``: ``galmass build`` of one galaxy's file in a new process, with all its imports.

Once with compiled code at hand, and once as on a fresh install, where it is compiled first. Times
are CPU times of that process.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from galmass_core.benchmarks.galaxies import write_median_galaxy
from galmass_core.benchmarks.timing import OURS, Figure, compare

SIZES = (10_000,)
PEERS: dict[str, str] = {}


def measure(size: int, *, peers: bool) -> Iterator[Figure]:
    """Time the command.

    Parameters
    ----------
    size : int
        Number of stars.
    peers : bool
        Ignored: there are no peers.

    Yields
    ------
    Figure
    """
    with tempfile.TemporaryDirectory() as folder:
        path, compiled = Path(folder) / "cutout_1.hdf5", Path(folder) / "compiled"
        write_median_galaxy(path, stars=size)

        def build(cache: Path | None = None) -> None:
            with tempfile.TemporaryDirectory(dir=folder) as own:
                words = ["build", str(path), "--out", f"{own}/data", "--workers", "1"]
                run_galmass(*words, NUMBA_CACHE_DIR=str(cache or own))

        yield from compare("one galaxy", size, {OURS: lambda: build(compiled)}, children_seconds)
        yield from compare("one galaxy, nothing compiled", size, {OURS: build}, children_seconds)


def run_galmass(*words: str, **variables: str) -> None:
    """Run ``galmass`` in a process of its own."""
    command = [sys.executable, "-m", "galmass_core.cli", *words]
    environment = os.environ | variables
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled once
    subprocess.run(command, env=environment, check=True, capture_output=True)


def children_seconds() -> float:
    """Return the CPU time of all processes that this one has started and seen ending."""
    times = os.times()
    return times.children_user + times.children_system
