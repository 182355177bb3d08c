"""A folder -> written by one process at a time, and everybody can see whether that one lives."""

import json
import os
import platform
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SILENCE = 900.0  # s without a sign of life after which a process out of sight counts as dead
_NAME = "lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock; one whose owner died is taken over.

    Parameters
    ----------
    folder : Path

    Yields
    ------
    None

    Raises
    ------
    ValueError
        If another process holds it.
    """
    lock, mine = folder / _NAME, folder / f"{_NAME}.{os.getpid()}"
    if is_locked(folder):
        owner = json.loads(lock.read_text(encoding="utf-8"))
        msg = f"{folder}: is being written by process {owner['pid']} on {owner['host']}"
        raise ValueError(msg)
    lock.unlink(missing_ok=True)
    mine.write_text(json.dumps(identity()), encoding="utf-8")
    try:
        os.link(mine, lock)  # unlike a rename, fails where another process was quicker
    except FileExistsError as error:
        msg = f"{folder}: is being written by another process"
        raise ValueError(msg) from error
    finally:
        mine.unlink()
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def show_life(folder: Path) -> None:
    """Tell processes on other machines that the owner of a folder's lock lives."""
    os.utime(folder / _NAME)


def is_locked(folder: Path) -> bool:
    """Whether a living process holds a folder's lock.

    A process of this machine is looked up by its number and the time it began; one of another
    machine lives if it gave a sign of it within `SILENCE`.
    """
    lock = folder / _NAME
    try:
        owner = json.loads(lock.read_text(encoding="utf-8"))
        age = time.time() - lock.stat().st_mtime
    except FileNotFoundError:
        return False
    if owner["host"] == platform.node() and owner["process_start"] is not None:
        return _process_start(owner["pid"]) == owner["process_start"]
    return age < SILENCE


def stop_owner(folder: Path) -> None:
    """Tell the process that holds a folder's lock to stop, by SIGTERM.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    ValueError
        If no living process of this machine holds it.
    """
    host = None
    if is_locked(folder):
        owner = json.loads((folder / _NAME).read_text(encoding="utf-8"))
        pid, host = owner["pid"], owner["host"]
    if host != platform.node():
        where = f"it is on {host}" if host else "there is none"
        msg = f"{folder}: must be written by a process of this machine to be stopped, but {where}"
        raise ValueError(msg)
    os.kill(pid, signal.SIGTERM)


def identity() -> dict[str, Any]:
    """Tell this process from all others, also from a later one of the same number."""
    pid = os.getpid()
    return {"pid": pid, "process_start": _process_start(pid), "host": platform.node()}


def _process_start(pid: int) -> int | None:
    """Return when a process began [clock ticks since boot]; None if it is gone or not Linux."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    state, start = fields[0], int(fields[19])
    return None if state in "ZX" else start  # a zombie has died, its parent has not looked yet
