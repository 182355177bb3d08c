"""Look up the catalogue row of a subhalo ID and the offsets of its particles in the snapshot.

Offsets come from the offsets file, from the catalogue itself (Illustris), or from the order of
particles (CAMELS has no offsets): by group, within a group by subhalo, with unbound particles at
the end of the group.
"""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources import hdf5
from galmass_core.sources.assembly import CatalogueEntry
from galmass_core.sources.group_catalogue import read_chunk, read_group_members
from galmass_core.sources.ranges import GALAXIES, check_range

_TYPES = 6  # of particles


class Subhalo(NamedTuple):
    """A subhalo in the catalogue; starts and counts of its particles by type, (6,) int."""

    entry: CatalogueEntry
    starts: NDArray
    counts: NDArray


class _Chunk(NamedTuple):
    """A catalogue file, the subhaloes it holds, and the particle counts of all earlier groups."""

    path: Path
    first: int  # subhalo ID
    subhaloes: int
    before: tuple[int, ...] | None  # by type; None if an earlier chunk is missing


class _Content(NamedTuple):
    """The subhaloes of one chunk."""

    table: pd.DataFrame
    centres: NDArray  # in the unit of the file's coordinates
    starts: NDArray
    counts: NDArray


class SubhaloIndex:
    """Look up subhaloes of one catalogue; holds one chunk of it in memory at a time.

    Parameters
    ----------
    files : dict of int to Path
        Catalogue chunks by number; some may be missing if there is an offsets file.
    offsets : Path, optional
        The offsets file.

    Raises
    ------
    GalaxyFileError
        If a chunk is damaged, or its number of subhaloes differs from that of its groups.
    """

    def __init__(self, files: dict[int, Path], offsets: Path | None) -> None:
        self._folder = next(iter(files.values())).parent
        self._chunks = _scan(files, with_particles=offsets is None)
        self._content = lru_cache(maxsize=1)(lambda chunk: _read_content(chunk, offsets))

    def look_up(self, subhalo: int) -> Subhalo:
        """Return a subhalo by its ID.

        Raises
        ------
        GalaxyFileError
            If no chunk holds it, or the offsets of its particles are unknown.
        """
        for chunk in self._chunks:
            row = subhalo - chunk.first
            if 0 <= row < chunk.subhaloes:
                break
        else:
            msg = f"{self._folder}: the catalogue must have the subhalo, found none of that number"
            raise GalaxyFileError(msg)
        content = self._content(chunk)
        check_range(chunk.path, "Subhalo/SubhaloPos", content.centres[row], GALAXIES["centre"])
        values = content.table.iloc[row]
        entry = CatalogueEntry(
            centre=content.centres[row],
            half_mass_radius=float(values["half_mass_radius"]),
            is_central=bool(values["is_central"]),
            host_group=int(values["host_group"]),
            is_cosmological=bool(values["flag"]),
        )
        return Subhalo(entry, content.starts[row], content.counts[row])


def _scan(files: dict[int, Path], *, with_particles: bool) -> list[_Chunk]:
    """Find the subhaloes of each chunk, and count the particles before it."""
    chunks, before = [], np.zeros(6, dtype=np.int64) if with_particles else None
    for expected, (number, path) in enumerate(files.items()):
        if number != expected:
            before = None
        with hdf5.open_file(path) as file:
            firsts, count = read_group_members(file)
            if count:
                known = None if before is None else tuple(before.tolist())
                chunks.append(_Chunk(path, int(firsts[0]), count, known))
            lengths = file.find("Group/GroupLenType")
            if before is not None and lengths is not None:
                before = before + _counts(lengths).sum(axis=0)
    return chunks


def _read_content(chunk: _Chunk, offsets: Path | None) -> _Content:
    with hdf5.open_file(chunk.path) as file:
        count, types = chunk.subhaloes, _counts(file.field("Subhalo/SubhaloLenType"))
        if len(types) != count:
            msg = f"{chunk.path}: Subhalo/SubhaloLenType must have {count} rows, got {len(types)}"
            raise GalaxyFileError(msg)
        centres = hdf5.column(file, "Subhalo/SubhaloPos", count).with_width(3)
        return _Content(
            table=read_chunk(file, ("half_mass_radius", "is_central", "host_group", "flag")),
            centres=centres.read().astype(np.float64),
            starts=_read_starts(file, chunk, offsets),
            counts=types,
        )


def _read_starts(file: hdf5.File, chunk: _Chunk, offsets: Path | None) -> NDArray:
    """Return the offsets of each subhalo's particles in the snapshot; (subhaloes, 6) int."""
    if offsets is not None:
        with hdf5.open_file(offsets) as offsets_file:
            starts = offsets_file.field("Subhalo/SnapByType").with_width(_TYPES)
            if len(starts) < chunk.first + chunk.subhaloes:
                starts.refuse(f"have {chunk.first + chunk.subhaloes} rows or more", len(starts))
            return starts.whole(chunk.first, chunk.first + chunk.subhaloes)
    if "Offsets/Subhalo_SnapByType" in file:
        own = hdf5.column(file, "Offsets/Subhalo_SnapByType", chunk.subhaloes)
        return own.with_width(_TYPES).whole()
    if chunk.before is None:
        msg = f"{chunk.path}: without an offsets file all chunks before it must be there"
        raise GalaxyFileError(msg)
    return _count_up(file, chunk)


def _count_up(file: hdf5.File, chunk: _Chunk) -> NDArray:
    """Count the particles of all earlier groups, and of earlier subhaloes in the same group."""
    numbers = file.field("Group/GroupNsubs").with_width().whole()
    group_lengths = _counts(hdf5.column(file, "Group/GroupLenType", len(numbers)))
    group_starts = _sums_before(group_lengths) + np.array(chunk.before)
    subhalo_starts = _sums_before(_counts(file.field("Subhalo/SubhaloLenType")))
    first_rows = np.repeat(np.cumsum(numbers) - numbers, numbers)  # of each subhalo's group
    in_group = subhalo_starts - subhalo_starts[first_rows]
    return np.repeat(group_starts, numbers, axis=0) + in_group


def _counts(field: hdf5.Field) -> NDArray:
    """Return numbers of particles by type; (N, 6) int64."""
    counts = field.with_width(_TYPES).whole()
    if np.any(counts < 0):
        field.refuse("be counts", "negative numbers")
    return counts


def _sums_before(counts: NDArray) -> NDArray:
    """Return the exclusive cumulative sum; 64 bits, because boxes hold over 2^31 particles."""
    return np.cumsum(counts, axis=0, dtype=np.int64) - counts
