"""Build a data set of simulated galaxies on disk, in parallel; an interrupted build can be resumed.

Galaxies are read in batches of a hundred, in the order of `sources.find_galaxies`; each batch
becomes one shard, so that its content depends neither on timing nor on the number of workers, nor
on whether they are processes of this machine or of a Dask cluster. During the build,
``unfinished/`` keeps its settings and the rows of finished shards; ``dataset.json`` is written
last.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from galmass_core import __version__
from galmass_core.cluster import map_as_completed
from galmass_core.datasets.dataset import DataSet, open_dataset
from galmass_core.datasets.dataset_files import DESCRIPTION, SCHEMA
from galmass_core.datasets.dataset_tables import write_tables
from galmass_core.datasets.folders import UNFINISHED, DataSetError, shard_path
from galmass_core.datasets.measure import Excluded, Recipe, check_where, measure_galaxy
from galmass_core.datasets.shard_build import (
    Ref,
    Result,
    ShardTask,
    build_shard,
    exclude_repeated,
    write_shard,
)
from galmass_core.datasets.thinning import check_stars
from galmass_core.datasets.unfinished import (
    SETTINGS,
    FinishedShards,
    begin,
    is_whole,
    read_records,
    remove,
)
from galmass_core.galaxy import Galaxy
from galmass_core.imaging.frames import PAPER, Frame
from galmass_core.imaging.maps import MapConfig
from galmass_core.parallel import map_in_order
from galmass_core.quantities import CHANNELS
from galmass_core.sources import AS_THE_FILES_SAY, Found, GalaxyInMemory, ReadOptions, find_galaxies
from galmass_core.sources.naming import whole_number
from galmass_core.storage.lock import locked

if TYPE_CHECKING:
    from distributed import Client

GALAXIES_PER_SHARD = 100
LONGEST = 3600.0  # s for one galaxy: ten million particles take minutes
Progress = Callable[[int, int, int], None]  # galaxies done, total, excluded so far


def build_dataset(
    sources: Sequence[str | Path | Galaxy] | Found,
    out: str | Path,
    *,
    limit: int | None = None,
    ids: Collection[str] | None = None,
    where: str | None = None,
    workers: int = 1,
    client: "Client | None" = None,
    device: str = "cpu",
    dust: str = "xu17",
    channels: Collection[str] = (),
    stars: int | None = None,
    frame: Frame = PAPER,
    progress: Progress | None = None,
    packed: bool = False,
    options: ReadOptions = AS_THE_FILES_SAY,
) -> DataSet:
    """Build a data set of simulated galaxies.

    A galaxy that cannot be used is recorded with the reason, and the others are processed; so is
    one that takes an hour (not on a cluster). An interrupted build is resumed by calling it again
    with the same arguments.

    Parameters
    ----------
    sources : sequence of str, Path or Galaxy, or Found
        Galaxy files, and folders of them; galaxies in memory; or galaxies that were found before.
    out : str or Path
        Folder to create.
    limit : int, optional
        Read only the first ``limit`` galaxies of the sources.
    ids : collection of str, optional
        Select only these subhalo IDs or full names; ``501761.0`` is the ID 501761.
    where : str, optional
        Select only galaxies that fulfil this condition, such as ``log_mstar > 10 and is_central``
        (see `filter_syntax.LANGUAGE`). If it names a column that depends on the line of sight, a
        galaxy is selected if it fulfils the condition along one of them.
    workers : int
        Number of processes. With more than one, a script needs ``if __name__ == "__main__"``.
    client : distributed.Client, optional
        Build the shards as tasks of this Dask cluster instead; see `cluster.connect`. Its workers
        must see the sources and ``out`` under the same paths.
    device : str
        ``cpu``, or a torch device to render the images on.
    dust : str
        ``xu17`` (the paper's) or ``none``.
    channels : collection of str
        What to store for further maps, of `quantities.CHANNELS`: ``populations`` for stellar mass,
        age and metallicity, ``shapes`` for h3 and h4, ``gas`` for its velocity and dispersion;
        or ``all``.
    stars : int, optional
        Thin every galaxy to this number of stars with `thinning.thin_stars` before projection;
        galaxies with fewer are excluded. Targets, profiles and all columns that do not depend on
        the line of sight are those of all stars.
    frame : Frame
        How far maps reach: the paper's ±3 R_hsm, or another multiple of R_hsm, of R_e of the r
        image, or of kpc. R_e itself, and all targets, are the same in every frame.
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
        If ``where`` is not a condition on columns that a build makes, channels are unknown,
        ``limit`` or ``workers`` is below 1, ``stars`` is below 100, another process is building
        ``out``, galaxies in memory are to be sent to a cluster, or its workers do not see the same
        files and galmass.
    DataSetError
        If ``out`` holds other files or another data set, or no galaxy could be used.
    ChildProcessError
        If a worker is killed, or worker after worker of a cluster in the same shard; the same call
        resumes after the last complete shard.
    ConnectionError
        If the connection to the cluster's scheduler is lost; the same call resumes.
    """
    if limit is not None and limit < 1:
        msg = f"limit must be at least 1, got {limit}"
        raise ValueError(msg)
    if where is not None:
        check_where(where)
    if stars is not None:
        check_stars(stars)
    recipe = Recipe(
        maps=MapConfig(dust=dust, channels=stored_channels(channels)).with_frame(frame),
        device=device,
        where=where,
        ids=None if ids is None else frozenset(map(whole_number, ids)),
        packed=packed,
        stars=stars,
    )
    found = sources if isinstance(sources, Found) else _find(sources, options)
    refs = found.galaxies[:limit]
    if client is not None and any(isinstance(ref, GalaxyInMemory) for ref in refs):
        msg = "sources must be files for workers of a cluster to read, got galaxies in memory"
        raise ValueError(msg)
    out, settings = Path(out), _settings(refs, recipe) | {"selection": dict(found.left_out)}
    if options != AS_THE_FILES_SAY:
        settings["reading"] = {key: str(value) for key, value in asdict(options).items() if value}
    built = None
    if not is_whole(out, settings):
        begin(out, settings)
        with locked(out / UNFINISHED):
            if not (out / DESCRIPTION).exists():  # another process may have finished it meanwhile
                _write_shards(out, refs, recipe, workers, client, progress)
                built = _finish(out, settings, recipe.ids)
        remove(out)
    return built or open_dataset(out.resolve())


def stored_channels(channels: Collection[str]) -> tuple[str, ...]:
    """Return channels, or ``all``, in the order of `quantities.CHANNELS`; unknown ones last."""
    wanted = tuple(CHANNELS) if "all" in channels else tuple(channels)
    return tuple(sorted(set(wanted), key=[*CHANNELS, *wanted].index))


def _find(sources: Sequence[str | Path | Galaxy], options: ReadOptions) -> Found:
    in_memory = [GalaxyInMemory(source) for source in sources if isinstance(source, Galaxy)]
    paths = [Path(source).resolve() for source in sources if not isinstance(source, Galaxy)]
    found = find_galaxies(paths, options)
    return Found([*found.galaxies, *in_memory], found.left_out)


def _settings(refs: Sequence[Ref], recipe: Recipe) -> dict[str, Any]:
    """Return all settings that determine a data set; a build resumes only if they match."""
    stat = cache(Path.stat)
    listing = [ref.identity(stat) for ref in refs]
    return {
        "schema": SCHEMA,
        "galmass": __version__,
        "sources": {"galaxies": len(refs), "sha256": _digest(listing)},
        "where": recipe.where,
        "ids": None if recipe.ids is None else _digest(sorted(recipe.ids)),
        "maps": recipe.maps.settings(),
        "device": recipe.device,
        "packed": recipe.packed,
        "stars": recipe.stars,
    }


def _digest(content: Any) -> str:  # noqa: ANN401
    """Hash anything that can be written as JSON."""
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _write_shards(
    out: Path,
    refs: Sequence[Ref],
    recipe: Recipe,
    workers: int,
    client: "Client | None",
    progress: Progress | None,
) -> None:
    """Write the missing shards.

    A cluster makes them in any order, without the names in earlier ones; those that repeat a name
    are then made again.
    """
    starts = range(0, len(refs), GALAXIES_PER_SHARD)
    batches = dict(enumerate(refs[start : start + GALAXIES_PER_SHARD] for start in starts))
    finished = FinishedShards(out)
    missing = {number: batch for number, batch in batches.items() if number not in finished.names}
    done = len(refs) - sum(map(len, missing.values()))
    count = _Counter(progress, done, len(refs), sum(finished.excluded.values()))
    if client is None:
        _write_here(out, missing, recipe, workers, finished, count)
    else:
        _write_on_cluster(out, missing, {}, recipe, client, finished, count)
    if repeated := finished.repeated():
        again, count = {number: batches[number] for number in repeated}, _Counter(None, 0, 0, 0)
        if client is None:
            _write_here(out, again, recipe, workers, finished, count)
        else:
            _write_on_cluster(out, again, repeated, recipe, client, finished, count)


class _Counter:
    """Report the galaxies that are done and excluded."""

    def __init__(self, progress: Progress | None, done: int, total: int, excluded: int) -> None:
        self._progress, self._done, self._total, self._excluded = progress, done, total, excluded

    def add(self, done: int, excluded: int) -> None:
        """Report more galaxies."""
        self._done, self._excluded = self._done + done, self._excluded + excluded
        if self._progress is not None:
            self._progress(self._done, self._total, self._excluded)

    def each(self, results: Iterable[Result]) -> Iterator[Result]:
        """Report each result of an iteration."""
        for result in results:
            self.add(1, isinstance(result, Excluded))
            yield result


def _write_here(
    out: Path,
    batches: Mapping[int, Sequence[Ref]],
    recipe: Recipe,
    workers: int,
    finished: FinishedShards,
    count: _Counter,
) -> None:
    """Write shards in order; galaxies are measured in this process, or in several."""
    task = partial(measure_galaxy, recipe=recipe)
    refs = [ref for batch in batches.values() for ref in batch]
    measuring = map_in_order(task, refs, workers, seconds=LONGEST, overdue=_overdue)
    with closing(measuring) as measured:
        for number, batch in batches.items():
            taken = finished.taken_before(number)
            results = count.each(exclude_repeated(islice(measured, len(batch)), taken))
            finished.publish(number, *write_shard(out, number, results, recipe.packed))


def _overdue(ref: Ref) -> Excluded:
    """Return the exclusion of a galaxy that takes too long."""
    which = "" if ref.subhalo is None else f"subhalo {ref.subhalo} of "
    reason = f"{which}{ref.path}: must be measured within {LONGEST:g} s, got no end"
    return Excluded(name="", reason=reason, source=str(ref.path))


def _write_on_cluster(
    out: Path,
    batches: Mapping[int, Sequence[Ref]],
    taken: Mapping[int, Mapping[str, str]],
    recipe: Recipe,
    client: "Client",
    finished: FinishedShards,
    count: _Counter,
) -> None:
    """Write shards as tasks of a cluster, in the order in which they are ready."""
    out, stat = out.resolve(), cache(Path.stat)
    settings = (out / UNFINISHED / SETTINGS).read_text(encoding="utf-8")
    tasks = [
        ShardTask(
            number=number,
            refs=batch,
            identities=[ref.identity(stat) for ref in batch],
            taken=taken.get(number, {}),
            recipe=recipe,
            out=out,
            settings=settings,
        )
        for number, batch in batches.items()
    ]
    with closing(map_as_completed(build_shard, tasks, client, finished.beat)) as results:
        for place, result in results:
            if isinstance(result, Exception):
                raise result
            number = tasks[place].number
            finished.publish(number, *result)
            count.add(len(batches[number]), finished.excluded[number])


def _finish(out: Path, settings: dict[str, Any], ids: Collection[str] | None) -> DataSet:
    """Merge the shards' records into tables, and mark the data set as complete."""
    tables: list[pd.DataFrame] = []
    excluded: list[dict[str, str]] = []
    shards: dict[str, dict[str, Any]] = {}
    for number, record in read_records(out):
        excluded += record["excluded"]
        if record["samples"]:
            tables.append(pd.DataFrame(record["samples"]))  # a tenth of the rows' memory
            name, count = shard_path(out, number).name, len(record["samples"])
            known: dict[str, Any] = {k: record[k] for k in ("bytes", "sha256") if k in record}
            shards[name] = {"samples": count, **known}
    names = [name for table in tables for name in table["name"].unique()]
    excluded += _never_met(ids or (), names + [row["name"] for row in excluded])
    if not tables:
        _give_up(out, excluded)
    samples = pd.concat(tables, ignore_index=True)
    del tables  # as large as all samples
    return write_tables(out, samples, settings | {"shards": shards}, excluded)


def _never_met(ids: Collection[str], names: Iterable[str]) -> list[dict[str, str]]:
    """Return the IDs that no galaxy has, as excluded galaxies."""
    met = {part for name in names for part in (name, name.rpartition("/")[2])}
    reason = "no galaxy of the sources has this ID"
    return [{"name": name, "reason": reason, "source": ""} for name in sorted(set(ids) - met)]


def _give_up(out: Path, excluded: list[dict[str, str]]) -> None:
    """Remove an empty data set, and raise DataSetError with the reason."""
    shutil.rmtree(out / "maps")
    remove(out)
    first = excluded[0]["reason"] if excluded else "none of them has the given IDs"
    msg = f"{out}: no galaxy could be used, {len(excluded)} are excluded; the first: {first}"
    raise DataSetError(msg)
