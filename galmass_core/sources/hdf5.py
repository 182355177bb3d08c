"""Open HDF5 files of simulations and read checked header values.

Errors are one sentence that names file, field and rule.
"""

import errno
import gzip
import io
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import GalaxyFileError, UnavailableError

PATIENCE = 10.0  # s, for which a file that another process writes is tried
_PASSING = {  # errors of the moment, not of the content
    errno.EAGAIN,
    errno.EACCES,
    errno.EBUSY,
    errno.EINTR,
    errno.EIO,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
    errno.ESTALE,
    errno.ETIMEDOUT,
}
_REDSHIFT_TOLERANCE = 1e-3  # of a (1 + z) = 1
_POINTER = b"version https://git-lfs"
_LATEST = 1 + 1e-6  # scale factor of today, rounded


class _Unzipped(io.BytesIO):
    """Content of a gzipped file, with the name of the file."""

    def __init__(self, path: Path) -> None:
        super().__init__(gzip.decompress(path.read_bytes()))
        self._path = path

    def __repr__(self) -> str:
        return str(self._path)


@contextmanager
def must_be_whole(path: Path) -> Iterator[None]:
    """Name the file in errors raised while it is opened and read.

    Raises
    ------
    GalaxyFileError
        If it is not an HDF5 file, or is truncated.
    UnavailableError
        If it cannot be read at the moment: another process has it open for writing, permission is
        missing, or the disk does not answer.
    """
    try:
        yield
    except UnavailableError:
        raise
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno in _PASSING:
            msg = f"{path}: the file must not be in use by another process, but: {error}"
            raise UnavailableError(msg) from error
        rule = "the file must be whole HDF5, but it is truncated, damaged or of another format"
        if _is_pointer(path):
            rule = "the file must be whole HDF5, but it is a pointer of Git LFS: run git lfs pull"
        msg = f"{path}: {rule} ({error})"
        raise GalaxyFileError(msg) from error


def _is_pointer(path: Path) -> bool:
    """Return whether a file only names another one, as those of a clone without Git LFS."""
    try:
        with path.open("rb") as file:
            return file.read(len(_POINTER)) == _POINTER
    except OSError:
        return False


@contextmanager
def open_file(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading, gzipped or not.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    GalaxyFileError
        If it is not an HDF5 file, or is truncated.
    UnavailableError
        If it cannot be read for 10 s, because another process has it open for writing.
    """
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, "no such galaxy file", str(path))
    with must_be_whole(path), open_when_free(path) as file:
        yield file


def open_when_free(path: Path) -> h5py.File:
    """Open an HDF5 file, trying again for 10 s while another process has it open for writing."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return h5py.File(_Unzipped(path) if path.suffix == ".gz" else path, "r")
        except BlockingIOError:
            if time.monotonic() > end:
                raise
            time.sleep(PATIENCE / 50)


def attribute(file: h5py.File, *names: str, group: str = "Header") -> NDArray | None:
    """Return an attribute as a flat array (files hold scalars or lists), or None if missing.

    Of several names the first that exists is read.
    """
    attributes = file[group].attrs if group in file else {}
    found = next((attributes[name] for name in names if name in attributes), None)
    return None if found is None else np.ravel(found)


def numbers(file: h5py.File, *names: str, group: str = "Header") -> NDArray:
    """Return a required attribute as a flat array; of several names the first that exists.

    Raises
    ------
    GalaxyFileError
        If it is missing or empty.
    """
    values = attribute(file, *names, group=group)
    if values is None or not len(values):
        msg = f"{file.filename}: {group}/{names[0]} must be there, got none"
        raise GalaxyFileError(msg)
    if values.dtype.kind not in "iufb":
        msg = f"{file.filename}: {group}/{names[0]} must be a number, got {values[0]!r}"
        raise GalaxyFileError(msg)
    return values


def number(
    file: h5py.File, *names: str, group: str = "Header", zero_allowed: bool = False
) -> float:
    """Return a positive number (or zero, where allowed) from an attribute.

    Of several names the first that exists is read.

    Raises
    ------
    GalaxyFileError
        If the attribute is missing or not a positive finite number.
    """
    value = float(numbers(file, *names, group=group)[0])
    if not (0 < value < np.inf or (zero_allowed and value == 0)):
        msg = f"{file.filename}: {group}/{names[0]} must be a positive number, got {value}"
        raise GalaxyFileError(msg)
    return value


def scale_factor(file: h5py.File, *names: str) -> float:
    """Return the scale factor a from the first of some header attributes, else from ``Redshift``.

    Raises
    ------
    GalaxyFileError
        If the header has neither, a is not in (0, 1], or it is not 1 / (1 + Redshift).
    """
    redshift = attribute(file, "Redshift")
    expected = None if redshift is None else 1 / (1 + float(redshift[0]))
    if expected is None or attribute(file, *names) is not None:
        value = number(file, *names)
    else:
        value = expected
    if expected is not None and not abs(value / expected - 1) < _REDSHIFT_TOLERANCE:
        rule = f"the scale factor 1 / (1 + Redshift) = {expected:.6g}"
        msg = f"{file.filename}: Header/{names[0]} must be {rule}, got {value:.6g}"
        raise GalaxyFileError(msg)
    if not value < _LATEST:
        msg = f"{file.filename}: Header/{names[0]} must be a scale factor <= 1, got {value:.6g}"
        raise GalaxyFileError(msg)
    return value


def text(file: h5py.File, *names: str) -> str:
    """Return a header attribute as text; empty if it is missing.

    Whole numbers are without a decimal point, though R may store them as floats.
    """
    values = attribute(file, *names)
    if values is None or not len(values):
        return ""
    value = values[0]
    if values.dtype.kind == "f" and value == np.rint(value):
        return f"{value:.0f}"
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def dataset(file: h5py.File, name: str) -> h5py.Dataset:
    """Return a required dataset.

    Raises
    ------
    GalaxyFileError
        If it is missing.
    """
    if name not in file:
        msg = f"{file.filename}: {name} must be there, got none"
        raise GalaxyFileError(msg)
    if not isinstance(file[name], h5py.Dataset):
        msg = f"{file.filename}: {name} must be a dataset, got a group"
        raise GalaxyFileError(msg)
    check_sources(file[name])
    return file[name]


def check_sources(dataset: h5py.Dataset) -> None:
    """Raise GalaxyFileError if a virtual dataset is in files that are not there.

    HDF5 reads such parts as the fill value, zeros for particles, without an error.
    """
    if not dataset.is_virtual:
        return
    path = Path(dataset.file.filename)
    for name in {source.file_name for source in dataset.virtual_sources()} - {"."}:
        is_pattern = "%" in name  # of the names of an unlimited number of files
        if not (is_pattern or (path.parent / name).is_file() or Path(name).is_file()):
            msg = f"{path}: {dataset.name[1:]} must be in {name}, found no such file"
            raise GalaxyFileError(msg)


def column(file: h5py.File, name: str, count: int) -> NDArray:
    """Return all values of a required dataset.

    Raises
    ------
    GalaxyFileError
        If it is missing, or does not have ``count`` rows.
    """
    values = dataset(file, name)[()]
    if len(values) != count:
        msg = f"{file.filename}: {name} must have {count} rows, got {len(values)}"
        raise GalaxyFileError(msg)
    return values


def scalars(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes with arrays of one element as scalars, as which most files write them."""
    values = {name: np.asarray(value) for name, value in attributes.items()}
    return {name: value.item() if value.size == 1 else value for name, value in values.items()}


def coordinate_attributes(file: h5py.File) -> dict[str, NDArray]:
    """Return the attributes of the first particle type's coordinates, by which formats differ."""
    for group in ("PartType4", "PartType1", "PartType0", "PartType5"):
        if f"{group}/Coordinates" in file:
            return dict(file[group]["Coordinates"].attrs)
    return {}
