"""Read from the chunks of a snapshot, a few of which stay open."""

from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import TypeVar

import h5py

from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources import hdf5

_OPEN_FILES = 8

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
        self._open: dict[int, h5py.File] = {}
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

    def read(
        self, chunk: int, dataset: str, pick: Callable[[h5py.Dataset], Picked]
    ) -> Picked | None:
        """Return what a function picks of a dataset, or None if the chunk has no such dataset.

        Raises
        ------
        GalaxyFileError
            If the chunk is missing or damaged.
        """
        path = self.path(chunk)
        with self._lock, hdf5.must_be_whole(path):
            found = self._file(chunk).get(dataset)
            return None if found is None else pick(found)

    def _file(self, chunk: int) -> h5py.File:
        """Return an open chunk; close the oldest one if too many are open."""
        if chunk not in self._open:
            if len(self._open) == _OPEN_FILES:
                self._open.pop(next(iter(self._open))).close()
            self._open[chunk] = hdf5.open_when_free(self.path(chunk))
        return self._open[chunk]
