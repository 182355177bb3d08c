"""Read galaxies of a snapshot of Gizmo (SIMBA) with a catalogue of caesar, one at a time.

Files are found by the names that SIMBA and caesar give them: ``snap_m25n512_151.hdf5`` with
``m25n512_151.hdf5``, ``caesar_m25n512_151.hdf5`` or ``caesar_snap_m25n512_151.hdf5``, beside it, in
``Groups`` or in ``../Groups``. Chunks may be in ``snapdir_151``.
"""

import os
import re
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from galmass_core.galaxy import Galaxy, GalaxyFileError, GalaxyName
from galmass_core.sample import split_by_cuts
from galmass_core.sources import arepo, attributes, caesar_catalogue, hdf5, naming
from galmass_core.sources.assembly import CatalogueEntry, assemble_galaxy
from galmass_core.sources.caesar_catalogue import CaesarCatalogue
from galmass_core.sources.coverage import PART_TYPES
from galmass_core.sources.particle_file import Header, ParticleFile, Rows
from galmass_core.sources.place import Place
from galmass_core.sources.snapshot import Snapshot, check_same

_SNAPSHOT = re.compile(r"snap(?:shot)?_(?:(?P<run>.+)_)?(?P<number>\d+)(?:\.(?P<chunk>\d+))?\.hdf5")


class _Files(NamedTuple):
    """A snapshot's chunks by number, and its catalogue."""

    run: str  # such as m25n512; may be empty
    snapshot: int
    chunks: dict[int, Path]
    catalogue: Path


def matches(place: Place) -> bool:
    """Return whether there are a snapshot and its catalogue."""
    return _find_files(place) is not None


def find_subhaloes(place: Place) -> tuple[list[int], Counter[str]]:
    """List the galaxies that pass the catalogue cuts of the paper's sample.

    Returns
    -------
    galaxies : list of int
        Their GroupID.
    left_out : Counter
        Number of excluded galaxies by reason of `sample.catalogue_cuts`.

    Raises
    ------
    GalaxyFileError
        If the catalogue is damaged.
    """
    return split_by_cuts(CaesarCatalogue(_files(place).catalogue).subhaloes())


def read(place: Place, subhalo: str) -> Galaxy:
    """Read one galaxy by its GroupID.

    Raises
    ------
    GalaxyFileError
        If a file is damaged, or the galaxy is unknown or lacks what every galaxy needs.
    """
    if not subhalo.isdecimal():
        msg = f"{place.directory}: must be read with the GroupID of a galaxy, got {subhalo!r}"
        raise GalaxyFileError(msg)
    written = _files(place).catalogue.stat().st_mtime_ns
    try:
        return _open(place, written, os.getpid()).read(int(subhalo))
    except GalaxyFileError as error:
        msg = f"galaxy {subhalo} of {error}"
        raise GalaxyFileError(msg) from error


class _CaesarDirectory:
    """A snapshot with its catalogue."""

    def __init__(self, place: Place) -> None:
        files = _files(place)
        self._path = place.directory
        self._catalogue = CaesarCatalogue(files.catalogue)
        self._snapshot = Snapshot(files.chunks, None)
        first = next(iter(files.chunks.values()))
        with hdf5.open_file(first) as file:
            self._units = arepo.read_units(file)
            self._header = self._read_header(file, files, place.folder)
        group, catalogue = "simulation_attributes", self._catalogue
        redshift = 1 / self._header.scale_factor - 1
        check_same(catalogue.path, f"{group}/redshift", catalogue.redshift, first, redshift)
        if not np.isnan(catalogue.box_size):
            side = self._header.box_size * self._units.length
            check_same(catalogue.path, f"{group}/boxsize", catalogue.box_size, first, side)

    def _read_header(self, file: hdf5.File, files: _Files, folder: Path) -> Header:
        dm_mass = arepo.read_dark_matter_mass(file)
        suite, simulation = arepo.read_simulation(file, folder, dm_mass)
        if files.run:
            suite, simulation = arepo.read_code(file), naming.url_safe(files.run)
        return Header(
            name=GalaxyName(suite, simulation, str(files.snapshot), "any"),
            box_size=attributes.number(file, "BoxSize"),
            scale_factor=attributes.scale_factor(file, "Time"),
            cosmology=arepo.read_cosmology(file),
            dark_matter_mass=dm_mass * self._units.mass,
        )

    def read(self, number: int) -> Galaxy:
        """Read one galaxy."""
        galaxy = self._catalogue.look_up(number)
        listed = {
            species: self._catalogue.rows(species, galaxy, self._snapshot.count(int(group[-1])))
            for species, group in PART_TYPES.items()
        }
        centre = galaxy.centre / self._units.length

        def rows(species: str, dataset: str) -> Rows | None:
            group = PART_TYPES[species]
            picked = listed[species]
            assert picked is not None  # species below are those with rows
            return self._snapshot.read_rows(int(group[-1]), picked, f"{group}/{dataset}")

        particles = ParticleFile(
            path=self._path,
            header=replace(self._header, name=self._header.name._replace(subhalo=str(number))),
            datasets=arepo.DATASETS,
            scale=self._units.factor,
            rows=rows,
            species=frozenset(s for s, found in listed.items() if found is not None and len(found)),
            origin=centre,
            unknown=frozenset(s for s, found in listed.items() if found is None),
            notes=list(galaxy.notes),
        )
        entry = CatalogueEntry(
            centre=centre, is_central=galaxy.is_central, host_group=galaxy.halo
        )  # caesar's half-mass radius is about the centre of mass: measured
        return assemble_galaxy(particles, entry)


@lru_cache(maxsize=1)
def _open(place: Place, _written: int, _process: int) -> _CaesarDirectory:
    """Cache the last snapshot, unless its catalogue has changed or the process was forked."""
    return _CaesarDirectory(place)


def _files(place: Place) -> _Files:
    files = _find_files(place)
    if files is None:
        msg = f"{place.directory}: must be a snapshot with a catalogue of caesar, found none"
        raise GalaxyFileError(msg)
    return files


def _find_files(place: Place) -> _Files | None:
    """Find a snapshot and its catalogue; the latest snapshot that has one by default."""
    is_file = place.directory.is_file()
    if is_file and not _SNAPSHOT.fullmatch(place.directory.name):
        return None
    found: dict[tuple[int, str], dict[int, Path]] = {}
    inside = [] if is_file else place.folder.glob("snapdir_*/snap*.hdf5")
    for path in sorted([*place.folder.glob("snap*.hdf5"), *inside]):
        if match := _SNAPSHOT.fullmatch(path.name):
            key = int(match["number"]), match["run"] or ""
            found.setdefault(key, {})[int(match["chunk"] or 0)] = path
    wanted = _wanted(place, {number for number, _ in found})
    for (number, run), chunks in sorted(found.items(), reverse=True):
        is_wanted = place.directory in chunks.values() if is_file else wanted in (None, number)
        if is_wanted and (catalogue := _find_catalogue(place, chunks)):
            return _Files(run, number, dict(sorted(chunks.items())), catalogue)
    return None


def _wanted(place: Place, snapshots: set[int]) -> int | None:
    """Return the snapshot to read: as given, or that of the number in a catalogue's name."""
    if place.snapshot is not None or place.groups is None:
        return place.snapshot
    match = re.search(r"_(\d+)$", place.groups.stem)
    return int(match[1]) if match and int(match[1]) in snapshots else None


def _find_catalogue(place: Place, chunks: dict[int, Path]) -> Path | None:
    """Return the catalogue of a snapshot: as given, or where its name says."""
    if place.groups is not None and place.groups.is_file():
        return place.groups if _is_catalogue(place.groups) else None
    folder = next(iter(chunks.values())).parent
    stem = re.sub(r"\.\d+$", "", next(iter(chunks.values())).stem)
    short = re.sub(r"^snap(shot)?_", "", stem)
    folders = [folder, folder / "Groups", folder.parent / "Groups"]
    for base in [place.groups] if place.groups is not None else folders:
        for name in (short, f"caesar_{short}", f"caesar_{stem}"):
            path = base / f"{name}.hdf5"
            if path.is_file() and _is_catalogue(path):
                return path
    return None


def _is_catalogue(path: Path) -> bool:
    with hdf5.open_file(path) as file:
        return caesar_catalogue.matches(file)
