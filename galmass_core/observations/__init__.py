"""Read what was observed of real galaxies: maps of surveys, and files of the user's own.

Each module reads one layout, which is recognised by the content of the file. All give the same
`Observation`, in arcsec to the east and north of the centre of the light, and km/s relative to the
galaxy.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from galmass_core.observations import (
    cubes,
    gist,
    grid_tables,
    images,
    manga,
    maps,
    mocks,
    sami,
    tables,
)
from galmass_core.observations.fits_input import FitsFile, read_file
from galmass_core.observations.observation import Observation, ObservationError, settled
from galmass_core.observations.options import Options

_LAYOUTS = (manga, sami, tables, gist, grid_tables, images, mocks, cubes, maps)
KNOWN = (
    manga.LAYOUT,
    sami.LAYOUT,
    *(layout.title for layout in tables.LAYOUTS),
    gist.LAYOUT,
    grid_tables.EDGE,
    grid_tables.PLAIN,
    images.LAYOUT,
    mocks.SIMSPIN,
    mocks.GALSYN,
    mocks.GENIUS,
    cubes.LAYOUT,
    maps.LAYOUT,
)

__all__ = ["KNOWN", "Observation", "ObservationError", "Options", "read_observations"]


def read_observations(
    paths: Sequence[str | Path], options: Options | None = None
) -> list[Observation]:
    """Read the galaxies in some files; files of the same galaxy are put together.

    Parameters
    ----------
    paths : sequence of str or Path
        FITS files. SAMI and GIST have several for each galaxy; GIST's are also looked for beside
        those that are given.
    options : Options, optional
        What files do not say themselves.

    Returns
    -------
    list of Observation
        In the order of their first files.

    Raises
    ------
    FileNotFoundError
        If a file does not exist.
    ObservationError
        If a file is no FITS file, of unknown layout or damaged, lacks what its layout has, has no
        valid element, or does not say a direction that the options do not say either; if a
        half-light radius is given for several galaxies.
    """
    options = options or Options()
    groups: dict[tuple[ModuleType, str], list[FitsFile]] = {}
    for path in dict.fromkeys(map(Path, paths)):
        file = read_file(path)
        reader = maps if options.names_maps else _reader_of(file)
        galaxy = "" if options.names_maps else reader.galaxy(file)
        groups.setdefault((reader, galaxy), []).append(file)
    found = [settled(reader.read(files, options)) for (reader, _), files in groups.items()]
    if options.effective_radius is None:
        return found
    if len(found) > 1:
        names = ", ".join(each.name for each in found)
        msg = f"{paths[0]}: --re must go with the files of one galaxy, got those of {names}"
        raise ObservationError(msg)
    return [replace(each, effective_radius=options.effective_radius) for each in found]


def _reader_of(file: FitsFile) -> ModuleType:
    """Return the module that reads a file."""
    for reader in _LAYOUTS:
        if reader.matches(file):
            return reader
    msg = f"{file.path}: must be one of {'; '.join(KNOWN)}; got none of them"
    msg = cubes.refusal(file) or msg
    raise ObservationError(msg)
