"""Read from the chunks of a snapshot, a few of which stay open."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources import hdf5
from galmass_core.sources.hdf5_opening import must_be_whole
from galmass_core.sources.particle_file import Rows

_OPEN_FILES = 8
_GAP = 4096  # rows that are read in vain rather than by another call

Picked = TypeVar("Picked")


class OpenChunks:
    """Files of one snapshot by chunk number; safe to use from several threads.

    Parameters
    ----------
    paths : mapping of int to Path
        Some may be missing.
    """

    def __init__(self, paths: Mapping[int, Path]) -> None:
        self.folder = next(iter(paths.values())).parent
        self._paths = paths
        self._open: dict[int, hdf5.File] = {}
        self._lock = Lock()  # one thread may close what another reads

    def path(self, chunk: int) -> Path:
        """Return the file of a chunk.

        Raises
        ------
        GalaxyFileError
            If it is missing.
        """
        if chunk not in self._paths:
            msg = f"{self.folder}: chunk {chunk} must be there, got none"
            raise GalaxyFileError(msg)
        return self._paths[chunk]

    def read(self, chunk: int, dataset: str, pick: Callable[[hdf5.Field], Picked]) -> Picked | None:
        """Return what a function picks of a dataset, or None if the chunk has no such dataset.

        Raises
        ------
        GalaxyFileError
            If the chunk is missing or damaged.
        """
        path = self.path(chunk)
        with self._lock, must_be_whole(path):
            found = self._file(chunk).find(dataset)
            return None if found is None else pick(found)

    def _file(self, chunk: int) -> hdf5.File:
        """Return an open chunk; close the oldest one if too many are open."""
        if chunk not in self._open:
            if len(self._open) == _OPEN_FILES:
                self._open.pop(next(iter(self._open))).close()
            self._open[chunk] = hdf5.File(self.path(chunk))
        return self._open[chunk]


def joined(parts: Sequence[Rows], field: str) -> Rows:
    """Return the rows of several chunks as one array, with the attributes of the first.

    Raises
    ------
    GalaxyFileError
        If their shapes differ; ``field`` is what the message names.
    """
    if len(parts) == 1:
        return parts[0]
    shapes = {part.values.shape[1:] for part in parts}
    if len(shapes) > 1:
        msg = f"{field} must have one shape in all chunks, got {sorted(shapes)}"
        raise GalaxyFileError(msg)
    return Rows(np.concatenate([part.values for part in parts]), parts[0].attributes)


def read_rows(dataset: hdf5.Field, rows: NDArray) -> Rows:
    """Read some rows of an open dataset, ascending, and its attributes.

    Rows that lie close together are read with one call.

    Raises
    ------
    GalaxyFileError
        If the dataset is too short.
    """
    if rows[-1] >= len(dataset):
        dataset.refuse(f"have more than {rows[-1]} rows", len(dataset))
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > _GAP) + 1)
    values = [dataset.read(int(run[0]), int(run[-1]) + 1)[run - run[0]] for run in runs]
    return Rows(np.concatenate(values), dataset.attributes)
