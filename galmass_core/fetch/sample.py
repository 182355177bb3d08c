"""Fetch the sample of a snapshot: catalogue, cutouts, and a manifest of them.

FOLDER/
  fetch.json                                run, snapshot, redshift
  status.json, faults.txt                   how it stands, see `status`
  groups_099/fof_subhalo_tab_099.hdf5       the fields of the catalogue that are needed
  cutouts/cutout_501761.hdf5, .json         a galaxy, and its row of the catalogue
  manifest.csv                              size and checksum of every cutout
"""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.pool import ThreadPool
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.datasets.catalogue import catalogue_samples, check_catalogue_where
from galmass_core.datasets.filters import matching_rows
from galmass_core.fetch.catalogue import (
    BYTES_PER_SUBHALO,
    Progress,
    catalogue_path,
    fetch_catalogue,
)
from galmass_core.fetch.client import ApiError, Client, NothingWorksError
from galmass_core.fetch.cutouts import COUNTS, CutoutFetcher, cutout_bytes
from galmass_core.fetch.run import SnapshotInfo, number, read_snapshot_info
from galmass_core.fetch.status import free_bytes, note_fault, size_text, write_status
from galmass_core.galaxy import UnavailableError
from galmass_core.sample import CUT_COLUMNS, MIN_STELLAR_MASS, catalogue_cuts
from galmass_core.sources import CUTOUTS
from galmass_core.sources.group_catalogue import COLUMNS, read_group_catalogue
from galmass_core.storage.atomic import atomic_write, write_json
from galmass_core.storage.checksums import checksum

WORKERS = 4  # requests at a time: what the API's users have found to be tolerated
CUTOUTS_PER_HOUR = 2000  # of one worker, as one user measured for small cutouts
BYTES_PER_GALAXY = 8_000_000  # mean of the sample of TNG100, before the catalogue is there
BYTES_OF_MAPS = 1_600_000  # of a galaxy in a data set
DESCRIPTION, MANIFEST = "fetch.json", "manifest.csv"
_COLUMNS = {*CUT_COLUMNS, *COUNTS.values(), *"xyz", "is_central", "host_group"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a fetch is going to do.

    Attributes
    ----------
    galaxies : int
    missing : int
        Galaxies that are not there yet.
    catalogue_bytes, cutout_bytes : int
        To be fetched.
    disk_bytes, free_bytes : int
        Needed on the disk, and free there.
    is_estimate : bool
        Whether the sizes are estimated, because the catalogue is not there yet.
    """

    galaxies: int
    missing: int
    catalogue_bytes: int
    cutout_bytes: int
    disk_bytes: int
    free_bytes: int
    is_estimate: bool

    @property
    def hours(self) -> float:
        """Time for the cutouts, at `CUTOUTS_PER_HOUR`."""
        return self.missing / (WORKERS * CUTOUTS_PER_HOUR)


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What was fetched.

    Attributes
    ----------
    galaxies : int
        Cutouts that are there now.
    failed : dict of int to str
        Subhalo to reason; tried again by the next fetch.
    """

    galaxies: int
    failed: dict[int, str]


def plan(
    client: Client,
    run: str,
    snapshot: int | None,
    folder: Path,
    limit: int | None = None,
    *,
    where: str | None = None,
    build: Path | None = None,
) -> Plan:
    """Return what there is to fetch, without fetching any data.

    Parameters
    ----------
    client : Client
    run : str
    snapshot : int or None
    folder : Path
    limit, where
        As of `select`; the condition counts once the catalogue is there.
    build : Path, optional
        Data set that is to be built, instead of keeping cutouts.

    Raises
    ------
    ValueError
        If the folder holds another run or snapshot, or ``where`` is not a condition on a catalogue.
    ApiError, UnavailableError
        If run or snapshot do not exist, or the API does not answer.
    """
    if where is not None:
        check_catalogue_where(where)
    info = read_snapshot_info(client, run, snapshot)
    _check_claim(folder, info)
    if catalogue_path(folder, info.snapshot).exists():
        subhaloes = select(folder, info.snapshot, limit, where)[0]
        missing = subhaloes[~subhaloes.index.isin(_present(folder))]
        galaxies, catalogue, sizes = len(subhaloes), 0, cutout_bytes(missing)
    else:
        heavy = _count_heavy(client, info)
        galaxies = heavy if limit is None else min(limit, heavy)
        catalogue = info.subhaloes * BYTES_PER_SUBHALO
        sizes = np.full(galaxies, BYTES_PER_GALAXY)
    return Plan(
        galaxies=galaxies,
        missing=len(sizes),
        catalogue_bytes=catalogue,
        cutout_bytes=int(sizes.sum()),
        disk_bytes=catalogue + _disk_bytes(sizes, build),
        free_bytes=free_bytes(build or folder / CUTOUTS),
        is_estimate=catalogue > 0,
    )


def _count_heavy(client: Client, info: SnapshotInfo) -> int:
    """Ask for the number of subhaloes with enough stars, of which the cuts exclude a few."""
    least = MIN_STELLAR_MASS / 1e10 * info.hubble  # in the unit of the catalogue
    place = f"{info.run}/snapshots/{info.snapshot}/subhalos/"
    answer = client.json(f"{place}?mass_stars__gt={least:.6g}&limit=1")
    return int(number(answer, "count", client.base + place))


def _disk_bytes(sizes: NDArray[np.int64], build: Path | None) -> int:
    """Return the space for cutouts, or for maps and the cutouts that are there at a time."""
    if build is None:
        return int(sizes.sum())
    return len(sizes) * BYTES_OF_MAPS + int(np.sort(sizes)[-WORKERS:].sum())


def _check_space(sizes: NDArray[np.int64], folder: Path, build: Path | None) -> None:
    """Raise NothingWorksError if the disk is too small for what is missing."""
    needed, path = _disk_bytes(sizes, build), build or folder / CUTOUTS
    if needed > free_bytes(path):
        msg = (
            f"{path}: the disk must have {size_text(needed)} free for {len(sizes):,} galaxies, "
            f"got {size_text(free_bytes(path))}"
        )
        raise NothingWorksError(msg)


def select(
    folder: Path, snapshot: int, limit: int | None = None, where: str | None = None
) -> tuple[pd.DataFrame, Counter[str]]:
    """Return the subhaloes of a fetched catalogue that pass the paper's cuts, in order of ID.

    Parameters
    ----------
    folder : Path
    snapshot : int
    limit : int, optional
        Only the first of those that fulfil the condition.
    where : str, optional
        A condition on the columns that `catalogue_samples` makes, such as ``log_mstar > 11``.

    Returns
    -------
    DataFrame
    Counter
        Number of those that the condition excludes.

    Raises
    ------
    ValueError
        If ``where`` is no such condition.
    """
    columns = COLUMNS if where else _COLUMNS
    catalogue = read_group_catalogue(folder, snapshot, columns=columns)
    subhaloes, left_out = catalogue.subhaloes, Counter[str]()
    subhaloes = subhaloes[catalogue_cuts(subhaloes) == ""]
    if where:
        fulfil = matching_rows(catalogue_samples(catalogue, subhaloes), where)
        left_out[f"does not fulfil {where}"] = int((~fulfil).sum())
        subhaloes = subhaloes[fulfil]
    return subhaloes[:limit], left_out


@contextmanager
def open_fetcher(
    client: Client,
    run: str,
    snapshot: int | None,
    folder: Path,
    *,
    limit: int | None = None,
    where: str | None = None,
    build: Path | None = None,
    also: Sequence[str] = (),
    progress: Progress | None = None,
) -> Iterator[CutoutFetcher]:
    """Fetch the catalogue and yield a fetcher of the sample's cutouts.

    Meanwhile the folder is locked, and its status written.

    Parameters
    ----------
    client : Client
    run : str
    snapshot : int or None
        The last by default.
    folder : Path
    limit, where
        As of `select`.
    build : Path, optional
        Data set that is going to be built, instead of keeping cutouts.
    also : sequence of str
        Further files that are going to be fetched; only noted in the status.
    progress : callable, optional
        Called with the numbers of files of the catalogue done and in total.

    Yields
    ------
    CutoutFetcher

    Raises
    ------
    ValueError
        If the folder holds another run or snapshot, another process fetches into it, no subhalo
        passes the cuts of the sample, or ``where`` is not a condition on a catalogue.
    ApiError, UnavailableError, GalaxyFileError
        If the catalogue cannot be fetched.
    NothingWorksError
        If the disk is too small.
    """
    if where is not None:
        check_catalogue_where(where)
    request = {
        "suite": run,
        "snapshot": snapshot,
        "where": where,
        "limit": limit,
        "build": None if build is None else str(build.absolute()),
        "also": list(also),
    }
    with write_status(folder, request) as status:
        client.on_bytes, client.on_fault = status.add_bytes, partial(note_fault, folder)
        info = read_snapshot_info(client, run, snapshot)
        _claim(folder, info)
        fetch_catalogue(client, info, folder, _both(status.report, progress))
        client.on_bytes = None  # from here on sizes are known from the catalogue
        subhaloes, left_out = select(folder, info.snapshot, limit, where)
        if subhaloes.empty:
            path = catalogue_path(folder, info.snapshot)
            sample = f"the paper's sample with {where}" if where else "the paper's sample"
            msg = f"{path}: must have subhaloes of {sample}, got none of {info.subhaloes}"
            raise ValueError(msg)
        missing = subhaloes[~subhaloes.index.isin(_present(folder))]
        _check_space(cutout_bytes(missing), folder, build)
        status.begin_stage("maps" if build else "cutouts", int(cutout_bytes(subhaloes).sum()))
        yield CutoutFetcher(
            client=client, info=info, subhaloes=subhaloes, left_out=left_out, status=status
        )


def _both(report: Progress, progress: Progress | None) -> Progress:
    """Return a function that passes progress on to both."""

    def call(done: int, total: int) -> None:
        report(done, total)
        if progress:
            progress(done, total)

    return call


def fetch_cutouts(
    fetcher: CutoutFetcher, folder: Path, progress: Callable[[int, int, int], None] | None = None
) -> Fetched:
    """Fetch the cutouts that are not there yet, several at a time.

    A galaxy that cannot be fetched does not stop the others.

    Parameters
    ----------
    fetcher : CutoutFetcher
    folder : Path
    progress : callable, optional
        Called with the numbers of galaxies done, in total, and failed.

    Returns
    -------
    Fetched

    Raises
    ------
    NothingWorksError
        If the key is refused, or nothing can be written.
    """
    manifest, failed = Manifest(folder), dict[int, str]()
    total = len(fetcher.subhaloes)
    todo = sorted(set(fetcher.subhaloes.index) - manifest.subhaloes)
    sizes = pd.Series(cutout_bytes(fetcher.subhaloes), fetcher.subhaloes.index)
    sizes_done = int(sizes.sum() - sizes[todo].sum())
    _report(fetcher, total - len(todo), total, sizes_done, failed)

    def fetch(subhalo: int) -> tuple[int, Path | Exception]:
        try:
            return subhalo, fetcher.fetch(subhalo, fetcher.row(subhalo), folder / CUTOUTS)
        except Exception as error:
            return subhalo, error

    with ThreadPool(WORKERS) as pool:  # of daemon threads, which Ctrl-C need not wait for
        try:
            answers = pool.imap_unordered(fetch, todo)
            for done, (subhalo, answer) in enumerate(answers, start=total - len(todo) + 1):
                if isinstance(answer, Path):
                    manifest.add(answer)
                elif isinstance(answer, NothingWorksError):
                    raise answer
                elif isinstance(answer, (ApiError, UnavailableError)):
                    failed[subhalo] = str(answer)
                    note_fault(folder, str(answer))
                else:
                    raise answer
                sizes_done += sizes[subhalo]
                _report(fetcher, done, total, sizes_done, failed)
                if progress:
                    progress(done, total, len(failed))
        except BaseException:
            fetcher.client.stop()
            raise
    return Fetched(galaxies=total - len(failed), failed=failed)


def _report(
    fetcher: CutoutFetcher, done: int, total: int, size: int, failed: dict[int, str]
) -> None:
    """Write how far the cutouts are."""
    if fetcher.status:
        reasons = [f"subhalo {subhalo}: {reason}" for subhalo, reason in failed.items()]
        fetcher.status.report(done, total, size=size, failed=len(failed), reasons=reasons)


def fetch_file(client: Client, run: str, snapshot: int, name: str, folder: Path) -> Path:
    """Fetch the offsets file, or a supplementary catalogue by its name in the API.

    Parameters
    ----------
    client : Client
    run : str
    snapshot : int
    name : str
        ``offsets``, or such as ``stellar_circs.hdf5``.
    folder : Path

    Returns
    -------
    Path
        Under ``postprocessing`` in the folder.

    Raises
    ------
    ValueError
        If it is not the name of an HDF5 file.
    ApiError, UnavailableError
        If it cannot be fetched.
    """
    if name != "offsets" and not name.endswith(".hdf5"):
        msg = f"a supplementary catalogue must be offsets or the name of an HDF5 file, got {name!r}"
        raise ValueError(msg)
    remote, local = name, folder / "postprocessing" / Path(name).name
    if name == "offsets":
        remote = f"offsets.{snapshot}.hdf5"
        local = folder / "postprocessing" / "offsets" / f"offsets_{snapshot:03d}.hdf5"
    if not local.exists():
        local.parent.mkdir(parents=True, exist_ok=True)
        client.download(f"{run}/files/{remote}", local, lambda _: None, resume=True)
    return local


def _claim(folder: Path, info: SnapshotInfo) -> None:
    """Write what the folder is for, or check that it is for the same."""
    _check_claim(folder, info)
    if not (folder / DESCRIPTION).exists():
        description = {"run": info.run, "snapshot": info.snapshot, "redshift": info.redshift}
        write_json(folder / DESCRIPTION, description)


def _check_claim(folder: Path, info: SnapshotInfo) -> None:
    """Raise ValueError if a folder is for another run or snapshot."""
    path = folder / DESCRIPTION
    if not path.exists():
        return
    try:
        there = json.loads(path.read_text(encoding="utf-8"))
        run, snapshot = there["run"], there["snapshot"]
    except (ValueError, LookupError, TypeError) as error:
        msg = f"{path}: must be JSON with run and snapshot, got {error!r}"
        raise ValueError(msg) from error
    if (run, snapshot) != (info.run, info.snapshot):
        found = f"{run}, snapshot {snapshot}"
        msg = f"{folder}: must be for {info.run}, snapshot {info.snapshot}, but holds {found}"
        raise ValueError(msg)


def _present(folder: Path) -> set[int]:
    """Return the subhaloes of which cutout and record are there."""
    paths = (folder / CUTOUTS).glob("cutout_*.hdf5")
    numbers = (path.stem.split("_")[1] for path in paths if path.with_suffix(".json").exists())
    return {int(number) for number in numbers if number.isdecimal()}


class Manifest:
    """A table of the cutouts of a folder with their size and checksum, in order of arrival.

    A row is added for each cutout when it has come. Before, the rows are made those of the cutouts
    that are there: a kill may cut the last row, or leave out a cutout.

    Attributes
    ----------
    subhaloes : set of int
        The cutouts that are there.
    """

    def __init__(self, folder: Path) -> None:
        self._path, self.subhaloes = folder / MANIFEST, _present(folder)
        rows = {}
        if self._path.exists():
            with self._path.open(encoding="utf-8", newline="") as stream:
                lines = {line.split(",")[0]: line for line in stream if line.endswith("\n")}
            rows = {int(first): line for first, line in lines.items() if first.isdecimal()}
        there = [rows[subhalo] for subhalo in rows if subhalo in self.subhaloes]
        with atomic_write(self._path) as part:
            part.write_text("subhalo,bytes,sha256\n" + "".join(there), encoding="utf-8")
        for subhalo in sorted(self.subhaloes - set(rows)):
            self.add(folder / CUTOUTS / f"cutout_{subhalo}.hdf5")

    def add(self, path: Path) -> None:
        """Add a cutout."""
        row = (path.stem.split("_")[1], *checksum(path).values())
        with self._path.open("a", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerow(row)
