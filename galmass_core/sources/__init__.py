"""Read simulated galaxies from files and directories of every supported format."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from galmass_core.galaxy import Galaxy, GalaxyFileError
from galmass_core.sources import eagle, hdf5, swift, tng_cutout, tng_directory

_FORMATS = {"a TNG cutout": tng_cutout, "an EAGLE file": eagle, "a SWIFT file": swift}
_SUFFIXES = (".hdf5", ".h5")


@dataclass(frozen=True)
class GalaxyRef:
    """Location of a galaxy; cheap to list and to send to another process, which reads it."""

    path: Path
    subhalo: str | None = None  # for a directory of many galaxies

    def read(self) -> Galaxy:
        """Read the galaxy; raises the same errors as `read_galaxy`."""
        return read_galaxy(self.path, self.subhalo)


def read_galaxy(path: str | Path, subhalo: str | int | None = None) -> Galaxy:
    """Read one galaxy from a file or directory; the format is detected from the content.

    Parameters
    ----------
    path : str or Path
        A TNG or Illustris cutout, an EAGLE file, a COLIBRE or other SWIFT file; or a directory in
        TNG's layout (TNG, Illustris, CAMELS).
    subhalo : str or int, optional
        Subhalo ID, required for a directory. A file holds one galaxy.

    Returns
    -------
    Galaxy

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    GalaxyFileError
        If a file is damaged, of unknown format, or lacks what every galaxy needs, or there is no
        such subhalo; the message names file, field and rule.
    """
    path = Path(path)
    if path.is_dir():
        return _read_from_directory(path, subhalo)
    with hdf5.open_file(path) as file:
        reader = next((module for module in _FORMATS.values() if module.matches(file)), None)
    if reader is None:
        msg = f"{path}: the file must be {', '.join(_FORMATS)}, but it looks like none of them"
        raise GalaxyFileError(msg)
    return reader.read(path)


class Found(NamedTuple):
    """Galaxies of several sources, and the number of excluded subhaloes by reason."""

    galaxies: list[GalaxyRef]
    left_out: Counter[str]


def find_galaxies(sources: Sequence[str | Path]) -> Found:
    """List the galaxies in files, folders and simulation directories, without reading them.

    Parameters
    ----------
    sources : sequence of str or Path
        Files, folders whose HDF5 files hold a galaxy each, and directories in TNG's layout.
        Subhaloes of a directory are listed if its catalogue does not exclude them from the paper's
        sample.

    Returns
    -------
    Found
        Galaxies sorted by path and subhalo, each once.

    Raises
    ------
    FileNotFoundError
        If a source does not exist, or is a folder without any HDF5 file.
    GalaxyFileError
        If a file of a group catalogue is damaged.
    """
    found: set[GalaxyRef] = set()
    left_out: Counter[str] = Counter()
    for source in {Path(source) for source in sources}:
        galaxies, excluded = _list_source(source)
        found.update(galaxies)
        left_out.update(excluded)
    return Found(sorted(found, key=lambda ref: (ref.path, int(ref.subhalo or 0))), left_out)


def _read_from_directory(directory: Path, subhalo: str | int | None) -> Galaxy:
    if not tng_directory.matches(directory):
        msg = f"{directory}: a folder must hold a snapshot and its group catalogue, got none"
        raise GalaxyFileError(msg)
    if subhalo is None or not str(subhalo).isdecimal():
        msg = f"{directory}: must be read with the number of a subhalo, got {subhalo!r}"
        raise GalaxyFileError(msg)
    return tng_directory.read(directory, int(subhalo))


def _list_source(source: Path) -> Found:
    if source.is_file():
        return Found([GalaxyRef(source)], Counter())
    if tng_directory.matches(source):
        numbers, left_out = tng_directory.find_subhaloes(source)
        return Found([GalaxyRef(source, str(number)) for number in numbers], left_out)
    files = [file for file in source.glob("*") if file.suffix in _SUFFIXES]
    if not files:
        msg = f"{source}: must be a galaxy file or a folder of HDF5 files, found none"
        raise FileNotFoundError(msg)
    return Found([GalaxyRef(file) for file in files], Counter())
