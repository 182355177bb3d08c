"""Open HDF5 files of simulations and read checked header values.

Errors are one sentence that names file, field and rule.
"""

import errno
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import GalaxyFileError


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
    """
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        msg = f"{path}: the file must be whole HDF5, but it is truncated or damaged ({error})"
        raise GalaxyFileError(msg) from error


@contextmanager
def open_file(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading, gzipped or not.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    GalaxyFileError
        If it is not an HDF5 file, or is truncated.
    """
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, "no such galaxy file", str(path))
    with must_be_whole(path):
        content = _Unzipped(path) if path.suffix == ".gz" else path
        with h5py.File(content, "r") as file:
            yield file


def attribute(file: h5py.File, name: str, *, group: str = "Header") -> NDArray | None:
    """Return an attribute as a flat array (files hold scalars or lists), or None if missing."""
    if group not in file or name not in file[group].attrs:
        return None
    return np.ravel(file[group].attrs[name])


def numbers(file: h5py.File, name: str, *, group: str = "Header") -> NDArray:
    """Return a required attribute as a flat array.

    Raises
    ------
    GalaxyFileError
        If it is missing or empty.
    """
    values = attribute(file, name, group=group)
    if values is None or not len(values):
        msg = f"{file.filename}: {group}/{name} must be there, got none"
        raise GalaxyFileError(msg)
    return values


def number(
    file: h5py.File, name: str, *, group: str = "Header", zero_allowed: bool = False
) -> float:
    """Return a positive number (or zero, where allowed) from an attribute.

    Raises
    ------
    GalaxyFileError
        If the attribute is missing or not a positive finite number.
    """
    value = float(numbers(file, name, group=group)[0])
    if not (0 < value < np.inf or (zero_allowed and value == 0)):
        msg = f"{file.filename}: {group}/{name} must be a positive number, got {value}"
        raise GalaxyFileError(msg)
    return value


def text(file: h5py.File, name: str) -> str:
    """Return a header attribute as text; empty if it is missing."""
    values = attribute(file, name)
    if values is None or not len(values):
        return ""
    value = values[0]
    return value.decode() if isinstance(value, bytes) else str(value)


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
    return file[name]


def coordinate_attributes(file: h5py.File) -> dict[str, NDArray]:
    """Return the attributes of the first particle type's coordinates, by which formats differ."""
    for group in ("PartType4", "PartType1", "PartType0", "PartType5"):
        if f"{group}/Coordinates" in file:
            return dict(file[group]["Coordinates"].attrs)
    return {}
