"""Join tables of other programs to a data set."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from galmass_core.datasets.dataset import DataSet, open_dataset
from galmass_core.datasets.dataset_tables import as_json, has_columns, replace_samples
from galmass_core.datasets.folders import DataSetError
from galmass_core.datasets.foreign_tables import NAMELESS, ForeignTable, read_foreign_table
from galmass_core.datasets.matching import Match, match_rows
from galmass_core.quantities import is_known_column
from galmass_core.storage.lock import locked

DISC_COLUMNS = {"f_disk_2d": "bulge_fraction", "bulge_index": "bulge_index"}
LARGEST_BULGE_INDEX = 99.0  # failed fits end at the bound of 100
RESERVED = ("shard", "row", "n_samples", "source", "synthetic", "notes")  # with a meaning of ours


def join_table(
    data: DataSet,
    table: str | Path,
    *,
    key: str | None = None,
    simulation: str | None = None,
    snapshot: int | str | None = None,
    prefix: str = "",
) -> DataSet:
    """Add the columns of a table to a data set.

    Rows are matched by full identity (see `matching`). Galaxies without a row get NaN. The data
    set on disk is updated, and its description records the match. A table whose columns are there,
    with the same values and record, is not joined again.

    Parameters
    ----------
    data : DataSet
    table : str or Path
        As `foreign_tables.read_foreign_table` takes it.
    key : str, optional
        Column of subhalo IDs or galaxy names, if it has another name than usual.
    simulation, snapshot : optional
        Of all rows, if the table has no column of it; needed if the data set has several.
    prefix : str
        Put in front of the names of the columns.

    Returns
    -------
    DataSet
        With the new columns.

    Raises
    ------
    FileNotFoundError
        If there is no such table.
    DataSetError
        If the table cannot be read or matched, or has a column that the data set already has.
    """
    foreign = read_foreign_table(Path(table))
    place = {"simulation": simulation, "snapshot": snapshot}
    match = _match(data, foreign, Path(table), key=key, **place)
    columns = foreign.columns.drop(columns=[*match.key, NAMELESS], errors="ignore")
    given = {name: value for name, value in place.items() if value is not None}
    left_out = {"left_out": foreign.left_out} if foreign.left_out else {}
    return _join(data, columns.add_prefix(prefix), match, Path(table), **given, **left_out)


def join_disc_fractions(data: DataSet, table: str | Path) -> DataSet:
    """Add bulge fraction and bulge Sersic index of a kinematic decomposition of TNG100 galaxies.

    Bulge fraction is ``1 - f_disk_2d`` of Jagvaral et al. (2022, MNRAS 509, 1764). Both are NaN
    where the fit failed: a fraction outside 0..1, an index at its bound of 100 or not finite.

    Parameters
    ----------
    data : DataSet
    table : str or Path

    Returns
    -------
    DataSet

    Raises
    ------
    FileNotFoundError
        If there is no such table.
    DataSetError
        As `join_table`, or if the table lacks ``f_disk_2d`` or ``bulge_index``.
    """
    foreign = read_disc_fractions(table)
    match = _match(data, foreign, Path(table))
    fraction, index = 1 - foreign.columns["f_disk_2d"], foreign.columns["bulge_index"]
    discs = pd.DataFrame(
        {
            "bulge_fraction": fraction.where(fraction.between(0, 1)),
            "bulge_index": index.where(index.between(0, LARGEST_BULGE_INDEX)),
        }
    )
    return _join(data, discs, match, Path(table))


def read_disc_fractions(table: str | Path) -> ForeignTable:
    """Read a table that `join_disc_fractions` can join; raises as it does."""
    foreign = read_foreign_table(Path(table))
    if missing := [name for name in DISC_COLUMNS if name not in foreign.columns]:
        msg = (
            f"{table}: must have the columns {', '.join(DISC_COLUMNS)}, lacks {', '.join(missing)}"
        )
        raise DataSetError(msg)
    return foreign


def _match(
    data: DataSet,
    foreign: ForeignTable,
    table: Path,
    **options: Any,  # noqa: ANN401
) -> Match:
    """Match a table to the galaxies of a data set; an error names its file."""
    try:
        return match_rows(foreign.columns, data.galaxy_names, **options)
    except ValueError as error:
        msg = f"{table}: {error}"
        raise DataSetError(msg) from error


def _join(
    data: DataSet,
    columns: pd.DataFrame,
    match: Match,
    table: Path,
    **facts: Any,  # noqa: ANN401
) -> DataSet:
    """Give each sample the row of its galaxy, and rewrite the data set.

    The folder is locked, and read again: another join may have ended since.
    """
    with locked(data.path):
        _add(open_dataset(data.path), columns, match, table, **facts)
    return open_dataset(data.path)


def _add(
    data: DataSet,
    columns: pd.DataFrame,
    match: Match,
    table: Path,
    **facts: Any,  # noqa: ANN401
) -> None:
    """Write the samples with the columns, and a record of the join, unless they are there."""
    rows = data.samples["name"].map(dict(zip(data.galaxy_names, match.rows, strict=True)))
    joined = nullable(columns).reindex(rows) if (rows < 0).any() else columns.iloc[rows]
    record = {
        "table": table.name,
        "columns": list(columns),
        "samples": int((rows >= 0).sum()),
        "key": list(match.key),
        "galaxies": int((match.rows >= 0).sum()),
        "rows": len(columns),
        "values": {str(name): int(joined[name].notna().sum()) for name in columns},
        **facts,
    }
    records = data.info.get("joined", [])
    if as_json(record) in records and has_columns(data, joined):
        return
    _check_columns(data, columns, table)
    samples = [data.samples.reset_index(drop=True), joined.reset_index(drop=True)]
    records = [*records, record]
    replace_samples(data, pd.concat(samples, axis=1), joined=records)


def _check_columns(data: DataSet, columns: pd.DataFrame, table: Path) -> None:
    """Raise DataSetError unless there are columns, all of them new."""
    if columns.empty and not len(columns.columns):
        msg = f"{table}: must have a column besides the key, has none"
        raise DataSetError(msg)
    remedy = "--prefix TEXT puts a text in front of all names, or rename it in the table"
    if there := [name for name in columns if name in data.samples or name in RESERVED]:
        msg = f"{table}: the data set {data.path} has the column {there[0]} already; {remedy}"
        raise DataSetError(msg)
    known = [name for name in map(str, columns) if is_known_column(name)]
    if text := [name for name in known if not is_numeric_dtype(columns[name].dtype)]:
        msg = f"{table}: {text[0]} must be numbers, as everywhere in galmass; {remedy}"
        raise DataSetError(msg)


def nullable(columns: pd.DataFrame) -> pd.DataFrame:
    """Return columns in which integers and booleans can be missing without becoming floats."""
    kinds = {"i": "Int64", "u": "UInt64", "b": "boolean"}
    changes = {
        name: kinds[dtype.kind]
        for name, dtype in columns.dtypes.items()
        if isinstance(dtype, np.dtype) and dtype.kind in kinds
    }
    return columns.astype(changes)
