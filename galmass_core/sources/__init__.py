"""The one door through which simulated galaxies come in, whatever the file."""

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
    """Where a galaxy lies; cheap to list, to send to another process and to read there."""

    path: Path
    subhalo: str | None = None  # in a directory of many

    def read(self) -> Galaxy:
        """Read the galaxy; raises what `read_galaxy` raises."""
        return read_galaxy(self.path, self.subhalo)


def read_galaxy(path: str | Path, subhalo: str | int | None = None) -> Galaxy:
    """Read one galaxy from a file or directory of any known format, told by its content.

    Parameters
    ----------
    path : str or Path
        A TNG or Illustris cutout, an EAGLE file, a COLIBRE or other SWIFT file; or a directory in
        TNG's layout (TNG, Illustris, CAMELS).
    subhalo : str or int, optional
        Which galaxy of a directory. A file holds one.

    Returns
    -------
    Galaxy

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    GalaxyFileError
        If a file is damaged, of unknown format, or cannot become a galaxy, or there is no such
        subhalo; the message names file, field and rule.
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
    """Galaxies of several sources, and how many subhaloes were left out for which reason."""

    galaxies: list[GalaxyRef]
    left_out: Counter[str]


def find_galaxies(sources: Sequence[str | Path]) -> Found:
    """List the galaxies in files, folders of files and directories, without reading them.

    Parameters
    ----------
    sources : sequence of str or Path
        Files, folders whose HDF5 files hold a galaxy each, and directories in TNG's layout. Of
        these last, the subhaloes that the catalogue leaves in the paper's sample.

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
    found, left_out = set(), Counter()
    for source in {Path(source) for source in sources}:
        galaxies, others = _list_source(source)
        found.update(galaxies)
        left_out.update(others)
    return Found(sorted(found, key=lambda ref: (ref.path, int(ref.subhalo or 0))), left_out)


def _read_from_directory(directory: Path, subhalo: str | int | None) -> Galaxy:
    if not tng_directory.matches(directory):
        msg = f"{directory}: a folder must hold a snapshot and its group catalogue, got none"
        raise GalaxyFileError(msg)
    if subhalo is None or not str(subhalo).isdecimal():
        msg = f"{directory}: of a directory of many galaxies say which, by number, got {subhalo!r}"
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
