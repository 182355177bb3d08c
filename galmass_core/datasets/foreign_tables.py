"""Read tables that other programs wrote, all in one form.

Numbers are numbers, text is text, and what is missing is missing. Whole numbers keep all digits,
also beside missing ones. Names of columns have no blanks around them, and each is unique.
"""

import io
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from galmass_core.datasets.folders import DataSetError
from galmass_core.datasets.text_layout import read_layout
from galmass_core.sources import hdf5

if TYPE_CHECKING:
    from astropy.io import fits
    from astropy.table import Table

NAMELESS = "Unnamed: 0"  # a column without a name: pandas writes row labels so
SNAPSHOT = "SnapNum"  # column of the number in the name of a group such as Snapshot_99
WIDEST = 16  # values a row that become columns
_SNAPSHOT_GROUP = re.compile(r"snap(?:shot)?_?(\d+)", re.IGNORECASE)


class ForeignTable(NamedTuple):
    """A table, and what its file holds besides.

    Attributes
    ----------
    columns : pandas.DataFrame
        Floats without infinities; integers, as ``Int64`` where some are missing; booleans; text.
    left_out : dict of str to str
        What is not a column of the table: its name, and why.
    """

    columns: pd.DataFrame
    left_out: dict[str, str]


def read_foreign_table(path: Path) -> ForeignTable:
    """Read a table; its name says its format.

    Parameters
    ----------
    path : Path
        Text (``.csv``, ``.tsv``, ``.txt``, ``.dat``, ``.ecsv``) or FITS (its first table), also
        compressed (``.gz``); Parquet; HDF5 with columns at its root, or in groups
        ``Snapshot_99``, whose number becomes the column `SNAPSHOT`.

    Returns
    -------
    ForeignTable

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DataSetError
        If it is not a table of a known format.
    """
    name = path.name.lower().removesuffix(".gz")
    read = _READERS.get(Path(name).suffix)
    if read is None or (name != path.name.lower() and read in _NOT_COMPRESSED):
        msg = (
            f"{path}: must be a table whose name ends in {', '.join(_READERS)}; all but "
            "Parquet and HDF5 also in .gz"
        )
        raise DataSetError(msg)
    try:
        return _normalised(read(path))
    except FileNotFoundError:
        raise
    except Exception as error:  # libraries raise anything for a damaged file
        msg = f"{path}: must be a table, but: {error}"
        raise DataSetError(msg) from error


def _read_text(path: Path) -> ForeignTable:
    """Read a text file; lines that begin with # are comments, which may name the columns.

    Without types of its own, a column is what all of its values are.
    """
    delimiter, names, rows = read_layout(path)
    if not rows:
        return ForeignTable(pd.DataFrame(columns=_unique(names)), {})
    table = pd.read_csv(
        io.StringIO("".join(rows)),
        sep=r"\s+" if delimiter == " " else delimiter,
        header=None,
        names=_unique(names),
        skipinitialspace=True,
        dtype_backend="numpy_nullable",
    )
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes values without a name for labels
        msg = f"must have as many values in each row as names of columns, {len(names)}"
        raise ValueError(msg)
    return ForeignTable(table, {})


def _read_parquet(path: Path) -> ForeignTable:
    """Read a Parquet file; named index levels are columns."""
    table = pd.read_parquet(path, dtype_backend="numpy_nullable")
    if not isinstance(table.index, pd.RangeIndex):
        levels = [str(name or NAMELESS) for name in table.index.names]
        table = table.reset_index(names=_unique(levels))
    return ForeignTable(table, {})


def _read_fits(path: Path) -> ForeignTable:
    """Read the first table of a FITS file."""
    from astropy.io import fits
    from astropy.table import MaskedColumn, Table

    with fits.open(path) as file:
        kinds = (fits.BinTableHDU, fits.TableHDU)
        tables = [place for place, hdu in enumerate(file) if isinstance(hdu, kinds)]
        if not tables:
            msg = "it has no table, only images"
            raise ValueError(msg)
        others = {file[place].name or f"HDU {place}": "another table" for place in tables[1:]}
        undefined = _undefined(file[tables[0]])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Column .* contains NULL")
        # not of the open file, where text is str and missing text is empty instead of masked
        table = Table.read(path, format="fits", hdu=tables[0], unit_parse_strict="silent")
    for name, gaps in undefined.items():
        table[name] = MaskedColumn(table[name], mask=gaps)
    columns, left_out = _from_astropy(table)
    return ForeignTable(columns, others | left_out)


def _undefined(hdu: "fits.BinTableHDU") -> dict[str, NDArray]:
    """Return where logical columns are neither true nor false: astropy reads that as false."""
    raw = hdu.data.view(np.ndarray)
    formats = zip(hdu.columns.names, hdu.columns.formats, strict=True)
    gaps = {name: raw[name] == 0 for name, form in formats if str(form) in ("L", "1L")}
    return {name: places for name, places in gaps.items() if places.any()}


def _read_ecsv(path: Path) -> ForeignTable:
    """Read a text file whose comments describe its columns."""
    from astropy.table import Table

    return _from_astropy(Table.read(path, format="ascii.ecsv"))


def _from_astropy(table: "Table") -> ForeignTable:
    """Convert the plain columns of an astropy table; times and coordinates are not plain."""
    from astropy.table import Column

    columns = {name: table[name] for name in table.colnames}
    plain = {name: column.data for name, column in columns.items() if isinstance(column, Column)}
    left_out = {
        name: f"of type {type(column).__name__}"
        for name, column in columns.items()
        if name not in plain
    }
    return _from_arrays(plain, left_out)


def _read_hdf5(path: Path) -> ForeignTable:
    """Read the columns at the root of an HDF5 file, or in its groups of snapshots."""
    with hdf5.open_file(path) as file:
        groups = {name: datasets for name, datasets in _groups(file) if datasets}
        numbers = {name: _snapshot_number(name) for name in groups}
        snapshots = {name: number for name, number in numbers.items() if number is not None}
        if not snapshots and len(groups) != 1:
            listed = ", ".join(groups) or "none"
            msg = f"it must have columns in one group or in groups Snapshot_N, got {listed}"
            raise ValueError(msg)
        others = {name: "beside the snapshots" for name in groups if name not in snapshots}
        parts, left_out = [], others if snapshots else {}
        for name in snapshots or groups:
            columns, lost = _from_hdf5(file, name, groups[name])
            if name in snapshots and SNAPSHOT not in columns:
                columns.insert(0, SNAPSHOT, snapshots[name])
            parts.append(columns)
            left_out = left_out | lost
    return ForeignTable(pd.concat(parts, ignore_index=True), left_out)


def _groups(file: hdf5.File) -> Iterator[tuple[str, dict[str, h5py.Dataset]]]:
    """Yield the groups of a file once each, the root first, with their datasets."""
    names, seen = ["/"], set()
    while names:
        name = names.pop(0)
        group = file.find_object(name)
        if group is None or group in seen:  # a link that leads back
            continue
        seen.add(group)
        inside = {member: file.find_object(f"{name}/{member}") for member in file.members(name)}
        yield name, {key: item for key, item in inside.items() if isinstance(item, h5py.Dataset)}
        names += [
            f"{name}/{key}".lstrip("/") for key in inside if isinstance(inside[key], h5py.Group)
        ]


def _snapshot_number(name: str) -> int | None:
    """Return the number of a group such as ``Snapshot_99``."""
    found = _SNAPSHOT_GROUP.fullmatch(name.rpartition("/")[2])
    return int(found[1]) if found else None


def _from_hdf5(file: hdf5.File, group: str, datasets: Mapping[str, h5py.Dataset]) -> ForeignTable:
    """Read the datasets of a group that have one length, that of most of them."""
    lengths = Counter(item.shape[0] for item in datasets.values() if item.shape)
    (length, _), *_ = lengths.most_common(1) or [(0, 0)]
    arrays: dict[str, NDArray] = {}
    left_out = {}
    for name, item in datasets.items():
        if not item.shape or item.shape[0] != length:
            left_out[name] = "a single value" if not item.shape else f"{item.shape[0]} rows"
        elif reason := _too_wide(item.shape):
            left_out[name] = reason
        else:
            file.check_stored(f"{group}/{name}".lstrip("/"), item)
            values = item[:]
            fields = item.dtype.names  # of a compound, as h5py and astropy write a whole table
            arrays |= {field: values[field] for field in fields} if fields else {name: values}
    return _from_arrays(arrays, left_out)


def _from_arrays(arrays: Mapping[str, NDArray], left_out: dict[str, str]) -> ForeignTable:
    """Make a table of arrays with one row each per galaxy, masked where missing."""
    columns: dict[str, pd.Series] = {}
    left_out = dict(left_out)
    for name, array in arrays.items():
        if reason := _too_wide(array.shape):
            left_out[name] = reason
        elif array.dtype.kind == "V":
            left_out[name] = "a table in a table"
        elif array.ndim == 2:
            parts = enumerate(array.T)
            columns |= {f"{name}_{place}": _series(part) for place, part in parts}
        else:
            columns[name] = _series(array)
    names = _unique(columns)
    return ForeignTable(pd.DataFrame(dict(zip(names, columns.values(), strict=True))), left_out)


def _too_wide(shape: tuple[int, ...]) -> str:
    """Return why an array is not a few columns; empty if it is."""
    if len(shape) > 2 or (len(shape) == 2 and shape[1] > WIDEST):
        return f"{' × '.join(map(str, shape[1:]))} values a row"
    return ""


def _series(array: NDArray) -> pd.Series:
    """Convert an array in any byte order; what is masked is missing."""
    values: Any = np.ma.getdata(array)
    values = values.astype(values.dtype.newbyteorder("="))
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    if not (mask := np.ma.getmaskarray(array)).any():
        return pd.Series(values)
    if values.dtype.kind in "iu":
        return pd.Series(pd.arrays.IntegerArray(values, mask))
    if values.dtype.kind == "b":
        return pd.Series(pd.arrays.BooleanArray(values, mask))
    if values.dtype.kind == "f":
        return pd.Series(np.where(mask, np.nan, values).astype(values.dtype))
    values = values.astype(object)
    values[mask] = None
    return pd.Series(values)


def _normalised(table: ForeignTable) -> ForeignTable:
    """Return a table whose columns have one of the few types that a data set takes."""
    names = _unique(str(name).strip() for name in table.columns)
    columns, left_out = {}, dict(table.left_out)
    for place, name in enumerate(names):
        try:
            columns[name] = _plain(table.columns.iloc[:, place])
        except TypeError as error:
            left_out[name] = str(error)
    return ForeignTable(pd.DataFrame(columns, index=table.columns.index), left_out)


def _plain(column: pd.Series) -> pd.Series:
    """Return a column as numbers, booleans or text; raise TypeError if it is none."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if types.is_object_dtype(column.dtype):
        column = _of_objects(column)
    dtype: Any = column.dtype
    of_numpy: Any = dtype if isinstance(dtype, np.dtype) else getattr(dtype, "numpy_dtype", None)
    if types.is_bool_dtype(dtype) or types.is_integer_dtype(dtype):
        return column if column.isna().any() else column.astype(of_numpy)
    if types.is_float_dtype(dtype):
        values = column.to_numpy(of_numpy, na_value=np.nan)
        return pd.Series(np.where(np.isinf(values), np.nan, values), index=column.index)
    if types.is_string_dtype(column.dtype):
        return column.astype("str").str.strip()
    msg = f"of type {column.dtype}"
    raise TypeError(msg)


def _of_objects(column: pd.Series) -> pd.Series:
    """Return Python objects as booleans, numbers or text, from bytes too."""
    values = [
        value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in column
    ]
    kinds = {type(value) for value in values if not (isinstance(value, float) and value != value)}
    kinds -= {type(None), type(pd.NA)}
    if not kinds:
        return pd.Series(np.nan, index=column.index)
    if kinds <= {str, np.str_}:
        return pd.Series(values, index=column.index, dtype="str")
    if kinds <= {bool, np.bool_}:
        return pd.Series(values, index=column.index, dtype="boolean")
    msg = f"of type {', '.join(sorted(kind.__name__ for kind in kinds))}"
    raise TypeError(msg)


def _unique(names: Iterable[str]) -> list[str]:
    """Return names, numbered where one is there twice: ``a``, ``a.1``; empty ones as pandas."""
    found: dict[str, None] = {}
    for place, name in enumerate(names):
        stem = name.strip() or f"Unnamed: {place}"
        choices = (stem, *(f"{stem}.{number}" for number in range(1, len(found) + 2)))
        found[next(choice for choice in choices if choice not in found)] = None
    return list(found)


_READERS: dict[str, Callable[[Path], ForeignTable]] = {
    ".csv": _read_text,
    ".tsv": _read_text,
    ".txt": _read_text,
    ".dat": _read_text,
    ".ecsv": _read_ecsv,
    ".fits": _read_fits,
    ".fit": _read_fits,
    ".parquet": _read_parquet,
    ".hdf5": _read_hdf5,
    ".h5": _read_hdf5,
}
_NOT_COMPRESSED = (_read_parquet, _read_hdf5)
