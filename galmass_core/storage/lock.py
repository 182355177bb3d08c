"""Lock a folder for one writing process, and show every other process whether that one lives.

A lock of the operating system, which ends with its process, decides who may write. A small file
beside it names the owner, for processes that only read and for those on other machines.
"""

import json
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from galmass_core.storage.atomic import write_json

SILENCE = 900.0  # s without a heartbeat after which a process on another machine counts as dead
_OWNER, _GUARD = "lock", "lock.os"
_TICKS = 100  # a second; unit of `process_start`, which Linux reports in these
_TOLERANCE = 2 * _TICKS  # clocks of some systems are corrected between two readings


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock; the lock of a dead process is taken over.

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
    guard, owner = FileLock(folder / _GUARD, timeout=0), folder / _OWNER
    try:
        guard.acquire()
    except Timeout as error:
        raise ValueError(_taken(folder)) from error
    try:
        if is_locked(folder):  # by an older version, or from where the guard does not reach
            raise ValueError(_taken(folder))
        write_json(owner, identity())
        try:
            yield
        finally:
            owner.unlink(missing_ok=True)
    finally:
        with suppress(OSError):  # Windows keeps open files
            (folder / _GUARD).unlink()
        guard.release()


def show_life(folder: Path) -> None:
    """Update the heartbeat by which other machines see that the lock's owner lives."""
    (folder / _OWNER).touch()


def is_locked(folder: Path) -> bool:
    """Whether a living process holds a folder's lock.

    A process of this machine is looked up by its number and start time; one of another machine
    lives if its last heartbeat is younger than `SILENCE`.
    """
    owner = _read_owner(folder)
    if owner is None:
        return False
    if owner["host"] == platform.node():
        began = _process_start(owner["pid"])
        if began is None or owner["process_start"] is not None:
            return began is not None and abs(began - owner["process_start"]) <= _TOLERANCE
    return owner["age"] < SILENCE  # elsewhere, or no start time in a file of an older version


def stop_owner(folder: Path) -> None:
    """Send SIGTERM to the process that holds a folder's lock.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    ValueError
        If no living process of this machine holds it.
    """
    owner = _read_owner(folder) if is_locked(folder) else None
    if owner is None or owner["host"] != platform.node():
        where = f"it is on {owner['host']}" if owner else "there is none"
        msg = f"{folder}: must be written by a process of this machine to be stopped, but {where}"
        raise ValueError(msg)
    psutil.Process(owner["pid"]).terminate()


def identity() -> dict[str, Any]:
    """Return what distinguishes this process from all others, also from a later one of its pid."""
    pid = psutil.Process().pid
    return {"pid": pid, "process_start": _process_start(pid), "host": platform.node()}


def _read_owner(folder: Path) -> dict[str, Any] | None:
    """Read who holds the lock, and the ``age`` of the last heartbeat [s]; None if nobody."""
    try:
        owner = json.loads((folder / _OWNER).read_text(encoding="utf-8"))
        return owner | {"age": time.time() - (folder / _OWNER).stat().st_mtime}
    except FileNotFoundError:
        return None


def _taken(folder: Path) -> str:
    """Return the message for a folder that another process holds."""
    owner = _read_owner(folder)
    by = f"process {owner['pid']} on {owner['host']}" if owner else "another process"
    return f"{folder}: is being written by {by}"


def _process_start(pid: int) -> int | None:
    """Return when a process began [1/100 s since boot]; None if it has ended."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:  # ended, its parent has not looked yet
            return None
        return round(_TICKS * (process.create_time() - psutil.boot_time()))
    except psutil.NoSuchProcess:
        return None
