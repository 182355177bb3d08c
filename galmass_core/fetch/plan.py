"""What a fetch is going to do: which galaxies, how many bytes, how long."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.datasets.catalogue import catalogue_samples, check_catalogue_where
from galmass_core.datasets.filters import matching_rows
from galmass_core.fetch.catalogue import (
    BYTES_PER_SUBHALO,
    catalogue_path,
)
from galmass_core.fetch.client import Client
from galmass_core.fetch.cutouts import COUNTS, WORKERS, cutout_bytes
from galmass_core.fetch.errors import NothingWorksError
from galmass_core.fetch.fetch_folder import check_claim, cutouts_in
from galmass_core.fetch.run import SnapshotInfo, number, read_snapshot_info
from galmass_core.fetch.status import free_bytes, size_text
from galmass_core.sample import CUT_COLUMNS, MIN_STELLAR_MASS, catalogue_cuts
from galmass_core.sources import CUTOUTS
from galmass_core.sources.group_catalogue import COLUMNS, read_group_catalogue

CUTOUTS_PER_HOUR = 2000  # of one worker, as one user measured for small cutouts
BYTES_PER_GALAXY = 8_000_000  # mean of the sample of TNG100, before the catalogue is there
BYTES_OF_MAPS = 1_600_000  # of a galaxy in a data set
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
    check_claim(folder, info)
    if catalogue_path(folder, info.snapshot).exists():
        subhaloes = select(folder, info.snapshot, limit, where)[0]
        missing = subhaloes[~subhaloes.index.isin(cutouts_in(folder))]
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


def check_space(sizes: NDArray[np.int64], folder: Path, build: Path | None) -> None:
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
