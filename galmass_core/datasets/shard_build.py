"""Build one shard of a data set: in the process that writes the data set, or on a Dask worker.

Either way the shard is written to a file of its own name in ``unfinished/``, and only the process
that holds the folder's lock moves it to its place. A worker that was taken for dead, or that runs a
task a second time, cannot change a data set.
"""

import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

from galmass_core import __version__
from galmass_core.datasets.folders import UNFINISHED, shard_path
from galmass_core.datasets.measure import Excluded, Measured, Recipe, measure_galaxy
from galmass_core.datasets.shards import append_galaxy, create_shard
from galmass_core.datasets.unfinished import SETTINGS
from galmass_core.sources import GalaxyInMemory, GalaxyRef, Identity
from galmass_core.storage.atomic import flush
from galmass_core.storage.checksums import checksum

Ref = GalaxyRef | GalaxyInMemory
Result = Measured | Excluded | None  # None: not selected
_ONE_AT_A_TIME = Lock()  # for workers of several threads


@dataclass(frozen=True, kw_only=True)
class ShardTask:
    """Everything that a worker needs to build a shard.

    Attributes
    ----------
    number : int
    refs : sequence of GalaxyRef
        Its galaxies.
    identities : sequence of tuple
        What their `identity` is in the process that writes the data set.
    taken : mapping of str to str
        Names that earlier shards have, and their sources.
    recipe : Recipe
    out : Path
        Absolute path of the data set.
    settings : str
        Content of the build's ``settings.json``.
    version : str
        Of galmass.
    """

    number: int
    refs: Sequence[Ref]
    identities: Sequence[Identity]
    taken: Mapping[str, str]
    recipe: Recipe
    out: Path
    settings: str
    version: str = __version__


def build_shard(task: ShardTask) -> tuple[Path, dict[str, Any]]:
    """Build a shard on a worker that shares the file system.

    Returns
    -------
    Path
        File of the shard, in ``unfinished/``.
    dict
        Its record, as returned by `write_shard`.

    Raises
    ------
    ValueError
        If the worker has another version of galmass, or does not see the same files.
    UnavailableError, MemoryError
        As by `measure.measure_galaxy`.
    """
    check_worker(task)
    with _ONE_AT_A_TIME:
        measured = (measure_galaxy(ref, task.recipe) for ref in task.refs)
        results = exclude_repeated(measured, task.taken)
        return write_shard(task.out, task.number, results, task.recipe.packed)


def check_worker(task: ShardTask) -> None:
    """Raise ValueError unless this process can do a task as the one that sent it would."""
    here = f"the Dask worker on {platform.node()}"
    if task.version != __version__:
        msg = f"{here} must have galmass {task.version}, as the client, got {__version__}"
        raise ValueError(msg)
    record = task.out / UNFINISHED / SETTINGS
    if not record.exists() or record.read_text(encoding="utf-8") != task.settings:
        msg = f"{task.out}: must be a folder that {here} shares, but it sees another or none"
        raise ValueError(msg)
    stat = cache(Path.stat)
    for ref, known in zip(task.refs, task.identities, strict=True):
        try:
            same = ref.identity(stat) == known
        except OSError:
            same = False
        if not same:
            msg = f"{ref.path}: must be a file that {here} shares, but it sees another or none"
            raise ValueError(msg)


def exclude_repeated(results: Iterable[Result], taken: Mapping[str, str]) -> Iterator[Result]:
    """Exclude galaxies whose name has occurred before, in earlier shards or in this one.

    Parameters
    ----------
    results : iterable of Measured, Excluded or None
    taken : mapping of str to str
        Names of earlier shards, and their sources.

    Yields
    ------
    Measured, Excluded or None
    """
    seen = dict(taken)
    for result in results:
        if isinstance(result, Measured):
            source = result.rows[0]["source"]
            if result.name in seen:
                reason = f"its name is taken by {seen[result.name]}"
                result = Excluded(name=result.name, reason=reason, source=source)
            else:
                seen[result.name] = source
        yield result


def write_shard(
    out: Path, number: int, results: Iterable[Result], packed: bool
) -> tuple[Path, dict[str, Any]]:
    """Write a shard to a new file in ``unfinished/``.

    Parameters
    ----------
    out : Path
        Folder of the data set.
    number : int
        Of the shard.
    results : iterable of Measured, Excluded or None
        In the order of the sources.
    packed : bool

    Returns
    -------
    Path
    dict
        ``samples`` (rows of the index), ``excluded``, ``bytes`` and ``sha256`` of the file.
    """
    part = out / UNFINISHED / f"{shard_path(out, number).stem}-{uuid4().hex}.part"
    samples, excluded = [], []
    try:
        with create_shard(part) as shard:
            for result in results:
                if isinstance(result, Excluded):
                    excluded.append(asdict(result))
                elif result is not None:
                    first = append_galaxy(shard, result.entry, packed=packed)
                    for row, sample in enumerate(result.rows, start=first):
                        samples.append(sample | {"shard": number, "row": row})
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    flush(part)
    return part, {"samples": samples, "excluded": excluded, **checksum(part)}
