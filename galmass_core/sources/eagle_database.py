"""Read a table of EAGLE's database (CSV): centres of subhaloes, and which are no galaxies."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.galaxy import GalaxyFileError

_KEYS = ("groupnumber", "subgroupnumber")
_CENTRE = tuple(f"centreofpotential_{axis}" for axis in "xyz")


class DatabaseRow(NamedTuple):
    """A subhalo in the database."""

    centre: NDArray  # (3,) comoving Mpc
    is_spurious: bool | None  # None without such a column


def read_table(
    given: Path | None, folders: Sequence[Path], snapshot: int
) -> dict[tuple[int, int], DatabaseRow]:
    """Read a table as the database writes it, with ``#`` before lines that are not the table.

    Parameters
    ----------
    given : Path or None
        The file; by default the only CSV file of such a table in one of the folders.
    folders : sequence of Path
    snapshot : int
        Rows of another ``SnapNum`` are left out.

    Returns
    -------
    dict
        Rows by group and subgroup number; empty if there is no such table.

    Raises
    ------
    FileNotFoundError
        If the given file does not exist.
    GalaxyFileError
        If a column is missing or not a number, a subhalo has two rows, or there are two tables.
    """
    path = given or _find(folders)
    if path is None:
        return {}
    if not path.is_file():
        msg = f"{path}: must be a CSV table of EAGLE's database, found no such file"
        raise FileNotFoundError(msg)
    try:
        table = pd.read_csv(path, comment="#", skipinitialspace=True)
    except ValueError as error:  # of the parser, or not UTF-8
        msg = f"{path}: must be a CSV table of EAGLE's database, got {error}"
        raise GalaxyFileError(msg) from error
    table.columns = [str(name).strip().lower() for name in table.columns]
    _check(path, table)
    if "snapnum" in table:
        table = table[table["snapnum"] == snapshot]
    if table.duplicated(list(_KEYS)).any():
        pair = table.loc[table.duplicated(list(_KEYS)), list(_KEYS)].iloc[0].to_list()
        msg = f"{path}: must have one row for a subhalo of the snapshot, got two for {pair}"
        raise GalaxyFileError(msg)
    centres = table[list(_CENTRE)].to_numpy(dtype=np.float64)
    flags = table["spurious"].to_numpy(dtype=bool) if "spurious" in table else [None] * len(table)
    keys = zip(*(table[key].astype(int) for key in _KEYS), strict=True)
    rows = (
        DatabaseRow(centre, None if flag is None else bool(flag))
        for centre, flag in zip(centres, flags, strict=True)
    )
    return dict(zip(keys, rows, strict=True))


def _check(path: Path, table: pd.DataFrame) -> None:
    optional = [name for name in ("snapnum", "spurious") if name in table]
    for name in (*_KEYS, *_CENTRE, *optional):
        if name not in table:
            some = ", ".join(table.columns[:5])
            msg = f"{path}: must have the columns {', '.join((*_KEYS, *_CENTRE))}, got {some}"
            raise GalaxyFileError(msg)
        values = table[name].to_numpy()
        is_number = values.dtype.kind in "iufb" and np.isfinite(values).all()
        if not is_number or (name not in _CENTRE and (values != np.rint(values)).any()):
            rule = "a number" if name in _CENTRE else "a whole number"
            msg = f"{path}: {name} must be {rule} in every row, got others"
            raise GalaxyFileError(msg)


def _find(folders: Iterable[Path]) -> Path | None:
    """Return the only table in the folders."""
    files = dict.fromkeys(path for folder in folders for path in sorted(folder.glob("*.csv")))
    tables = [path for path in files if _is_table(path)]
    if len(tables) > 1:
        names = ", ".join(path.name for path in tables)
        msg = f"{tables[0].parent}: must hold one table of the database, got {names}: --groups FILE"
        raise GalaxyFileError(msg)
    return tables[0] if tables else None


def _is_table(path: Path) -> bool:
    """Return whether the first line that is no comment names the columns."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    names = {name.strip().lower() for name in first.split(",")}
    return {*_KEYS, *_CENTRE} <= names
