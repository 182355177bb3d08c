"""An HDF5 file of a simulation -> an open handle and checked header values.

Whatever is wrong with a file is said in one sentence that names file, field and rule.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import GalaxyFileError


@contextmanager
def open_file(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading, and name it in whatever goes wrong while it is read.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    GalaxyFileError
        If it is no HDF5 file, or is cut short.
    """
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, "no such galaxy file", str(path))
    try:
        with h5py.File(path, "r") as file:
            yield file
    except OSError as error:
        msg = f"{path}: the file must be whole HDF5, but it is cut short or damaged ({error})"
        raise GalaxyFileError(msg) from error


def attribute(file: h5py.File, name: str, *, group: str = "Header") -> NDArray | None:
    """Return an attribute as a flat array (files hold scalars or lists), or None without one."""
    if group not in file or name not in file[group].attrs:
        return None
    return np.ravel(file[group].attrs[name])


def number(
    file: h5py.File, name: str, *, group: str = "Header", zero_allowed: bool = False
) -> float:
    """Return a positive number (or zero, where allowed) from an attribute.

    Raises
    ------
    GalaxyFileError
        If the attribute is missing or not a positive finite number.
    """
    values = attribute(file, name, group=group)
    if values is None or not len(values):
        msg = f"{file.filename}: {group}/{name} must be there, got none"
        raise GalaxyFileError(msg)
    value = float(values[0])
    if not (0 < value < np.inf or (zero_allowed and value == 0)):
        msg = f"{file.filename}: {group}/{name} must be a positive number, got {value}"
        raise GalaxyFileError(msg)
    return value


def text(file: h5py.File, name: str) -> str:
    """Return a header attribute as text; empty without one."""
    values = attribute(file, name)
    if values is None or not len(values):
        return ""
    value = values[0]
    return value.decode() if isinstance(value, bytes) else str(value)


def coordinate_attributes(file: h5py.File) -> dict[str, NDArray]:
    """Return the attributes of the first particle type's coordinates: formats differ in them."""
    for group in (f"PartType{number}" for number in (4, 1, 0, 5)):
        if f"{group}/Coordinates" in file:
            return dict(file[group]["Coordinates"].attrs)
    return {}
