"""Measure the content of a data set for one galaxy: a row per line of sight, and maps."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from galmass_core.datasets.shards import ShardEntry, encode_galaxy
from galmass_core.datasets.thinning import thin_stars
from galmass_core.galaxy import LINES_OF_SIGHT, Galaxy, GalaxyFileError
from galmass_core.imaging.maps import MapConfig, render_sky, support_radii
from galmass_core.imaging.projection import project
from galmass_core.measurements.features import measure_galaxy_features, measure_sky_features
from galmass_core.measurements.targets import mass_profiles, measure_projected, measure_targets
from galmass_core.quantities import QUANTITIES
from galmass_core.sample import galaxy_cut
from galmass_core.sources import GalaxyRef


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Settings of a build: how galaxies are measured, and which are selected."""

    maps: MapConfig
    device: str
    where: str | None  # condition on galaxy-level columns
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
        return {_subhalo(one) for one in self.ids}


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


def measure_galaxy(ref: GalaxyRef, recipe: Recipe) -> Measured | Excluded | None:
    """Read and measure one galaxy.

    Returns
    -------
    Measured, Excluded or None
        None if it is not among the selected IDs.
    """
    name = ""
    if ref.subhalo is not None and not recipe.may_select(ref.subhalo):
        return None
    try:
        galaxy = ref.read()
        name = str(galaxy.name)
        if not recipe.selects(name):
            return None
        columns = measure_targets(galaxy) | measure_galaxy_features(galaxy)
        reason = galaxy_cut(columns) if ref.subhalo is not None else ""
        reason = reason or _unwanted(columns, recipe)
        if reason:
            return Excluded(name=name, reason=reason, source=galaxy.source)
        return _measure_samples(galaxy, columns, recipe)
    except GalaxyFileError as error:
        return Excluded(name=name, reason=str(error), source=str(ref.path))
    except Exception as error:  # an error in one galaxy must not stop the others
        reason = f"{type(error).__name__}: {error}"
        return Excluded(name=name, reason=reason, source=str(ref.path))


def _unwanted(columns: dict[str, float], recipe: Recipe) -> str:
    """Return why a galaxy of the sample is not selected; empty if it is."""
    if recipe.where is not None and not _fulfils(columns, recipe.where):
        return f"where: {recipe.where}"
    if recipe.stars is not None and columns["n_stars"] < recipe.stars:
        return f"fewer than {recipe.stars} star particles"
    return ""


def _measure_samples(galaxy: Galaxy, columns: dict[str, float], recipe: Recipe) -> Measured:
    """Measure a galaxy along all lines of sight; its true quantities are those of all stars."""
    common = {
        "source": Path(galaxy.source).name if recipe.packed else galaxy.source,
        "synthetic": galaxy.is_synthetic,
        "is_central": galaxy.is_central,
        "host_group": galaxy.host_group,
        "notes": "; ".join(galaxy.notes),
        **columns,
    }
    name, rows, samples = str(galaxy.name), [], []
    observed = galaxy if recipe.stars is None else thin_stars(galaxy, recipe.stars)
    support = support_radii(observed, recipe.maps)
    for line_of_sight in LINES_OF_SIGHT:
        sky = project(observed, line_of_sight, dust=recipe.maps.dust)
        seen = measure_projected(sky) | measure_sky_features(sky, observed)
        if observed is not galaxy:
            seen |= _projected_truth(galaxy, line_of_sight, recipe.maps.dust)
        rows.append({"name": name, "los": line_of_sight, **common, **seen})
        samples.append(render_sky(sky, support, recipe.maps, device=recipe.device))
    entry = encode_galaxy(samples, mass_profiles(galaxy), packed=recipe.packed)
    return Measured(name=name, rows=rows, entry=entry)


def _projected_truth(galaxy: Galaxy, line_of_sight: str, dust: str) -> dict[str, float]:
    """Measure the targets that depend on the line of sight."""
    row = measure_projected(project(galaxy, line_of_sight, dust=dust))
    return {key: value for key, value in row.items() if QUANTITIES[key].kind == "target"}


def check_where(where: str) -> None:
    """Raise ValueError unless ``where`` is a condition on galaxy-level columns."""
    columns = [quantity.key for quantity in QUANTITIES.values() if not quantity.per_sample]
    _fulfils(dict.fromkeys(columns, 1.0), where)


def _fulfils(columns: dict[str, float], where: str) -> bool:
    """Return whether a galaxy fulfils a condition on its columns."""
    try:
        answer = pd.DataFrame([columns]).eval(where, engine="python")
    except Exception as error:  # pandas raises a dozen kinds here
        msg = f"where must be a condition on {', '.join(columns)}, got {where!r}: {error}"
        raise ValueError(msg) from error
    if not (isinstance(answer, pd.Series) and answer.dtype == bool):
        msg = f"where must be true or false for each galaxy, as 'log_mstar > 10', got {where!r}"
        raise ValueError(msg)
    return bool(answer.iloc[0])
