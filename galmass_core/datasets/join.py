"""Join tables keyed by subhalo ID to a data set."""

from pathlib import Path

import numpy as np
import pandas as pd

from galmass_core.datasets.dataset import DataSet, DataSetError, open_dataset, replace_samples
from galmass_core.galaxy import GalaxyName

KEYS = (
    "SubhaloID",
    "subhalo_id",
    "SubfindID",
    "gal_id",
    "subhalo",
    "id",
)  # the first that exists
DISC_COLUMNS = {"f_disk_2d": "bulge_fraction", "bulge_index": "bulge_index"}
LARGEST_BULGE_INDEX = 99.0  # failed fits end at the bound of 100


def join_table(data: DataSet, table: str | Path) -> DataSet:
    """Add the columns of a table to a data set, by subhalo ID.

    Galaxies that the table lacks get NaN. The data set on disk is updated.

    Parameters
    ----------
    data : DataSet
    table : str or Path
        CSV, Parquet or FITS (its first binary table).

    Returns
    -------
    DataSet
        With the new columns.

    Raises
    ------
    FileNotFoundError
        If there is no such table.
    DataSetError
        If the table has no column of subhalo IDs, has two rows for one galaxy, has no galaxy in
        common with the data set, or has a column that the data set already has.
    """
    columns = read_table(Path(table))
    return _join(data, columns, Path(table))


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
    columns = read_table(Path(table))
    if missing := [name for name in DISC_COLUMNS if name not in columns]:
        msg = (
            f"{table}: must have the columns {', '.join(DISC_COLUMNS)}, lacks {', '.join(missing)}"
        )
        raise DataSetError(msg)
    fraction, index = 1 - columns["f_disk_2d"], columns["bulge_index"]
    discs = pd.DataFrame(
        {
            "bulge_fraction": fraction.where(fraction.between(0, 1)),
            "bulge_index": index.where(index.between(0, LARGEST_BULGE_INDEX)),
        }
    )
    return _join(data, discs, Path(table))


def read_table(path: Path) -> pd.DataFrame:
    """Read a table and index it by subhalo ID.

    Parameters
    ----------
    path : Path

    Returns
    -------
    pandas.DataFrame
        Infinities are NaN.

    Raises
    ------
    FileNotFoundError
        If there is no such table.
    DataSetError
        If it is not a table, has no column of subhalo IDs, or has an ID twice.
    """
    try:
        table = _read(path)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        msg = f"{path}: must be a table (CSV, Parquet or FITS), but: {error}"
        raise DataSetError(msg) from error
    key = next((name for name in KEYS if name in table), None)
    if key is None:
        msg = f"{path}: must have a column of subhalo IDs ({', '.join(KEYS)}), got {list(table)}"
        raise DataSetError(msg)
    table = table.set_index(table[key].astype(np.int64)).drop(columns=key)
    if table.index.has_duplicates:
        twice = table.index[table.index.duplicated()][0]
        msg = f"{path}: must have each subhalo once, got {key} {twice} twice"
        raise DataSetError(msg)
    return table.replace([np.inf, -np.inf], np.nan)


def _read(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix in (".fits", ".fit"):
        from astropy.table import Table

        table = Table.read(path)
        flat = [name for name in table.colnames if table[name].ndim == 1]
        return table[flat].to_pandas()
    return pd.read_csv(path)


def _join(data: DataSet, columns: pd.DataFrame, table: Path) -> DataSet:
    """Look up the subhalo of each sample in the columns, and rewrite the data set."""
    if there := [name for name in columns if name in data.samples]:
        msg = f"{table}: the data set {data.path} has the column {there[0]} already"
        raise DataSetError(msg)
    subhaloes = [GalaxyName.parse(name).subhalo for name in data.samples["name"]]
    ids = pd.to_numeric(pd.Series(subhaloes), errors="coerce").fillna(-1).astype(np.int64)
    joined = columns.reindex(ids).reset_index(drop=True)
    matched = int(ids.isin(columns.index).sum())
    if not matched:
        msg = f"{table}: must share a subhalo with {data.path}, shares none"
        raise DataSetError(msg)
    record = {"table": table.name, "columns": list(columns), "samples": matched}
    samples = pd.concat([data.samples.reset_index(drop=True), joined], axis=1)
    replace_samples(data, samples, joined=[*data.info.get("joined", []), record])
    return open_dataset(data.path)
