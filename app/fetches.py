"""Fetches that are requested here: ``galmass fetch``, in a process of its own.

No state is kept: the folder of a fetch has its progress, also for a server that was started later.
The key of the API is in the environment of the process, and nowhere else.
"""

import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from galmass_app import names, processes
from galmass_app.names import check_name, taken
from galmass_core.datasets.catalogue import check_catalogue_where
from galmass_core.datasets.folders import home_folder
from galmass_core.fetch.key import KEY_VARIABLE, checked_key
from galmass_core.fetch.status import (
    ACTIVE,
    LOG,
    Status,
    announce,
    fetches_folder,
    give_up,
    read_status,
)
from galmass_core.storage.lock import stop_owner

SUITES = ("TNG100-1", "TNG50-1", "TNG300-1", "Illustris-1", "TNG-Cluster")
ENDED_EARLY = ("stopped", "failed", "died")  # states from which a fetch is resumed
_PATIENCE = 300.0  # s, for an estimate


@dataclass(frozen=True, kw_only=True)
class Order:
    """A fetch as it is requested."""

    name: str  # of the fetch, and of the data set that is built
    suite: str = SUITES[0]
    snapshot: int | None = None  # the last
    where: str = ""
    limit: int | None = None
    keeps_particles: bool = False

    @property
    def folder(self) -> Path:
        """Where it is fetched into."""
        return fetches_folder() / self.name

    @property
    def request(self) -> dict[str, Any]:
        """What is requested, as the status of the fetch has it."""
        return {
            "suite": self.suite,
            "snapshot": self.snapshot,
            "where": self.where or None,
            "limit": self.limit,
            "build": None if self.keeps_particles else str(home_folder().absolute() / self.name),
            "also": [],
        }

    @property
    def command(self) -> str:
        """The command line that does the same, once TNG_API_KEY is set."""
        return shlex.join(["galmass", *_arguments(self.folder, self.request)])


def new_name(suite: str, snapshot: int | None) -> str:
    """Return a name for a fetch that is not taken."""
    return names.new_name(suite.lower() + (f"-{snapshot}" if snapshot is not None else ""))


def check(order: Order) -> None:
    """Raise ValueError, in one sentence, if an order cannot be carried out."""
    check_name(order.name)
    if order.where:
        check_catalogue_where(order.where)


def server_has_key() -> bool:
    """Whether the server's own environment has a key of the API."""
    return bool(os.environ.get(KEY_VARIABLE, "").strip())


def estimate(order: Order, key: str) -> dict[str, Any]:
    """Let a process of its own ask the API what there is to fetch.

    Returns
    -------
    dict
        The entries of `galmass_core.fetch.plan.Plan`, and ``hours``.

    Raises
    ------
    ValueError
        If the order cannot be carried out, the key is refused or the API does not answer.
    TimeoutError
        If that takes too long.
    """
    check(order)
    arguments = [*_arguments(order.folder, order.request), "--dry-run", "--json"]
    text = processes.answer(*arguments, patience=_PATIENCE, environment=_environment(key))
    return json.loads(text)


def start(order: Order, key: str) -> None:
    """Start a fetch.

    Raises
    ------
    ValueError
        If the order cannot be carried out, or another visitor takes its name in this moment.
    """
    check(order)
    environment = _environment(key)
    try:
        order.folder.mkdir(parents=True)
    except FileExistsError as error:
        raise ValueError(taken(order.name)) from error
    _begin(order.folder, order.request, environment)


def resume(name: str, key: str) -> None:
    """Start a fetch that was stopped, failed or died again; what is there is kept.

    Raises
    ------
    ValueError
        If it is active or finished, or there is no key.
    """
    status, environment = _status(name), _environment(key)
    if status.state not in ENDED_EARLY:
        state = status.state
        msg = f"fetch {name} must be stopped, failed or died to be resumed, but it is {state}"
        raise ValueError(msg)
    _begin(status.folder, status.request, environment)


def stop(name: str) -> None:
    """Stop a fetch; what is there is kept.

    Raises
    ------
    ValueError
        If it is not active, is just starting, or is on another machine.
    """
    status = _status(name)
    if status.state != "running":
        moment = " and can be stopped in a moment" * (status.state in ACTIVE)
        msg = f"fetch {name} must be running to be stopped, but it is {status.state}{moment}"
        raise ValueError(msg)
    stop_owner(status.folder)


def _status(name: str) -> Status:
    """Read how a fetch stands; raise ValueError if it was deleted."""
    try:
        return read_status(fetches_folder() / name)
    except FileNotFoundError as error:
        msg = f"fetch {name} must be there, but its folder was deleted"
        raise ValueError(msg) from error


def _begin(folder: Path, request: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    """Announce a fetch and start its process."""
    announce(folder, request)
    processes.detach(
        folder / LOG,
        *_arguments(folder, request),
        environment=environment,
        ended=partial(_settle, folder),
    )


def _settle(folder: Path) -> None:
    """Write why a process ended before it took over."""
    give_up(folder, processes.last_words(folder / LOG))


def _arguments(folder: Path, request: Mapping[str, Any]) -> list[str]:
    """Return the arguments of a fetch."""
    arguments = ["fetch", "--out", str(folder.absolute())]
    for name in ("suite", "snapshot", "where", "limit", "build"):
        if request[name] is not None:
            value = str(request[name])
            separate = not value.startswith("-")
            arguments += [f"--{name}", value] if separate else [f"--{name}={value}"]
    return arguments + [f"--also={name}" for name in request["also"]]


def _environment(key: str) -> dict[str, str]:
    """Return the environment of a process, with the visitor's key where the server has none."""
    own = os.environ.get(KEY_VARIABLE, "")
    return os.environ | {KEY_VARIABLE: checked_key(own if server_has_key() else key)}
