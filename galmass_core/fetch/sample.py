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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pandas as pd

from galmass_core.fetch.catalogue import (
    BYTES_PER_SUBHALO,
    Progress,
    catalogue_path,
    fetch_catalogue,
)
from galmass_core.fetch.client import ApiError, Client, NothingWorksError
from galmass_core.fetch.cutouts import COUNTS, CutoutFetcher, cutout_bytes
from galmass_core.fetch.run import SnapshotInfo, number, read_snapshot_info
from galmass_core.galaxy import UnavailableError
from galmass_core.sample import CUT_COLUMNS, MIN_STELLAR_MASS, catalogue_cuts
from galmass_core.sources import CUTOUTS
from galmass_core.sources.group_catalogue import read_group_catalogue
from galmass_core.storage.atomic import atomic_write, write_json
from galmass_core.storage.lock import locked, update_heartbeat

WORKERS = 4  # requests at a time: what the API's users have found to be tolerated
CUTOUTS_PER_HOUR = 2000  # of one worker, as one user measured for small cutouts
BYTES_PER_GALAXY = 8_000_000  # mean of the sample of TNG100, before the catalogue is there
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


def plan(
    client: Client, run: str, snapshot: int | None, folder: Path, limit: int | None = None
) -> Plan:
    """Return what there is to fetch, without fetching any data.

    Raises
    ------
    ValueError
        If the folder holds another run or snapshot.
    ApiError, UnavailableError
        If run or snapshot do not exist, or the API does not answer.
    """
    info = read_snapshot_info(client, run, snapshot)
    _check_claim(folder, info)
    if catalogue_path(folder, info.snapshot).exists():
        subhaloes = select(folder, info.snapshot, limit)
        missing = subhaloes[~subhaloes.index.isin(_present(folder))]
        return Plan(
            galaxies=len(subhaloes),
            missing=len(missing),
            catalogue_bytes=0,
            cutout_bytes=cutout_bytes(missing),
            is_estimate=False,
        )
    least = MIN_STELLAR_MASS / 1e10 * info.hubble  # in the unit of the catalogue
    place = f"{run}/snapshots/{info.snapshot}/subhalos/"
    answer = client.json(f"{place}?mass_stars__gt={least:.6g}&limit=1")
    heavy = int(number(answer, "count", client.base + place))
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
    subhaloes = read_group_catalogue(folder, snapshot, columns=_COLUMNS).subhaloes
    return subhaloes[catalogue_cuts(subhaloes) == ""][:limit]


@contextmanager
def open_fetcher(
    client: Client,
    run: str,
    snapshot: int | None,
    folder: Path,
    *,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Iterator[CutoutFetcher]:
    """Fetch the catalogue and yield a fetcher of the sample's cutouts; lock the folder meanwhile.

    Raises
    ------
    ValueError
        If the folder holds another run or snapshot, another process fetches into it, or no
        subhalo passes the cuts of the sample.
    ApiError, UnavailableError, GalaxyFileError
        If the catalogue cannot be fetched.
    """
    info = read_snapshot_info(client, run, snapshot)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        _claim(folder, info)
        fetch_catalogue(client, info, folder, progress)
        subhaloes = select(folder, info.snapshot, limit)
        if subhaloes.empty:
            path = catalogue_path(folder, info.snapshot)
            msg = f"{path}: must have subhaloes of the paper's sample, got none of {info.subhaloes}"
            raise ValueError(msg)
        yield CutoutFetcher(client=client, info=info, subhaloes=subhaloes)


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

    def fetch(subhalo: int) -> tuple[int, Path | Exception]:
        try:
            return subhalo, fetcher.fetch(subhalo, fetcher.row(subhalo), folder / CUTOUTS)
        except Exception as error:
            return subhalo, error

    with ThreadPool(WORKERS) as pool:  # of daemon threads, which Ctrl-C need not wait for
        try:
            answers = pool.imap_unordered(fetch, todo)
            for done, (subhalo, answer) in enumerate(answers, start=total - len(todo) + 1):
                update_heartbeat(folder)
                if isinstance(answer, Path):
                    manifest.add(answer)
                elif isinstance(answer, NothingWorksError):
                    raise answer
                elif isinstance(answer, (ApiError, UnavailableError)):
                    failed[subhalo] = str(answer)
                else:
                    raise answer
                if progress:
                    progress(done, total, len(failed))
        except BaseException:
            fetcher.client.stop()
            raise
    return Fetched(galaxies=total - len(failed), failed=failed)


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
        with path.open("rb") as stream:
            checksum = hashlib.file_digest(stream, "sha256").hexdigest()
        with self._path.open("a", encoding="utf-8", newline="") as stream:
            row = (path.stem.split("_")[1], path.stat().st_size, checksum)
            csv.writer(stream, lineterminator="\n").writerow(row)
