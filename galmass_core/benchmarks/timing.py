"""Measure the CPU time of calls in one process, and its growth with size."""

import math
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from galmass_core import __version__

OURS = "galmass"
_TURNS, _ROUNDS = 3, 6  # each program six times in a row, then the next; all that three times
_SECONDS = 0.5  # of CPU, after which a program's turn is over
_LONG = 2.0  # seconds of CPU, after which it gets no further turn

Call = Callable[[], Any]
Clock = Callable[[], float]  # seconds


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measurement.

    Attributes
    ----------
    task : str
        Name of the task.
    size : int
        Number of stars, galaxies, samples or rows.
    program : str
        ``galmass`` or a peer.
    cpu_ms : float
        Minimum CPU time of several rounds after a warm-up, ms; on a GPU, minimum wall time.
    ratio : float or None
        CPU time of galmass over that of this peer.
    mb_per_s, stored_mb_per_s : float or None
        Arrays returned, and stored data read, in 10⁶ bytes per second of CPU time.
    error : float or None
        Relative error, of the kind that the task names.
    wait_ms : float or None
        Waiting time of a visitor, or of whoever started a stage, ms.
    memory_mb : float or None
        Peak memory of the process, MB.
    disk_mb : float or None
        What a stage left on disk, 10⁶ bytes.
    growth : float or None
        Exponent of the CPU time in the size, since the next smaller size; 1.1 is N log N.
    """

    task: str
    size: int
    program: str
    cpu_ms: float
    ratio: float | None = None
    mb_per_s: float | None = None
    stored_mb_per_s: float | None = None
    error: float | None = None
    wait_ms: float | None = None
    memory_mb: float | None = None
    disk_mb: float | None = None
    growth: float | None = None


def compare(
    task: str, size: int, calls: Mapping[str, Call], clock: Clock = time.process_time
) -> list[Figure]:
    """Time equivalent calls in turns, so that a busy machine slows all of them alike.

    Parameters
    ----------
    task : str
    size : int
    calls : mapping of str to callable
        By program; galmass's own under ``galmass``.
    clock : function
        Time so far [s]; by default that of the CPU, all threads together.

    Returns
    -------
    list of Figure
        In the order of ``calls``.
    """
    for call in calls.values():
        call()  # compiles
    spent: dict[str, list[float]] = {program: [] for program in calls}
    for _ in range(_TURNS):
        for program, call in calls.items():
            if sum(spent[program]) < _LONG:
                spent[program] += _rounds(call, clock)
    least = {program: min(seconds) for program, seconds in spent.items()}
    return [
        Figure(
            task=task,
            size=size,
            program=program,
            cpu_ms=1e3 * seconds,
            ratio=least[OURS] / seconds if program != OURS and OURS in least else None,
        )
        for program, seconds in least.items()
    ]


def _rounds(call: Call, clock: Clock) -> list[float]:
    """Return the seconds of several calls in a row, or of one if it is long."""
    spent: list[float] = []
    while len(spent) < _ROUNDS and sum(spent) < _SECONDS:
        begin = clock()
        call()
        spent.append(clock() - begin)
    return spent


def with_growth(figures: Sequence[Figure]) -> list[Figure]:
    """Add to each figure how its CPU time grew since the next smaller size of the same task."""
    before: dict[tuple[str, str], Figure] = {}
    grown = []
    for figure in sorted(figures, key=lambda figure: figure.size):
        key = figure.task, figure.program
        smaller, before[key] = before.get(key), figure
        grown.append(replace(figure, growth=_exponent(smaller, figure)))
    tasks = list(dict.fromkeys(figure.task for figure in figures))
    return sorted(grown, key=lambda figure: tasks.index(figure.task))


def _exponent(smaller: Figure | None, larger: Figure) -> float | None:
    """Return the growth from one size to the next; None without two sizes."""
    if smaller is None or smaller.size == larger.size:
        return None
    return math.log(larger.cpu_ms / smaller.cpu_ms) / math.log(larger.size / smaller.size)


def describe_machine() -> dict[str, Any]:
    """Return the conditions of the figures: processor, load, versions."""
    import numba

    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
        "galmass": __version__,
    }


def _processor() -> str:
    """Return the name of the processor, if the system reports it."""
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
