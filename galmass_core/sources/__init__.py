"""Read simulated galaxies from files and directories of every supported format."""

import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import NamedTuple
from zlib import crc32

from galmass_core.galaxy import Galaxy, GalaxyFileError
from galmass_core.sources import (
    caesar_directory,
    coverage,
    eagle,
    eagle_directory,
    hdf5,
    naming,
    soap_directory,
    swift,
    tng_cutout,
    tng_directory,
)
from galmass_core.sources.place import Place
from galmass_core.sources.tng_files import find_snapshots, is_snapshot_name

_DIRECTORIES = (tng_directory, eagle_directory, caesar_directory, soap_directory)
_FORMATS = {"a TNG cutout": tng_cutout, "an EAGLE file": eagle, "a SWIFT file": swift}
_SUFFIXES = (".hdf5", ".h5")
Identity = tuple[str | int | None, ...]
CUTOUTS = "cutouts"  # subfolder of galaxies in a folder that was fetched


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """What a file or directory does not say itself, or says wrongly.

    Attributes
    ----------
    snapshot : int or None
        Of a directory with several; the latest by default.
    groups : Path or None
        Folder or file of the group catalogue, if it is not where the layout has it.
    suite, simulation : str
        First parts of the galaxies' names, instead of what the files say.
    """

    snapshot: int | None = None
    groups: Path | None = None
    suite: str = ""
    simulation: str = ""

    def place(self, directory: Path) -> Place:
        """Return what to read of a directory or snapshot file."""
        return Place(directory, self.snapshot, self.groups)

    def renamed(self, galaxy: Galaxy) -> Galaxy:
        """Return a galaxy with the suite and simulation of these options."""
        parts = {"suite": self.suite, "simulation": self.simulation}
        given = {key: naming.url_safe(part) for key, part in parts.items() if part}
        return replace(galaxy, name=galaxy.name._replace(**given)) if given else galaxy


AS_THE_FILES_SAY = ReadOptions()


@dataclass(frozen=True)
class GalaxyRef:
    """Location of a galaxy; cheap to list and to send to another process, which reads it."""

    path: Path
    subhalo: str | None = None  # for a directory or snapshot of many galaxies
    options: ReadOptions = AS_THE_FILES_SAY

    def identity(self, stat: Callable[[Path], os.stat_result]) -> Identity:
        """Return what differs if the galaxy is another one; ``stat`` is that of `Path`."""
        file = stat(self.path)
        return str(self.path), self.subhalo, file.st_size, file.st_mtime_ns

    def read(self) -> Galaxy:
        """Read the galaxy; raises the same errors as `read_galaxy`."""
        return read_galaxy(self.path, self.subhalo, options=self.options)


@dataclass(frozen=True)
class GalaxyInMemory:
    """A galaxy that needs no reading, in place of a `GalaxyRef`."""

    galaxy: Galaxy
    subhalo: None = None

    @property
    def path(self) -> Path:
        """Where the galaxy comes from."""
        return Path(self.galaxy.source)

    def identity(self, _: Callable[[Path], os.stat_result]) -> Identity:
        """Return what differs if the galaxy is another one."""
        arrays = (self.galaxy.stars.positions, self.galaxy.stars.masses)
        return str(self.galaxy.name), *(crc32(array.tobytes()) for array in arrays)

    def read(self) -> Galaxy:
        """Return the galaxy."""
        return self.galaxy


def read_galaxy(
    path: str | Path, subhalo: str | int | None = None, *, options: ReadOptions = AS_THE_FILES_SAY
) -> Galaxy:
    """Read one galaxy from a file or directory; the format is detected from the content.

    Parameters
    ----------
    path : str or Path
        A TNG or Illustris cutout, an EAGLE file, a COLIBRE or other SWIFT file; or a directory in
        TNG's layout (TNG, Illustris, CAMELS), or a snapshot, file or directory, with a catalogue of
        caesar or SOAP.
    subhalo : str or int, optional
        Subhalo ID, required for a directory or snapshot. Other files hold one galaxy.
    options : ReadOptions
        Snapshot, folder of the catalogue, and names.

    Returns
    -------
    Galaxy

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    UnavailableError
        If another process has the file open for writing.
    GalaxyFileError
        If a file is damaged, of unknown format, lacks what every galaxy needs, or holds more or
        less than one galaxy, or there is no such subhalo; the message names file, field and rule.
    """
    path = Path(path)
    place = options.place(path)
    if path.is_dir() or options.groups is not None or (subhalo is not None and _reader_of(place)):
        return options.renamed(_read_from_place(place, subhalo))
    with hdf5.open_file(path) as file:
        reader = next((module for module in _FORMATS.values() if module.matches(file)), None)
        if reader is None:
            rule = f"the file must be {', '.join(_FORMATS)}, but it looks like none of them"
            msg = f"{path}: {rule}; {coverage.FROM_ARRAYS}"
            raise GalaxyFileError(msg)
        coverage.check_one_galaxy(file)
    return options.renamed(reader.read(path))


class Found(NamedTuple):
    """Galaxies of several sources, and the number of excluded subhaloes by reason."""

    galaxies: Sequence[GalaxyRef | GalaxyInMemory]
    left_out: Counter[str]


def find_galaxies(sources: Sequence[str | Path], options: ReadOptions = AS_THE_FILES_SAY) -> Found:
    """List the galaxies in files, folders and simulation directories, without reading them.

    Parameters
    ----------
    sources : sequence of str or Path
        Files, folders whose HDF5 files hold a galaxy each, and directories in TNG's layout.
        Subhaloes of a directory are listed if its catalogue does not exclude them from the paper's
        sample.
    options : ReadOptions

    Returns
    -------
    Found
        Galaxies sorted by path and subhalo, each once.

    Raises
    ------
    FileNotFoundError
        If a source does not exist, is a folder without any HDF5 file, or lacks the snapshot or its
        catalogue.
    GalaxyFileError
        If a file of a group catalogue is damaged.
    """
    found: set[GalaxyRef | GalaxyInMemory] = set()
    left_out: Counter[str] = Counter()
    for source in {Path(source) for source in sources}:
        galaxies, excluded = _list_source(source, options)
        found.update(galaxies)
        left_out.update(excluded)
    return Found(sorted(found, key=_order), left_out)


def _order(ref: GalaxyRef | GalaxyInMemory) -> tuple[Path, list[int]]:
    """Sort by path, then by the numbers in the subhalo ID."""
    return ref.path, [int(number) for number in re.findall(r"\d+", ref.subhalo or "")]


def _read_from_place(place: Place, subhalo: str | int | None) -> Galaxy:
    reader = _reader_of(place)
    if reader is None:
        raise FileNotFoundError(_what_is_missing(place))
    if subhalo is None:
        msg = f"{place.directory}: must be read with the number of a subhalo, got none"
        raise GalaxyFileError(msg)
    return reader.read(place, naming.whole_number(str(subhalo)))


def _reader_of(place: Place) -> ModuleType | None:
    """Return the reader of a snapshot with a catalogue; None if either is not found."""
    return next((reader for reader in _DIRECTORIES if reader.matches(place)), None)


def _what_is_missing(place: Place) -> str:
    """Return a sentence about what a source lacks to be read."""
    if numbers := sorted(eagle_directory.find_snapshots(place)):
        there = ", ".join(map(str, numbers))
        return f"{place.directory}: must hold snapshot {place.snapshot}, found {there}"
    snapshot = place.directory if place.directory.is_file() else _other_snapshot(place)
    if snapshot is None:
        return tng_directory.what_is_missing(place)
    if place.snapshot is not None:
        return (
            f"{place.directory}: must hold snapshot {place.snapshot} with its catalogue, found none"
        )
    where = place.groups or place.folder
    return f"{where}: must be or hold the catalogue of {snapshot}, found none"


def _other_snapshot(place: Place) -> Path | None:
    """Return a snapshot of a folder that is not in TNG's layout, if there is one."""
    if find_snapshots(place.directory, "snapshot"):
        return None
    return next(filter(is_snapshot_name, sorted(place.directory.glob("*"))), None)


def _list_source(source: Path, options: ReadOptions) -> Found:
    place = options.place(source)
    if reader := _reader_of(place):
        numbers, left_out = reader.find_subhaloes(place)
        return Found([GalaxyRef(source, str(number), options) for number in numbers], left_out)
    files = [source] if source.is_file() else _galaxy_files(source)
    if not files or options.groups is not None or options.snapshot is not None:
        raise FileNotFoundError(_what_is_missing(place))
    return Found([GalaxyRef(file, options=options) for file in files], Counter())


def _galaxy_files(folder: Path) -> list[Path]:
    """Return the HDF5 files of a folder, or of its cutouts; none if some are a snapshot."""
    files = [file for file in folder.glob("*") if file.suffix in _SUFFIXES]
    if not files and (folder / CUTOUTS).is_dir():
        return _galaxy_files(folder / CUTOUTS)
    return [] if any(is_snapshot_name(file) for file in files) else files
