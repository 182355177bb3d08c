"""Read galaxies of a directory in TNG's layout, one at a time.

TNG, Illustris, and CAMELS (IllustrisTNG and SIMBA): snapshot chunks, group catalogue and, if
present, the offsets file.
"""

import os
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from galmass_core.galaxy import Galaxy, GalaxyFileError, GalaxyName
from galmass_core.sample import CUT_COLUMNS, catalogue_cuts
from galmass_core.sources import arepo, hdf5
from galmass_core.sources.assembly import assemble_galaxy
from galmass_core.sources.group_catalogue import read_group_catalogue
from galmass_core.sources.particle_file import PART_TYPES, Header, ParticleFile, Rows
from galmass_core.sources.snapshot import Snapshot
from galmass_core.sources.subhalo_index import SubhaloIndex
from galmass_core.sources.tng_files import find_chunks, offsets_path


def matches(directory: Path) -> bool:
    """Return whether a folder holds a snapshot and its group catalogue."""
    snapshot, files = find_chunks(directory, "snapshot")
    return bool(files and find_chunks(directory, "groups", snapshot).files)


def find_subhaloes(directory: Path) -> tuple[list[int], Counter[str]]:
    """List the subhaloes of the latest snapshot that pass the catalogue cuts of the paper's sample.

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
    snapshot = find_chunks(directory, "snapshot").snapshot
    subhaloes = read_group_catalogue(directory, snapshot, columns=CUT_COLUMNS).subhaloes
    reasons = catalogue_cuts(subhaloes)
    return subhaloes.index[reasons == ""].to_list(), Counter(reasons[reasons != ""].tolist())


def read(directory: Path, subhalo: int) -> Galaxy:
    """Read one galaxy of the latest snapshot.

    Raises
    ------
    GalaxyFileError
        If a file is damaged, or the subhalo is unknown or lacks what every galaxy needs.
    """
    files = find_chunks(directory, "snapshot").files
    written = next(iter(files.values())).stat().st_mtime_ns
    try:
        return _open(directory, written, os.getpid()).read(subhalo)
    except GalaxyFileError as error:
        msg = f"subhalo {subhalo} of {error}"
        raise GalaxyFileError(msg) from error


class _TngDirectory:
    """The latest snapshot of a directory with its catalogue."""

    def __init__(self, directory: Path) -> None:
        snapshot, files = find_chunks(directory, "snapshot")
        groups = find_chunks(directory, "groups", snapshot).files
        offsets = offsets_path(directory, snapshot)
        self._directory = directory
        self._index = SubhaloIndex(groups, offsets)
        self._snapshot = Snapshot(files, offsets)
        with hdf5.open_file(next(iter(files.values()))) as file:
            self._units = arepo.read_units(file)
            dm_mass = arepo.read_dark_matter_mass(file)
            suite, simulation = arepo.read_simulation(file, directory, dm_mass)
            self._header = Header(
                name=GalaxyName(suite, simulation, str(snapshot), "any"),
                box_size=hdf5.number(file, "BoxSize"),
                scale_factor=hdf5.number(file, "Time"),
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
            values = self._snapshot.read(runs[species], f"{PART_TYPES[species]}/{dataset}")
            return None if values is None else Rows(values, {})

        particles = ParticleFile(
            path=self._directory,
            header=replace(self._header, name=self._header.name._replace(subhalo=str(subhalo))),
            datasets=arepo.DATASETS,
            scale=self._units.factor,
            rows=rows,
            species=frozenset(species for species in PART_TYPES if runs[species]),
            origin=entry.centre,
        )
        return assemble_galaxy(particles, entry)


@lru_cache(maxsize=1)
def _open(directory: Path, _written: int, _process: int) -> _TngDirectory:
    """Cache the last directory, unless its files have changed or the process was forked."""
    return _TngDirectory(directory)
