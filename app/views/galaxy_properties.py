"""What is known of a galaxy, in words: its properties, its light, and the masses to be learnt."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from galmass_app.markup import snippet
from galmass_app.numerals import number
from galmass_app.standing import Standing
from galmass_app.tree_models import ALL_FEATURES
from galmass_core.galaxy import LINES_OF_SIGHT, GalaxyName
from galmass_core.quantities import (
    APERTURES,
    FAMILIES,
    QUANTITIES,
    TARGETS,
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
    known, features = [q for q in QUANTITIES.values() if q.key in row], _features(row)
    groups = {
        "The whole galaxy": [q for q in known if q.kind == "property"],
        f"Its light and motion{seen_along(row)}": [q for q in features if q.key in ALL_FEATURES],
        "From joined tables": [column_quantity(key) for key in joined],
    }
    text = properties_table(row, groups, standings)
    notes = row.get("notes")
    return text + (snippet("explore.html", "file_notes", notes) if notes else "")


def defined_otherwise(row: pd.Series) -> dict[str, list[Quantity]]:
    """Return the features that are neither the paper's nor their substitutes, by aperture."""
    known = [q for q in _features(row) if q.key not in ALL_FEATURES]
    inside = [q for q in known if q.key.endswith("_1rhsm")]
    groups = {
        f"The whole galaxy{seen_along(row)}": [q for q in known if q not in inside],
        f"Inside R_hsm{seen_along(row)}": inside,
    }
    return {title: group for title, group in groups.items() if group}


def _features(row: pd.Series) -> list[Quantity]:
    return [q for q in QUANTITIES.values() if q.key in row and q.kind == "feature"]


def properties_table(
    row: pd.Series, groups: Mapping[str, Sequence[Quantity]], standings: Standings | None
) -> str:
    """Write a table of quantities for each title; arguments as of `properties`."""
    standings = _among(standings)
    tables = {
        title: [table_line(q.name, q, [row[q.key]], standings) for q in group]
        for title, group in groups.items()
        if group
    }
    return snippet("explore.html", "properties", tables, standings=standings is not None)


def true_masses(row: pd.Series, standings: Standings | None = None) -> str:
    """Write a table of a galaxy's targets inside 1 and 2 R_hsm; as `properties`."""
    lines, standings = [], _among(standings)
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
    when = "" if pd.isna(redshift) else f" · redshift {number(redshift)}"
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


def _among(standings: Standings | None) -> Standings | None:
    """Return percentiles; None where none is known, as in a data set of a few galaxies."""
    known = standings and not np.isnan([each.of_all for each in standings.values()]).all()
    return standings if known else None


def table_line(
    text: str, shown: Quantity, values: list[float], standings: Standings | None = None
) -> tuple[str, str, str, list[str], str, list[str]]:
    """Return name, help, symbol, values, unit and percentiles, as a line of a table has them."""
    standing = () if standings is None else standings.get(shown.key, Standing())
    return (
        text,
        shown.help,
        "" if shown.kind == "joined" else _symbol(shown),
        [_value(value, shown) for value in values],
        f"{'log ' * shown.log}{shown.shown_unit}",
        ["–" if np.isnan(share) else f"{share:.0f}" for share in standing],
    )


def _symbol(shown: Quantity) -> str:
    """Return a symbol; of a target without its aperture, which is above its column."""
    return shown.symbol.partition("(<")[0] if shown.key in TARGETS else shown.symbol


def _value(value: float | str, shown: Quantity) -> str:
    """Write a number with the digits that matter; a dash where there is none."""
    if pd.isna(value):
        return "–"
    if shown.kind == "joined":  # text, or a number of unknown accuracy
        return with_minus(f"{value:.4g}") if isinstance(value, float) else str(value)
    if shown.log:  # in dex, where two digits are as many for all
        return with_minus(f"{value:.2f}")
    return number(value, 0 if shown.unit == "km/s" or shown.key.startswith("n_") else 2)
