"""Read what other packages make of simulated galaxies: SimSpin, GalSyn and GalaxyGenius.

SimSpin (version 2, `write_simspin_FITS`) has maps as extensions, in km/s, with world coordinates in
each; ``OBS_`` maps have been blurred, ``RAW_`` ones have not, and files in its spectral mode have
only these. A fit that failed is 0 in velocity and dispersion. GalSyn has ``LW_VEL_LOS_DUST`` and
``STARS_VEL_DISP_LOS`` (weighted by light and by mass), and ``DUST_`` images of its filters;
``PIXSIZE`` is in arcsec, and no header says where axes grow to. GalaxyGenius has an extension for
each filter, with a plane for each line of sight, and no velocities.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from galmass_core.observations import maps
from galmass_core.observations.cleaning import nothing
from galmass_core.observations.fits_input import Extension, FitsFile
from galmass_core.observations.images import DUSTY
from galmass_core.observations.observation import Observation, ObservationError
from galmass_core.observations.options import Options
from galmass_core.observations.sky import sky_of
from galmass_core.photometry import BANDS


class _Named(NamedTuple):
    """Names of the maps of a package; the first of them that a file has count."""

    title: str
    velocity: str
    sigma: str
    image: str


SIMSPIN, GALSYN, GENIUS = "SimSpin maps", "GalSyn maps", "GalaxyGenius images"
_NAMED = (
    _Named(SIMSPIN, "OBS_VEL", "OBS_DISP", "OBS_FLUX"),
    _Named(SIMSPIN, "RAW_VEL", "RAW_DISP", "RAW_FLUX"),
    _Named(GALSYN, "LW_VEL_LOS_DUST", "STARS_VEL_DISP_LOS", ""),
)
_GENIUS = {"SURVEY", "FILTER", "NUMVIEWS", "UNIT", "PS"}  # cards
_NANOMAGGY = 3.631e-6  # Jy
_STERADIAN = np.radians(1 / 3600) ** 2  # a square arcsec
_JANSKY = {"nJy": 1e-9, "Jy": 1.0}
TRUE = "dispersions are those of the simulation's stars: no instrument has widened them"


def matches(file: FitsFile) -> bool:
    """Return whether a file is one of the packages'."""
    return _named(file) is not None or bool(_views(file))


def galaxy(file: FitsFile) -> str:
    """Return the galaxy of a file: each has one."""
    return str(file.path)


def read(files: Sequence[FitsFile], options: Options) -> Observation:
    """Read one file."""
    (file,) = options.one_of(files)
    named = _named(file)
    if named is None:
        return _read_genius(file, options)
    image = named.image or _galsyn_light(file)
    side = file.number("PIXSIZE", positive=True)
    if named.title == GALSYN and options.pixel is None and np.isfinite(side):
        options = replace(options, pixel=side)
    found = maps.read(
        files, replace(options, velocity=named.velocity, sigma=named.sigma, image=image)
    )
    raw = named.velocity == "RAW_VEL" or named.title == GALSYN
    own = [note for note in found.notes if "corrected for the instrument" not in note]
    bands = _galsyn_bands(file, found.areas[0]) if named.title == GALSYN else {}
    return replace(
        found,
        layout=named.title,
        bands=bands,
        notes=(*(own if raw else found.notes), *((TRUE,) if raw else ())),
    )


def _named(file: FitsFile) -> _Named | None:
    """Return the package of a file, by the names of its maps."""
    for named in _NAMED:
        if {named.velocity, named.sigma, *filter(None, [named.image])} <= file.names:
            return named
    return None


def _galsyn_images(file: FitsFile) -> dict[str, Extension]:
    """Return the images with dust by filter."""
    start = "DUST_"
    return {
        each.name.removeprefix(start): each
        for each in file.extensions
        if each.name.startswith(start) and each.image is not None and "FILTER" in each.header
    }


def _galsyn_light(file: FitsFile) -> str:
    """Return the image that the centre is measured from: in r, or the last filter's."""
    found = _galsyn_images(file)
    return next((each.name for key, each in found.items() if _band(key) == "r"), "") or next(
        (each.name for each in reversed(found.values())), ""
    )


def _galsyn_bands(file: FitsFile, area: float) -> dict[str, NDArray]:
    """Return the light in nanomaggy by band; empty where a unit needs a filter's wavelength."""
    found = {}
    for key, each in _galsyn_images(file).items():
        unit, image = str(each.header.get("BUNIT", "")), each.image
        assert image is not None  # as chosen
        jansky = area * _STERADIAN * 1e6 if unit == "MJy/sr" else _JANSKY.get(unit, np.nan)
        if _band(key) and np.isfinite(jansky):
            found[_band(key)] = image.ravel() * jansky / _NANOMAGGY
    return found


def _band(name: str) -> str:
    """Return the band of a filter, such as ``sdss_g`` or ``HSC.r``; empty if it is no g or r."""
    last = name.lower().replace(".", "_").rpartition("_")[2]
    return last if last in BANDS else ""


def _views(file: FitsFile) -> dict[str, Extension]:
    """Return the images of GalaxyGenius by filter."""
    return {
        str(each.header["FILTER"]): each
        for each in file.extensions
        if each.header.keys() >= _GENIUS and each.image is not None and each.image.ndim == 3
    }


def _read_genius(file: FitsFile, options: Options) -> Observation:
    """Read the first line of sight of GalaxyGenius."""
    images = _views(file)
    chosen = next((key for key in images if _band(key) == "r"), next(iter(images)))
    header, stack = images[chosen].header, images[chosen].image
    assert stack is not None  # as chosen
    shape = (stack.shape[1], stack.shape[2])
    side = header["PS"]
    if not isinstance(side, int | float) or not side > 0:
        msg = f"{file.path}: PS must be the side of a pixel in arcsec, got {side!r}"
        raise ObservationError(msg)
    sky = sky_of(shape, float(side) * options.directions(file, "columns"))
    absent = nothing(len(sky.x))
    bands, notes = _genius_bands(images, shape), [DUSTY]
    if len(stack) > 1:
        angles = f"inclination {header.get('INCLI_00')}, azimuth {header.get('AZIMU_00')}"
        notes.append(f"the first of {len(stack)} lines of sight is read: {angles}")
    return Observation(
        name=f"{header['SURVEY']} {header.get('ID', file.path.name)}",
        layout=GENIUS,
        paths=(file.path,),
        elements="pixels",
        x=sky.x,
        y=sky.y,
        places=sky.places,
        areas=np.full(len(sky.x), sky.area),
        flux=stack[0].ravel(),
        velocities=absent.values,
        velocity_errors=absent.errors,
        dispersions=absent.values,
        dispersion_errors=absent.errors,
        bins=np.full(len(sky.x), -1),
        bands=bands,
        notes=tuple(notes),
    )


def _genius_bands(images: Mapping[str, Extension], shape: tuple[int, int]) -> dict[str, NDArray]:
    """Return the light of the first line of sight by band, nanomaggy."""
    found = {}
    for name, each in images.items():
        unit, image = str(each.header["UNIT"]), each.image
        jansky = {"Jy": 1.0, "e": each.header.get("E2JY", np.nan)}.get(unit, np.nan)
        known = image is not None and image.shape[1:] == shape and np.isfinite(jansky)
        if image is not None and known and _band(name):
            found[_band(name)] = image[0].ravel() * jansky / _NANOMAGGY
    return found
