"""The one door through which simulated galaxies come in, whatever the file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from galmass_core.galaxy import Galaxy, GalaxyFileError
from galmass_core.sources import eagle, hdf5, swift, tng_cutout

_FORMATS = {"a TNG cutout": tng_cutout, "an EAGLE file": eagle, "a SWIFT file": swift}
_SUFFIXES = (".hdf5", ".h5")


@dataclass(frozen=True, order=True)
class GalaxyRef:
    """Where a galaxy lies; cheap to list, to send to another process and to read there."""

    path: Path
    subhalo: str | None = None

    def read(self) -> Galaxy:
        """Read the galaxy; raises what `read_galaxy` raises."""
        return read_galaxy(self.path)


def read_galaxy(path: str | Path) -> Galaxy:
    """Read one galaxy from a file of any known format, told by its content.

    Parameters
    ----------
    path : str or Path
        A TNG or Illustris cutout, an EAGLE file, or a COLIBRE or other SWIFT file.

    Returns
    -------
    Galaxy

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    GalaxyFileError
        If the file is damaged, of unknown format, or cannot become a galaxy; the message names
        file, field and rule.
    """
    path = Path(path)
    with hdf5.open_file(path) as file:
        reader = next((module for module in _FORMATS.values() if module.matches(file)), None)
    if reader is None:
        msg = f"{path}: the file must be {', '.join(_FORMATS)}, but it looks like none of them"
        raise GalaxyFileError(msg)
    return reader.read(path)


def find_galaxies(sources: Sequence[str | Path]) -> list[GalaxyRef]:
    """List the galaxies in files and folders without reading them.

    Parameters
    ----------
    sources : sequence of str or Path
        Files, and folders whose HDF5 files hold a galaxy each.

    Returns
    -------
    list of GalaxyRef
        Sorted by path; each once.

    Raises
    ------
    FileNotFoundError
        If a source does not exist, or is a folder without any HDF5 file.
    """
    found = {ref for source in sources for ref in _list_source(Path(source))}
    return sorted(found)


def _list_source(source: Path) -> list[GalaxyRef]:
    if source.is_file():
        return [GalaxyRef(source)]
    files = [file for file in source.glob("*") if file.suffix in _SUFFIXES]
    if not files:
        msg = f"{source}: must be a galaxy file or a folder of HDF5 files, found none"
        raise FileNotFoundError(msg)
    return [GalaxyRef(file) for file in files]
