"""What is known of a galaxy, in words: its properties, its light, and the masses to be learnt."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from galmass_app.markup import snippet
from galmass_app.standing import Standing
from galmass_core.galaxy import LINES_OF_SIGHT, GalaxyName
from galmass_core.quantities import (
    APERTURES,
    FAMILIES,
    QUANTITIES,
    Quantity,
    column_quantity,
    radius_name,
    target_column,
    with_minus,
)
from galmass_core.sources.naming import subhalo_page

FEW_STARS = 1000  # below which maps are mostly noise
Standings = Mapping[str, Standing]


def properties(
    row: pd.Series, joined: Sequence[str] = (), standings: Standings | None = None
) -> str:
    """Write tables of what a galaxy is and how it looks; every name explains itself on hover.

    Parameters
    ----------
    row : Series
        One row of a data set's samples.
    joined : sequence of str
        Its columns from joined tables.
    standings : mapping of str to Standing, optional
        Percentiles by column.

    Returns
    -------
    str
        HTML.
    """
    known = [q for q in QUANTITIES.values() if q.key in row]
    whole = [q for q in known if q.kind == "property"]
    seen = [q for q in known if q.kind == "feature"]
    tables = {
        "The whole galaxy": [table_line(q.name, q, [row[q.key]], standings) for q in whole],
        f"Its light and motion{seen_along(row)}": [
            table_line(q.name, q, [row[q.key]], standings) for q in seen
        ],
    }
    if joined:
        tables["From joined tables"] = [
            table_line(key, column_quantity(key), [row[key]], standings) for key in joined
        ]
    known = standings is not None
    return snippet("explore.html", "properties", tables, row.get("notes"), standings=known)


def true_masses(row: pd.Series, standings: Standings | None = None) -> str:
    """Write a table of a galaxy's targets inside 1 and 2 R_hsm; as `properties`."""
    lines = []
    for stem, family in FAMILIES.items():
        columns = [target_column(stem, aperture) for aperture in APERTURES]
        if columns[0] in row:
            values = [row.get(column, np.nan) for column in columns]
            lines.append(table_line(family.name, QUANTITIES[columns[0]], values, standings))
    radii, known = list(map(radius_name, APERTURES)), standings is not None
    return snippet("explore.html", "true_masses", radii, lines, standings=known)


def headline(row: pd.Series, axes: str = "") -> str:
    """Name a sample as a heading: which galaxy, of what simulation, seen from where.

    Parameters
    ----------
    row : Series
        As of `properties`.
    axes : str
        How it is turned, as half a sentence.
    """
    name = GalaxyName.parse(row["name"])
    known = name.simulation.startswith(name.suite)  # as in TNG/TNG100-1
    simulation = name.simulation if known else f"{name.suite} {name.simulation}"
    redshift = row.get("redshift")
    when = "" if pd.isna(redshift) else f" · redshift {redshift:.2f}"
    text = f"{simulation}, snapshot {name.snapshot}{when}{seen_along(row, ' · ')}"
    made_up = row.get("synthetic", False)
    page = "" if made_up else subhalo_page(name)
    return snippet("explore.html", "headline", name.subhalo, made_up, text, flags(row), axes, page)


def flags(row: pd.Series) -> list[tuple[str, str]]:
    """Return what to be careful about in a galaxy: a word or two, and a sentence."""
    found = []
    if row.get("n_stars", np.inf) < FEW_STARS:
        words = f"Fewer than {FEW_STARS:,} star particles: its maps are mostly noise."
        found.append((f"few stars: {row['n_stars']:,.0f}", words))
    if row.get("n_dm") == 0:
        found.append(("no dark matter", "No dark-matter particle is bound to it."))
    if pd.notna(central := row.get("is_central")) and not central:
        found.append(("satellite", "It is not the central galaxy of its halo."))
    return found


def seen_along(row: pd.Series, behind: str = ", ") -> str:
    """Say from where a sample is seen; nothing of a catalogue's, which is seen from nowhere."""
    return f"{behind}seen along {row['los']}" if row["los"] in LINES_OF_SIGHT else ""


def table_line(
    text: str, shown: Quantity, values: list[float], standings: Standings | None = None
) -> tuple[str, str, str, list[str], str, list[str]]:
    """Return name, help, symbol, values, unit and percentiles, as a line of a table has them."""
    standing = () if standings is None else standings.get(shown.key, Standing())
    return (
        text,
        shown.help,
        "" if shown.kind == "joined" else shown.symbol.partition("(<")[0],
        [_value(value, shown) for value in values],
        f"{'log ' * shown.log}{shown.shown_unit}",
        ["–" if np.isnan(share) else f"{share:.0f}" for share in standing],
    )


def _value(value: float | str, shown: Quantity) -> str:
    """Write a number with the digits that matter; a dash where there is none."""
    if pd.isna(value):
        return "–"
    if shown.kind == "joined":  # text, or a number of unknown accuracy
        return with_minus(f"{value:.4g}") if isinstance(value, float) else str(value)
    digits = 0 if shown.unit == "km/s" or shown.key.startswith("n_") else 2
    return with_minus(f"{value:,.{digits}f}")
