"""A training -> a folder that says all about it; and back.

``config.json`` (what was trained), ``run.json`` (how it went), ``history.csv`` (losses), the
model's own files, and ``predictions.parquet``. Every file is written whole. The process that
writes holds the folder's lock, so that a run whose process died is known as one.
"""

import json
import platform
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from galmass_core.assets import asset
from galmass_core.datasets.dataset import home_folder
from galmass_core.storage.atomic import atomic_write, write_json
from galmass_core.storage.lock import identity, is_locked, locked, show_life

SCHEMA = 1  # version of the folder's layout
CONFIG, RECORD = "config.json", "run.json"
HISTORY, PREDICTIONS = "history.csv", "predictions.parquet"
STATES = ("queued", "running", "finished", "stopped", "failed", "died")
ACTIVE = STATES[:2]  # while a process carries the run on
LOG = "log.txt"  # what the command said, where nobody watched it
SHIPPED = "runs"  # folder of the assets
_BEAT = 1.0  # s, the shortest time between two heartbeats on disk
_PACKAGES = ("galmass", "numpy", "pandas", "scipy", "lightgbm", "torch")


@dataclass(frozen=True)
class Run:
    """One training, as its folder showed it when it was read.

    Attributes
    ----------
    path : Path
    record : dict
        Content of ``run.json``; its ``state`` is one of `STATES`.
    """

    path: Path
    record: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.path.name

    @property
    def state(self) -> str:
        """How the training stands."""
        return self.record["state"]

    @property
    def progress(self) -> dict[str, float]:
        """How far the training was when it last said so; empty before it does."""
        return self.record.get("progress") or {}

    @cached_property
    def config(self) -> dict[str, Any]:
        """What was trained."""
        return json.loads((self.path / CONFIG).read_text(encoding="utf-8"))

    @property
    def history(self) -> pd.DataFrame:
        """Losses so far; empty before the first."""
        path = self.path / HISTORY
        return pd.read_csv(path) if path.exists() else pd.DataFrame()

    def summary(self) -> dict[str, Any]:
        """Return what a list of runs shows of one, as JSON can say it."""
        keys = ("state", "started", "ended", "seed", "split", "dataset")
        shown = {key: self.record.get(key) for key in (*keys, "progress", "metrics", "reason")}
        return {"run": self.name, "experiment": self.config["experiment"], **shown}

    def predictions(self) -> pd.DataFrame:
        """Read the predictions: ``name``, ``los``, ``part``, ``target``, ``y_true``, ``y_pred``.

        True and predicted values are decimal logarithms.

        Raises
        ------
        ValueError
            If the run is not finished.
        """
        if self.state != "finished":
            msg = f"run {self.name} must be finished to have predictions, but it is {self.state}"
            raise ValueError(msg)
        return pd.read_parquet(self.path / PREDICTIONS)


@dataclass
class RunWriter:
    """The hand that writes a run's folder; `write_run` gives it."""

    path: Path
    record: dict[str, Any]
    _last_beat: float = 0.0

    def beat(self, **progress: float) -> None:
        """Say that the training lives and how far it is; cheap enough for every step."""
        if time.monotonic() - self._last_beat > _BEAT:
            self._last_beat = time.monotonic()
            show_life(self.path)
            self.update(progress=progress)

    def update(self, **entries: object) -> None:
        """Put entries into ``run.json``."""
        self.record |= {**entries, "heartbeat": _now()}
        write_json(self.path / RECORD, self.record)

    def history(self) -> pd.DataFrame:
        """Read the losses that an earlier process wrote; empty if there are none."""
        return Run(self.path, self.record).history

    def write_history(self, history: pd.DataFrame) -> None:
        """Write the losses so far."""
        with atomic_write(self.path / HISTORY) as part:
            history.to_csv(part, index=False)

    def write_predictions(self, predictions: pd.DataFrame) -> None:
        """Write predictions with the columns of `Run.predictions`."""
        with atomic_write(self.path / PREDICTIONS) as part:
            predictions.to_parquet(part, index=False)


@contextmanager
def write_run(
    path: Path,
    config: dict[str, Any],
    provenance: dict[str, Any],
    *,
    wait: Callable[[RunWriter], None] | None = None,
) -> Iterator[RunWriter]:
    """Write a run's folder while the block trains.

    The run is ``finished`` when the block ends, ``stopped`` when it is interrupted, ``failed``
    with the reason when it raises. A folder of the same configuration that is not finished is
    taken up again.

    Parameters
    ----------
    path : Path
    config : dict
        All that decides the result; JSON can say it.
    provenance : dict
        Entries of ``run.json`` that the trainer knows: ``device``, ``seed``, ``split``,
        ``dataset``.
    wait : function of RunWriter, optional
        Called while the run is ``queued``; the block begins when it returns.

    Yields
    ------
    RunWriter

    Raises
    ------
    ValueError
        If another process writes it, it is finished, or has another configuration.
    """
    path.mkdir(parents=True, exist_ok=True)
    with locked(path):
        _check_free(path, config)
        write_json(path / CONFIG, config)
        writer = RunWriter(path, _beginning() | provenance)
        try:
            writer.update(state="queued" if wait else "running")
            if wait:
                wait(writer)
                writer.update(state="running", started=_now())
            yield writer
        except KeyboardInterrupt:
            writer.update(state="stopped", ended=_now())
            raise
        except BaseException as error:
            reason = f"{type(error).__name__}: {error}"
            writer.update(state="failed", ended=_now(), reason=reason)
            raise
        writer.update(state="finished", ended=_now())


def runs_folder() -> Path:
    """Return the folder of the user's runs, under the home folder."""
    return home_folder() / "runs"


def new_run_path(experiment: str, folder: Path | None = None) -> Path:
    """Return a path for a new run: the experiment's name and the time, in UTC."""
    folder = runs_folder() if folder is None else folder
    stem = f"{experiment.replace('/', '-')}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    names = (stem, *(f"{stem}-{number}" for number in range(2, 1000)))
    return next(folder / name for name in names if not (folder / name).exists())


def open_run(path_or_name: str | Path) -> Run:
    """Open a run by its folder, or by its name: of the user's own, or of those that ship.

    Raises
    ------
    ValueError
        If there is none; the message lists the known ones.
    """
    for path in (Path(path_or_name), runs_folder() / path_or_name):
        if (path / RECORD).is_file():
            return _read_run(path)
    shipped = shipped_runs()
    for run in shipped:
        if run.name == str(path_or_name):
            return run
    known = ", ".join(run.name for run in [*list_runs(), *shipped]) or "none"
    msg = f"run must be a folder with {RECORD}, or one of {known}; got {path_or_name}"
    raise ValueError(msg)


def list_runs(folder: Path | None = None) -> list[Run]:
    """Return all runs in a folder (the user's own by default), the newest first."""
    folder = runs_folder() if folder is None else folder
    runs = [_read_run(record.parent) for record in folder.glob(f"*/{RECORD}")]
    return sorted(runs, key=lambda run: (run.record["started"], run.name), reverse=True)


def shipped_runs() -> list[Run]:
    """Return the runs that come with galmass, the newest first; they are only read."""
    with suppress(FileNotFoundError):  # a checkout in which they have not been made
        return list_runs(asset(SHIPPED))
    return []


def _read_run(path: Path) -> Run:
    """Read ``run.json``; a training that nobody carries on has died."""
    record = _read_record(path)
    if record["state"] in ACTIVE and not is_locked(path):
        record = _read_record(path)  # it may have ended between the two looks
        if record["state"] in ACTIVE:
            record["state"] = "died"
    return Run(path, record)


def _read_record(path: Path) -> dict[str, Any]:
    """Read ``run.json`` as it stands."""
    return json.loads((path / RECORD).read_text(encoding="utf-8"))


def _check_free(path: Path, config: dict[str, Any]) -> None:
    """Raise unless the folder is new, or holds this very run, unfinished."""
    if not (path / RECORD).exists():
        return
    run = _read_run(path)
    if run.state == "finished":
        msg = f"{path}: must be a new run or an unfinished one, but it is finished"
        raise ValueError(msg)
    if run.config != json.loads(json.dumps(config)):
        msg = f"{path}: must have the same {CONFIG} to be taken up again, but it differs"
        raise ValueError(msg)


def _beginning() -> dict[str, Any]:
    """Return what ``run.json`` says of every run when it begins."""
    return {
        "schema": SCHEMA,
        **identity(),
        "queued": _now(),
        "started": _now(),
        "ended": None,
        "reason": None,
        "git_commit": _git_commit(),
        "versions": _versions(),
    }


def _versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide a result."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return versions


def _git_commit() -> str | None:
    """Return the commit of this checkout, ``-dirty`` if changed; None outside one."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40"]
    with suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    return None


def _now() -> str:
    """Return the time in UTC, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
