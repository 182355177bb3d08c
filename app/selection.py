"""Which galaxies are selected, as short text that an address can hold; and subsets with a name.

The text is an expression such as ``log_mstar > 11``, subhalo IDs separated by commas, or, for many,
``~`` and a mask over the galaxies of the data set, packed.
"""

import json
import re
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd

from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.filter_syntax import quoted
from galmass_core.datasets.filters import matching_rows
from galmass_core.datasets.folders import home_folder
from galmass_core.storage.atomic import write_json

LISTED = 24  # galaxies up to which their IDs are written out
EXTREMES = 20  # galaxies with the largest or the smallest errors
ERROR = "error"  # what galaxies can be sorted by, besides columns
SIMULATION = "simulation"  # what an expression can name besides columns
LONGEST = 60  # letters of a subset's name
SAVED = "saved: "  # begins the label of a selection that has a name
_MASK = "~"
COMBINATIONS = ("replace", "and", "or", "not")  # what a new selection does to the one before


def names_of(text: str, data: DataSet, ids: Mapping[str, str]) -> tuple[str, ...]:
    """Return the galaxies that a text means, in the data set's order.

    Parameters
    ----------
    text : str
        As in the head of this module; empty for all galaxies. An expression keeps a galaxy if it
        holds for one of its samples.
    ids : mapping
        Subhalo ID: name of the galaxy.

    Raises
    ------
    ValueError
        If it can be none of the three, names an ID that there is not, or is a mask over another
        data set.
    """
    if text.startswith(_MASK):
        return _unpacked(text, data)
    listed = _listed(text, data, ids)
    if listed is None:
        samples = data.samples
        if SIMULATION not in samples:
            samples = samples.assign(**{SIMULATION: data.simulations})
        return tuple(data.galaxies_at(matching_rows(samples, text)))
    return tuple(sorted(listed, key=data.galaxy_places.__getitem__))


def text_of(names: Collection[str], data: DataSet, ids: Mapping[str, str]) -> str:
    """Return the shortest text that means these galaxies; arguments as of `names_of`."""
    chosen = set(names)
    if len(chosen) <= LISTED:
        names = sorted(chosen, key=data.galaxy_places.__getitem__)
        return ", ".join(call_of(name, ids) for name in names)
    mask = np.zeros(len(data.galaxy_names), dtype=bool)
    mask[[data.galaxy_places[name] for name in chosen]] = True
    packed = zlib.compress(np.packbits(mask).tobytes(), 9)
    return _MASK + urlsafe_b64encode(packed).decode().rstrip("=")


def combined(before: str, how: str, new: str, data: DataSet, ids: Mapping[str, str]) -> str:
    """Return the text of the galaxies of two selections together.

    Parameters
    ----------
    before, new : str
        As of `names_of`, as are ``data`` and ``ids``.
    how : str
        ``and``: in both; ``or``: in either; ``not``: in the first and not in the second.

    Returns
    -------
    str
        An expression where both are and it means the same galaxies, which it may not do where a
        condition depends on the line of sight; else as of `text_of`.

    Raises
    ------
    ValueError
        If no galaxy is left, or as of `names_of`.
    """
    first, second = (set(names_of(text, data, ids)) for text in (before, new))
    chosen = {"and": first & second, "or": first | second, "not": first - second}[how]
    if not chosen:
        msg = f"No galaxy of {data.path.name} is left by these two selections."
        raise ValueError(msg)
    expression = f"({before}) {'and not' if how == 'not' else how} ({new})"
    if not any(is_mask(text) or _listed(text, data, ids) for text in (before, new)):
        with suppress(ValueError):  # it may be too long
            if set(names_of(expression, data, ids)) == chosen:
                return expression
    return text_of(chosen, data, ids)


def call_of(name: str, ids: Mapping[str, str]) -> str:
    """Return what to call a galaxy: its subhalo ID where that is its own, else its full name."""
    subhalo = name.rpartition("/")[2]
    return subhalo if ids.get(subhalo) == name else name


def is_mask(text: str) -> bool:
    """Whether a text is nothing that a person can read."""
    return text.startswith(_MASK)


def box_text(x: str, y: str, geometry: Mapping[str, float]) -> str:
    """Return a box in a scatter of two columns as an expression."""
    ends = {
        column: sorted((geometry[f"{axis}0"], geometry[f"{axis}1"]))
        for axis, column in (("x", x), ("y", y))
    }
    return " and ".join(
        f"{low:.6g} < {quoted(column)} < {high:.6g}" for column, (low, high) in ends.items()
    )


def extremes(predictions: pd.DataFrame, *, worst: bool) -> list[str]:
    """Return the `EXTREMES` galaxies that a run predicts worst, or best.

    Parameters
    ----------
    predictions : pandas.DataFrame
        ``name``, ``y_true`` and ``y_pred`` [dex]. A galaxy's error is the largest of its lines of
        sight.

    Returns
    -------
    list of str
        Names, the most extreme first.
    """
    errors = largest_errors(predictions).sort_values("size", ascending=not worst)
    return list(errors.index[:EXTREMES])


def largest_errors(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return ``los``, ``error`` and its ``size`` [dex] where a galaxy is predicted worst, by name.

    Parameters
    ----------
    predictions : pandas.DataFrame
        ``name``, ``los``, ``y_true`` and ``y_pred``.

    Returns
    -------
    pandas.DataFrame
        One row per galaxy.
    """
    error = predictions["y_pred"] - predictions["y_true"]
    rows = predictions[["name", "los"]].assign(error=error, size=error.abs())
    return rows.sort_values("size").groupby("name", sort=False).last()


def saved_subsets(data: DataSet) -> dict[str, str]:
    """Return the texts of a data set's subsets by name; none if their file is damaged."""
    try:
        content = json.loads(_subsets_file(data).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(text) for name, text in content.items()}


def save_subset(data: DataSet, name: str, text: str) -> None:
    """Keep a selection under a name, also for other sessions and later.

    Raises
    ------
    ValueError
        If the name is empty or too long, or nothing is selected.
    """
    if not 0 < len(name.strip()) <= LONGEST:
        msg = f"name of a subset must have 1 to {LONGEST} letters, got {name!r}"
        raise ValueError(msg)
    if not text:
        msg = "a subset must be a selection, but nothing is selected"
        raise ValueError(msg)
    _write(data, saved_subsets(data) | {name.strip(): text})


def delete_subset(data: DataSet, name: str) -> None:
    """Forget a subset; nothing happens if there is none of that name."""
    _write(data, {key: text for key, text in saved_subsets(data).items() if key != name})


def _write(data: DataSet, subsets: dict[str, str]) -> None:
    path = _subsets_file(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, subsets)


def _subsets_file(data: DataSet) -> Path:
    """Return where the subsets of a data set lie; one that is built again has others."""
    return home_folder() / "subsets" / f"{data.checksum[:16]}.json"


def _listed(text: str, data: DataSet, ids: Mapping[str, str]) -> set[str] | None:
    """Return the galaxies that are listed by ID or name; None if it is no list."""
    calls = [call for call in re.split(r"[,;\s]+", text) if call]
    if not calls or not all(call.isdecimal() or call in ids or "/" in call for call in calls):
        return None
    names = {call: call if call in data.galaxy_places else ids.get(call) for call in calls}
    unknown = [call for call, name in names.items() if name is None]
    if not unknown:
        return set(names.values())
    if all(call.isdecimal() for call in calls):
        msg = f"no subhalo {', '.join(unknown[:3])} in this data set"
        raise ValueError(msg)
    return None


def _unpacked(text: str, data: DataSet) -> tuple[str, ...]:
    """Return the galaxies of a mask."""
    names: Sequence[str] = data.galaxy_names
    try:
        packed = urlsafe_b64decode(text[1:] + "=" * (-len(text[1:]) % 4))
        unpacker = zlib.decompressobj()
        bits = np.frombuffer(unpacker.decompress(packed, len(names) + 8), np.uint8)
    except (ValueError, zlib.error) as error:
        msg = "selection in the address cannot be read"
        raise ValueError(msg) from error
    if len(bits) != -(-len(names) // 8):
        msg = f"selection was made in another data set than {data.path.name}"
        raise ValueError(msg)
    mask = np.unpackbits(bits, count=len(names)).astype(bool)
    return tuple(np.asarray(names, dtype=object)[mask])
