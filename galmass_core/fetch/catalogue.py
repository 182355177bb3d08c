"""Fetch the fields of a group catalogue that the sample needs, as one file in TNG's layout.

The API makes a file of one field for the whole box. Where that takes it too long (504, TNG50), the
chunks of the catalogue are fetched one by one and only the fields are kept.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from galmass_core.fetch.client import BadRequestError, Client, NotFoundError
from galmass_core.fetch.run import SnapshotInfo
from galmass_core.galaxy import GalaxyFileError, UnavailableError
from galmass_core.sources import hdf5
from galmass_core.storage.atomic import atomic_write

SUBHALO_FIELDS = (
    "SubhaloGrNr",
    "SubhaloHalfmassRadType",
    "SubhaloLenType",
    "SubhaloMass",
    "SubhaloMassInHalfRad",
    "SubhaloMassInHalfRadType",
    "SubhaloMassInRad",
    "SubhaloMassInRadType",
    "SubhaloMassType",
    "SubhaloPos",
    "SubhaloSFRinRad",
    "SubhaloStellarPhotometrics",
    "SubhaloVelDisp",
)
OPTIONAL_FIELDS = ("SubhaloFlag",)  # Illustris has none
GROUP_FIELDS = ("GroupFirstSub", "GroupNsubs")
BYTES_PER_SUBHALO = 4 * (1 + 6 + 6 + 1 + 1 + 6 + 1 + 6 + 6 + 3 + 1 + 8 + 1) + 1
_ATTEMPTS = 3  # at a file of one field, before the chunks are fetched

Progress = Callable[[int, int], None]  # fields or chunks done, total


def catalogue_path(folder: Path, snapshot: int) -> Path:
    """Return the path of the catalogue in a fetched folder."""
    return folder / f"groups_{snapshot:03d}" / f"fof_subhalo_tab_{snapshot:03d}.hdf5"


def fetch_catalogue(
    client: Client, info: SnapshotInfo, folder: Path, progress: Progress | None = None
) -> Path:
    """Fetch the group catalogue, unless it is there.

    Fields that are there already are kept when it is stopped and called again.

    Parameters
    ----------
    client : Client
    info : SnapshotInfo
    folder : Path
    progress : callable, optional

    Returns
    -------
    Path
        One file in TNG's layout, with `SUBHALO_FIELDS` and `GROUP_FIELDS`.

    Raises
    ------
    ApiError, UnavailableError
        If a field or chunk cannot be fetched.
    """
    path = catalogue_path(folder, info.snapshot)
    if path.exists():
        return path
    parts = path.parent / "fields"
    parts.mkdir(parents=True, exist_ok=True)
    try:
        fields = _fetch_fields(client, info, parts, progress)
    except UnavailableError:
        if client.stopping.is_set():
            raise
        fields = _fetch_chunks(client, info, parts, progress)
    _write(path, info, fields)
    for part in parts.iterdir():
        part.unlink()
    parts.rmdir()
    return path


Fields = dict[str, NDArray]  # Subhalo/SubhaloMass: rows


def _wanted() -> Iterator[tuple[str, str]]:
    for name in (*SUBHALO_FIELDS, *OPTIONAL_FIELDS):
        yield "Subhalo", name
    for name in GROUP_FIELDS:
        yield "Group", name


def _fetch_fields(
    client: Client, info: SnapshotInfo, parts: Path, progress: Progress | None
) -> Fields:
    """Fetch each field as a file for the whole box."""
    fields, wanted = {}, list(_wanted())
    for number, (group, name) in enumerate(wanted, start=1):
        key, path = f"{group}/{name}", parts / f"{group}.{name}.hdf5"
        if not path.exists():
            try:
                client.download(
                    f"{info.run}/files/groupcat-{info.snapshot}/?{group}={name}",
                    path,
                    partial(_check_field, key=key, info=info),
                    attempts=_ATTEMPTS,
                )
            except (BadRequestError, NotFoundError):
                if name not in OPTIONAL_FIELDS:
                    raise
                continue
        with hdf5.open_file(path) as file:
            fields[key] = file[key][()]
        if progress:
            progress(number, len(wanted))
    return fields


def _check_field(path: Path, key: str, info: SnapshotInfo) -> None:
    """Raise ValueError unless a file has the field, for every subhalo of the box."""
    with hdf5.open_file(path) as file:
        rows = len(hdf5.dataset(file, key))
    if key.startswith("Subhalo/") and rows != info.subhaloes:
        msg = f"{key} must have {info.subhaloes} rows, got {rows}"
        raise GalaxyFileError(msg)


def _fetch_chunks(
    client: Client, info: SnapshotInfo, parts: Path, progress: Progress | None
) -> Fields:
    """Fetch the chunks of the catalogue, and keep the fields of each."""
    tables: list[Fields] = []
    for number in range(info.catalogue_files):
        path = parts / f"chunk.{number}.hdf5"
        if not path.exists():
            whole = parts / f"whole.{number}.hdf5"
            client.download(
                f"{info.run}/files/groupcat-{info.snapshot}.{number}.hdf5",
                whole,
                _check_chunk,
                resume=True,
            )
            _keep_fields(whole, path)
            whole.unlink()
        with hdf5.open_file(path) as file:
            tables.append({f"{g}/{n}": file[g][n][()] for g in file for n in file[g]})
        if progress:
            progress(number + 1, info.catalogue_files)
    keys = {key for table in tables for key in table}  # many chunks hold nothing at all
    fields = {key: np.concatenate([t[key] for t in tables if key in t]) for key in sorted(keys)}
    if len(fields.get("Subhalo/SubhaloMass", ())) != info.subhaloes:
        rows = len(fields.get("Subhalo/SubhaloMass", ()))
        msg = f"the catalogue must have {info.subhaloes} subhaloes, got {rows} in its chunks"
        raise GalaxyFileError(msg)
    return fields


def _check_chunk(path: Path) -> None:
    """Raise ValueError unless a file is a chunk of a catalogue."""
    with hdf5.open_file(path) as file:
        hdf5.numbers(file, "NumFiles")


def _keep_fields(whole: Path, path: Path) -> None:
    with hdf5.open_file(whole) as file, atomic_write(path) as part, h5py.File(part, "w") as kept:
        for key in (f"{group}/{name}" for group, name in _wanted()):
            if key in file:
                kept[key] = file[key][()]


def _write(path: Path, info: SnapshotInfo, fields: Fields) -> None:
    with atomic_write(path) as part, h5py.File(part, "w") as file:
        file.create_group("Header").attrs.update(info.header | {"SimulationName": info.run})
        for key, values in fields.items():
            file[key] = values
