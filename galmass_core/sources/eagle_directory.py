"""Read galaxies of EAGLE's particle data, where each particle has the numbers of its subhalo.

``snapshot_028_z000p000/snap_028_z000p000.N.hdf5``, or ``particledata_...`` with only the particles
in subhaloes and their binding energy. A CSV table of the database may give centres.
"""

import os
import re
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.galaxy import Galaxy, GalaxyFileError
from galmass_core.sample import split_by_cuts
from galmass_core.sources import attributes, eagle, eagle_database, hdf5
from galmass_core.sources.assembly import CatalogueEntry, assemble_galaxy
from galmass_core.sources.coverage import PART_TYPES
from galmass_core.sources.eagle_database import DatabaseRow
from galmass_core.sources.members import Members
from galmass_core.sources.particle_file import ParticleFile, Rows, unit_factor
from galmass_core.sources.place import Place
from galmass_core.sources.ranges import PARTICLES, check_range

_FOLDER = re.compile(r"(?:particledata|snapshot)_(\d{3})_z\d{3}p\d{3}")  # in order of preference
_FILE = re.compile(r"(?:eagle_subfind_particles|snap)_(\d{3})_z\d{3}p\d{3}(?:\.(\d+))?\.hdf5")
_NONE = 2**30  # SubGroupNumber of particles of no subhalo
_SUBHALO = re.compile(r"(\d+)-(\d+)")


def matches(place: Place) -> bool:
    """Return whether a directory holds a snapshot with EAGLE's file names."""
    return bool(_find_files(place))


def find_subhaloes(place: Place) -> tuple[list[str], Counter[str]]:
    """List the subhaloes with stars that may be in the paper's sample.

    Masses are sums over all particles of a subhalo; the half-mass radius is not measured.

    Returns
    -------
    subhaloes : list of str
        Group and subgroup number: ``92-9``.
    left_out : Counter
        Number of excluded subhaloes by reason of `sample.catalogue_cuts`.

    Raises
    ------
    GalaxyFileError
        If a file is damaged, or its particles have no numbers of subhaloes.
    """
    return _open(place, _written(place), os.getpid()).find_subhaloes()


def read(place: Place, subhalo: str) -> Galaxy:
    """Read one galaxy of a snapshot.

    Raises
    ------
    GalaxyFileError
        If a file is damaged, or the subhalo is unknown or lacks what every galaxy needs.
    """
    numbers = _SUBHALO.fullmatch(subhalo)
    if numbers is None:
        rule = "must be read with GroupNumber-SubGroupNumber, such as 92-9"
        msg = f"{place.directory}: {rule}, got {subhalo!r}"
        raise GalaxyFileError(msg)
    try:
        return _open(place, _written(place), os.getpid()).read(int(numbers[1]), int(numbers[2]))
    except GalaxyFileError as error:
        msg = f"subhalo {subhalo} of {error}"
        raise GalaxyFileError(msg) from error


def find_snapshots(place: Place) -> dict[int, dict[int, Path]]:
    """Return the chunks of each snapshot in a directory, or of that of a given chunk, by number."""
    given = _FILE.fullmatch(place.directory.name) if place.directory.is_file() else None
    if given is None and not place.directory.is_dir():
        return {}
    inside = sorted(path for path in place.folder.iterdir() if _FOLDER.fullmatch(path.name))
    found: dict[int, dict[int, Path]] = {}
    for folder in (place.folder, *inside):
        chunks: dict[int, dict[int, Path]] = {}
        for path in sorted(folder.glob("*_z*.hdf5")):
            if match := _FILE.fullmatch(path.name):
                chunks.setdefault(int(match[1]), {}).setdefault(int(match[2] or 0), path)
        found = chunks | found  # the first folder of a snapshot counts
    return found if given is None else {int(given[1]): found[int(given[1])]}


def _find_files(place: Place) -> dict[int, Path]:
    """Return the chunks of the snapshot, the latest by default, by number."""
    found = find_snapshots(place)
    snapshot = max(found, default=-1) if place.snapshot is None else place.snapshot
    return dict(sorted(found.get(snapshot, {}).items()))


def _written(place: Place) -> int:
    return next(iter(_find_files(place).values())).stat().st_mtime_ns


def _read_labels(file: hdf5.File, group: str) -> NDArray | None:
    """Return GroupNumber * 2^30 + SubGroupNumber of each particle, or -1."""
    if not file.members(group):
        return None
    columns = [file.field(f"{group}/{name}").with_width() for name in eagle.OBJECT_NUMBERS]
    groups, subgroups = (column.whole() for column in columns)
    if len(groups) != len(subgroups):
        columns[1].refuse(f"have {len(groups)} rows as {columns[0].name} has", len(subgroups))
    is_bound = (groups > 0) & (groups < _NONE) & (subgroups >= 0) & (subgroups < _NONE)
    return np.where(is_bound, groups * _NONE + subgroups, -1)


class _EagleDirectory:
    """A snapshot of a directory, and the table of the database if there is one."""

    def __init__(self, place: Place) -> None:
        files = _find_files(place)
        first = next(iter(files.values()))
        match = _FILE.fullmatch(first.name)
        snapshot = int(match[1]) if match else 0
        self._directory = place.directory
        with hdf5.open_file(first) as file:
            _check_chunks(file, files)
            self._scale = eagle.read_scale(file)
            self._header = eagle.read_header(file, str(snapshot), "any")
            name = hdf5.coordinates(file)
            unit = unit_factor(first, name, self._scale, "positions", file.attributes(name))
        self._members = Members(files, _read_labels)
        folders = [place.folder, first.parent]
        self._table = eagle_database.read_table(place.groups, folders, snapshot)
        self._comoving_mpc = 1e3 * self._header.scale_factor / unit  # in the coordinates' unit

    def find_subhaloes(self) -> tuple[list[str], Counter[str]]:
        """Return the candidates for the paper's sample, and the excluded ones by reason."""
        n_star = self._members.counts("stars")
        n_dark = self._members.counts("dark_matter").reindex(n_star.index, fill_value=0)
        masses = pd.DataFrame({name: self._masses(name) for name in PART_TYPES})
        masses = masses.reindex(n_star.index).fillna(0.0)
        subhaloes = pd.DataFrame({"mstar": masses["stars"], "mtot": masses.sum(axis=1)})
        subhaloes["flag"] = [not self._is_spurious(label) for label in n_star.index]
        subhaloes["half_mass_radius"] = np.inf  # measured when the galaxy is read
        subhaloes["n_star"] = n_star
        is_known = "dark_matter" in self._members.present
        subhaloes["mdm_1rhsm"] = np.where(is_known & (n_dark == 0), 0.0, np.nan)
        labels, left_out = split_by_cuts(subhaloes)
        return [f"{label // _NONE}-{label % _NONE}" for label in labels], left_out

    def _masses(self, species: str) -> pd.Series:
        """Return the mass of a species in each subhalo that has any; Msun."""
        name = f"{PART_TYPES[species]}/Mass"

        def masses(file: hdf5.File) -> NDArray:
            found = file.field(name).with_width()
            factor = unit_factor(file.path, name, self._scale, "masses", found.attributes)
            with np.errstate(over="ignore"):
                values = found.read().astype(np.float64) * factor
            check_range(file.path, name, values, PARTICLES["masses"])
            return values

        if species == "dark_matter" and self._header.dark_matter_mass > 0:
            return self._members.counts(species) * self._header.dark_matter_mass
        return self._members.sums(species, masses)

    def _row(self, label: int) -> DatabaseRow | None:
        return self._table.get((label // _NONE, label % _NONE))

    def _is_spurious(self, label: int) -> bool:
        row = self._row(label)
        return row is not None and row.is_spurious is True

    def read(self, group: int, subgroup: int) -> Galaxy:
        """Read one galaxy."""
        label = group * _NONE + subgroup
        row = self._row(label)
        centre = None if row is None else row.centre * self._comoving_mpc

        def rows(species: str, dataset: str) -> Rows | None:
            return self._members.read(species, label, dataset)

        first = rows("stars", "Coordinates")
        if first is None:
            msg = f"{self._directory}: must hold stars of the subhalo, got none"
            raise GalaxyFileError(msg)
        subhalo = f"{group}-{subgroup}"
        particles = ParticleFile(
            path=self._directory,
            header=replace(self._header, name=self._header.name._replace(subhalo=subhalo)),
            datasets=eagle.DATASETS,
            scale=self._scale,
            rows=rows,
            species=self._members.species(label),
            origin=first.values[0] if centre is None else centre,
            unknown=frozenset(PART_TYPES) - self._members.present,
        )
        galaxy = assemble_galaxy(
            particles, None if centre is None else CatalogueEntry(centre=centre)
        )
        is_cosmological = None if row is None or row.is_spurious is None else not row.is_spurious
        return replace(
            galaxy,
            is_central=subgroup == 0,
            host_group=group,
            is_cosmological=is_cosmological,
        )


def _check_chunks(file: hdf5.File, files: dict[int, Path]) -> None:
    """Raise GalaxyFileError if a chunk is missing: any may hold particles of a galaxy."""
    stated = attributes.find_counts(file, "NumFilesPerSnapshot")
    count = max(files) + 1 if stated is None else int(stated[0])
    missing = next((number for number in range(count) if number not in files), None)
    if missing is not None:
        msg = (
            f"{file.filename}: all {count} files of Header/NumFilesPerSnapshot must be there, "
            f"got no number {missing}"
        )
        raise GalaxyFileError(msg)


@lru_cache(maxsize=1)
def _open(place: Place, _written: int, _process: int) -> _EagleDirectory:
    """Cache the last directory, unless its files have changed or the process was forked."""
    return _EagleDirectory(place)
