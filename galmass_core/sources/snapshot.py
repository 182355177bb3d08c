"""Read particles by their place in the order of a snapshot, which may be in chunks."""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources import attributes, hdf5
from galmass_core.sources.open_chunks import OpenChunks, joined, read_rows
from galmass_core.sources.particle_file import Rows

_TYPES = 6  # of particles; SWIFT has neutrinos as a seventh
_TOLERANCE = 1e-3  # of 1 + z, or of the box
_BEYOND = np.full((1, _TYPES), np.iinfo(np.int64).max)


class Run(NamedTuple):
    """Consecutive rows of one chunk."""

    chunk: int
    start: int
    stop: int


class Snapshot:
    """The files of one snapshot.

    Parameters
    ----------
    files : dict of int to Path
        Chunks by number; some may be missing if there is an offsets file.
    offsets : Path, optional
        The offsets file.

    Raises
    ------
    GalaxyFileError
        If a file is damaged, or one is absent and there is no offsets file.
    """

    def __init__(self, files: dict[int, Path], offsets: Path | None) -> None:
        self._chunks = OpenChunks(files)
        self._starts = _count_particles(files) if offsets is None else _read_starts(offsets)

    def runs(self, part_type: int, start: int, count: int) -> list[Run]:
        """Locate ``count`` particles of a type from ``start`` on in the rows of the chunks.

        Raises
        ------
        GalaxyFileError
            If the snapshot ends earlier.
        """
        starts, stop = self._starts[:, part_type], start + count
        if start < 0 or count < 0:
            got = f"{count} from {start}"
            folder = self._chunks.folder
            msg = f"{folder}: PartType{part_type} must have rows from 0 on, got {got}"
            raise GalaxyFileError(msg)
        if stop > starts[-1]:
            folder = self._chunks.folder
            msg = f"{folder}: must hold {stop} of PartType{part_type}, got {starts[-1]}"
            raise GalaxyFileError(msg)
        runs = []
        chunk = int(np.searchsorted(starts, start, side="right")) - 1
        while start < stop:
            end = min(stop, int(starts[chunk + 1]))
            if end > start:  # a chunk may hold none of a type
                runs.append(Run(chunk, start - int(starts[chunk]), end - int(starts[chunk])))
            start, chunk = max(start, end), chunk + 1
        return runs

    def read(self, runs: list[Run], dataset: str) -> Rows | None:
        """Read the rows of a dataset in several runs, and its attributes.

        None if a chunk has no such dataset.

        Raises
        ------
        GalaxyFileError
            If a chunk is absent, damaged, or shorter than the run.
        """
        found = [self._read_run(run, dataset) for run in runs]
        parts = [part for part in found if part is not None]
        return None if len(parts) < len(found) else joined(parts, self._name(dataset))

    def has(self, runs: list[Run], dataset: str) -> bool:
        """Return whether the chunks of some runs have a dataset."""
        return all(self._chunks.read(run.chunk, dataset, lambda _: True) for run in runs)

    def read_rows(self, part_type: int, rows: NDArray, dataset: str) -> Rows | None:
        """Read rows of a dataset, given in ascending order over all chunks, and its attributes.

        None if a chunk has no such dataset.

        Raises
        ------
        GalaxyFileError
            If a chunk is absent, damaged, or shorter than its header says.
        """
        starts = self._starts[:, part_type]
        chunks = np.searchsorted(starts, rows, side="right") - 1
        parts = []
        for of_chunk in np.split(rows, np.flatnonzero(np.diff(chunks)) + 1):
            chunk = int(np.searchsorted(starts, of_chunk[0], side="right")) - 1
            picked = partial(read_rows, rows=of_chunk - starts[chunk])
            part = self._chunks.read(chunk, dataset, picked)
            if part is None:
                return None
            parts.append(part)
        return joined(parts, self._name(dataset))

    def count(self, part_type: int) -> int:
        """Return the number of particles of a type."""
        return int(self._starts[-1, part_type])

    def _name(self, dataset: str) -> str:
        return f"{self._chunks.folder}: {dataset}"

    def _read_run(self, run: Run, dataset: str) -> Rows | None:
        def pick(found: hdf5.Field) -> Rows:
            return Rows(found.read(run.start, run.stop), found.attributes)

        rows = self._chunks.read(run.chunk, dataset, pick)
        if rows is not None and len(rows.values) != run.stop - run.start:
            path, end = self._chunks.path(run.chunk), run.start + len(rows.values)
            msg = f"{path}: {dataset} must have {run.stop} rows, got {end}"
            raise GalaxyFileError(msg)
        return rows


def check_same(catalogue: Path, field: str, value: float, snapshot: Path, expected: float) -> None:
    """Raise GalaxyFileError if redshift or box of a catalogue are not those of a snapshot."""
    if not abs(value - expected) < _TOLERANCE * (1 + expected):
        rule = f"must be {expected:.6g}, as in {snapshot}"
        msg = f"{catalogue}: {field} {rule}, got {value:.6g}"
        raise GalaxyFileError(msg)


def _read_starts(offsets: Path) -> NDArray:
    """Return the number of particles of each type before each chunk; (chunks + 1, 6) int."""
    with hdf5.open_file(offsets) as file:
        starts = file.field("FileOffsets/SnapByType").with_width(_TYPES)
        values = starts.whole()
        if not len(values) or np.any(values[0] != 0) or np.any(np.diff(values, axis=0) < 0):
            starts.refuse("be counts from 0 that do not decrease", "others")
        return np.concatenate([values, _BEYOND])


def _count_particles(files: dict[int, Path]) -> NDArray:
    """Return the cumulative particle counts of all chunks; (chunks + 1, 6) int."""
    if list(files) != list(range(len(files))):
        absent = next(number for number in range(len(files)) if number not in files)
        msg = (
            f"{next(iter(files.values())).parent}: without an offsets file all chunks must be "
            f"there, got no chunk {absent}"
        )
        raise GalaxyFileError(msg)
    counts = [np.zeros(_TYPES, dtype=np.int64)]
    for path in files.values():
        with hdf5.open_file(path) as file:
            found = attributes.find_counts(file, "NumPart_ThisFile")
            if found is None or len(found) < _TYPES:
                got = "none" if found is None else len(found)
                msg = f"{path}: Header/NumPart_ThisFile must be {_TYPES} counts, got {got}"
                raise GalaxyFileError(msg)
            counts.append(found[:_TYPES])
    return np.cumsum(counts, axis=0)
