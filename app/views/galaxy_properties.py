"""What is known of a galaxy, in words: its properties, its light, and the masses to be learnt."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from galmass_app.markup import snippet
from galmass_core.galaxy import LINES_OF_SIGHT, GalaxyName
from galmass_core.quantities import (
    APERTURES,
    FAMILIES,
    QUANTITIES,
    Quantity,
    column_quantity,
    radius_name,
    target_column,
)


def properties(row: pd.Series, joined: Sequence[str] = ()) -> str:
    """Write tables of what a galaxy is and how it looks; every name explains itself on hover.

    Parameters
    ----------
    row : Series
        One row of a data set's samples.
    joined : sequence of str
        Its columns from joined tables.

    Returns
    -------
    str
        HTML.
    """
    known = [q for q in QUANTITIES.values() if q.key in row]
    whole = [q for q in known if q.kind == "property"]
    seen = [q for q in known if q.kind == "feature"]
    tables = {
        "The whole galaxy": [_line(q.name, q, [row[q.key]]) for q in whole],
        f"Its light and motion{seen_along(row)}": [_line(q.name, q, [row[q.key]]) for q in seen],
    }
    if joined:
        tables["From joined tables"] = [
            _line(key, column_quantity(key), [row[key]]) for key in joined
        ]
    return snippet("explore.html", "properties", tables, row.get("notes"))


def true_masses(row: pd.Series) -> str:
    """Write a table of a galaxy's targets inside 1 and 2 R_hsm; as `properties`."""
    lines = []
    for stem, family in FAMILIES.items():
        columns = [target_column(stem, aperture) for aperture in APERTURES]
        if columns[0] in row:
            values = [row.get(column, np.nan) for column in columns]
            lines.append(_line(family.name, QUANTITIES[columns[0]], values))
    return snippet("explore.html", "true_masses", list(map(radius_name, APERTURES)), lines)


def headline(row: pd.Series) -> str:
    """Name a sample as a heading: which galaxy, of what simulation, seen from where."""
    name = GalaxyName.parse(row["name"])
    known = name.simulation.startswith(name.suite)  # as in TNG/TNG100-1
    simulation = name.simulation if known else f"{name.suite} {name.simulation}"
    redshift = row.get("redshift")
    when = "" if pd.isna(redshift) else f" · redshift {redshift:.2f}"
    text = f"{simulation}, snapshot {name.snapshot}{when}{seen_along(row, ' · ')}"
    return snippet("explore.html", "headline", name.subhalo, row.get("synthetic", False), text)


def seen_along(row: pd.Series, behind: str = ", ") -> str:
    """Say from where a sample is seen; nothing of a catalogue's, which is seen from nowhere."""
    return f"{behind}seen along {row['los']}" if row["los"] in LINES_OF_SIGHT else ""


def _line(text: str, shown: Quantity, values: list[float]) -> tuple[str, str, str, list[str], str]:
    """Return name, help, symbol, values and unit of a quantity, as a line of a table has them."""
    return (
        text,
        shown.help,
        "" if shown.kind == "joined" else shown.symbol.partition("(<")[0],
        [_value(value, shown) for value in values],
        f"{'log ' * shown.log}{shown.shown_unit}",
    )


def _value(value: float | str, shown: Quantity) -> str:
    """Write a number with the digits that matter; a dash where there is none."""
    if pd.isna(value):
        return "–"
    if shown.kind == "joined":  # text, or a number of unknown accuracy
        return f"{value:.4g}".replace("-", "−") if isinstance(value, float) else str(value)
    digits = 0 if shown.unit == "km/s" or shown.key.startswith("n_") else 2
    return f"{value:,.{digits}f}".replace("-", "−")
