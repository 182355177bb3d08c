"""Read complete and finite columns of each species; wind is separate from the stars."""

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources.coverage import PART_TYPES
from galmass_core.sources.particle_file import WIDTHS, ParticleFile

DEPTHS = ("potentials", "binding_energies")  # the minimum is at the galaxy's centre
_REQUIRED = {
    "stars": ("positions", "velocities", "masses", "formation_scale_factors", "metallicities"),
    "gas": ("positions", "velocities", "masses", "metallicities"),
    "dark_matter": ("positions",),
    "black_holes": ("positions", "masses"),
}
_OPTIONAL = {
    "stars": ("initial_masses", "magnitudes", "potentials", "smoothing_lengths"),
    "gas": (
        "star_formation_rates",
        "hydrogen_fractions",
        "neutral_fractions",
        "temperatures",
        "internal_energies",
        "electron_abundances",
        "support_radii",
        "densities",
    ),
    "dark_matter": ("masses",),
    "black_holes": (),
}
_UNKNOWN = {  # what a file does not tell without a species that it does not hold
    "stars": "is not in the file",
    "gas": "is not in the file: gas mass, total mass and dust are unknown",
    "dark_matter": "is not in the file: dark-matter mass and total mass are unknown",
    "black_holes": "is not in the file: the total mass lacks black holes",
}

Columns = dict[str, NDArray]  # quantity -> (N, ...) array, of those that the file has


def read_species(file: ParticleFile, *, with_depths: bool) -> dict[str, Columns]:
    """Read every species of a galaxy; kpc from the file's origin, km/s, Msun.

    Parameters
    ----------
    file : ParticleFile
    with_depths : bool
        Whether to read potentials and binding energies of all species, to find the centre; those of
        the stars are always read.

    Returns
    -------
    dict of columns
        Keys stars, gas, dark_matter, black_holes and wind (star-type particles of wind-phase gas:
        their formation scale factor is not positive).

    Raises
    ------
    GalaxyFileError
        If a required field is missing, a field has a different number of rows than the others or
        holds NaN or infinity, or there are no stars with mass.
    """
    particles = {name: _columns(file, name, with_depths=with_depths) for name in PART_TYPES}
    formed = particles["stars"]["formation_scale_factors"] > 0
    particles["wind"] = _select(particles["stars"], ~formed)
    particles["wind"].pop("magnitudes", None)
    particles["stars"] = _select(particles["stars"], formed)
    for species, columns in particles.items():
        _check_finite(file, species, columns)
    if not particles["stars"]["masses"].sum() > 0:
        msg = f"{file.path}: {file.groups['stars']} must hold stars with mass, got none"
        raise GalaxyFileError(msg)
    return particles


def _columns(file: ParticleFile, species: str, *, with_depths: bool) -> Columns:
    """Read one species; arrays without rows if the galaxy has none."""
    if species not in file.species:
        empty_note = f"is empty: no {species.replace('_', ' ')}"
        note = _UNKNOWN[species] if species in file.unknown else empty_note
        file.notes.append(f"{file.groups[species]} {note}.")
        empty = {name: np.empty((0, *WIDTHS.get(name, ()))) for name in _REQUIRED[species]}
        return empty | {"masses": np.empty(0)}
    columns = {name: file.require(species, name) for name in _REQUIRED[species]}
    for name in dict.fromkeys((*_OPTIONAL[species], *(DEPTHS if with_depths else ()))):
        values = file.read(species, name)
        if values is not None:
            columns[name] = values
    count = len(columns["positions"])
    if "masses" not in columns:
        if not file.header.dark_matter_mass > 0:
            msg = f"{file.path}: Header/MassTable[1] or PartType1/Masses must give a mass, got none"
            raise GalaxyFileError(msg)
        columns["masses"] = np.full(count, file.header.dark_matter_mass)
    for name, values in columns.items():
        if len(values) != count:
            msg = (
                f"{file.path}: {file.field(species, name)} must have a row for each of "
                f"{count} particles, got {len(values)}"
            )
            raise GalaxyFileError(msg)
    return columns


def _select(columns: Columns, rows: NDArray) -> Columns:
    return {name: values[rows] for name, values in columns.items()}


def _check_finite(file: ParticleFile, species: str, columns: Columns) -> None:
    for name, values in columns.items():
        if not np.isfinite(values).all():
            field = file.field("stars" if species == "wind" else species, name)
            msg = f"{file.path}: {field} must be finite, got NaN or infinity"
            raise GalaxyFileError(msg)
