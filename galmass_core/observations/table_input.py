"""Read tables of numbers in HDF5 and in text, for layouts that come so."""

import io
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from galmass_core.observations.observation import ObservationError

_HDF5 = b"\x89HDF\r\n\x1a\n"
_FITS = b"SIMPLE"
_WORD = re.compile(r"[A-Za-z_]\w*")
_MOST_BYTES = 200_000_000  # of a text


def is_hdf5(path: Path) -> bool:
    """Return whether a file is in HDF5."""
    return _start(path, len(_HDF5)) == _HDF5


def is_text(path: Path) -> bool:
    """Return whether a file is a text whose first line has names of columns."""
    start = _start(path, 4096)
    if start.startswith(_FITS) or b"\0" in start or not start.isascii():
        return False
    names = start.decode().partition("\n")[0].replace("#", " ").replace(",", " ").split()
    return len(names) > 2 and all(_WORD.fullmatch(name) for name in names)


def read_columns(path: Path) -> dict[str, dict[str, NDArray]]:
    """Return the columns with numbers of each table, as float64.

    Raises
    ------
    ObservationError
        If a file is damaged.
    """
    try:
        return _of_hdf5(path) if is_hdf5(path) else _of_text(path)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        kind = "HDF5 file" if is_hdf5(path) else "text of columns"
        msg = f"{path}: must be a whole {kind}, but: {error or type(error).__name__}"
        raise ObservationError(" ".join(msg.split())) from error


def _start(path: Path, count: int) -> bytes:
    """Return the first bytes of a file."""
    with path.open("rb") as stream:
        return stream.read(count)


def _of_hdf5(path: Path) -> dict[str, dict[str, NDArray]]:
    """Return the tables of an HDF5 file: those of its data sets that have fields."""
    import h5py

    found: dict[str, dict[str, NDArray]] = {}

    def visit(name: str, item: object) -> None:
        if not isinstance(item, h5py.Dataset) or item.ndim != 1 or not item.dtype.names:
            return
        kinds = {field: item.dtype[field] for field in item.dtype.names}
        wanted = [key for key, kind in kinds.items() if kind.kind in "fiu" and not kind.shape]
        if wanted:
            rows = item.fields(wanted)[()]
            found[name] = {key: rows[key].astype(np.float64) for key in wanted}

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return found


def _of_text(path: Path) -> dict[str, dict[str, NDArray]]:
    """Return the columns of a text; the first may be numbers of rows without a name."""
    if path.stat().st_size > _MOST_BYTES:
        msg = f"{path.stat().st_size} bytes"
        raise ValueError(msg)
    first, _, rest = path.read_text().replace(",", " ").partition("\n")
    names = first.replace("#", " ").split()
    rows = np.loadtxt(io.StringIO(rest), ndmin=2)
    if rows.shape[1] == len(names) + 1:
        rows = rows[:, 1:]
    if rows.shape[1] != len(names):
        msg = f"{len(names)} names for {rows.shape[1]} columns"
        raise ValueError(msg)
    return {"": dict(zip(names, rows.T, strict=True))}
