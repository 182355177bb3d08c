"""Read the datasets of one galaxy as checked arrays in internal units.

A format is a table of dataset names and a rule for their units; rows come from a cutout file or
from the chunks of a snapshot.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import Cosmology, GalaxyFileError, GalaxyName
from galmass_core.sources import coverage, hdf5, ranges
from galmass_core.sources.centring import wrap
from galmass_core.sources.coverage import PART_TYPES

WIDTHS = {"positions": (3,), "velocities": (3,), "magnitudes": (2,)}  # all others are (N,)
_WINDING = 10.0  # sides of the box by which a particle may be outside: far less than another unit

Scale = Callable[[str, Mapping[str, Any]], float]


class Column(NamedTuple):
    """A dataset, and the columns of it that hold the quantity."""

    dataset: str
    columns: int | slice | None = None


class Rows(NamedTuple):
    """A galaxy's rows of one dataset, and the dataset's attributes."""

    values: NDArray
    attributes: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Header:
    """Contents of a file other than its particles."""

    name: GalaxyName
    box_size: float  # in the unit of the file's coordinates; infinite if unknown
    scale_factor: float
    cosmology: Cosmology
    dark_matter_mass: float  # Msun, of each particle; 0 if each has its own mass
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ParticleFile:
    """Particles of one galaxy on disk.

    Attributes
    ----------
    path : Path
    header : Header
    datasets : mapping of quantity to tuple of Column
        Names of the quantity in the format; the first dataset that exists is used.
    scale : function of quantity and dataset attributes
        Factor to internal units.
    rows : function of species and dataset name
        The galaxy's rows, or None if there is no such dataset.
    species : frozenset of str
        Those of which the galaxy has particles.
    unknown : frozenset of str
        Those that the file does not hold, though the galaxy may have them.
    origin : (3,) float
        Positions are measured from here; in the unit of the file's coordinates.
    groups : mapping of str
        Name of each species in messages.
    has_wind : bool
        Whether star particles without a positive time of formation are gas in a wind.
    notes : list of str
        Extended when a field is found missing.
    """

    path: Path
    header: Header
    datasets: Mapping[str, tuple[Column, ...]]
    scale: Scale
    rows: Callable[[str, str], Rows | None]
    species: frozenset[str]
    origin: NDArray
    unknown: frozenset[str] = frozenset()
    groups: Mapping[str, str] = field(default_factory=lambda: PART_TYPES)
    has_wind: bool = False
    notes: list[str] = field(default_factory=list)

    def read(self, species: str, quantity: str) -> NDArray | None:
        """Return a quantity in internal units, float64, or None if the file lacks it.

        Positions are offsets from the origin to the nearest periodic image.

        Raises
        ------
        GalaxyFileError
            If the dataset has another shape than the quantity, or does not give its unit.
        """
        for column in self.datasets.get(quantity, ()):
            rows = self.rows(species, column.dataset)
            if rows is not None:
                field = f"{self.groups[species]}/{column.dataset}"
                values = self._shaped(field, quantity, rows.values, column.columns)
                factor = unit_factor(self.path, field, self.scale, quantity, rows.attributes)
                with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused
                    if quantity == "positions":
                        values = self._offsets(field, values, factor)
                    return values * factor
        return None

    def _offsets(self, field: str, values: NDArray, factor: float) -> NDArray:
        """Return the offsets of positions from the origin to the nearest periodic image."""
        side = self.header.box_size
        if np.isfinite(side):
            ranges.check_range(self.path, "Header/BoxSize", side * factor, ranges.BOX_SIZE)
            beyond = _WINDING * side
            if values.size and (values.min() < -beyond or values.max() > side + beyond):
                got = f"{values.min():g} to {values.max():g}"
                msg = f"{self.path}: {field} must be in the box of {side:g}, got {got}"
                raise GalaxyFileError(msg)
        return wrap(values - self.origin, side)

    def _shaped(
        self, field: str, quantity: str, values: NDArray, columns: int | slice | None
    ) -> NDArray:
        """Return the quantity's columns, stored one by one as float64, after a check of shape."""
        width = WIDTHS.get(quantity, ())
        is_wide = values.ndim == 2 and (not isinstance(columns, int) or columns < values.shape[1])
        picked = values[:, columns] if is_wide and columns is not None else values
        if not picked.ndim or picked.shape[1:] != width:
            shape = ", ".join(("N", *map(str, width)))
            msg = f"{self.path}: {field} must have shape ({shape}), got {values.shape}"
            raise GalaxyFileError(msg)
        return picked.astype(np.float64, order="F")  # most of what follows wants one column

    def require(self, species: str, quantity: str) -> NDArray:
        """Return a quantity that every file must have.

        Raises
        ------
        GalaxyFileError
            If the file lacks it, or it has the wrong shape.
        """
        values = self.read(species, quantity)
        if values is None:
            msg = f"{self.path}: {self.field(species, quantity)} must be there, got none"
            raise GalaxyFileError(msg)
        return values

    def field(self, species: str, quantity: str) -> str:
        """Return the name of a quantity in the file: ``PartType4/GFM_InitialMass``."""
        columns = self.datasets.get(quantity)
        return f"{self.groups[species]}/{columns[0].dataset if columns else quantity}"

    def note(self, species: str, quantity: str, substitute: str) -> None:
        """Note the substitute for a missing quantity, if there is one."""
        if substitute and species in self.species:
            self.notes.append(f"{self.field(species, quantity)} is missing: {substitute}.")


def unit_factor(
    path: Path, field: str, scale: Scale, quantity: str, attributes: Mapping[str, Any]
) -> float:
    """Return the factor to internal units, which the attributes of a dataset may give.

    Raises
    ------
    GalaxyFileError
        If an attribute is missing, or they give no positive finite number.
    """
    try:
        with np.errstate(all="ignore"):
            factor = float(scale(quantity, attributes))
    except KeyError as missing:
        msg = f"{path}: {field} must state its unit, got no attribute {missing}"
        raise GalaxyFileError(msg) from missing
    except (ArithmeticError, TypeError, ValueError) as error:
        msg = f"{path}: {field} must state its unit in numbers, but: {error}"
        raise GalaxyFileError(msg) from error
    if not 0 < factor < np.inf:
        msg = f"{path}: {field} must state a positive unit, got {factor}"
        raise GalaxyFileError(msg)
    return factor


def whole_file(
    file: hdf5.File,
    header: Header,
    *,
    datasets: Mapping[str, tuple[Column, ...]],
    scale: Scale,
    centre: NDArray | None = None,
    has_wind: bool = False,
) -> ParticleFile:
    """Describe a file that holds one galaxy; the origin is the centre, if known, or a star.

    If stars are outside the box of the header, it is in another unit than their coordinates, which
    are then taken as they are, without periodic images.
    """

    @cache
    def count(group: str) -> int | None:
        positions = file.find(f"{group}/Coordinates")
        return None if positions is None else len(positions)

    def rows(species: str, dataset: str) -> Rows | None:
        group = PART_TYPES[species]
        found = file.find(f"{group}/{dataset}")
        if found is None:
            return None
        if count(group) not in (None, len(found)):
            found.refuse(f"have a row for each of {count(group)} particles", len(found))
        return Rows(found.read(), found.attributes)

    species = {name for name, group in PART_TYPES.items() if file.members(group)}
    notes, stars = coverage.count_notes(file), file.find("PartType4/Coordinates")
    positions = np.empty((0, 3)) if stars is None else stars.with_width(3).read()
    if np.min(positions, initial=0.0) < 0 or np.max(positions, initial=0.0) > header.box_size:
        header = replace(header, box_size=np.inf)
        notes.append("Header/BoxSize is not the box of the coordinates: none is wrapped.")
    if centre is None:
        centre = positions[0] if len(positions) else np.zeros(3)
    return ParticleFile(
        path=Path(file.filename),
        header=header,
        datasets=datasets,
        scale=scale,
        rows=rows,
        species=frozenset(species),
        origin=centre,
        unknown=coverage.unknown_species(file),
        has_wind=has_wind,
        notes=notes,
    )
