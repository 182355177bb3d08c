"""Find the particles of each object of a snapshot by a label of every particle.

EAGLE and SWIFT write particles in the order of space, with the number of its object for each. The
labels of each chunk are sorted once. Four bytes for each particle that is in an object stay in
memory; sorting needs about 30 bytes for each particle of the largest chunk (10 million particles:
3 s).
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources import hdf5
from galmass_core.sources.coverage import PART_TYPES
from galmass_core.sources.open_chunks import OpenChunks, joined, read_rows
from galmass_core.sources.particle_file import Rows

Labels = Callable[[hdf5.File, str], NDArray | None]


class _Sorted(NamedTuple):
    """Rows of one species in one chunk, sorted by label."""

    labels: NDArray  # (objects,) those in the chunk, ascending
    starts: NDArray  # (objects + 1,) of each object in ``rows``
    rows: NDArray  # (particles,) ascending within each object


class Members:
    """The particles of every object of a snapshot.

    Parameters
    ----------
    files : mapping of int to Path
        All chunks by number.
    labels : function of an open chunk and a group such as ``PartType4``
        Returns the (N,) whole numbers of the particles' objects, negative for particles of none,
        or None if the chunk has no such particles.

    Raises
    ------
    GalaxyFileError
        If a chunk is damaged, or is what ``labels`` does not accept.
    """

    def __init__(self, files: Mapping[int, Path], labels: Labels) -> None:
        self._chunks = OpenChunks(files)
        self._files = files
        self._sorted: dict[str, dict[int, _Sorted]] = {species: {} for species in PART_TYPES}
        for chunk, path in files.items():
            with hdf5.open_file(path) as file:
                for species, group in PART_TYPES.items():
                    found = labels(file, group)
                    if found is not None and len(found):
                        self._sorted[species][chunk] = _sort(found)

    @property
    def present(self) -> frozenset[str]:
        """The species of which the snapshot has particles at all, in objects or not."""
        return frozenset(species for species, chunks in self._sorted.items() if chunks)

    def counts(self, species: str) -> pd.Series:
        """Return the number of particles of a species in each object that has any, by label."""
        return _total(
            pd.Series(np.diff(part.starts), part.labels) for part in self._sorted[species].values()
        )

    def sums(self, species: str, values: Callable[[hdf5.File], NDArray]) -> pd.Series:
        """Return the sum of a quantity in each object that has particles of a species, by label.

        Parameters
        ----------
        species : str
        values : function of an open chunk
            Returns the (N,) quantity of all particles of the species.
        """
        sums = []
        for chunk, part in self._sorted[species].items():
            with hdf5.open_file(self._files[chunk]) as file:
                found = values(file)
            if len(part.rows) and part.rows.max() >= len(found):
                path, name = self._files[chunk], PART_TYPES[species]
                msg = f"{path}: {name} must have a value for each label, got {len(found)}"
                raise GalaxyFileError(msg)
            cumulative = np.cumsum(np.r_[0.0, found[part.rows]])
            sums.append(pd.Series(np.diff(cumulative[part.starts]), part.labels))
        return _total(sums)

    def species(self, label: int) -> frozenset[str]:
        """Return the species of which an object has particles."""
        return frozenset(species for species in PART_TYPES if self.rows(species, label))

    def rows(self, species: str, label: int) -> dict[int, NDArray]:
        """Return the rows of an object's particles, ascending, by number of the chunk."""
        rows = {}
        for chunk, part in self._sorted[species].items():
            place = int(np.searchsorted(part.labels, label))
            if place < len(part.labels) and part.labels[place] == label:
                rows[chunk] = part.rows[part.starts[place] : part.starts[place + 1]]
        return rows

    def read(self, species: str, label: int, dataset: str) -> Rows | None:
        """Read an object's rows of a dataset (``Coordinates``) and its attributes.

        None if the object has no such particles, or a chunk has no such dataset.

        Raises
        ------
        GalaxyFileError
            If a chunk is damaged, or the dataset is shorter than the labels.
        """
        name = f"{PART_TYPES[species]}/{dataset}"
        parts = []
        for chunk, rows in self.rows(species, label).items():
            part = self._chunks.read(chunk, name, partial(read_rows, rows=rows))
            if part is None:
                return None
            parts.append(part)
        return joined(parts, f"{self._chunks.folder}: {name}") if parts else None


def _sort(labels: NDArray) -> _Sorted:
    order = np.argsort(labels, kind="stable")
    order = order[np.count_nonzero(labels < 0) :]
    present, starts = np.unique(labels[order], return_index=True)
    return _Sorted(present, np.append(starts, len(order)), order.astype(np.uint32))


def _total(parts: Iterable[pd.Series]) -> pd.Series:
    """Add up series by label."""
    found = list(parts)
    return pd.concat(found).groupby(level=0).sum() if found else pd.Series(dtype=float)
