"""Keep the folder of an unfinished build: its settings, and the records of finished shards.

Only the process that holds the folder's lock changes it, except that every shard is first written
to a new file (see `shard_build`).
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from galmass_core.datasets.dataset_files import DESCRIPTION
from galmass_core.datasets.dataset_tables import claim_folder
from galmass_core.datasets.folders import UNFINISHED, DataSetError, shard_path
from galmass_core.storage.atomic import publish, write_json
from galmass_core.storage.lock import clear_lock, update_heartbeat

SETTINGS = "settings.json"


def is_whole(out: Path, settings: dict[str, Any]) -> bool:
    """Return whether this very data set exists and is complete."""
    if not (out / DESCRIPTION).exists():
        return False
    _check_same(out, "a data set", json.loads((out / DESCRIPTION).read_text()), settings)
    remove(out)
    clear_lock(out)
    return True


def remove(out: Path) -> None:
    """Remove the folder, which a worker that was lost may still be writing to.

    It is renamed first: the worker cannot find it any more to put another file into it.
    """
    folder = out / UNFINISHED
    aside = folder.with_suffix(".old")
    shutil.rmtree(aside, ignore_errors=True)
    with suppress(OSError):  # Windows keeps open files, such as that of the lock
        folder = folder.rename(aside)
    shutil.rmtree(folder, ignore_errors=True)


def begin(out: Path, settings: dict[str, Any]) -> None:
    """Create the folder of an unfinished build, or open the existing one."""
    record = out / UNFINISHED / SETTINGS
    if record.exists():
        _check_same(out, "an unfinished build", json.loads(record.read_text()), settings)
    claim_folder(out)
    record.parent.mkdir(parents=True, exist_ok=True)
    write_json(record, settings)
    (out / "maps").mkdir(exist_ok=True)


def _check_same(out: Path, what: str, there: dict[str, Any], settings: dict[str, Any]) -> None:
    """Raise DataSetError unless the folder was made with these settings."""
    other = [key for key, value in settings.items() if there.get(key) != value]
    if other:
        msg = f"{out}: holds {what} with other {', '.join(other)}; take another folder"
        raise DataSetError(msg)


def read_records(out: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read the records of the finished shards in order, with their numbers."""
    for path in sorted((out / UNFINISHED).glob("shard-*.json")):
        yield int(path.stem.split("-")[1]), json.loads(path.read_text())


class FinishedShards:
    """The finished shards of an unfinished build.

    Parameters
    ----------
    out : Path
        Folder of the data set; files that an earlier process left are removed.

    Attributes
    ----------
    names : dict of int to dict
        For each shard, the names of its galaxies, and their sources.
    excluded : dict of int to int
        For each shard, the number of excluded galaxies.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self.names: dict[int, dict[str, str]] = {}
        self.excluded: dict[int, int] = {}
        for part in (out / UNFINISHED).glob("*.part"):
            part.unlink(missing_ok=True)
        for number, record in read_records(out):
            self._add(number, record)

    def publish(self, number: int, part: Path, record: dict[str, Any]) -> None:
        """Move a shard to its place, then write its record."""
        path = shard_path(self._out, number)
        if record["samples"]:
            publish(part, path)
        else:
            part.unlink()
            path.unlink(missing_ok=True)
        write_json(self._out / UNFINISHED / f"{path.stem}.json", record, indent=None)
        self._add(number, record)
        self.beat()

    def beat(self) -> None:
        """Show other machines that this build is alive."""
        update_heartbeat(self._out / UNFINISHED)

    def taken_before(self, number: int) -> dict[str, str]:
        """Return the names in earlier shards, and their first sources."""
        taken: dict[str, str] = {}
        for earlier in sorted(self.names):
            if earlier < number:
                taken = self.names[earlier] | taken
        return taken

    def repeated(self) -> dict[int, dict[str, str]]:
        """Return the shards with names that earlier ones have: those names, and their sources."""
        first: dict[str, str] = {}
        found: dict[int, dict[str, str]] = {}
        for number in sorted(self.names):
            if again := self.names[number].keys() & first:
                found[number] = {name: first[name] for name in again}
            first = self.names[number] | first
        return found

    def _add(self, number: int, record: Mapping[str, Any]) -> None:
        self.names[number] = {row["name"]: row["source"] for row in record["samples"]}
        self.excluded[number] = len(record["excluded"])
