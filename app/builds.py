"""Data sets that are built here: ``galmass build``, in a process of its own.

No state is kept: ``builds/NAME`` of the home folder has the order, the log and the files that came
from a browser, also for a server that was started later.
"""

import math
import os
import shlex
import shutil
from collections.abc import Container, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from galmass_app import processes, services
from galmass_app.names import BUILDS, check_name, taken
from galmass_core.datasets.folders import home_folder
from galmass_core.datasets.measure import check_where
from galmass_core.imaging.frames import Frame
from galmass_core.storage.atomic import write_json
from galmass_core.storage.lock import identity, is_alive, stop_process
from galmass_core.storage.progress import work_in_progress
from galmass_core.storage.schema import ANYTHING, TEXT, TIME, fields, list_of, object_of, read_json

ORDER, LOG, FILES = "order.json", "log.txt", "files"
ENDED_EARLY = ("stopped", "failed")  # states from which a build is resumed
SOURCES = "GALMASS_FILES"  # environment variable: the folder whose files may be named
_RULE = fields(
    {"arguments": list_of(TEXT), "started": TIME, "process": object_of(ANYTHING)},
)
_STOPPED = "stopped."  # how the last words of a build begin that was stopped


@dataclass(frozen=True, kw_only=True)
class Order:
    """A build as it is requested."""

    name: str  # of the data set
    source: Path | None  # galaxy file or folder; None if there is none yet
    where: str = ""
    limit: int | None = None
    frame: str = ""  # of the maps, as `Frame.parse` reads it; empty: the paper's
    channels: tuple[str, ...] = ()  # what further maps are made from

    @property
    def arguments(self) -> list[str]:
        """The arguments of ``galmass build``."""
        source = "FOLDER" if self.source is None else str(self.source)
        arguments = ["build", source, "--out", str(home_folder().absolute() / self.name)]
        arguments += [f"--where={self.where}"] * bool(self.where)
        arguments += ["--limit", str(self.limit)] * (self.limit is not None)
        arguments += ["--frame", self.frame] * bool(self.frame)
        return arguments + ["--channels", *self.channels] * bool(self.channels)

    @property
    def command(self) -> str:
        """The command line that does the same."""
        return shlex.join(["galmass", *self.arguments])


@dataclass(frozen=True)
class Build:
    """A build when its folder was read.

    Attributes
    ----------
    folder : Path
        Of the order, the log and the files; its name is the data set's.
    state : str
        ``running``, ``finished``, ``stopped`` or ``failed``.
    done, total : int
        Galaxies, while it is running; 0 where they are not known.
    fault : str
        Why it failed.
    content : dict
        Of ``order.json``.
    """

    folder: Path
    state: str
    done: int
    total: int
    fault: str
    content: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the data set."""
        return self.folder.name

    @property
    def source(self) -> str:
        """What it is built from."""
        return str(self.content["arguments"][1])


def builds_folder() -> Path:
    """Return the folder of the builds that the dashboard starts, in the home folder."""
    return home_folder() / BUILDS


def sources_folder() -> Path:
    """Return the folder whose files may be named: by default where the server was started."""
    return Path(os.environ.get(SOURCES) or Path.cwd()).resolve()


def named_source(text: str) -> Path:
    """Return the file or folder of a path, relative to `sources_folder`.

    Raises
    ------
    ValueError
        If it is elsewhere, or there is none.
    """
    root = sources_folder()
    path = (root / Path(text).expanduser()).resolve()
    if not path.is_relative_to(root):
        msg = f"The files must be inside {root} (see galmass serve --files), got {text}."
        raise ValueError(msg)
    if not path.exists():
        msg = f"There is no {text} in {root}."
        raise ValueError(msg)
    return path


def check(order: Order) -> None:
    """Raise ValueError, in one sentence, if an order cannot be carried out."""
    check_name(order.name)
    if order.source is None:
        msg = "Choose the files of the galaxies first."
        raise ValueError(msg)
    if order.where:
        check_where(order.where)
    if order.frame:
        Frame.parse(order.frame)


def start(order: Order, *, take: bool = False) -> None:
    """Start a build.

    Parameters
    ----------
    order : Order
    take : bool
        Move the source into the build's folder: it came from a browser.

    Raises
    ------
    ValueError
        If the order cannot be carried out, or another visitor takes its name in this moment.
    """
    check(order)
    folder = builds_folder() / order.name
    try:
        folder.mkdir(parents=True)
    except FileExistsError as error:
        raise ValueError(taken(order.name)) from error
    arguments = order.arguments
    if take:
        arguments[1] = str(shutil.move(order.source, folder / FILES))
    _begin(folder, arguments)


def resume(name: str) -> None:
    """Start a build that was stopped or failed again; complete shards are kept.

    Raises
    ------
    ValueError
        If it is running or finished.
    """
    build = find_build(name)
    if build.state not in ENDED_EARLY:
        msg = f"build {name} must be stopped or failed to be resumed, but it is {build.state}"
        raise ValueError(msg)
    _begin(build.folder, build.content["arguments"])


def stop(name: str) -> None:
    """Stop a build; complete shards are kept.

    Raises
    ------
    ValueError
        If it is not running, or is on another machine.
    """
    build = find_build(name)
    stop_process(build.content["process"] if build.state == "running" else None, build.folder)


def remove(name: str) -> None:
    """Remove the record of a build that has ended, with the files that came from a browser.

    Raises
    ------
    ValueError
        If it is running.
    """
    build = find_build(name)
    if build.state == "running":
        msg = f"build {name} must be stopped before it is removed, but it is running"
        raise ValueError(msg)
    shutil.rmtree(build.folder)


def find_build(name: str) -> Build:
    """Read a build; raise ValueError if it was deleted."""
    try:
        return _read(builds_folder() / name, services.catalogue(), work_in_progress(home_folder()))
    except FileNotFoundError as error:
        msg = f"build {name} must be there, but its folder was deleted"
        raise ValueError(msg) from error


def builds() -> list[Build]:
    """Return the builds of the home folder, the newest first."""
    found, whole, work = [], services.catalogue(), work_in_progress(home_folder())
    for path in builds_folder().glob(f"*/{ORDER}"):
        with suppress(FileNotFoundError, ValueError):  # it was deleted in this moment, or damaged
            found.append(_read(path.parent, whole, work))
    return sorted(found, key=lambda each: (each.content["started"], each.name), reverse=True)


def _read(folder: Path, whole: Container[str], work: Mapping[str, Mapping[str, Any]]) -> Build:
    """Read a build, given the data sets that are whole and the work in progress."""
    path = folder / ORDER
    content = _order(path, path.stat().st_mtime_ns)
    progress = work.get(folder.name, {})
    age = 0 if progress else math.inf  # of a sign of life, where the process is on another machine
    if is_alive({"age": age} | content["process"]):
        done, total = progress.get("done", 0), progress.get("total", 0)
        return Build(folder, "running", done, total, "", content)
    if folder.name in whole:
        return Build(folder, "finished", 0, 0, "", content)
    words = processes.last_words(folder / LOG)
    failed = bool(words) and not words.startswith(_STOPPED)
    return Build(folder, "failed" if failed else "stopped", 0, 0, words * failed, content)


@lru_cache(maxsize=256)
def _order(path: Path, _written: int) -> dict[str, Any]:
    """Read an order; a new time of writing reads it again."""
    content: dict[str, Any] = read_json(path, _RULE)
    return content


def _begin(folder: Path, arguments: list[str]) -> None:
    """Start the process of a build, and write which it is."""
    (folder / LOG).unlink(missing_ok=True)
    process = processes.detach(folder / LOG, *arguments)
    started = datetime.now(UTC).isoformat(timespec="microseconds")
    content = {"arguments": arguments, "started": started, "process": identity(process)}
    write_json(folder / ORDER, content)
