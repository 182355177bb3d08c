"""Read HDF5 files of simulations; every access to an open one goes through here.

A `File` gives groups, datasets and attributes only after a check that they are what is expected: a
dataset has rows of real numbers, an attribute is a number or text, a link does not lead out of the
folder. Errors are one sentence that names file, field and rule.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources.hdf5_opening import DENSEST, SMALL, must_be_whole, open_when_free

_LINKS = 8  # followed one after another
NUMBERS = "iufb"  # kinds of dtypes
TEXTS = "SUO"
LONGEST = 1000  # characters of a text
LARGEST_INTEGER = 2**62


class _Reading(must_be_whole):
    """Name file and field in errors raised while a field is read."""

    __slots__ = ("name",)

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, GalaxyFileError):
            return
        super().__exit__(kind, error, trace)
        if isinstance(error, KeyError | RuntimeError | TypeError | ValueError | OverflowError):
            msg = f"{self.path}: {self.name or 'the file'} must be readable, but: {error}"
            raise GalaxyFileError(msg) from error


class Field:
    """A dataset of an open file: rows of real numbers.

    Attributes
    ----------
    file : File
    name : str
        Path in the file: ``PartType4/Masses``.
    shape : tuple of int
        At least one number.
    """

    def __init__(self, file: "File", name: str, dataset: h5py.Dataset) -> None:
        self.file, self.name, self._dataset = file, name, dataset
        with file.reading(name):
            shape, kind = dataset.shape, dataset.dtype.kind
        if kind not in NUMBERS:
            self.refuse("be real numbers", str(dataset.dtype)[:80])
        if not shape:
            self.refuse("have rows", "none" if shape is None else "a single value")
        self.shape: tuple[int, ...] = shape
        file.check_stored(name, dataset)

    def __len__(self) -> int:
        return self.shape[0]

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """Its attributes; those of one element, as which most files write them, as scalars."""
        return self.file.attributes_of(self._dataset, self.name)

    def refuse(self, rule: str, got: object) -> None:
        """Raise GalaxyFileError about this field."""
        msg = f"{self.file.filename}: {self.name} must {rule}, got {got}"
        raise GalaxyFileError(msg)

    def with_width(self, *width: int) -> "Field":
        """Return this field.

        Raises
        ------
        GalaxyFileError
            If its rows have another shape.
        """
        if self.shape[1:] != width:
            self.refuse(f"have shape ({', '.join(('N', *map(str, width)))})", self.shape)
        return self

    def read(self, start: int = 0, stop: int | None = None) -> NDArray:
        """Return some of the rows, all by default; fewer where there are no more."""
        with self.file.reading(self.name):
            values: NDArray = self._dataset[start:stop]
        return values

    def whole(self, start: int = 0, stop: int | None = None) -> NDArray:
        """Return some of the rows as int64; numbers and counts may be stored in any type.

        Raises
        ------
        GalaxyFileError
            If one is not a whole number, or is beyond 2^62.
        """
        values = self.read(start, stop)
        if values.dtype.kind == "f":
            values = values.astype(np.float64)
            if not np.array_equal(values, np.rint(values)):
                self.refuse("be whole numbers", "others")
        if values.size and not -LARGEST_INTEGER < values.min() <= values.max() < LARGEST_INTEGER:
            self.refuse("be whole numbers within 2^62", f"{values.min()} to {values.max()}")
        return values.astype(np.int64)

    def identifiers(self) -> NDArray:
        """Return all rows as int64, each another number.

        Raises
        ------
        GalaxyFileError
            If a number is there twice, or is refused by `whole`.
        """
        values = self.whole()
        unique, counts = np.unique(values, return_counts=True)
        if len(unique) < len(values):
            self.refuse("be different in each row", f"{unique[counts > 1][0]} twice")
        return values


def _sources(
    file: "File", field: str, dataset: h5py.Dataset, through: tuple[tuple[Path, str], ...]
) -> set[Path]:
    """Return the files of a virtual dataset.

    HDF5 reads absent ones as the fill value, zeros for particles, without an error, and a dataset
    that is its own source without an end.

    Raises
    ------
    GalaxyFileError
        If one is not there, or sources are virtual without an end.
    """
    path = file.path
    found: set[Path] = set()
    with file.reading(field):
        sources = {(source.file_name, source.dset_name) for source in dataset.virtual_sources()}
    for name, inner in sources:
        if "%" in name:  # of as many files as there happen to be
            msg = f"{path}: {field} must be in files of known number, got the pattern {name}"
            raise GalaxyFileError(msg)
        choices = [path] if name == "." else [path.parent / name, Path(name)]
        source = next((choice for choice in choices if choice.is_file()), None)
        if source is None:
            msg = f"{path}: {field} must be in {name}, found no such file"
            raise GalaxyFileError(msg)
        place = source.resolve(), inner.strip("/")
        if place in through or len(through) == _LINKS:
            msg = f"{path}: {field} must be in other files, got virtual ones without an end"
            raise GalaxyFileError(msg)
        with open_file(source) as opened:
            part = opened.find_object(inner)
            is_virtual = isinstance(part, h5py.Dataset) and part.is_virtual
            nested = _sources(opened, inner, part, (*through, place)) if is_virtual else set()
        found |= nested or {source}
    return found


def _size(path: Path) -> int:
    return path.stat().st_size


class File:
    """An HDF5 file of a simulation, open for reading.

    Attributes
    ----------
    path : Path
    size : int
        Bytes, unzipped.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._content = open_when_free(path)
        self._linked: list[File] = []
        self._groups: dict[str, h5py.Group | None] = {}
        self._attributes: dict[tuple[str, str], Any] = {}
        self._fields: dict[str, Field] = {}
        is_zipped = path.suffix == ".gz"
        self.size = int(self._content.id.get_filesize()) if is_zipped else _size(path)

    @property
    def filename(self) -> str:
        """The path as text."""
        return str(self.path)

    def __enter__(self) -> "File":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, and those that links lead to."""
        self._fields.clear()
        for linked in self._linked:
            linked.close()
        self._content.close()

    def __contains__(self, name: str) -> bool:
        return self.find_object(name) is not None

    def reading(self, name: str) -> _Reading:
        """Name file and field in errors raised while a field is read."""
        return _Reading(self.path, name)

    def members(self, name: str) -> list[str]:
        """Return the names in a group, without an empty one; none if there is no such group."""
        found = self.find_object(name)
        if found is None:
            return []
        if not isinstance(found, h5py.Group):
            msg = f"{self.path}: {name or '/'} must be a group, got a dataset"
            raise GalaxyFileError(msg)
        with self.reading(name):
            return list(found)

    def field(self, name: str) -> Field:
        """Return a required dataset.

        Raises
        ------
        GalaxyFileError
            If it is missing, or not rows of real numbers that are there.
        """
        found = self.find(name)
        if found is None:
            msg = f"{self.path}: {name} must be there, got none"
            raise GalaxyFileError(msg)
        return found

    def find(self, name: str) -> Field | None:
        """Return a dataset, or None if it is missing.

        It stays open, and is checked once, unless it is stored in chunks, which HDF5 keeps.

        Raises
        ------
        GalaxyFileError
            If it is not rows of real numbers that are there.
        """
        if name in self._fields:
            return self._fields[name]
        found = self.find_object(name)
        if found is None:
            return None
        if not isinstance(found, h5py.Dataset):
            msg = f"{self.path}: {name} must be a dataset, got a group"
            raise GalaxyFileError(msg)
        field = Field(self, name, found)
        if found.chunks is None:
            self._fields[name] = field
        return field

    def check_stored(self, name: str, dataset: h5py.Dataset) -> None:
        """Raise GalaxyFileError if files that hold rows are missing, elsewhere, or too small."""
        with self.reading(name):
            external, virtual = dataset.external or [], dataset.is_virtual
        for linked, *_ in external:
            self.inside(linked, name)
        files = _sources(self, name, dataset, ()) if virtual else ()
        stored = sum(map(_size, files)) if virtual else self.size
        if 8 * float(np.prod(dataset.shape, dtype=float)) > DENSEST * stored + SMALL:
            got = f"shape {dataset.shape} in a file too small for it"
            msg = f"{self.path}: {name} must be stored whole, got {got}"
            raise GalaxyFileError(msg)

    def texts(self, name: str) -> list[str]:
        """Return the rows of a dataset of text; none if it is missing or something else."""
        found = self.find_object(name)
        if not isinstance(found, h5py.Dataset) or not found.shape or found.size > LONGEST:
            return []
        with self.reading(name):
            return [as_text(value) for value in np.ravel(found[()])]

    def attributes(self, name: str) -> dict[str, Any]:
        """Return the attributes of a group or dataset, those of one element as scalars."""
        found = self.find_object(name)
        return {} if found is None else self.attributes_of(found, name)

    def attributes_of(self, found: h5py.Group | h5py.Dataset, name: str) -> dict[str, Any]:
        """Return the attributes of an open group or dataset, as `attributes` does."""
        with self.reading(name):
            if not h5py.h5a.get_num_attrs(found.id):
                return {}
            values = {key: found.attrs[key] for key in found.attrs}
        arrays = {
            key: np.asarray(value)
            for key, value in values.items()
            if not isinstance(value, h5py.Empty)
        }
        return {key: value.item() if value.size == 1 else value for key, value in arrays.items()}

    def attribute(self, group: str, *names: str) -> NDArray | None:
        """Return an attribute as a flat array, or None if it is missing or has no values.

        Of several names the first that exists is read.
        """
        for name in names:
            if (group, name) not in self._attributes:
                self._attributes[group, name] = self._attribute(group, name)
            value = self._attributes[group, name]
            if value is not None and not isinstance(value, h5py.Empty):
                values = np.ravel(value)
                return values if len(values) else None
        return None

    def _attribute(self, group: str, name: str) -> Any:  # noqa: ANN401
        """Return an attribute as it is stored, or None if it is missing."""
        found, key = self.find_object(group), name.encode()
        with self.reading(f"{group}/{name}"):
            if found is None or not h5py.h5a.exists(found.id, key):
                return None
            return found.attrs[name]

    def inside(self, name: str, field: str) -> Path:
        """Return a file that a link names.

        Raises
        ------
        GalaxyFileError
            If it is not a file in this file's folder.
        """
        path, folder = self.path.parent / name, self.path.parent.resolve()
        if not path.resolve().is_relative_to(folder) or not path.is_file():
            msg = f"{self.path}: {field} must be in a file of {folder}, got a link to {name}"
            raise GalaxyFileError(msg)
        return path

    def find_object(self, name: str, links: int = _LINKS) -> h5py.Group | h5py.Dataset | None:
        """Return a group or dataset, or None if it is missing; HDF5 itself follows no link.

        Groups, and what is missing, are looked up once.
        """
        name = name.strip("/")
        if not name:
            return self._content
        if name in self._groups:
            return self._groups[name]
        above, _, last = name.rpartition("/")
        place = self.find_object(above, links)
        found = None
        if isinstance(place, h5py.Group):
            with self.reading(name):
                found = self._member(place, last, name, links)
        if not isinstance(found, h5py.Dataset):
            self._groups[name] = found
        return found

    def _member(
        self, group: h5py.Group, last: str, name: str, links: int
    ) -> h5py.Group | h5py.Dataset | None:
        """Return what is in a group, or where a link there leads to."""
        all_links, key = group.id.links, last.encode()
        if not all_links.exists(key):
            return None
        if all_links.get_info(key).type == h5py.h5l.TYPE_HARD:
            opened = h5py.h5o.open(group.id, key)
            if isinstance(opened, h5py.h5d.DatasetID):  # h5py would look up the mode of the file
                return h5py.Dataset(opened, readonly=True)
            return h5py.Group(opened) if isinstance(opened, h5py.h5g.GroupID) else group[last]
        if not links:
            msg = f"{self.path}: {name} must be there, got links without an end"
            raise GalaxyFileError(msg)
        link = group.get(last, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            return self._linked_file(link, name).find_object(link.path, links - 1)
        above = "" if link.path.startswith("/") else name.rpartition("/")[0]
        return self.find_object(f"{above}/{link.path}", links - 1)

    def _linked_file(self, link: h5py.ExternalLink, name: str) -> "File":
        """Open the file of a link, which stays open as long as this one."""
        path = self.inside(link.filename, name)
        opened = next((file for file in self._linked if file.path == path), None)
        if opened is None:
            opened = File(path)
            self._linked.append(opened)
        return opened


@contextmanager
def open_file(path: Path) -> Iterator[File]:
    """Open an HDF5 file for reading, gzipped or not.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    GalaxyFileError
        If it is not an HDF5 file, or is truncated.
    UnavailableError
        If it cannot be read for 10 s, because another process has it open for writing.
    """
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, "no such galaxy file", str(path))
    with must_be_whole(path), File(path) as file:
        yield file


def as_text(value: Any) -> str:  # noqa: ANN401
    """Return a value as text; a whole number without a decimal point."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, float | np.floating) and value == np.rint(value):
        return f"{value:.0f}"
    return str(value)


def column(file: File, name: str, count: int) -> Field:
    """Return a required dataset with a row for each of ``count`` objects.

    Raises
    ------
    GalaxyFileError
        If it is missing, or does not have ``count`` rows.
    """
    found = file.field(name)
    if len(found) != count:
        found.refuse(f"have {count} rows", len(found))
    return found


def coordinates(file: File) -> str:
    """Return the name of the first particle type's coordinates; that of stars if there are none."""
    groups = ("PartType4", "PartType1", "PartType0", "PartType5")
    names = [f"{group}/Coordinates" for group in groups]
    return next((name for name in names if name in file), names[0])


def coordinate_attributes(file: File) -> dict[str, Any]:
    """Return the attributes of the first particle type's coordinates, by which formats differ."""
    return file.attributes(coordinates(file))
