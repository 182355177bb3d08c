"""Read the datasets of one galaxy as checked arrays in internal units.

A format is a table of dataset names and a rule for their units; rows come from a cutout file or
from the chunks of a snapshot.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import Cosmology, GalaxyFileError, GalaxyName
from galmass_core.sources import coverage, hdf5
from galmass_core.sources.centring import wrap
from galmass_core.sources.coverage import PART_TYPES

WIDTHS = {"positions": (3,), "velocities": (3,), "magnitudes": (2,)}  # all others are (N,)


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
    notes : list of str
        Extended when a field is found missing.
    """

    path: Path
    header: Header
    datasets: Mapping[str, tuple[Column, ...]]
    scale: Callable[[str, Mapping[str, Any]], float]
    rows: Callable[[str, str], Rows | None]
    species: frozenset[str]
    origin: NDArray
    unknown: frozenset[str] = frozenset()
    groups: Mapping[str, str] = field(default_factory=lambda: PART_TYPES)
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
                if quantity == "positions":
                    values = wrap(values - self.origin, self.header.box_size)
                return values * self._factor(field, quantity, rows.attributes)
        return None

    def _shaped(
        self, field: str, quantity: str, values: NDArray, columns: int | slice | None
    ) -> NDArray:
        """Return the quantity's columns as float64 after checking their shape."""
        width = WIDTHS.get(quantity, ())
        picked = values if columns is None or values.ndim != 2 else values[:, columns]
        if not picked.ndim or picked.shape[1:] != width:
            shape = ", ".join(("N", *map(str, width)))
            msg = f"{self.path}: {field} must have shape ({shape}), got {values.shape}"
            raise GalaxyFileError(msg)
        return picked.astype(np.float64)

    def _factor(self, field: str, quantity: str, attributes: Mapping[str, Any]) -> float:
        """Return the factor to internal units, which may be an attribute of the dataset."""
        try:
            return self.scale(quantity, attributes)
        except KeyError as missing:
            msg = f"{self.path}: {field} must state its unit, got no attribute {missing}"
            raise GalaxyFileError(msg) from missing

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


def whole_file(
    file: h5py.File,
    header: Header,
    *,
    datasets: Mapping[str, tuple[Column, ...]],
    scale: Callable[[str, Mapping[str, Any]], float],
    centre: NDArray | None = None,
) -> ParticleFile:
    """Describe a file that holds one galaxy; the origin is the centre, if known, or a star.

    If stars are outside the box of the header, it is in another unit than their coordinates, which
    are then taken as they are, without periodic images.
    """

    def rows(species: str, dataset: str) -> Rows | None:
        name = f"{PART_TYPES[species]}/{dataset}"
        if name not in file:
            return None
        found = hdf5.dataset(file, name)
        return Rows(found[()], hdf5.scalars(found.attrs))

    species = {name for name, group in PART_TYPES.items() if group in file and len(file[group])}
    notes, field = coverage.count_notes(file), "PartType4/Coordinates"
    positions = hdf5.dataset(file, field)[()] if field in file else np.empty((0, 3))
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
        notes=notes,
    )
