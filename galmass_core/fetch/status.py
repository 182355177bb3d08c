"""How a fetch stands, for whoever watches: a JSON file in its folder, and a list of faults.

FOLDER/
  status.json    what was requested, how far it is, and how it ended
  faults.txt     what went wrong, one line each, also what another attempt cured
"""

import shutil
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from galmass_core.datasets.folders import home_folder
from galmass_core.fetch.errors import NothingWorksError
from galmass_core.storage.atomic import write_json
from galmass_core.storage.lock import is_locked, locked, update_heartbeat
from galmass_core.storage.schema import (
    ANYTHING,
    TEXT,
    TIME,
    fields,
    list_of,
    nullable,
    number,
    object_of,
    one_of,
    read_json,
)

STATUS, FAULTS = "status.json", "faults.txt"
LOG = "log.txt"  # output of a command that ran in the background
STATES = ("starting", "running", "finished", "stopped", "failed", "died")
ACTIVE = STATES[:2]  # while a process works on it
NAMED = 20  # galaxies that could not be fetched, of which the reason is kept in the status
_STARTUP = 120.0  # s in which a process that was started must have taken over
EVERY = 0.5  # s between two updates of the file
_WINDOW, _SHORTEST = 120.0, 0.2  # s over which rates are measured, and the least
_COUNT = number(0)
_RATE = nullable(number())
_RULE = fields(
    {
        "state": one_of(*STATES),
        "request": object_of(ANYTHING),
        "started": TIME,
        "ended": nullable(TIME),
        "stage": TEXT,
        "reason": TEXT,
        "total": nullable(_COUNT),
        "all_bytes": nullable(_COUNT),
        "per_second": _RATE,
        "bytes_per_second": _RATE,
        "seconds_left": _RATE,
        "done": _COUNT,
        "bytes": _COUNT,
        "failed": _COUNT,
        "reasons": list_of(TEXT),
    }
)
_TAIL = 4096  # bytes of the list of faults that are searched for the last


@dataclass(frozen=True)
class Status:
    """State of a fetch when its folder was read.

    Attributes
    ----------
    folder : Path
    content : dict
        Content of ``status.json``: ``state`` (one of `STATES`), ``request``, ``started``,
        ``ended``, ``stage`` (``catalogue``, ``cutouts`` or ``maps``), ``done`` and ``total`` of
        what the stage counts, ``bytes`` and ``all_bytes`` (None where that is unknown),
        ``per_second`` (galaxies), ``bytes_per_second``, ``seconds_left`` (None where unknown),
        ``failed`` (their number), ``reasons`` (of the first) and ``reason`` (why it failed).
    """

    folder: Path
    content: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.name

    @property
    def state(self) -> str:
        """State of the fetch."""
        return str(self.content["state"])

    @property
    def request(self) -> dict[str, Any]:
        """What was requested, by the names of the arguments of ``galmass fetch``."""
        return dict(self.content["request"])

    @property
    def last_fault(self) -> str:
        """The last thing that went wrong since it was started; empty if nothing did."""
        with suppress(FileNotFoundError), (self.folder / FAULTS).open("rb") as stream:
            stream.seek(max(0, stream.seek(0, 2) - _TAIL))
            lines = stream.read().decode(errors="replace").splitlines()
            if lines:
                when, _, text = lines[-1].partition("\t")
                return text if when >= self.content["started"] else ""
        return ""


class StatusWriter:
    """Writer of a fetch's status, created by `write_status`; may be used by several threads."""

    def __init__(self, folder: Path, request: Mapping[str, Any]) -> None:
        self.folder, self._content = folder, _beginning(request) | {"state": "running"}
        self._written, self._lock = 0.0, Lock()
        self._marks: deque[tuple[float, int, int]] = deque()  # time, done, bytes

    @property
    def note(self) -> str:
        """How many bytes there are, and how long it still takes, for a progress bar."""
        now = self._content
        if now["all_bytes"] is None:
            return size_text(now["bytes"])
        left = "" if now["seconds_left"] is None else f", {now['seconds_left'] / 3600:.1f} h left"
        return f"{size_text(now['bytes'])} of {size_text(now['all_bytes'])}{left}"

    def begin_stage(self, stage: str, all_bytes: int | None = None) -> None:
        """Begin to count something else."""
        self._marks.clear()
        counts = {"done": 0, "total": None, "bytes": 0, "all_bytes": all_bytes}
        self._update(stage=stage, **counts, per_second=None, bytes_per_second=None)

    def add_bytes(self, count: int) -> None:
        """Count bytes that have come, where nothing else is known of them."""
        self.report(size=self._content["bytes"] + count)

    def report(
        self,
        done: int | None = None,
        total: int | None = None,
        *,
        size: int | None = None,
        failed: int = 0,
        reasons: Sequence[str] = (),
    ) -> None:
        """Report progress; cheap enough for every block of bytes.

        Parameters
        ----------
        done, total : int, optional
            Of what the stage counts; as before by default.
        size : int, optional
            Bytes so far; as before by default.
        failed : int
        reasons : sequence of str
            Which galaxies failed, and why.
        """
        with self._lock:
            content = self._content
            content["done"] = content["done"] if done is None else done
            content["total"] = content["total"] if total is None else total
            content["bytes"] = content["bytes"] if size is None else size
            content["failed"] = failed
            content["reasons"] = list(reasons[:NAMED])
            self._measure(time.monotonic())
            if time.monotonic() - self._written > EVERY:
                self._write()

    def end(self, state: str, reason: str = "") -> None:
        """Write the state in which the fetch ends, and when."""
        self._update(state=state, reason=reason, ended=_now(), seconds_left=None)

    def _measure(self, now: float) -> None:
        """Measure rates over the last minutes."""
        content = self._content
        self._marks.append((now, content["done"], content["bytes"]))
        while now - self._marks[0][0] > _WINDOW and len(self._marks) > 2:
            self._marks.popleft()
        began, done, size = self._marks[0]
        if now - began <= _SHORTEST:
            return
        content["per_second"] = (content["done"] - done) / (now - began)
        content["bytes_per_second"] = speed = (content["bytes"] - size) / (now - began)
        left = content["all_bytes"] and content["all_bytes"] - content["bytes"]
        content["seconds_left"] = left / speed if left is not None and speed > 0 else None

    def _update(self, **entries: object) -> None:
        with self._lock:
            self._content |= entries
            self._write()

    def _write(self) -> None:
        """Write the file, and show other machines that this process is alive."""
        self._written = time.monotonic()
        update_heartbeat(self.folder)
        write_json(self.folder / STATUS, self._content)


@contextmanager
def write_status(folder: Path, request: Mapping[str, Any]) -> Iterator[StatusWriter]:
    """Lock a folder and write how its fetch stands while the block works.

    It is ``finished`` when the block ends, ``stopped`` when it is interrupted, and ``failed`` with
    the reason when it raises.

    Parameters
    ----------
    folder : Path
        Created if it is missing.
    request : mapping
        What is requested, for JSON, by the names of the arguments of ``galmass fetch``.

    Yields
    ------
    StatusWriter

    Raises
    ------
    ValueError
        If another process fetches into the folder.
    NothingWorksError
        If the folder is deleted meanwhile.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        writer = StatusWriter(folder, request)
        try:
            writer.begin_stage("catalogue")
            yield writer
        except KeyboardInterrupt:
            _end(writer, "stopped")
            raise
        except BaseException as error:
            if not (folder / STATUS).exists():
                msg = f"{folder}: must stay there while galaxies are fetched, but it is gone"
                raise NothingWorksError(msg) from error
            _end(writer, "failed", str(error) or type(error).__name__)
            raise
        writer.end("finished")


def _end(writer: StatusWriter, state: str, reason: str = "") -> None:
    """Write why a fetch ends early; the error itself counts more than one of writing."""
    with suppress(OSError):
        writer.end(state, reason)


def announce(folder: Path, request: Mapping[str, Any]) -> None:
    """Write that a process is about to be started, for others to see before it has come up."""
    write_json(folder / STATUS, _beginning(request) | {"state": "starting"})


def give_up(folder: Path, reason: str) -> None:
    """Write that the process that was announced has ended before it took over, unless it did."""
    with suppress(FileNotFoundError):
        content = _read(folder)
        if content["state"] == "starting" and not is_locked(folder):
            ended = {"state": "failed", "reason": reason, "ended": _now()}
            write_json(folder / STATUS, content | ended)


def note_fault(folder: Path, text: str) -> None:
    """Add a line to the list of faults; by any process that works for the fetch."""
    with suppress(FileNotFoundError), (folder / FAULTS).open("a", encoding="utf-8") as stream:
        stream.write(f"{_now()}\t{' '.join(text.split())}\n")


def fetches_folder() -> Path:
    """Return the folder of the fetches that the dashboard starts, in the home folder."""
    return home_folder() / "fetches"


def read_status(folder: Path) -> Status:
    """Read how a fetch stands; the state of an active one without a process is ``died``.

    Raises
    ------
    FileNotFoundError
        If the folder has no status.
    ValueError
        If the status is damaged.
    """
    content = _read(folder)
    if _is_lost(folder, content):
        content = _read(folder)  # it may have ended between the two reads
        if _is_lost(folder, content):
            content["state"] = "died"
    return Status(folder, content)


def free_bytes(path: Path) -> int:
    """Return the space on the disk of a path [bytes], which need not be there yet."""
    there = next(folder for folder in path.absolute().parents if folder.exists())
    return shutil.disk_usage(there).free


def size_text(size: float) -> str:
    """Write a number of bytes with three digits or so."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if size >= 99.5 or unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _is_lost(folder: Path, content: Mapping[str, Any]) -> bool:
    """Return whether no process works any more on a fetch that has not ended."""
    if content["state"] not in ACTIVE or is_locked(folder):
        return False
    age = time.time() - (folder / STATUS).stat().st_mtime
    return content["state"] == "running" or age > _STARTUP


def _read(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = read_json(folder / STATUS, _RULE)
    return content


def _beginning(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a new status."""
    counts = dict.fromkeys(("total", "all_bytes", "per_second", "bytes_per_second", "seconds_left"))
    texts = {"request": dict(request), "started": _now(), "ended": None, "stage": "", "reason": ""}
    return texts | counts | {"done": 0, "bytes": 0, "failed": 0, "reasons": []}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
