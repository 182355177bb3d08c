"""Read ranges of particles from the chunks of a snapshot."""

from pathlib import Path
from threading import Lock
from typing import NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources import hdf5

_OPEN_FILES = 8
_BEYOND = np.full((1, 6), np.iinfo(np.int64).max)


class Run(NamedTuple):
    """Consecutive rows of one chunk."""

    chunk: int
    start: int
    stop: int


class Snapshot:
    """The files of one snapshot, a few of which stay open.

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
        self._paths = files
        self._folder = next(iter(files.values())).parent
        self._starts = _count_particles(files) if offsets is None else _read_starts(offsets)
        self._open: dict[int, h5py.File] = {}
        self._lock = Lock()  # one thread may close what another reads

    def runs(self, part_type: int, start: int, count: int) -> list[Run]:
        """Locate ``count`` particles of a type from ``start`` on in the rows of the chunks.

        Raises
        ------
        GalaxyFileError
            If the snapshot ends earlier.
        """
        starts, stop = self._starts[:, part_type], start + count
        if stop > starts[-1]:
            msg = f"{self._folder}: must hold {stop} of PartType{part_type}, got {starts[-1]}"
            raise GalaxyFileError(msg)
        runs = []
        chunk = int(np.searchsorted(starts, start, side="right")) - 1
        while start < stop:
            end = min(stop, int(starts[chunk + 1]))
            if end > start:  # a chunk may hold none of a type
                runs.append(Run(chunk, start - int(starts[chunk]), end - int(starts[chunk])))
            start, chunk = max(start, end), chunk + 1
        return runs

    def read(self, runs: list[Run], dataset: str) -> NDArray | None:
        """Read the rows of a dataset in several runs; None if a chunk has no such dataset.

        Raises
        ------
        GalaxyFileError
            If a chunk is absent, damaged, or shorter than the run.
        """
        with self._lock:
            found = [self._read_run(run, dataset) for run in runs]
        parts = [part for part in found if part is not None]
        if len(parts) < len(found):
            return None
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _read_run(self, run: Run, dataset: str) -> NDArray | None:
        if run.chunk not in self._paths:
            msg = f"{self._folder}: chunk {run.chunk} must be there, got none"
            raise GalaxyFileError(msg)
        path = self._paths[run.chunk]
        with hdf5.must_be_whole(path):
            found = self._file(run.chunk).get(dataset)
            rows = None if found is None else found[run.start : run.stop]
        if rows is not None and len(rows) != run.stop - run.start:
            msg = f"{path}: {dataset} must have {run.stop} rows, got {len(found)}"
            raise GalaxyFileError(msg)
        return rows

    def _file(self, chunk: int) -> h5py.File:
        """Return an open chunk; close the oldest one if too many are open."""
        if chunk not in self._open:
            if len(self._open) == _OPEN_FILES:
                self._open.pop(next(iter(self._open))).close()
            self._open[chunk] = hdf5.open_when_free(self._paths[chunk])
        return self._open[chunk]


def _read_starts(offsets: Path) -> NDArray:
    """Return the number of particles of each type before each chunk; (chunks + 1, 6) int."""
    with hdf5.open_file(offsets) as file:
        return np.concatenate(
            [hdf5.dataset(file, "FileOffsets/SnapByType")[()].astype(np.int64), _BEYOND]
        )


def _count_particles(files: dict[int, Path]) -> NDArray:
    """Return the cumulative particle counts of all chunks; (chunks + 1, 6) int."""
    if list(files) != list(range(len(files))):
        absent = next(number for number in range(len(files)) if number not in files)
        msg = (
            f"{next(iter(files.values())).parent}: without an offsets file all chunks must be "
            f"there, got no chunk {absent}"
        )
        raise GalaxyFileError(msg)
    counts = [np.zeros(6, dtype=np.int64)]
    for path in files.values():
        with hdf5.open_file(path) as file:
            counts.append(hdf5.numbers(file, "NumPart_ThisFile").astype(np.int64))
    return np.cumsum(counts, axis=0)
