"""Fetch the sample of a snapshot: catalogue, cutouts, and a manifest of them.

FOLDER/
  fetch.json                                run, snapshot, redshift
  status.json, faults.txt                   how it stands, see `status`
  groups_099/fof_subhalo_tab_099.hdf5       the fields of the catalogue that are needed
  cutouts/cutout_501761.hdf5, .json         a galaxy, and its row of the catalogue
  manifest.csv                              size and checksum of every cutout
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pandas as pd

from galmass_core.datasets.catalogue import check_catalogue_where
from galmass_core.fetch.catalogue import (
    Progress,
    catalogue_path,
    fetch_catalogue,
)
from galmass_core.fetch.client import Client
from galmass_core.fetch.cutouts import WORKERS, CutoutFetcher, cutout_bytes
from galmass_core.fetch.errors import ApiError, NothingWorksError
from galmass_core.fetch.fetch_folder import Manifest, claim, cutouts_in
from galmass_core.fetch.plan import check_space, select
from galmass_core.fetch.run import read_snapshot_info
from galmass_core.fetch.status import note_fault, write_status
from galmass_core.galaxy import UnavailableError
from galmass_core.sources import CUTOUTS


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
        claim(folder, info)
        fetch_catalogue(client, info, folder, _both(status.report, progress))
        client.on_bytes = None  # from here on sizes are known from the catalogue
        subhaloes, left_out = select(folder, info.snapshot, limit, where)
        if subhaloes.empty:
            path = catalogue_path(folder, info.snapshot)
            sample = f"the paper's sample with {where}" if where else "the paper's sample"
            msg = f"{path}: must have subhaloes of {sample}, got none of {info.subhaloes}"
            raise ValueError(msg)
        missing = subhaloes[~subhaloes.index.isin(cutouts_in(folder))]
        check_space(cutout_bytes(missing), folder, build)
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
