"""Lock a folder for one writing process, and show other processes whether it is alive.

A lock of the operating system, released when its process ends, decides who may write. A small file
next to it names the owner, for processes that only read and for those on other machines.
"""

import json
import os
import platform
import time
from collections.abc import Iterator, Mapping
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
        if is_locked(folder):  # by an older version, or out of reach of the lock
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


def clear_lock(folder: Path) -> None:
    """Remove the lock of a process that was killed after its work was whole."""
    if (folder / _OWNER).exists() or (folder / _GUARD).exists():
        with suppress(OSError, ValueError), locked(folder):  # a living owner keeps it
            pass


def update_heartbeat(folder: Path) -> None:
    """Update the heartbeat that shows other machines that the lock's owner is alive.

    Raises
    ------
    FileNotFoundError
        If the lock is gone, with its folder perhaps.
    """
    os.utime(folder / _OWNER)


def is_locked(folder: Path) -> bool:
    """Return whether a living process holds a folder's lock.

    A process of this machine is looked up by its number and start time; one of another machine
    is alive if its last heartbeat is younger than `SILENCE`.
    """
    owner = _read_owner(folder)
    return owner is not None and is_alive(owner)


def is_alive(owner: dict[str, Any]) -> bool:
    """Return whether a process lives.

    Parameters
    ----------
    owner : dict
        Its `identity`; and, if it may be one of another machine or have no start time, ``age``: of
        its last heartbeat [s].
    """
    if owner["host"] == platform.node():
        began = _process_start(owner["pid"])
        if began is None or owner["process_start"] is not None:
            return began is not None and abs(began - owner["process_start"]) <= _TOLERANCE
    return bool(owner["age"] < SILENCE)  # elsewhere, or no start time in a file of an older version


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
    stop_process(_read_owner(folder) if is_locked(folder) else None, folder)


def stop_process(owner: Mapping[str, Any] | None, folder: Path) -> None:
    """Send SIGTERM to a process.

    Parameters
    ----------
    owner : mapping or None
        Its `identity`; None if none lives.
    folder : Path
        That it writes.

    Raises
    ------
    ValueError
        If there is none, or it is on another machine.
    """
    if owner is None or owner["host"] != platform.node():
        where = f"it is on {owner['host']}" if owner else "there is none"
        msg = f"{folder}: must be written by a process of this machine to be stopped, but {where}"
        raise ValueError(msg)
    psutil.Process(owner["pid"]).terminate()


def identity(pid: int | None = None) -> dict[str, Any]:
    """Return the identity of a process, which distinguishes processes of the same pid.

    Parameters
    ----------
    pid : int, optional
        Of this machine; this process by default.
    """
    pid = psutil.Process().pid if pid is None else pid
    return {"pid": pid, "process_start": _process_start(pid), "host": platform.node()}


def _read_owner(folder: Path) -> dict[str, Any] | None:
    """Read the owner of the lock, and the ``age`` of the last heartbeat [s]; None without owner."""
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
    """Return the start time of a process [1/100 s since boot]; None if it has ended."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:  # ended, but not yet waited for by its parent
            return None
        return round(_TICKS * (process.create_time() - psutil.boot_time()))
    except psutil.NoSuchProcess:
        return None
