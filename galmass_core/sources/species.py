"""Read complete and finite columns of each species; wind is separate from the stars."""

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources.coverage import PART_TYPES
from galmass_core.sources.particle_file import WIDTHS, ParticleFile
from galmass_core.sources.ranges import PARTICLES, Range, check_range

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
        "atomic_fractions",
        "molecular_fractions",
        "temperatures",
        "internal_energies",
        "electron_abundances",
        "support_radii",
        "densities",
    ),
    "dark_matter": ("masses",),
    "black_holes": (),
}
_UNKNOWN = {  # what a file does not determine without a species that it does not hold
    "stars": "is not in the file",
    "gas": "is not in the file: gas mass, total mass and dust are unknown",
    "dark_matter": "is not in the file: dark-matter mass and total mass are unknown",
    "black_holes": "is not in the file: the total mass lacks black holes",
}
_ANY = Range(-np.inf, np.inf)
_ROUNDED = 1e-3  # of a scale factor, of stars that form now
AGE = 10.0  # Gyr, of stars without time of birth

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
        Keys stars, gas, dark_matter, black_holes and wind (star-type particles of wind-phase gas,
        which TNG and Illustris have: their formation scale factor is not positive). Elsewhere such
        stars have no time of birth, as SWIFT marks those of the initial conditions: they are taken
        as 10 Gyr old.

    Raises
    ------
    GalaxyFileError
        If a required field is missing, a field has a different number of rows than the others or
        values out of its range (`ranges.PARTICLES`), or there are no stars with mass.
    """
    particles = {name: _columns(file, name, with_depths=with_depths) for name in PART_TYPES}
    if not file.has_wind:
        _date(file, particles["stars"])
    formed = particles["stars"]["formation_scale_factors"] > 0
    particles["wind"] = _select(particles["stars"], ~formed)
    particles["wind"].pop("magnitudes", None)
    if not formed.all():
        particles["stars"] = _select(particles["stars"], formed)
    _check_ranges(file, "stars", particles["stars"])
    if not particles["stars"]["masses"].sum() > 0:
        msg = f"{file.path}: {file.groups['stars']} must hold stars with mass, got none"
        raise GalaxyFileError(msg)
    for species in ("gas", "dark_matter", "black_holes", "wind"):
        _check_ranges(file, species, particles[species])
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


def _select(columns: Columns, chosen: NDArray[np.bool_]) -> Columns:
    """Return the rows of some particles, stored column by column as all are."""
    rows = np.flatnonzero(chosen)
    return {name: values.T.take(rows, axis=-1).T for name, values in columns.items()}


def assumed_age(now: float) -> float:
    """Return the age of stars without time of birth, in a universe of an age; Gyr."""
    return min(AGE, 0.75 * now)


def _date(file: ParticleFile, stars: Columns) -> None:
    """Give stars without a time of birth the age that is assumed for them, and note it."""
    births, header = stars["formation_scale_factors"], file.header
    undated = births <= 0
    if undated.any():
        now = float(header.cosmology.age(header.scale_factor))
        age = assumed_age(now)
        births[undated] = header.cosmology.scale_factor(now - age)
        field, count = file.field("stars", "formation_scale_factors"), np.count_nonzero(undated)
        file.notes.append(f"{field} of {count} stars is no time of birth: {age:.3g} Gyr old.")


def _check_ranges(file: ParticleFile, species: str, columns: Columns) -> None:
    for name, values in columns.items():
        field = file.field("stars" if species == "wind" else species, name)
        allowed = PARTICLES.get(name, _ANY)
        if name == "formation_scale_factors":
            allowed = allowed._replace(highest=file.header.scale_factor * (1 + _ROUNDED))
        check_range(file.path, field, values, allowed)
