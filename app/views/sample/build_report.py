"""How a data set was made, as text: counts, exclusions, definitions, settings."""

from collections import Counter, defaultdict
from functools import lru_cache

import numpy as np
import pandas as pd

from galmass_app import services
from galmass_app.markup import snippet
from galmass_app.plots.trends import group_of
from galmass_app.views.heading import heading
from galmass_core.datasets.dataset import DataSet
from galmass_core.galaxy import NO_LINE_OF_SIGHT, GalaxyName
from galmass_core.paper.published import DATA as PAPER_DATA
from galmass_core.quantities import QUANTITIES
from galmass_core.sample import PAPER_GALAXIES

FIRST = 3  # names given of those that were left out for one reason
REASONS = 10  # reasons listed, the most common first


def headline(data: DataSet) -> str:
    """Name a data set as a heading: what is in it, of which simulations."""
    return heading(data.path.name, _simulations(data), data)


def tally(data: DataSet) -> str:
    """Write the counts, large: galaxies, samples, the paper's, centrals, left out, chunks read."""
    galaxies, out = data.galaxy_names, left_out(data)["galaxies"].sum()
    groups = group_of(data.samples.filter(["is_central"]).iloc[data.first_rows]).value_counts()
    entries = [
        ("galaxies", f"{len(galaxies):,}", _beside_paper(data)),
        ("samples", f"{len(data):,}", _directions(data)),
        _central_entry(groups),
        ("left out", f"{out:,}", f"of {len(galaxies) + out:,} looked at"),
    ]
    if catalogue := data.info.get("catalogue"):
        read, there = catalogue["chunks"], catalogue["all_chunks"]
        share = (
            "the whole catalogue"
            if read == there
            else f"{100 * read / there:.0f} % of the catalogue"
        )
        entries.append(("chunks read", f"{read:,} of {there:,}", share))
    return snippet("sample.html", "tally", entries)


def is_paper_data(data: DataSet) -> bool:
    """Whether all galaxies are of the simulation that the paper took its own from."""
    named = all(name.startswith(f"{PAPER_DATA}/") for name in data.galaxy_names)
    return named and not services.is_synthetic(data)


@lru_cache(maxsize=16)
def left_out(data: DataSet) -> pd.DataFrame:
    """Count the galaxies that are not in the data set, by reason.

    Returns
    -------
    DataFrame
        ``reason``, ``galaxies`` and ``names`` (the first few; empty where only their number was
        kept), the most common reason first.
    """
    counted = [
        {"reason": reason, "galaxies": count, "names": []}
        for reason, count in data.info.get("selection", {}).items()
    ]
    named = [
        {
            "reason": reason,
            "galaxies": len(rows),
            "names": [name for name in rows["name"][:FIRST] if name],
        }
        for reason, rows in data.excluded.groupby("reason", sort=False)
    ]
    table = pd.DataFrame(counted + named, columns=["reason", "galaxies", "names"])
    return table.astype({"galaxies": int}).sort_values(
        "galaxies", ascending=False, kind="stable", ignore_index=True
    )


def exclusions(data: DataSet) -> str:
    """Write which galaxies were left out, and why."""
    table = left_out(data)
    rows = []
    for row in table[:REASONS].itertuples():
        names = [name.rpartition("/")[2] for name in row.names]  # subhalo IDs
        names += ["…"] * (0 < len(names) < row.galaxies)
        rows.append((row.reason, ", ".join(names), f"{row.galaxies:,}"))
    others = table["galaxies"][REASONS:].sum()
    return snippet("sample.html", "exclusions", rows, f"{others:,}" if others else "")


def definitions(data: DataSet) -> str:
    """Write which columns are not what the paper means by them, and which cannot be there."""
    differs, lacking = (data.info.get(key, {}) for key in ("definitions", "not_available"))
    rows = [_definition(key, text) for key, text in differs.items()]
    rows += [_definition(key, f"not available: {text}") for key, text in lacking.items()]
    rows += [(species, "", text) for species, text in data.missing_matter().items()]
    return snippet("sample.html", "definitions", rows)


def making(data: DataSet) -> str:
    """Write how the data set was made, and with what settings."""
    info = data.info
    facts = {
        "galmass": info["galmass"],
        "read": _read(info),
        "only those with": info.get("where"),
        "only some IDs": info.get("ids") and f"list {info['ids'][:8]}",
        "maps": f"{data.frame}; {_maps(info['maps'])}" if data.has_maps else "none: numbers alone",
        "dust": info.get("maps", {}).get("dust"),
        "rendered on": info.get("device"),
        "shards": f"{len(info['shards']):,}" if data.has_maps else None,
        "joined": "; ".join(
            f"{', '.join(one['columns'])} from {one['table']} ({one['samples']:,} samples)"
            for one in info.get("joined", [])
        ),
        "combined from": ", ".join(
            f"{one['name']} ({one['samples']:,} samples)" for one in info.get("combined", [])
        ),
        "not alike": "; ".join(info.get("differences", [])),
        "folder": str(data.path),
    }
    return snippet("sample.html", "making", facts)


def _simulations(data: DataSet) -> str:
    """List simulations and snapshots, with how many galaxies each gave if there are several."""
    counts = Counter(name.rpartition("/")[0] for name in data.galaxy_names).most_common()
    if len(counts) == 1:
        return _place(counts[0][0])
    return " · ".join(f"{count:,} of {_place(place)}" for place, count in counts)


def _place(place: str) -> str:
    """Name a simulation and snapshot; the suite goes unsaid in TNG100-1."""
    name = GalaxyName.parse(f"{place}/any")
    known = name.simulation.startswith(name.suite)
    simulation = name.simulation if known else f"{name.suite} {name.simulation}"
    return f"{simulation}, snapshot {name.snapshot}"


def _beside_paper(data: DataSet) -> str:
    """Set the number of galaxies beside the paper's; they compare only on the same simulation."""
    paper = f"{PAPER_GALAXIES:,} in the paper"
    if not is_paper_data(data):
        return f"{paper}, of TNG100-1: not comparable"
    return f"{100 * len(data.galaxy_names) / PAPER_GALAXIES:.0f} % of the {paper}"


def _directions(data: DataSet) -> str:
    """Say how many lines of sight a galaxy has."""
    if not data.has_maps and set(data.samples["los"].unique()) == {NO_LINE_OF_SIGHT}:
        return "no line of sight: a catalogue"
    each = np.unique(np.bincount(data.galaxy_numbers))
    return f"{each[0]} lines of sight each" if len(each) == 1 else "lines of sight vary"


def _central_entry(groups: pd.Series) -> tuple[str, str, str]:
    known = groups.drop("", errors="ignore").sum()
    if not known:
        return "centrals · satellites", "–", "not known of these galaxies"
    central, satellite = groups.get("centrals", 0), groups.get("satellites", 0)
    unknown = f", {groups['']:,} unknown" if "" in groups else ""
    share = f"{100 * satellite / known:.0f} % are satellites{unknown}"
    return "centrals · satellites", f"{central:,} · {satellite:,}", share


def _definition(key: str, text: str) -> tuple[str, str, str]:
    """Return name and explanation of a column, and what it holds instead."""
    known = QUANTITIES.get(key)
    return (known.name, known.help, text) if known else (key, "", text)


def _read(info: dict) -> str:
    """Say how many galaxies were read from how many files: those that the selection let through."""
    sources = info.get("sources", {})
    files = f" in {sources['files']:,} files" if "files" in sources else ""
    return f"{sources['galaxies']:,} galaxies{files}" if "galaxies" in sources else ""


def _maps(maps: dict) -> str:
    """Say what maps were made."""
    maps = defaultdict(lambda: "?", maps)  # only the width is required
    light, motion = maps["light_pixels"], maps["kinematic_pixels"]
    return (
        f"light {light} × {light}, motion {motion} × {motion} pixels; stars spread to their "
        f"{maps['neighbours']} neighbours"
    )
