"""Measure the content of a data set for one galaxy: a row per line of sight, and maps."""

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from galmass_core.datasets.dataset import COLUMN_TYPES
from galmass_core.datasets.filter_syntax import columns_of
from galmass_core.datasets.filters import matching_rows
from galmass_core.datasets.join import DISC_COLUMNS
from galmass_core.datasets.shards import ShardEntry, encode_galaxy
from galmass_core.datasets.thinning import thin_stars
from galmass_core.galaxy import LINES_OF_SIGHT, Galaxy, GalaxyFileError, UnavailableError
from galmass_core.imaging.maps import MapConfig, support_radii, with_further
from galmass_core.imaging.projection import project
from galmass_core.measurements.circularity import inclinations
from galmass_core.measurements.features import measure_galaxy_features, measure_sky_features
from galmass_core.measurements.framed import framed_maps
from galmass_core.measurements.targets import (
    attenuation,
    measure_inside_image_radius,
    measure_projected,
    measure_targets,
    profile_columns,
)
from galmass_core.quantities import QUANTITIES
from galmass_core.sample import NOT_COSMOLOGICAL, galaxy_cut
from galmass_core.sources import GalaxyInMemory, GalaxyRef
from galmass_core.sources.fallbacks import NEUTRAL_STAND_IN

_LARGEST_BLOCK = 2**25 - 2**16  # bytes; glibc heeds none that is larger
PLAUSIBLE_ATTENUATION = 1.0  # mag in r, of a whole galaxy


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Settings of a build: how galaxies are measured, and which are selected."""

    maps: MapConfig
    device: str
    where: str | None  # condition on columns, as in `filter_syntax`
    ids: frozenset[str] | None  # subhalo IDs or full names
    packed: bool
    stars: int | None  # of every projected galaxy; None: all

    def may_select(self, subhalo: str) -> bool:
        """Return whether a galaxy with this subhalo ID may be selected."""
        return self.ids is None or subhalo in self._subhaloes

    def selects(self, name: str) -> bool:
        """Return whether a galaxy is selected, by its full name or its subhalo ID."""
        return self.ids is None or not self.ids.isdisjoint({name, _subhalo(name)})

    @cached_property
    def _subhaloes(self) -> set[str]:
        return {_subhalo(one) for one in self.ids or ()}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Content of a data set for one galaxy: a row per line of sight, and maps."""

    name: str
    rows: list[dict[str, Any]]
    entry: ShardEntry


@dataclass(frozen=True, kw_only=True)
class Excluded:
    """An excluded galaxy."""

    name: str  # empty if it could not be read
    reason: str
    source: str


def _subhalo(name: str) -> str:
    """Return the subhalo ID of a full name; an ID is returned unchanged."""
    return name.rpartition("/")[2]


def measure_galaxy(ref: GalaxyRef | GalaxyInMemory, recipe: Recipe) -> Measured | Excluded | None:
    """Read and measure one galaxy.

    Returns
    -------
    Measured, Excluded or None
        None if it is not among the selected IDs.

    Raises
    ------
    UnavailableError, MemoryError
        Faults that pass, which must not exclude a galaxy.
    """
    _keep_freed_memory()
    name = ""
    if ref.subhalo is not None and not recipe.may_select(ref.subhalo):
        return None
    try:
        galaxy = ref.read()
        name = str(galaxy.name)
        if not recipe.selects(name):
            return None
        common = _galaxy_columns(galaxy, recipe)
        reason = galaxy_cut(common) if ref.subhalo is not None else ""
        reason = NOT_COSMOLOGICAL if galaxy.is_cosmological is False else reason
        reason = reason or _too_few(common, recipe) or _unfulfilled([common], recipe)
        if not reason:
            measured = _measure_samples(galaxy, common, recipe)
            reason = _unfulfilled(measured.rows, recipe)
        if reason:
            return Excluded(name=name, reason=reason, source=galaxy.source)
        return measured
    except (UnavailableError, MemoryError):
        raise
    except GalaxyFileError as error:
        return Excluded(name=name, reason=str(error), source=str(ref.path))
    except Exception as error:  # an error in one galaxy must not stop the others
        reason = f"{type(error).__name__}: {error}"
        return Excluded(name=name, reason=reason, source=str(ref.path))


@cache
def _keep_freed_memory() -> None:
    """Let the C library keep up to 64 MB that a galaxy frees for the next one.

    glibc gives the end of its heap back to the system when more is free there than twice the
    largest block that was ever freed. The pages of a galaxy of 10,000 stars, 7 MB, would be given
    back and taken again, for a tenth of its time.
    """
    np.empty(_LARGEST_BLOCK, dtype=np.uint8)


def _too_few(columns: dict[str, Any], recipe: Recipe) -> str:
    """Return why a galaxy cannot be thinned; empty if it can."""
    if recipe.stars is not None and columns["n_stars"] < recipe.stars:
        return f"fewer than {recipe.stars} star particles"
    return ""


def _unfulfilled(rows: list[dict[str, Any]], recipe: Recipe) -> str:
    """Return why no row of a galaxy fulfils the condition; empty if one does.

    Also empty while the rows lack a column of the condition, until the galaxy is projected.
    """
    if recipe.where is None:
        return ""
    table = pd.DataFrame(rows).astype(COLUMN_TYPES)
    columns = columns_of(recipe.where)
    if not columns <= set(table) or matching_rows(table, recipe.where).any():
        return ""
    missing = sorted(column for column in columns if table[column].isna().all())
    return f"where: {recipe.where}" + (f" ({', '.join(missing)} is missing)" if missing else "")


def _galaxy_columns(galaxy: Galaxy, recipe: Recipe) -> dict[str, Any]:
    """Measure what does not depend on the line of sight."""
    return {
        "name": str(galaxy.name),
        "source": Path(galaxy.source).name if recipe.packed else galaxy.source,
        "synthetic": galaxy.is_synthetic,
        "is_central": galaxy.is_central,
        "host_group": galaxy.host_group,
        "notes": "; ".join(galaxy.notes),
        **measure_targets(galaxy),
        **measure_galaxy_features(galaxy),
    }


def _measure_samples(galaxy: Galaxy, common: dict[str, Any], recipe: Recipe) -> Measured:
    """Measure a galaxy along all lines of sight; its true quantities are those of all stars."""
    name, rows, samples = str(galaxy.name), [], []
    observed = galaxy if recipe.stars is None else thin_stars(galaxy, recipe.stars)
    support, angles = support_radii(observed, recipe.maps), inclinations(galaxy)
    for line_of_sight in LINES_OF_SIGHT:
        sky = project(observed, line_of_sight, dust=recipe.maps.dust)
        seen = measure_projected(sky) | measure_sky_features(sky, observed)
        if observed is not galaxy:
            seen |= _projected_truth(galaxy, line_of_sight, recipe.maps.dust)
        seen["inclination"] = angles[line_of_sight]
        seen["attenuation_r"] = attenuation(sky, observed)
        maps, radius = framed_maps(sky, support, recipe.maps, device=recipe.device)
        samples.append(with_further(maps, observed, sky, recipe.maps))
        seen |= {"effective_radius_image": radius} | measure_inside_image_radius(galaxy, radius)
        rows.append({"name": name, "los": line_of_sight} | common | seen)
        rows[-1]["notes"] = _with_dust(common["notes"], seen["attenuation_r"])
    entry = encode_galaxy(samples, profile_columns(galaxy), packed=recipe.packed)
    return Measured(name=name, rows=rows, entry=entry)


def _with_dust(notes: str, dimmed: float) -> str:
    """Add to the notes of a galaxy that dust is implausible, where its gas is only guessed."""
    if NEUTRAL_STAND_IN not in notes or not dimmed > PLAUSIBLE_ATTENUATION:
        return notes
    return f"{notes}; Dust dims r by {dimmed:.1f} mag: this stand-in for HI and H2 is too generous."


def _projected_truth(galaxy: Galaxy, line_of_sight: str, dust: str) -> dict[str, float]:
    """Measure the targets that depend on the line of sight."""
    row = measure_projected(project(galaxy, line_of_sight, dust=dust))
    return {key: value for key, value in row.items() if QUANTITIES[key].kind == "target"}


def check_where(where: str) -> None:
    """Raise ValueError unless ``where`` is a condition on columns that a build makes."""
    matching_rows(built_columns(), where)


def built_columns() -> pd.DataFrame:
    """Return a table without rows whose columns are those of the galaxies of a build."""
    measured = [
        key
        for key, quantity in QUANTITIES.items()
        if quantity.kind != "map" and key not in DISC_COLUMNS.values()
    ]
    texts = dict.fromkeys(("name", "los", "source", "notes"), "string")
    kinds = texts | {"synthetic": "bool"} | COLUMN_TYPES | dict.fromkeys(measured, "float")
    return pd.DataFrame(columns=list(kinds)).astype(kinds)
