"""What is known of a galaxy, in words: its properties, its light, and the masses to be learnt."""

from html import escape

import numpy as np
import pandas as pd

from galmass_app.views.heading import SYNTHETIC
from galmass_core.galaxy import LINES_OF_SIGHT, GalaxyName
from galmass_core.quantities import (
    APERTURES,
    FAMILIES,
    QUANTITIES,
    Quantity,
    radius_name,
    target_column,
)


def properties(row: pd.Series) -> str:
    """Write tables of what a galaxy is and how it looks; every name explains itself on hover.

    Parameters
    ----------
    row : Series
        One row of a data set's samples.

    Returns
    -------
    str
        HTML.
    """
    known = [q for q in QUANTITIES.values() if q.key in row]
    whole = [q for q in known if q.kind == "property"]
    seen = [q for q in known if q.kind == "feature"]
    return (
        _table("The whole galaxy", whole, row)
        + _table(f"Its light and motion{_seen_along(row)}", seen, row)
        + _notes(row.get("notes"))
    )


def true_masses(row: pd.Series) -> str:
    """Write a table of a galaxy's targets inside 1 and 2 R_hsm; as `properties`."""
    lines = ""
    for stem, family in FAMILIES.items():
        columns = [target_column(stem, aperture) for aperture in APERTURES]
        if columns[0] in row:
            shown = QUANTITIES[columns[0]]
            lines += _line(family.name, shown, [row.get(column, np.nan) for column in columns])
    radii = map(radius_name, APERTURES)
    heads = "".join(f'<th scope="col" class="number">{radius}</th>' for radius in radii)
    return (
        "<table><caption>The truth to be learnt</caption>"
        f'<tr><th scope="col">inside</th>{heads}<td></td></tr>{lines}</table>'
    )


def headline(row: pd.Series) -> str:
    """Name a sample as a heading: which galaxy, of what simulation, seen from where."""
    name = GalaxyName.parse(row["name"])
    known = name.simulation.startswith(name.suite)  # as in TNG/TNG100-1
    simulation = name.simulation if known else f"{name.suite} {name.simulation}"
    redshift = row.get("redshift")
    when = "" if pd.isna(redshift) else f" · redshift {redshift:.2f}"
    return (
        f'<div class="line"><h1>Subhalo {escape(name.subhalo)}</h1>'
        f"{SYNTHETIC if row.get('synthetic') else ''}"
        f"<p>{escape(simulation)}, snapshot {escape(name.snapshot)}"
        f"{when}{_seen_along(row, ' · ')}</p></div>"
    )


def _seen_along(row: pd.Series, behind: str = ", ") -> str:
    """Say from where a sample is seen; nothing of a catalogue's, which is seen from nowhere."""
    return f"{behind}seen along {row['los']}" if row["los"] in LINES_OF_SIGHT else ""


def _table(title: str, shown: list[Quantity], row: pd.Series) -> str:
    """Write one group of quantities, a line each."""
    lines = "".join(_line(q.name, q, [row[q.key]]) for q in shown)
    return f"<table><caption>{title}</caption>{lines}</table>"


def _line(words: str, shown: Quantity, values: list[float]) -> str:
    """Write a quantity: words and symbol, with help on hover and focus; values; unit."""
    symbol = shown.symbol.partition("(<")[0]
    numbers = "".join(f'<td class="number">{_value(value, shown)}</td>' for value in values)
    unit = shown.label.partition("[")[2].removesuffix("]")
    return (
        f'<tr><th scope="row"><span class="help" tabindex="0" data-help="{escape(shown.help)}">'
        f'{escape(words)}</span> <span class="symbol">{escape(symbol)}</span></th>{numbers}'
        f'<td class="unit">{"log " * shown.log}{unit}</td></tr>'
    )


def _value(value: float, shown: Quantity) -> str:
    """Write a number with the digits that matter; a dash where there is none."""
    if pd.isna(value):
        return "–"
    digits = 0 if shown.unit == "km/s" or shown.key.startswith("n_") else 2
    return f"{value:,.{digits}f}".replace("-", "−")


def _notes(notes: str | None) -> str:
    """Write what the galaxy's file lacked, and what stood in for it."""
    if not notes:
        return ""
    return f"<details><summary>Notes on its file</summary><p>{escape(notes)}</p></details>"
