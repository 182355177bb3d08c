"""Read the SUBFIND group catalogue of a snapshot as a table of subhaloes in internal units."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.galaxy import Cosmology, GalaxyFileError
from galmass_core.sources import arepo, attributes, hdf5
from galmass_core.sources.ranges import GALAXIES, check_range
from galmass_core.sources.tng_files import find_chunks


class _Field(NamedTuple):
    """Source of a column of the table."""

    dataset: str
    column: int | None = None
    unit: str | None = None  # of arepo.Units
    required: bool = False


_TYPES = 6  # of particles
_SPECIES = {"gas": 0, "dm": 1, "star": 4, "bh": 5}
_FIELDS = {
    **{axis: _Field("SubhaloPos", i, "length", True) for i, axis in enumerate("xyz")},
    **{f"v{axis}": _Field("SubhaloVel", i) for i, axis in enumerate("xyz")},
    "mtot": _Field("SubhaloMass", None, "mass", True),
    "mtot_1rhsm": _Field("SubhaloMassInHalfRad", None, "mass"),
    "mtot_2rhsm": _Field("SubhaloMassInRad", None, "mass"),
    **{f"m{name}": _Field("SubhaloMassType", i, "mass", True) for name, i in _SPECIES.items()},
    **{f"m{s}_1rhsm": _Field("SubhaloMassInHalfRadType", i, "mass") for s, i in _SPECIES.items()},
    **{f"m{s}_2rhsm": _Field("SubhaloMassInRadType", i, "mass") for s, i in _SPECIES.items()},
    **{f"n_{name}": _Field("SubhaloLenType", i, None, True) for name, i in _SPECIES.items()},
    "half_mass_radius": _Field("SubhaloHalfmassRadType", 4, "length", True),
    "magnitude_g": _Field("SubhaloStellarPhotometrics", 4),
    "magnitude_r": _Field("SubhaloStellarPhotometrics", 5),
    "sfr": _Field("SubhaloSFR"),
    "sfr_2rhsm": _Field("SubhaloSFRinRad"),
    "velocity_dispersion": _Field("SubhaloVelDisp"),
    "v_max": _Field("SubhaloVmax"),
    "gas_metallicity": _Field("SubhaloGasMetallicity"),
    "stellar_metallicity": _Field("SubhaloStarMetallicity"),
    "host_group": _Field("SubhaloGrNr", None, None, True),
}
COLUMNS = (*_FIELDS, "flag", "is_central")


@dataclass(frozen=True, kw_only=True)
class GroupCatalogue:
    """Subhaloes of one snapshot, from the chunks that are present.

    Attributes
    ----------
    directory : Path
    suite, simulation : str
        First parts of the galaxies' names.
    snapshot : int
    redshift : float
    cosmology : Cosmology
    chunks, all_chunks : int
        Number of files read, and of all files of the catalogue.
    subhaloes : DataFrame
        One row per subhalo, its index the subhalo ID in the whole catalogue. Masses ``mtot, mgas,
        mdm, mstar, mbh`` in Msun: bound, inside R_hsm (``_1rhsm``) and 2 R_hsm (``_2rhsm``);
        ``half_mass_radius`` (of the stars) and position ``x, y, z`` in kpc; velocity ``vx, vy,
        vz``, ``velocity_dispersion`` and ``v_max`` (all matter) in km/s; ``sfr`` (bound) and
        ``sfr_2rhsm`` in Msun/yr, instantaneous; absolute AB ``magnitude_g, magnitude_r``, without
        dust; ``gas_metallicity, stellar_metallicity`` as mass fractions; particle counts ``n_gas,
        n_dm, n_star, n_bh``; ``host_group``; ``is_central``; ``flag`` (of cosmological origin; True
        where the catalogue has no flag). Positions are float64, the others have the precision of
        the file; NaN where the catalogue lacks a field.
    """

    directory: Path
    suite: str
    simulation: str
    snapshot: int
    redshift: float
    cosmology: Cosmology
    chunks: int
    all_chunks: int
    subhaloes: pd.DataFrame


def read_group_catalogue(
    directory: str | Path,
    snapshot: int | None = None,
    *,
    columns: Collection[str] = COLUMNS,
) -> GroupCatalogue:
    """Read the chunks of a group catalogue that are present.

    Parameters
    ----------
    directory : str or Path
        illustris_python's basePath, the folder that holds it, or the chunks' own folder.
    snapshot : int, optional
        The latest by default.
    columns : collection of str
        Columns to read, of those that `GroupCatalogue` lists.

    Returns
    -------
    GroupCatalogue

    Raises
    ------
    FileNotFoundError
        If no chunk is found.
    GalaxyFileError
        If a chunk is damaged or lacks a field that every catalogue has.
    """
    directory = Path(directory)
    snapshot, files = find_chunks(directory, "groups", snapshot)
    if not files:
        msg = f"{directory}: must hold a group catalogue (such as groups_NNN.0.hdf5), got none"
        raise FileNotFoundError(msg)
    tables = []
    for path in files.values():
        with hdf5.open_file(path) as file:
            tables.append(read_chunk(file, columns))
    some = next((n for n, table in enumerate(tables) if len(table)), 0)
    with hdf5.open_file(list(files.values())[some]) as file:
        suite, simulation = arepo.read_simulation(file, directory, _dark_matter_mass(file))
        return GroupCatalogue(
            directory=directory,
            suite=suite,
            simulation=simulation,
            snapshot=snapshot,
            redshift=1 / attributes.scale_factor(file, "Time") - 1,
            cosmology=arepo.read_cosmology(file),
            chunks=len(files),
            all_chunks=int(attributes.number(file, "NumFiles")),
            subhaloes=pd.concat([table for table in tables if len(table)] or tables),
        )


def read_chunk(file: hdf5.File, columns: Collection[str] = COLUMNS) -> pd.DataFrame:
    """Read the subhaloes of one open chunk as `GroupCatalogue.subhaloes`; possibly without rows.

    A chunk holds all subhaloes of its groups, so the first subhalo of its first group with
    subhaloes is row 0: earlier chunks need not be present.

    Raises
    ------
    GalaxyFileError
        If the chunk lacks a field that every catalogue has, or its number of subhaloes differs from
        that of its groups.
    """
    firsts, count = read_group_members(file)
    index = pd.RangeIndex(firsts[0], firsts[0] + count) if count else pd.RangeIndex(0)
    units = arepo.read_units(file)
    find = cache(file.find)
    table = {}
    for name in columns:
        if name == "is_central":
            table[name] = np.isin(index, firsts)
        elif name == "flag":
            flags = find("Subhalo/SubhaloFlag")
            table[name] = np.ones(count, dtype=bool)
            if flags is not None and count:
                table[name] = _rows(flags, count).with_width().read().astype(bool)
        else:
            field = _FIELDS[name]
            table[name] = _in_units(file, field, find(f"Subhalo/{field.dataset}"), units, count)
    return pd.DataFrame(table, index=index.rename("subhalo"))


def read_group_members(file: hdf5.File) -> tuple[NDArray, int]:
    """Return the first subhalo of each group that has any, and the number in the chunk.

    Raises
    ------
    GalaxyFileError
        If the chunk lacks its groups' numbers of subhaloes, or they do not match its rows.
    """
    masses = file.find("Subhalo/SubhaloMass")
    count = 0 if masses is None else len(masses)
    if not count:
        return np.empty(0, dtype=np.int64), 0
    members = file.field("Group/GroupNsubs").with_width()
    numbers = members.whole()
    if np.any(numbers < 0):
        members.refuse("be counts", "negative numbers")
    if numbers.sum() != count:
        msg = (
            f"{file.filename}: Group/GroupNsubs must add up to the {count} subhaloes of the chunk, "
            f"got {numbers.sum()}"
        )
        raise GalaxyFileError(msg)
    firsts = file.field("Group/GroupFirstSub").with_width().whole()
    if len(firsts) != len(numbers):
        msg = (
            f"{file.filename}: Group/GroupFirstSub must have {len(numbers)} rows as GroupNsubs "
            f"has, got {len(firsts)}"
        )
        raise GalaxyFileError(msg)
    firsts = firsts[numbers > 0]
    if np.any(np.diff(firsts) != numbers[numbers > 0][:-1]) or firsts[0] < 0:
        msg = f"{file.filename}: Group/GroupFirstSub must count up GroupNsubs, got others"
        raise GalaxyFileError(msg)
    return firsts, count


def _rows(field: hdf5.Field, count: int) -> hdf5.Field:
    if len(field) != count:
        field.refuse(f"have {count} rows", len(field))
    return field


def _in_units(
    file: hdf5.File, field: _Field, found: hdf5.Field | None, units: arepo.Units, count: int
) -> NDArray:
    """Convert a column of a dataset to internal units; NaN if an optional field is missing."""
    name = f"Subhalo/{field.dataset}"
    if found is None and field.required and count:
        msg = f"{file.filename}: {name} must be there, got none"
        raise GalaxyFileError(msg)
    if found is None or not count:
        return np.full(count, np.nan, dtype=np.float32)
    width = _rows(found, count).shape[1:]
    if len(width) != (field.column is not None) or (width and width[0] <= (field.column or 0)):
        need = f"({count})" if field.column is None else f"({count}, over {field.column})"
        found.refuse(f"have shape {need}", found.shape)
    values = found.read() if field.column is None else found.read()[:, field.column]
    with np.errstate(over="ignore"):
        if field.unit == "length":
            values = values.astype(np.float64) * units.length
            allowed = "half_mass_radius" if "Halfmass" in field.dataset else "centre"
            check_range(file.path, name, values, GALAXIES[allowed])
        elif field.unit == "mass":
            values = values * units.mass
            check_range(file.path, name, values, GALAXIES["masses"])
        elif field.required and not np.isfinite(values).all():
            found.refuse("be finite", "NaN or infinity")
    return values


def _dark_matter_mass(file: hdf5.File) -> float:
    """Return the mass of a dark-matter particle in code units; 0 if the chunk does not give it."""
    masses, lengths = file.find("Subhalo/SubhaloMassType"), file.find("Subhalo/SubhaloLenType")
    if masses is None or lengths is None or not len(lengths):
        return 0.0
    counts = _rows(lengths, len(masses)).with_width(_TYPES).whole()[:, 1]
    most = int(np.argmax(counts))  # the first may be a clump without dark matter
    mass = masses.with_width(_TYPES).read(most, most + 1)[0, 1]
    return float(mass / counts[most]) if counts[most] else 0.0
