"""Tables as Parquet files whose schema describes each column."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from galmass_core.quantities import QUANTITIES, is_known_column
from galmass_core.storage.atomic import atomic_write


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table atomically, with ``unit``, ``name`` and ``description`` of each known column.

    Parameters
    ----------
    path : Path
    table : pandas.DataFrame
        Columns that are keys of `quantities` are known. The index is not written.
    """
    import pyarrow as pa
    import pyarrow.parquet

    arrow = pa.Table.from_pandas(table, preserve_index=False)
    fields = [
        field.with_metadata(_meaning(field.name)) if is_known_column(field.name) else field
        for field in arrow.schema
    ]
    with atomic_write(path) as part:
        pa.parquet.write_table(arrow.cast(pa.schema(fields, arrow.schema.metadata)), part)


def read_table(
    path: Path,
    *,
    columns: Sequence[str] | None = None,
    filters: Sequence[tuple[str, str, object]] | None = None,
) -> pd.DataFrame:
    """Read a table of one file, as `pandas.read_parquet` does of files and folders.

    That loads pyarrow's machinery for folders, for a third of the time of a first small table,
    where nothing is filtered. It also converts columns in threads of pyarrow (26.0): a process that
    ends meanwhile waits for them, and they for Python, which has ended.
    """
    import pyarrow.parquet

    alone = {"use_threads": False}
    if filters is not None:
        wanted = {"columns": columns, "filters": filters}
        return pyarrow.parquet.read_table(path, **wanted, **alone).to_pandas(**alone)
    with pyarrow.parquet.ParquetFile(path) as file:
        return file.read(columns, **alone).to_pandas(**alone)


def _meaning(key: str) -> dict[str, str]:
    """Return unit and meaning of a column."""
    quantity = QUANTITIES[key]
    unit = f"log10({quantity.unit})" if quantity.log else quantity.unit
    return {"unit": unit, "name": quantity.name, "description": quantity.help}
