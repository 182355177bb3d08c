"""Read galaxies of a directory in TNG's layout, one at a time.

TNG, Illustris, and CAMELS (IllustrisTNG and SIMBA): snapshot chunks, group catalogue and, if
present, the offsets file.
"""

import os
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from galmass_core.galaxy import Galaxy, GalaxyFileError, GalaxyName
from galmass_core.sample import CUT_COLUMNS, split_by_cuts
from galmass_core.sources import arepo, attributes, hdf5
from galmass_core.sources.assembly import assemble_galaxy
from galmass_core.sources.coverage import PART_TYPES
from galmass_core.sources.group_catalogue import read_group_catalogue
from galmass_core.sources.particle_file import Header, ParticleFile, Rows
from galmass_core.sources.place import Place
from galmass_core.sources.snapshot import Snapshot
from galmass_core.sources.subhalo_index import SubhaloIndex
from galmass_core.sources.tng_files import (
    Chunks,
    catalogue_folder,
    find_chunks,
    find_snapshots,
    offsets_path,
)


class _Files(NamedTuple):
    """Files of a snapshot and of its catalogue by chunk number; empty where there are none."""

    snapshot: int
    chunks: dict[int, Path]
    groups_folder: Path
    groups: dict[int, Path]


def matches(place: Place) -> bool:
    """Return whether a directory holds a snapshot and its group catalogue."""
    files = _find_files(place)
    return bool(files.chunks and files.groups)


def what_is_missing(place: Place) -> str:
    """Return a sentence about what a directory lacks to be read."""
    directory, number = place.directory, place.snapshot
    if not directory.is_dir():
        return f"{directory}: must be a galaxy file or a folder, found none"
    snapshots = find_snapshots(directory, "snapshot")
    if not snapshots:
        rule = "must hold galaxies in HDF5 files or a snapshot with its catalogue"
        return f"{directory}: {rule}, found none"
    if number is not None and number not in snapshots:
        there = ", ".join(map(str, snapshots))
        return f"{directory}: must hold snapshot {number}, found {there}"
    number = _snapshot_files(place).snapshot
    folder = place.groups or directory
    there = ", ".join(map(str, find_snapshots(folder, "groups"))) or "none"
    return (
        f"{folder}: must hold the group catalogue of snapshot {number} (groups_{number:03d} or "
        f"fof_subhalo_tab_{number:03d}), found {there}; --groups DIR names another folder"
    )


def find_subhaloes(place: Place) -> tuple[list[int], Counter[str]]:
    """List the subhaloes of a snapshot that pass the catalogue cuts of the paper's sample.

    Returns
    -------
    subhaloes : list of int
    left_out : Counter
        Number of excluded subhaloes by reason of `sample.catalogue_cuts`.

    Raises
    ------
    GalaxyFileError
        If a catalogue file is damaged.
    """
    files = _find_files(place)
    catalogue = read_group_catalogue(files.groups_folder, files.snapshot, columns=CUT_COLUMNS)
    return split_by_cuts(catalogue.subhaloes)


def read(place: Place, subhalo: str) -> Galaxy:
    """Read one galaxy of a snapshot.

    Raises
    ------
    GalaxyFileError
        If a file is damaged, or the subhalo is unknown or lacks what every galaxy needs.
    """
    if not subhalo.isdecimal():
        msg = f"{place.directory}: must be read with the number of a subhalo, got {subhalo!r}"
        raise GalaxyFileError(msg)
    files = _snapshot_files(place).files
    written = next(iter(files.values())).stat().st_mtime_ns
    try:
        return _open(place, written, os.getpid()).read(int(subhalo))
    except GalaxyFileError as error:
        msg = f"subhalo {subhalo} of {error}"
        raise GalaxyFileError(msg) from error


def _snapshot_files(place: Place) -> Chunks:
    return find_chunks(place.directory, "snapshot", place.snapshot)


def _find_files(place: Place) -> _Files:
    """Find snapshot and catalogue: where given, in the directory, or in CAMELS' other tree."""
    snapshot, chunks = _snapshot_files(place)
    folder = place.groups or place.directory
    groups = find_chunks(folder, "groups", snapshot).files
    if not groups and place.groups is None:
        folder = catalogue_folder(place.directory)
        groups = find_chunks(folder, "groups", snapshot).files if folder != place.directory else {}
    return _Files(snapshot, chunks, folder, groups)


class _TngDirectory:
    """A snapshot of a directory with its catalogue."""

    def __init__(self, place: Place) -> None:
        directory, files = place.directory, _find_files(place)
        offsets = offsets_path(directory, files.snapshot)
        self._directory = directory
        self._index = SubhaloIndex(files.groups, offsets)
        self._snapshot = Snapshot(files.chunks, offsets)
        with hdf5.open_file(next(iter(files.chunks.values()))) as file:
            self._units = arepo.read_units(file)
            self._has_wind = arepo.read_code(file) == "TNG"
            dm_mass = arepo.read_dark_matter_mass(file)
            suite, simulation = arepo.read_simulation(file, directory, dm_mass)
            self._header = Header(
                name=GalaxyName(suite, simulation, str(files.snapshot), "any"),
                box_size=attributes.number(file, "BoxSize"),
                scale_factor=attributes.scale_factor(file, "Time"),
                cosmology=arepo.read_cosmology(file),
                dark_matter_mass=dm_mass * self._units.mass,
            )

    def read(self, subhalo: int) -> Galaxy:
        """Read one galaxy."""
        entry, starts, counts = self._index.look_up(subhalo)
        numbers = {species: int(group[-1]) for species, group in PART_TYPES.items()}
        runs = {
            species: self._snapshot.runs(number, int(starts[number]), int(counts[number]))
            for species, number in numbers.items()
        }

        def rows(species: str, dataset: str) -> Rows | None:
            return self._snapshot.read(runs[species], f"{PART_TYPES[species]}/{dataset}")

        species = {name for name in PART_TYPES if runs[name]}
        unknown = {  # types that were not downloaded
            name
            for name in species
            if not self._snapshot.has(runs[name], f"{PART_TYPES[name]}/Coordinates")
        }
        particles = ParticleFile(
            path=self._directory,
            header=replace(self._header, name=self._header.name._replace(subhalo=str(subhalo))),
            datasets=arepo.DATASETS,
            scale=self._units.factor,
            rows=rows,
            species=frozenset(species - unknown),
            origin=entry.centre,
            unknown=frozenset(unknown),
            has_wind=self._has_wind,
        )
        return assemble_galaxy(particles, entry)


@lru_cache(maxsize=1)
def _open(place: Place, _written: int, _process: int) -> _TngDirectory:
    """Cache the last directory, unless its files have changed or the process was forked."""
    return _TngDirectory(place)
