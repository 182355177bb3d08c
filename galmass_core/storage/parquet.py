"""Tables as Parquet files whose schema describes each column."""

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


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of one file, as `pandas.read_parquet` does of files and folders.

    That loads pyarrow's machinery for folders, for a third of the time of a first small table.
    """
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        return file.read().to_pandas()


def _meaning(key: str) -> dict[str, str]:
    """Return unit and meaning of a column."""
    quantity = QUANTITIES[key]
    unit = f"log10({quantity.unit})" if quantity.log else quantity.unit
    return {"unit": unit, "name": quantity.name, "description": quantity.help}
