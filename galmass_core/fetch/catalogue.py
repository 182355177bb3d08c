"""Fetch the fields of a group catalogue that the sample needs, as one file in TNG's layout.

The API makes a file of one field for the whole box. Where that takes it too long (504, TNG50), the
chunks of the catalogue are fetched one by one and only the fields are kept.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from galmass_core.fetch.client import Client
from galmass_core.fetch.errors import BadRequestError, NotFoundError, NothingWorksError
from galmass_core.fetch.run import SnapshotInfo
from galmass_core.galaxy import GalaxyFileError, UnavailableError
from galmass_core.sources import attributes, hdf5
from galmass_core.sources.group_catalogue import read_group_members
from galmass_core.storage.atomic import atomic_write
from galmass_core.storage.hdf5_output import hdf5_output

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
    GalaxyFileError
        If fields and chunks do not fit together.
    """
    path = catalogue_path(folder, info.snapshot)
    parts = path.parent / "fields"
    if path.exists():
        shutil.rmtree(parts, ignore_errors=True)  # of a process that was killed
        return path
    parts.mkdir(parents=True, exist_ok=True)
    try:
        files = _fetch_fields(client, info, parts, progress)
    except NothingWorksError:
        raise
    except UnavailableError:
        if client.stopping.is_set():
            raise
        files = _fetch_chunks(client, info, parts, progress)
    try:
        _write(path, info, files)
    except GalaxyFileError:  # the next call must not find them again
        shutil.rmtree(parts)
        raise
    shutil.rmtree(parts)
    return path


def _wanted() -> Iterator[tuple[str, str]]:
    for name in (*SUBHALO_FIELDS, *OPTIONAL_FIELDS):
        yield "Subhalo", name
    for name in GROUP_FIELDS:
        yield "Group", name


def _fetch_fields(
    client: Client, info: SnapshotInfo, parts: Path, progress: Progress | None
) -> list[Path]:
    """Fetch each field as a file for the whole box."""
    files, wanted = [], list(_wanted())
    for number, (group, name) in enumerate(wanted, start=1):
        path = parts / f"{group}.{name}.hdf5"
        if not path.exists():
            try:
                client.download(
                    f"{info.run}/files/groupcat-{info.snapshot}/?{group}={name}",
                    path,
                    partial(_check_field, key=f"{group}/{name}", info=info),
                    attempts=_ATTEMPTS,
                )
            except (BadRequestError, NotFoundError):
                if name not in OPTIONAL_FIELDS:
                    raise
                continue
        files.append(path)
        if progress:
            progress(number, len(wanted))
    return files


def _check_field(file: hdf5.File, key: str, info: SnapshotInfo) -> None:
    """Raise GalaxyFileError unless a file has the field, for every subhalo of the box."""
    rows = len(file.field(key))
    if key.startswith("Subhalo/") and rows != info.subhaloes:
        msg = f"{key} must have {info.subhaloes} rows, got {rows}"
        raise GalaxyFileError(msg)


def _fetch_chunks(
    client: Client, info: SnapshotInfo, parts: Path, progress: Progress | None
) -> list[Path]:
    """Fetch the chunks of the catalogue, and keep the fields of each."""
    files = []
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
        files.append(path)
        if progress:
            progress(number + 1, info.catalogue_files)
    return files


def _check_chunk(file: hdf5.File) -> None:
    """Raise GalaxyFileError unless a file is a chunk of a catalogue."""
    attributes.numbers(file, "NumFiles")


def _keep_fields(whole: Path, path: Path) -> None:
    with hdf5.open_file(whole) as file, atomic_write(path) as part, hdf5_output(part) as kept:
        for key in (f"{group}/{name}" for group, name in _wanted()):
            found = file.find(key)
            if found is not None:
                kept[key] = found.read()


def _write(path: Path, info: SnapshotInfo, files: Sequence[Path]) -> None:
    """Write each field from all files that have it: many chunks hold nothing at all.

    Raises
    ------
    GalaxyFileError
        If the rows are not those of the box, or differ between fields.
    """
    with atomic_write(path) as part:
        with hdf5_output(part) as file:
            file.create_group("Header").attrs.update(info.header | {"SimulationName": info.run})
            for group, name in _wanted():
                values = list(_read(files, f"{group}/{name}"))
                if values:
                    file[f"{group}/{name}"] = np.concatenate(values)
                rows = sum(map(len, values))
                is_there = rows or name not in OPTIONAL_FIELDS
                if group == "Subhalo" and is_there and rows != info.subhaloes:
                    msg = f"{path}: {group}/{name} must have {info.subhaloes} rows, got {rows}"
                    raise GalaxyFileError(msg)
        with hdf5.open_file(part) as written:
            read_group_members(written)


def _read(files: Sequence[Path], key: str) -> Iterator[NDArray]:
    for path in files:
        with hdf5.open_file(path) as file:
            found = file.find(key)
            if found is not None:
                yield found.read()
