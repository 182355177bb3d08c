"""Fetch the sample of a snapshot: catalogue, cutouts, and a manifest of them.

FOLDER/
  fetch.json                                run, snapshot, counts
  groups_099/fof_subhalo_tab_099.hdf5       the fields of the catalogue that are needed
  cutouts/cutout_501761.hdf5, .json         a galaxy, and its row of the catalogue
  manifest.csv                              size and checksum of every cutout
"""

import csv
import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from galmass_core.fetch.catalogue import (
    BYTES_PER_SUBHALO,
    Progress,
    catalogue_path,
    fetch_catalogue,
)
from galmass_core.fetch.client import ApiError, Client, KeyRefusedError
from galmass_core.fetch.cutouts import CutoutFetcher, cutout_bytes
from galmass_core.fetch.run import SnapshotInfo, read_snapshot_info
from galmass_core.galaxy import UnavailableError
from galmass_core.sample import MIN_STELLAR_MASS, catalogue_cuts
from galmass_core.sources import hdf5
from galmass_core.sources.group_catalogue import read_group_catalogue
from galmass_core.storage.atomic import atomic_write, write_json

WORKERS = 4  # requests at a time: what the API's users have found to be tolerated
CUTOUTS_PER_HOUR = 2000  # of one worker, as one user measured for small cutouts
BYTES_PER_GALAXY = 8_000_000  # mean of the sample of TNG100, before the catalogue is there
DESCRIPTION, MANIFEST, CUTOUTS = "fetch.json", "manifest.csv", "cutouts"
_AHEAD = 4  # pending requests per worker


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
    is_estimate : bool
        Whether the sizes are estimated, because the catalogue is not there yet.
    """

    galaxies: int
    missing: int
    catalogue_bytes: int
    cutout_bytes: int
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


def plan(client: Client, run: str, snapshot: int, folder: Path, limit: int | None = None) -> Plan:
    """Return what there is to fetch, without fetching any data.

    Raises
    ------
    ApiError, UnavailableError
        If run or snapshot do not exist, or the API does not answer.
    """
    info = read_snapshot_info(client, run, snapshot)
    if catalogue_path(folder, snapshot).exists():
        subhaloes = select(folder, snapshot, limit)
        missing = subhaloes[~subhaloes.index.isin(_present(folder))]
        return Plan(
            galaxies=len(subhaloes),
            missing=len(missing),
            catalogue_bytes=0,
            cutout_bytes=cutout_bytes(missing),
            is_estimate=False,
        )
    least = MIN_STELLAR_MASS / 1e10 * info.hubble  # in the unit of the catalogue
    place = f"{run}/snapshots/{snapshot}/subhalos/"
    heavy = int(client.json(f"{place}?mass_stars__gt={least:.6g}&limit=1")["count"])
    galaxies = heavy if limit is None else min(limit, heavy)
    return Plan(
        galaxies=galaxies,
        missing=galaxies,
        catalogue_bytes=info.subhaloes * BYTES_PER_SUBHALO,
        cutout_bytes=galaxies * BYTES_PER_GALAXY,
        is_estimate=True,
    )


def select(folder: Path, snapshot: int, limit: int | None = None) -> pd.DataFrame:
    """Return the subhaloes of a fetched catalogue that pass the paper's cuts, in order of ID."""
    subhaloes = read_group_catalogue(folder, snapshot).subhaloes
    return subhaloes[catalogue_cuts(subhaloes) == ""][:limit]


def open_fetcher(
    client: Client,
    run: str,
    snapshot: int,
    folder: Path,
    *,
    limit: int | None = None,
    progress: Progress | None = None,
) -> CutoutFetcher:
    """Fetch the catalogue and return a fetcher of the sample's cutouts.

    Raises
    ------
    ValueError
        If the folder holds another run or snapshot.
    ApiError, UnavailableError
        If the catalogue cannot be fetched.
    """
    info = read_snapshot_info(client, run, snapshot)
    _claim(folder, info)
    fetch_catalogue(client, info, folder, progress)
    return CutoutFetcher(client=client, info=info, subhaloes=select(folder, snapshot, limit))


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
    KeyRefusedError
    """
    manifest, failed = Manifest(folder / MANIFEST), dict[int, str]()
    wanted = fetcher.subhaloes.index.to_list()
    present = _present(folder)
    todo = [subhalo for subhalo in wanted if subhalo not in present]
    manifest.add_missing(folder / CUTOUTS, set(wanted) & present)
    done = len(wanted) - len(todo)
    with ThreadPoolExecutor(WORKERS) as pool:
        try:
            for subhalo, future in _as_they_come(pool, fetcher, todo, folder / CUTOUTS):
                done += 1
                try:
                    manifest.add(future.result())
                except KeyRefusedError:
                    raise
                except (ApiError, UnavailableError) as error:
                    failed[subhalo] = str(error)
                if progress:
                    progress(done, len(wanted), len(failed))
        except BaseException:
            fetcher.client.stop()
            raise
    return Fetched(galaxies=len(wanted) - len(failed), failed=failed)


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
    """
    remote, local = name, folder / "postprocessing" / Path(name).name
    if name == "offsets":
        remote = f"offsets.{snapshot}.hdf5"
        local = folder / "postprocessing" / "offsets" / f"offsets_{snapshot:03d}.hdf5"
    if not local.exists():
        local.parent.mkdir(parents=True, exist_ok=True)
        client.download(f"{run}/files/{remote}", local, _check_hdf5, resume=True)
    return local


def _check_hdf5(path: Path) -> None:
    with hdf5.open_file(path):
        pass


def _claim(folder: Path, info: SnapshotInfo) -> None:
    """Write what the folder is for, or check that it is for the same."""
    description = {"run": info.run, "snapshot": info.snapshot, "redshift": info.redshift}
    path = folder / DESCRIPTION
    if path.exists():
        there: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if (there["run"], there["snapshot"]) != (info.run, info.snapshot):
            found = f"{there['run']}, snapshot {there['snapshot']}"
            msg = f"{folder}: must be for {info.run}, snapshot {info.snapshot}, but holds {found}"
            raise ValueError(msg)
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_json(path, description)


def _present(folder: Path) -> set[int]:
    """Return the subhaloes of which cutout and record are there."""
    paths = (folder / CUTOUTS).glob("cutout_*.hdf5")
    return {int(path.stem.split("_")[1]) for path in paths if path.with_suffix(".json").exists()}


def _as_they_come(
    pool: ThreadPoolExecutor, fetcher: CutoutFetcher, todo: Sequence[int], folder: Path
) -> Iterator[tuple[int, "Future[Path]"]]:
    """Yield finished requests, a few of which are pending at any time."""
    remaining = iter(todo)
    pending: dict[Future[Path], int] = {}
    while True:
        for subhalo in remaining:
            pending[pool.submit(fetcher.fetch, subhalo, folder)] = subhalo
            if len(pending) >= _AHEAD * WORKERS:
                break
        if not pending:
            return
        for future in wait(pending, return_when=FIRST_COMPLETED).done:
            yield pending.pop(future), future


class Manifest:
    """A table of the cutouts with their size and checksum; each is written when it has come."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        lines = path.read_text(encoding="utf-8") if path.exists() else ""
        whole = lines[: lines.rfind("\n") + 1] or "subhalo,bytes,sha256\n"
        if whole != lines:  # a kill may cut the last line
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as part:
                part.write_text(whole, encoding="utf-8")

    def add(self, path: Path) -> None:
        """Add a cutout."""
        with path.open("rb") as stream:
            checksum = hashlib.file_digest(stream, "sha256").hexdigest()
        with self._lock, self._path.open("a", encoding="utf-8", newline="") as stream:
            row = (path.stem.split("_")[1], path.stat().st_size, checksum)
            csv.writer(stream, lineterminator="\n").writerow(row)

    def add_missing(self, folder: Path, subhaloes: Iterable[int]) -> None:
        """Add the cutouts that came just before an earlier fetch was killed."""
        known = set(pd.read_csv(self._path, usecols=["subhalo"])["subhalo"])
        for subhalo in sorted(set(subhaloes) - known):
            self.add(folder / f"cutout_{subhalo}.hdf5")
