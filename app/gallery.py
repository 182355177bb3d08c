"""What the galaxies of the gallery are sorted and coloured by: a column, or the error of a run."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_app.comparison import experiment_of, title
from galmass_app.run_index import run_index
from galmass_app.selection import largest_errors
from galmass_app.state import axis_columns
from galmass_app.theme import VALUES
from galmass_core.datasets.dataset import DataSet
from galmass_core.quantities import column_quantity, symbol_of, with_minus

ERROR = "error|"  # begins the key of errors, which name a target and a run
RUNS = 12  # the newest, whose errors are offered


class Ranked(NamedTuple):
    """A number of each galaxy, as the gallery writes and colours it."""

    values: pd.Series  # by name; NaN where unknown; of errors the size
    notes: list[str]  # one for each galaxy, in the same order


def orders(data: DataSet) -> dict[str, dict[str, str]]:
    """Return what galaxies can be sorted or coloured by, in groups: words and key."""
    columns = {column_quantity(key).name: key for key in axis_columns(data)}
    index, errors = run_index(data), {}
    for name in list(index.predictions)[:RUNS]:
        inputs = title(experiment_of(index.runs[name]))
        for target in index.predictions[name]["target"].unique():
            words = f"error of {symbol_of(target)} from {inputs} · {name}"
            errors[words] = f"{ERROR}{target}|{name}"
    groups = {"Quantities": columns, "Errors of runs": errors}
    return {group: choices for group, choices in groups.items() if choices}


def ranked(data: DataSet, names: tuple[str, ...], key: str) -> Ranked:
    """Return the number of each galaxy that a key of `orders` means.

    Raises
    ------
    ValueError
        If there is no such column, or no such run any more.
    """
    if key.startswith(ERROR):
        target, _, run = key.removeprefix(ERROR).partition("|")
        table = run_index(data).predictions.get(run)
        if table is None:
            msg = f"run to sort galaxies by must be one that predicts {data.path.name}, got {run}"
            raise ValueError(msg)
        errors = largest_errors(table[table["target"] == target]).reindex(list(names))
        notes = ["not tested" if e != e else f"{e:+.3f} dex" for e in errors["error"]]
        return Ranked(errors["size"], [with_minus(note) for note in notes])
    if key not in axis_columns(data):
        msg = f"galaxies must be sorted by a column of {data.path.name}, got {key}"
        raise ValueError(msg)
    values, symbol = data.galaxies.loc[list(names), key].astype(float), symbol_of(key)
    notes = ["no value" if e != e else with_minus(f"{symbol} {e:.4g}") for e in values]
    return Ranked(values, notes)


def colours_of(values: NDArray) -> list[str]:
    """Return a colour for each number, between the 1st and 99th percentile; empty where unknown."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return [""] * len(values)
    low, high = np.percentile(finite, [1, 99])
    share = np.clip((values - low) / (high - low or 1), 0, 1)
    places = np.nan_to_num(share * (len(VALUES) - 1)).astype(int)
    return [
        VALUES[at] if known else "" for at, known in zip(places, np.isfinite(values), strict=True)
    ]
