"""Write the folder of a training, as one process that holds its lock."""

import json
import logging
import platform
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from galmass_core.storage.atomic import atomic_write, write_json
from galmass_core.storage.lock import identity, locked, update_heartbeat
from galmass_core.training.run_files import (
    CALIBRATION,
    CONFIG,
    HISTORY,
    PREDICTIONS,
    RECORD,
    describe_files,
)
from galmass_core.training.runs import SCHEMA, Run, read_run

_IMPLIED = {"processes": 1}  # by a configuration without it
BEAT = 1.0  # s, the shortest time between two heartbeats on disk
_PACKAGES = ("galmass", "numpy", "pandas", "scipy", "lightgbm", "torch")


@dataclass
class RunWriter:
    """Writer of a run's folder, created by `write_run`."""

    path: Path
    record: dict[str, Any]
    _last_report: float = 0.0

    def report(self, **progress: float) -> None:
        """Update heartbeat and progress; cheap enough for every step."""
        if time.monotonic() - self._last_report > BEAT:
            self._last_report = time.monotonic()
            update_heartbeat(self.path)
            self.update(progress=progress)

    def update(self, **entries: object) -> None:
        """Update entries of ``run.json``."""
        self.record |= {"heartbeat": _now(), **entries}
        write_json(self.path / RECORD, self.record)

    def note(self, sentence: str) -> None:
        """Add a sentence about how it goes to ``run.json`` and to the log (standard error)."""
        logging.getLogger(__name__).warning("%s: %s", self.path.name, sentence)
        self.update(notes=[*self.record.get("notes", []), sentence])

    def end(self, state: str, **entries: object) -> None:
        """Write the state in which the run ends, and when."""
        now = _now()
        self.update(state=state, ended=now, heartbeat=now, **entries)

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

    def write_calibration(self, predictions: pd.DataFrame) -> None:
        """Write predictions for `Run.calibration`."""
        with atomic_write(self.path / CALIBRATION) as part:
            predictions.to_parquet(part, index=False)


class Follower(RunWriter):
    """What helps the writer of a run, in another process: reads the folder, but writes nothing."""

    def report(self, **progress: float) -> None:
        """Leave the heartbeat to the writer."""

    def update(self, **entries: object) -> None:
        """Leave ``run.json`` to the writer."""

    def note(self, sentence: str) -> None:
        """Leave sentences to the writer."""

    def write_history(self, history: pd.DataFrame) -> None:
        """Leave losses to the writer."""

    def write_predictions(self, predictions: pd.DataFrame) -> None:
        """Leave predictions to the writer."""


@contextmanager
def write_run(
    path: Path,
    config: dict[str, Any],
    provenance: dict[str, Any],
    *,
    wait: Callable[[RunWriter], None] | None = None,
) -> Iterator[RunWriter]:
    """Write a run's folder while the block trains.

    The run is ``finished`` when the block ends, ``stopped`` when it is interrupted, ``failed`` with
    the reason when it raises. A folder of the same configuration that is not finished is resumed.

    Parameters
    ----------
    path : Path
    config : dict
        All settings that determine the result, for JSON.
    provenance : dict
        Entries of ``run.json`` on the origin of the run: ``device``, ``seed``, ``split``,
        ``dataset``.
    wait : function of RunWriter, optional
        Called while the run is ``queued``; the block begins when it returns.

    Yields
    ------
    RunWriter

    Raises
    ------
    ValueError
        If another process is writing it, it is finished, or it has another configuration.
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
            writer.end("stopped")
            raise
        except BaseException as error:
            reason = f"{type(error).__name__}: {error}"
            writer.end("failed", reason=reason)
            raise
        writer.end("finished", files=describe_files(path))


def _check_free(path: Path, config: dict[str, Any]) -> None:
    """Raise ValueError unless the folder is new, or holds this run, unfinished."""
    if not (path / RECORD).exists():
        return
    run = read_run(path)
    if run.state == "finished":
        msg = f"{path}: must be a new run or an unfinished one, but it is finished"
        raise ValueError(msg)
    was, now = ({**_IMPLIED, **each} for each in (run.config, json.loads(json.dumps(config))))
    for key in {**was, **now}:
        if was.get(key) != now.get(key):
            what = f"{key} was {was.get(key)}, now it is {now.get(key)}"
            msg = f"{path}: must have the same {CONFIG} to be resumed, but {what}"
            raise ValueError(msg)


def _beginning() -> dict[str, Any]:
    """Return the initial content of ``run.json``."""
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
    """Return the versions of Python and of the packages that affect a result."""
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
