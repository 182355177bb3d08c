"""Write the tables and the description of a data set, and replace them."""

import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from galmass_core import __version__
from galmass_core.datasets.dataset import COLUMN_TYPES, DataSet, open_dataset
from galmass_core.datasets.dataset_files import DESCRIPTION, EXCLUDED, INDEX, SCHEMA
from galmass_core.datasets.folders import UNFINISHED, DataSetError
from galmass_core.galaxy import GalaxyName
from galmass_core.storage.atomic import publish, write_json
from galmass_core.storage.checksums import checksum
from galmass_core.storage.lock import locked
from galmass_core.storage.parquet import write_table

_KILLED = {  # what a process that is killed while it writes tables leaves
    *(INDEX, EXCLUDED, "lock", "lock.os"),
    *(f"{name}.part" for name in (DESCRIPTION, INDEX, EXCLUDED, "lock")),
}


def claim_folder(folder: Path) -> None:
    """Create a data set's folder; raise DataSetError if it holds other than an unfinished build.

    Tables without a description are of a process that was killed while it wrote them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    others = {path.name for path in folder.iterdir()} - _KILLED
    if others and not (folder / UNFINISHED).exists():
        msg = f"{folder}: must be a new or empty folder, or an unfinished build, holds other files"
        raise DataSetError(msg)


def write_tables(
    folder: Path,
    samples: pd.DataFrame,
    description: dict[str, Any],
    excluded: Sequence[dict[str, str]] = (),
) -> DataSet:
    """Write a data set's tables, then the description that marks it as complete.

    A folder that holds this very data set is left as it is: the command that made it may have been
    killed at its end, and be repeated.

    Parameters
    ----------
    folder : Path
        New, empty, or that of an unfinished build, whose shards are kept.
    samples : pandas.DataFrame
        One row per sample: ``name``, ``los``, and columns of `quantities`.
    description : dict
        How it was built, and ``shards`` if there are any.
    excluded : sequence of dict
        ``name``, ``reason`` and ``source`` of each excluded galaxy.

    Returns
    -------
    DataSet

    Raises
    ------
    DataSetError
        If there are no samples, or ``folder`` holds other files.
    ValueError
        If another process is writing it.
    """
    if samples.empty:
        msg = f"{folder}: must hold at least one galaxy, but none is left"
        raise DataSetError(msg)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        if not holds(folder, samples, description):
            claim_folder(folder)
            _write_tables(folder, samples, description, excluded)
    return open_dataset(folder.resolve())


def holds(folder: Path, samples: pd.DataFrame, description: dict[str, Any]) -> bool:
    """Return whether a folder holds these samples of this description, complete.

    Columns that were joined to them since do not count.
    """
    if not (folder / DESCRIPTION).is_file():
        return False
    there, facts = open_dataset(folder), as_json(description)
    return all(there.info.get(key) == fact for key, fact in facts.items()) and has_columns(
        there, samples.astype(COLUMN_TYPES)
    )


def has_columns(data: "DataSet", columns: pd.DataFrame) -> bool:
    """Return whether a data set has these columns, with the same values as on disk."""
    if len(columns) != len(data) or not {*columns} <= {*data.samples}:
        return False
    written = pd.read_parquet(BytesIO(columns.to_parquet(index=False)))
    return written.equals(data.samples[list(columns)].reset_index(drop=True))


def as_json(content: Any) -> Any:  # noqa: ANN401
    """Return what reading gives after `atomic.write_json`."""
    return json.loads(json.dumps(content, default=lambda number: number.item()))


def _write_tables(
    folder: Path,
    samples: pd.DataFrame,
    description: dict[str, Any],
    excluded: Sequence[dict[str, str]],
) -> None:
    """Write the files of `write_tables`."""
    write_table(folder / INDEX, samples.astype(COLUMN_TYPES))
    columns = ["name", "reason", "source"]
    write_table(folder / EXCLUDED, pd.DataFrame(list(excluded), columns=columns))
    names = samples["name"].unique()
    facts = {
        "schema": SCHEMA,
        "galmass": __version__,
        "state": "complete",
        "suites": sorted({GalaxyName.parse(name).suite for name in names}),
        "counts": {"galaxies": len(names), "samples": len(samples), "excluded": len(excluded)},
        "shards": {},
        "tables": {name: [checksum(folder / name)] for name in (INDEX, EXCLUDED)},
    }
    write_json(folder / DESCRIPTION, facts | description)


def replace_samples(data: DataSet, samples: pd.DataFrame, **changes: Any) -> None:  # noqa: ANN401
    """Update a data set's description, then replace its index by one with other columns.

    Records of joins whose columns are not in the index, of a process that was killed between the
    two, do not count (`open_dataset`): the description holds the checksums of both indices.
    """
    index = data.path / INDEX
    new = index.with_name(f"{INDEX}.new")
    write_table(new, samples)
    known = data.info.get("tables", {}) | {INDEX: [checksum(new), checksum(index)]}
    write_json(data.path / DESCRIPTION, data.info | changes | {"tables": known})
    publish(new, index)
