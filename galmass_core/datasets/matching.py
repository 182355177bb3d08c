"""Match the rows of a table to galaxies by their full identity.

That is the galaxy's name, or its simulation, snapshot and subhalo. What a table does not state may
be taken for granted only if it is the same for all galaxies.
"""

import re
from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.api import types

from galmass_core.galaxy import GalaxyName

# Names of columns without case, blanks, signs and the s of a plural; of several tuples, the first
# that a table has.
NAMES = (("galaxyname",), ("name",))
SIMULATIONS = (("simulation", "simulationname", "sim"),)
SNAPSHOTS = (("snapnum", "snapshot", "snapshotnum", "snapshotnumber", "snapid", "snap"),)
IDS = (
    ("subfindid", "halocatalogueindex"),  # the second of SOAP
    ("subhaloid", "galaxyid", "galid", "subid", "subhalo"),
    ("id",),
)
GROUP, SUBGROUP = (("groupnumber",),), (("subgroupnumber",),)  # of EAGLE
KEYS = "SubfindID, HaloCatalogueIndex, SubhaloID, subhalo_id, GalaxyID, gal_id, subhalo, id"
_PAIR = re.compile(r"\d+-\d+")  # GroupNumber and SubGroupNumber in an EAGLE galaxy's name
_LARGEST = 2**53  # floating-point numbers above have lost digits


class Match(NamedTuple):
    """Which row of a table belongs to each galaxy.

    Attributes
    ----------
    rows : (n,) int
        Number of the row; -1 for a galaxy without one.
    key : tuple of str
        Columns of the table that identify a galaxy.
    """

    rows: NDArray[np.int_]
    key: tuple[str, ...]


def match_rows(
    table: pd.DataFrame,
    galaxies: Sequence[str],
    *,
    key: str | None = None,
    simulation: str | None = None,
    snapshot: int | str | None = None,
) -> Match:
    """Find the row of each galaxy.

    Parameters
    ----------
    table : pandas.DataFrame
        As `foreign_tables.read_foreign_table` returns it.
    galaxies : sequence of str
        Full names, ``suite/simulation/snapshot/subhalo``.
    key : str, optional
        Column of subhalo IDs or galaxy names; by default one of `KEYS`, or ``name``, or EAGLE's
        ``GroupNumber`` and ``SubGroupNumber``.
    simulation : str, optional
        Simulation of all rows, such as ``TNG100-1``; others of the galaxies get none.
    snapshot : int or str, optional
        Snapshot of all rows; others of the galaxies get none.

    Returns
    -------
    Match

    Raises
    ------
    ValueError
        If the table has no column that identifies galaxies, several that contradict each other,
        an ID that is not a whole number, one galaxy twice, or no galaxy in common; or if its IDs
        may be of several snapshots or simulations.
    """
    names = pd.DataFrame(map(GalaxyName.parse, galaxies), columns=GalaxyName._fields)
    names = names[_is_of(names, simulation, snapshot)]
    if by_name := _name_column(table, key):
        columns = [by_name]
        of_rows = _text(table[by_name])
        of_galaxies = _joined([names[part] for part in names]).str.casefold()
    else:
        columns, of_rows, of_galaxies = _by_identity(table, names, key)
    if of_rows[of_rows.notna()].duplicated().any():
        twice = of_rows[of_rows.notna() & of_rows.duplicated()].index[0]
        msg = f"must have each galaxy once, got {_described(table, columns, twice)} twice"
        raise ValueError(msg)
    known = of_rows.dropna()
    rows = np.full(len(galaxies), -1)
    places = pd.Index(known).get_indexer(pd.Index(of_galaxies))
    found = places >= 0
    rows[names.index[found]] = known.index[places[found]]
    if not found.any():
        first = _described(table, columns, 0) if len(table) else "nothing"
        galaxy = galaxies[names.index[0]]
        msg = (
            f"must share a galaxy, shares none: its first row is {first}, the first galaxy {galaxy}"
        )
        raise ValueError(msg)
    return Match(rows, tuple(columns))


def _is_of(
    names: pd.DataFrame, simulation: str | None, snapshot: int | str | None
) -> NDArray[np.bool_]:
    """Return which galaxies are of a simulation and a snapshot; all if none is given."""
    among = np.ones(len(names), dtype=bool)
    if simulation is not None:
        wanted = simulation.strip().casefold()
        full = names["suite"] + "/" + names["simulation"]
        among &= (names["simulation"].str.casefold() == wanted) | (full.str.casefold() == wanted)
    if snapshot is not None:
        among &= names["snapshot"].map(_part) == _part(str(snapshot))
    if not among.any():
        wanted = ", snapshot ".join(
            str(part) for part in (simulation, snapshot) if part is not None
        )
        msg = f"must be of {_places(names)}, got {wanted}"
        raise ValueError(msg)
    return np.asarray(among)


def _name_column(table: pd.DataFrame, key: str | None) -> str | None:
    """Return the column of full galaxy names, if there is one."""
    column = _find(table, NAMES) if key is None else _given(table, key)
    if column is None or not types.is_string_dtype(table[column].dtype):
        return None
    return column if (table[column].str.count("/") == 3).any() else None


def _by_identity(
    table: pd.DataFrame, names: pd.DataFrame, key: str | None
) -> tuple[list[str], pd.Series, pd.Series]:
    """Return the columns of a key, and the key of each row and of each galaxy as text."""
    columns, ids = _subhaloes(table, names, key)
    of_rows, of_galaxies = [ids], [names["subhalo"].map(_part)]
    stated = {"snapshot": _find(table, SNAPSHOTS), "simulation": _find(table, SIMULATIONS)}
    for part, column in stated.items():
        if column is not None:
            columns = [column, *columns]
            of_rows.append(_text(table[column]))
            of_galaxies.append(names[part].map(_part))
    _check_places(names, [part for part, column in stated.items() if column is None])
    rows, identities = _joined(of_rows), _joined(of_galaxies)
    if identities.duplicated(keep=False).any():
        alike = _joined([names[part] for part in names])[identities.duplicated(keep=False)]
        msg = f"cannot distinguish {alike.iloc[0]} from others by {', '.join(columns)}"
        raise ValueError(msg)
    return columns, rows, identities


def _joined(parts: Sequence[pd.Series]) -> pd.Series:
    """Join texts of each row; NA where one is."""
    return reduce(lambda left, right: left + "/" + right, parts)


def _subhaloes(
    table: pd.DataFrame, names: pd.DataFrame, key: str | None
) -> tuple[list[str], pd.Series]:
    """Return the columns that identify a subhalo, and the subhalo of each row; NA for none."""
    pairs = names["subhalo"].str.fullmatch(_PAIR)
    group, subgroup = _find(table, GROUP), _find(table, SUBGROUP)
    if key is None and group is not None and subgroup is not None and pairs.any():
        first, second = (_text(table[column], whole=True) for column in (group, subgroup))
        return [group, subgroup], first + "-" + second
    column = _find(table, IDS) if key is None else _given(table, key)
    if column is None:
        msg = (
            f"must have a column of subhalo IDs ({KEYS}), of full galaxy names (name), or EAGLE's "
            f"GroupNumber and SubGroupNumber; --key COLUMN names another; got {_listed(table)}"
        )
        raise ValueError(msg)
    numbers = types.is_numeric_dtype(table[column].dtype)
    if pairs.all() and numbers:
        msg = (
            f"must have GroupNumber and SubGroupNumber, because the galaxies are named by both "
            f"({names['subhalo'].iloc[0]}), got {column}"
        )
        raise ValueError(msg)
    whole = bool(names["subhalo"].str.fullmatch(r"\d+").all())
    return [column], _text(table[column], whole=whole)


def _find(table: pd.DataFrame, choices: tuple[tuple[str, ...], ...]) -> str | None:
    """Return the column that one of some names means; raise ValueError if several differ."""
    plain = {column: re.sub(r"[\W_]+", "", column).casefold() for column in table.columns}
    for names in choices:
        found = [
            column for name in names for column in plain if plain[column] in (name, f"{name}s")
        ]
        if found:
            others = [column for column in found if not table[column].equals(table[found[0]])]
            if others:
                msg = (
                    f"must have one identity, but {', '.join([found[0], *others])} differ; "
                    "--key COLUMN names the column of IDs"
                )
                raise ValueError(msg)
            return found[0]
    return None


def _given(table: pd.DataFrame, key: str) -> str:
    """Return the column that a person names, without regard to case if there is no such."""
    alike = [name for name in table.columns if name.casefold() == key.strip().casefold()]
    if key in table.columns or len(alike) == 1:
        return key if key in table.columns else alike[0]
    msg = f"must have the key {key}, got {_listed(table)}"
    raise ValueError(msg)


def _text(column: pd.Series, *, whole: bool = False) -> pd.Series:
    """Return a part of an identity as text, as `_part` writes it; NA for negative numbers.

    Raises ValueError for what is missing, for numbers that are not whole, or too large to be exact,
    and, of ``whole``, for other text.
    """
    if types.is_bool_dtype(column.dtype) or types.is_float_dtype(column.dtype):
        values = column.to_numpy(float, na_value=np.nan)
        exact = (values == np.floor(values)) & (np.abs(values) < _LARGEST)
        _check(exact, column)
        column = pd.Series(values.astype(np.int64), index=column.index, name=column.name)
    if types.is_integer_dtype(column.dtype):
        _check(column.notna(), column)
        return column.astype("str").where(column >= 0)
    texts = column.map(_part, na_action="ignore")
    numbers = texts.str.fullmatch(r"-?\d+").eq(True)
    _check(numbers if whole else texts.notna(), column)
    return texts.where(~(numbers & texts.str.startswith("-")))


def _check(good: ArrayLike, column: pd.Series) -> None:
    """Raise ValueError for the first value that is not good."""
    if not np.all(good):
        place = int(np.argmin(np.asarray(good)))
        value = column.iloc[place]
        got = "nothing" if pd.isna(value) else str(value)
        msg = f"{column.name} must be a whole number in each row, got {got} in row {place + 1}"
        raise ValueError(msg)


def _part(text: str) -> str:
    """Return a part of a name as it is compared: numbers without zeros in front, any case."""
    text = text.strip()
    return str(int(text)) if re.fullmatch(r"[+-]?[0-9]+", text) else text.casefold()


def _check_places(names: pd.DataFrame, unknown: list[str]) -> None:
    """Raise ValueError if galaxies differ in a part of their identity that a table lacks."""
    parts = ["suite", *unknown] if "simulation" in unknown else unknown
    if not parts or len(names[parts].drop_duplicates()) == 1:
        return
    options = {"simulation": "--simulation NAME", "snapshot": "--snapshot N"}
    differ = [part for part in unknown if names[part].nunique() > 1] or ["simulation"]
    msg = (
        f"must state the {' and '.join(differ)} of each row in a column, or for all rows by "
        f"{' and '.join(options[part] for part in differ)}; the galaxies are of {_places(names)}"
    )
    raise ValueError(msg)


def _places(names: pd.DataFrame) -> str:
    """List the simulations and snapshots of galaxies."""
    places = names[["suite", "simulation", "snapshot"]].drop_duplicates()
    return ", ".join(places.agg("/".join, axis=1))


def _described(table: pd.DataFrame, columns: list[str], row: int) -> str:
    """Write the key of a row."""
    return ", ".join(f"{column} {table[column].iloc[row]!s}" for column in columns)


def _listed(table: pd.DataFrame) -> str:
    """List the first columns of a table."""
    more = ", …" if table.shape[1] > 12 else ""
    return ", ".join(table.columns[:12]) + more
