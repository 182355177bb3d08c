"""Build a data set of simulated galaxies on disk, in parallel; an interrupted build can be resumed.

Galaxies are read in batches of a hundred, in the order of `sources.find_galaxies`; each batch
becomes one shard, so that its content depends neither on timing nor on the number of workers.
During the build, ``unfinished/`` keeps its settings and the rows of finished shards;
``dataset.json`` is written last.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any
from zlib import crc32

import h5py
import pandas as pd

from galmass_core import __version__
from galmass_core.datasets.dataset import (
    DESCRIPTION,
    SCHEMA,
    UNFINISHED,
    DataSet,
    DataSetError,
    claim_folder,
    open_dataset,
    shard_path,
    write_tables,
)
from galmass_core.datasets.measure import (
    Excluded,
    Measured,
    Recipe,
    check_where,
    measure_galaxy,
)
from galmass_core.datasets.shards import append_galaxy
from galmass_core.datasets.thinning import check_stars
from galmass_core.galaxy import Galaxy
from galmass_core.imaging.maps import MapConfig
from galmass_core.parallel import map_in_order
from galmass_core.sources import (
    AS_THE_FILES_SAY,
    Found,
    GalaxyInMemory,
    GalaxyRef,
    ReadOptions,
    find_galaxies,
)
from galmass_core.storage.atomic import atomic_write, write_json
from galmass_core.storage.lock import locked, update_heartbeat

GALAXIES_PER_SHARD = 100
Ref = GalaxyRef | GalaxyInMemory
Result = Measured | Excluded | None  # None: not selected
Progress = Callable[[int, int, int], None]  # galaxies done, total, excluded so far


def build_dataset(
    sources: Sequence[str | Path | Galaxy] | Found,
    out: str | Path,
    *,
    limit: int | None = None,
    ids: Collection[str] | None = None,
    where: str | None = None,
    workers: int = 1,
    device: str = "cpu",
    dust: str = "xu17",
    stars: int | None = None,
    progress: Progress | None = None,
    packed: bool = False,
    options: ReadOptions = AS_THE_FILES_SAY,
) -> DataSet:
    """Build a data set of simulated galaxies.

    A galaxy that cannot be used is recorded with the reason, and the others are processed. An
    interrupted build is resumed by calling it again with the same arguments.

    Parameters
    ----------
    sources : sequence of str, Path or Galaxy, or Found
        Galaxy files, and folders of them; galaxies in memory; or galaxies that were found before.
    out : str or Path
        Folder to create.
    limit : int, optional
        Read only the first ``limit`` galaxies of the sources.
    ids : collection of str, optional
        Select only these subhalo IDs or full names.
    where : str, optional
        Select only galaxies that fulfil this condition, such as ``log_mstar > 10 and is_central``
        (see `filter_syntax.LANGUAGE`). If it names a column that depends on the line of sight, a
        galaxy is selected if it fulfils the condition along one of them.
    workers : int
        Number of processes. With more than one, a script needs ``if __name__ == "__main__"``.
    device : str
        ``cpu``, or a torch device to render the images on.
    dust : str
        ``xu17`` (the paper's) or ``none``.
    stars : int, optional
        Thin every galaxy to this number of stars with `thinning.thin_stars` before projection;
        galaxies with fewer are excluded. Targets, profiles and all columns that do not depend on
        the line of sight are those of all stars.
    progress : callable, optional
        Called with the numbers of galaxies done, in total, and excluded so far.
    packed : bool
        For distribution: compress light, and store only the file name of each source.
    options : ReadOptions
        Snapshot, folder of the catalogue and names, where the sources do not say them.

    Returns
    -------
    DataSet

    Raises
    ------
    FileNotFoundError
        If a source does not exist.
    UnavailableError
        If another process has a file open for writing; the same call resumes.
    ValueError
        If ``where`` is not a condition on columns that a build makes, ``limit`` or ``workers`` is
        below 1, ``stars`` is below 100, or another process is building ``out``.
    DataSetError
        If ``out`` holds other files or another data set, or no galaxy could be used.
    ChildProcessError
        If a worker is killed; the same call resumes after the last complete shard.
    """
    if limit is not None and limit < 1:
        msg = f"limit must be at least 1, got {limit}"
        raise ValueError(msg)
    if where is not None:
        check_where(where)
    if stars is not None:
        check_stars(stars)
    recipe = Recipe(
        maps=MapConfig(dust=dust),
        device=device,
        where=where,
        ids=None if ids is None else frozenset(ids),
        packed=packed,
        stars=stars,
    )
    found = sources if isinstance(sources, Found) else _find(sources, options)
    refs = found.galaxies[:limit]
    out, settings = Path(out), _settings(refs, recipe) | {"selection": dict(found.left_out)}
    if options != AS_THE_FILES_SAY:
        settings["reading"] = {key: str(value) for key, value in asdict(options).items() if value}
    if not _is_whole(out, settings):
        _begin(out, settings)
        with locked(out / UNFINISHED):
            if not (out / DESCRIPTION).exists():  # another process may have finished it meanwhile
                _write_shards(out, refs, recipe, workers, progress)
                _finish(out, settings, recipe.ids)
        shutil.rmtree(out / UNFINISHED, ignore_errors=True)
    return open_dataset(out.resolve())


def _find(sources: Sequence[str | Path | Galaxy], options: ReadOptions) -> Found:
    in_memory = [GalaxyInMemory(source) for source in sources if isinstance(source, Galaxy)]
    paths = [Path(source).resolve() for source in sources if not isinstance(source, Galaxy)]
    found = find_galaxies(paths, options)
    return Found([*found.galaxies, *in_memory], found.left_out)


def _settings(refs: Sequence[Ref], recipe: Recipe) -> dict[str, Any]:
    """Return all settings that determine a data set; a build resumes only if they match."""
    stat = cache(Path.stat)
    listing = [_identity(ref, stat) for ref in refs]
    return {
        "schema": SCHEMA,
        "galmass": __version__,
        "sources": {"galaxies": len(refs), "sha256": _digest(listing)},
        "where": recipe.where,
        "ids": None if recipe.ids is None else _digest(sorted(recipe.ids)),
        "maps": asdict(recipe.maps),
        "device": recipe.device,
        "packed": recipe.packed,
        "stars": recipe.stars,
    }


def _identity(ref: Ref, stat: Callable[[Path], os.stat_result]) -> tuple[str | int | None, ...]:
    """Return what differs if a galaxy is another one."""
    if isinstance(ref, GalaxyInMemory):
        arrays = (ref.galaxy.stars.positions, ref.galaxy.stars.masses)
        return str(ref.galaxy.name), *(crc32(array.tobytes()) for array in arrays)
    file = stat(ref.path)
    return str(ref.path), ref.subhalo, file.st_size, file.st_mtime_ns


def _digest(content: Any) -> str:  # noqa: ANN401
    """Hash anything that can be written as JSON."""
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _is_whole(out: Path, settings: dict[str, Any]) -> bool:
    """Return whether this very data set exists and is complete."""
    if not (out / DESCRIPTION).exists():
        return False
    _check_same(out, "a data set", json.loads((out / DESCRIPTION).read_text()), settings)
    shutil.rmtree(out / UNFINISHED, ignore_errors=True)
    return True


def _begin(out: Path, settings: dict[str, Any]) -> None:
    """Create the folder of an unfinished build, or open the existing one."""
    record = out / UNFINISHED / "settings.json"
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


def _write_shards(
    out: Path, refs: Sequence[Ref], recipe: Recipe, workers: int, progress: Progress | None
) -> None:
    """Write the missing shards, in order."""
    starts = range(0, len(refs), GALAXIES_PER_SHARD)
    batches = [refs[start : start + GALAXIES_PER_SHARD] for start in starts]
    pending, excluded = dict(enumerate(batches)), 0
    seen: dict[str, str] = {}
    for number, record in _read_records(out):
        del pending[number]
        seen |= {row["name"]: row["source"] for row in record["samples"]}
        excluded += len(record["excluded"])
    remaining = [ref for batch in pending.values() for ref in batch]

    task = partial(measure_galaxy, recipe=recipe)
    with closing(map_in_order(task, remaining, workers)) as measured:
        results = _once_each(measured, seen)
        results = _reported(results, progress, len(refs) - len(remaining), len(refs), excluded)
        for number, batch in pending.items():
            _write_shard(out, number, islice(results, len(batch)), recipe.packed)


def _once_each(results: Iterable[Result], seen: dict[str, str]) -> Iterator[Result]:
    """Exclude galaxies whose name has occurred before."""
    for result in results:
        if isinstance(result, Measured):
            source = result.rows[0]["source"]
            if result.name in seen:
                reason = f"its name is taken by {seen[result.name]}"
                result = Excluded(name=result.name, reason=reason, source=source)
            else:
                seen[result.name] = source
        yield result


def _reported(
    results: Iterable[Result],
    progress: Progress | None,
    done: int,
    total: int,
    excluded: int,
) -> Iterator[Result]:
    """Report progress for each result."""
    for number, result in enumerate(results, start=done + 1):
        excluded += isinstance(result, Excluded)
        if progress is not None:
            progress(number, total, excluded)
        yield result


def _write_shard(out: Path, number: int, results: Iterable[Result], packed: bool) -> None:
    """Write one shard, then its record."""
    path, samples, excluded = shard_path(out, number), [], []
    with atomic_write(path) as part, h5py.File(part, "w") as shard:
        for result in results:
            if isinstance(result, Excluded):
                excluded.append(asdict(result))
            elif result is not None:
                first = append_galaxy(shard, result.entry, packed=packed)
                for row, sample in enumerate(result.rows, start=first):
                    samples.append(sample | {"shard": number, "row": row})
    with path.open("rb") as stream:
        checksum = hashlib.file_digest(stream, "sha256").hexdigest()
    if not samples:
        path.unlink()
    record = {"samples": samples, "excluded": excluded, "sha256": checksum}
    write_json(out / UNFINISHED / f"{path.stem}.json", record)
    update_heartbeat(out / UNFINISHED)


def _read_records(out: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read the records of the finished shards in order, with their numbers."""
    for path in sorted((out / UNFINISHED).glob("shard-*.json")):
        yield int(path.stem.split("-")[1]), json.loads(path.read_text())


def _finish(out: Path, settings: dict[str, Any], ids: Collection[str] | None) -> None:
    """Merge the shards' records into tables, and mark the data set as complete."""
    tables, excluded, shards = [], [], {}
    for number, record in _read_records(out):
        excluded += record["excluded"]
        if record["samples"]:
            tables.append(pd.DataFrame(record["samples"]))  # a tenth of the rows' memory
            name, count = shard_path(out, number).name, len(record["samples"])
            shards[name] = {"samples": count, "sha256": record["sha256"]}
    names = [name for table in tables for name in table["name"].unique()]
    excluded += _never_met(ids or (), names + [row["name"] for row in excluded])
    if not tables:
        _give_up(out, excluded)
    samples = pd.concat(tables, ignore_index=True)
    del tables  # as large as all samples
    write_tables(out, samples, settings | {"shards": shards}, excluded)


def _never_met(ids: Collection[str], names: Iterable[str]) -> list[dict[str, str]]:
    """Return the IDs that no galaxy has, as excluded galaxies."""
    met = {part for name in names for part in (name, name.rpartition("/")[2])}
    reason = "no galaxy of the sources has this ID"
    return [{"name": name, "reason": reason, "source": ""} for name in sorted(set(ids) - met)]


def _give_up(out: Path, excluded: list[dict[str, str]]) -> None:
    """Remove an empty data set, and raise DataSetError with the reason."""
    shutil.rmtree(out / "maps")
    shutil.rmtree(out / UNFINISHED, ignore_errors=True)  # Windows keeps the open lock file
    first = excluded[0]["reason"] if excluded else "none of them has the given IDs"
    msg = f"{out}: no galaxy could be used, {len(excluded)} are excluded; the first: {first}"
    raise DataSetError(msg)
