"""Read maps in FITS files of any survey, or of the user's own, by the names of their maps.

`roles` says which names are known: among them those of plain files (``VELOCITY``, ``DISPERSION``,
``VELOCITY_ERROR``, ``DISPERSION_ERROR``, ``FLUX``, ``MASK``), of Hector (``V_STAR``, ``SIG_STAR``),
of PHANGS-MUSE (``V_STARS``, ``FORM_ERR_V_STARS``, ``BIN_ID``), and the planes of Pipe3D. Files with
one map each, of the same grid on the sky, are put together.

What is missing is NaN, a mark such as -999, zero in both velocity and dispersion, zero where
nothing else marks it, or what the mask does not have 0 for. ``G`` and ``R`` are light in nanomaggy.
The primary header has ``OBJECT``, ``RE`` [arcsec, half-light radius], ``SIGLIMIT`` [km/s, the least
dispersion that the instrument resolves], and ``ZEROVEL`` [km/s, the velocity that others are
relative to; 0 if they are absolute]. World coordinates are in a header; without any, ``PIXSCALE``
or ``--pixel`` [arcsec] is the side of a pixel, rows grow to the north, and ``--x-axis`` says where
columns grow to.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from galmass_core.observations.cleaning import (
    Cleaned,
    clean_dispersions,
    clean_velocities,
    nothing,
    repeated,
)
from galmass_core.observations.cubes import refusal
from galmass_core.observations.fits_input import FitsFile
from galmass_core.observations.images import DUSTY
from galmass_core.observations.observation import Observation, ObservationError
from galmass_core.observations.options import Options
from galmass_core.observations.planes import Plane, chosen_plane, planes_of, without_marks
from galmass_core.observations.roles import (
    BINS,
    DISPERSION,
    KINEMATIC,
    LIGHT,
    MASK,
    VELOCITY,
    Maps,
    find_maps,
)
from galmass_core.observations.sky import first_matrix, sky_of
from galmass_core.photometry import BANDS

LAYOUT = "maps by their names"
_GRID = ("CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2")
_IN_KMS = ("VELOCITY", "DISPERSION")  # of plain files, whose unit is said here
_BAD_BITS = ("MP_BAD", "MP_SAT", "MP_CR", "MP_NO_DATA")  # of masks of HSC and LSST
NO_LIGHT = "the file has no image of light: the centre is that of rotation, and spaxels count alike"


def matches(file: FitsFile) -> bool:
    """Return whether a file has a map."""
    return bool(planes_of([file]))


def galaxy(file: FitsFile) -> str:
    """Return the galaxy of a file: the grid on the sky, of files with one map."""
    planes = planes_of([file])
    header = planes[0].extension.header if planes else {}
    if len({id(plane.extension) for plane in planes}) > 2 or "CRVAL1" not in header:
        return str(file.path)
    return repr((planes[0].values.shape, *(header.get(key) for key in _GRID)))


def read(files: Sequence[FitsFile], options: Options) -> Observation:
    """Read the files of a galaxy; raise ObservationError where they do not fit together."""
    asked = {VELOCITY: options.velocity, DISPERSION: options.sigma, LIGHT: options.image}
    flags = {VELOCITY: "--velocity", DISPERSION: "--sigma", LIGHT: "--image"}
    chosen = {role: chosen_plane(files, text, flags[role]) for role, text in asked.items() if text}
    maps = find_maps(files, chosen)
    bands = _bands(files)
    first = next(
        (maps.roles[role] for role in (VELOCITY, DISPERSION, LIGHT) if role in maps.roles), None
    )
    values = first.values if first is not None else next(iter(bands.values()), None)
    if values is None:
        names = ", ".join(map(str, planes_of(files)))
        rule = "must have a map whose name is known, or --velocity, --sigma, --image that names it"
        msg = f"{files[0].path}: {rule}, got {names}"
        raise ObservationError(refusal(files[0]) or msg)
    shape = (values.shape[0], values.shape[1])
    _check_shapes(maps, bands, shape, files[0])
    header = None if first is None else first.extension.header
    sky = sky_of(shape, first_matrix(files, options, header))
    masked = _masked(maps.roles.get(MASK), shape)
    velocity, dispersion, notes = _kinematics(files[0], maps, masked)
    known = np.isfinite(velocity.values) | np.isfinite(dispersion.values)
    light, has_light = _light(maps, bands, masked, known)
    is_image = not known.any()
    bad = masked | ~np.isfinite(light) | (~known & (not is_image))
    left_out = {"velocity": velocity.left_out, "dispersion": dispersion.left_out}
    if is_image:
        left_out = {"light": {"masked": int(masked.sum())} if masked.any() else {}}
    return Observation(
        name=str(files[0].primary.get("OBJECT") or files[0].path.name.partition(".fits")[0]),
        layout=LAYOUT,
        paths=tuple(file.path for file in files),
        elements="pixels" if is_image else "spaxels",
        x=sky.x,
        y=sky.y,
        places=sky.places,
        areas=np.full(len(sky.x), sky.area),
        flux=np.where(bad, np.nan, light),
        has_light=has_light,
        velocities=velocity.values,
        velocity_errors=velocity.errors,
        dispersions=dispersion.values,
        dispersion_errors=dispersion.errors,
        bins=_bins(maps, velocity.values, dispersion.values),
        bands={key: np.where(masked, np.nan, each.ravel()) for key, each in bands.items()},
        left_out=left_out,
        notes=(*maps.notes, *notes, *((DUSTY,) if bands else ()), *_dark(has_light)),
        effective_radius=files[0].number("RE", positive=True),
        zero_velocity=files[0].number("ZEROVEL"),
    )


def _bands(files: Sequence[FitsFile]) -> dict[str, NDArray]:
    """Return the light in nanomaggy by band, (H, W)."""
    names = {band.upper(): band for band in BANDS}
    named = (plane for plane in planes_of(files) if plane.words in names)
    return {names[plane.words]: without_marks(plane.values) for plane in named}


def _check_shapes(
    maps: Maps, bands: Mapping[str, NDArray], shape: tuple[int, int], file: FitsFile
) -> None:
    """Raise ObservationError where maps do not have the same shape."""
    others = {str(plane): plane.values for plane in maps.roles.values()}
    others |= {str(plane): plane.values for plane, _ in maps.errors.values()}
    others |= {band.upper(): each for band, each in bands.items()}
    for name, values in others.items():
        if values.shape != shape:
            rule = f"must be an image of the shape {shape}, as the others"
            msg = f"{file.path}: {name} {rule}, got the shape {values.shape}"
            raise ObservationError(msg)


def _masked(plane: Plane | None, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return what a mask leaves out: what is not 0, or of HSC and LSST, the bits for bad pixels."""
    if plane is None:
        return np.zeros(shape, dtype=bool).ravel()
    values = np.nan_to_num(plane.values, nan=1.0).ravel()
    bits = [plane.extension.header.get(key) for key in _BAD_BITS]
    if known := [int(bit) for bit in bits if isinstance(bit, int) and 0 <= bit < 63]:
        return (values.astype(np.int64) & sum(1 << bit for bit in known)) != 0
    return values != 0


def _kinematics(
    file: FitsFile, maps: Maps, masked: NDArray[np.bool_]
) -> tuple[Cleaned, Cleaned, tuple[str, ...]]:
    """Return velocities and dispersions, missing where there are none, and notes."""
    limit, cleaned, notes = file.number("SIGLIMIT", positive=True), [], []
    planes = [maps.roles[role].values.ravel() for role in KINEMATIC if role in maps.roles]
    empty = np.all([values == 0 for values in planes], axis=0) if len(planes) > 1 else masked
    for role, clean in ((VELOCITY, clean_velocities), (DISPERSION, clean_dispersions)):
        plane = maps.roles.get(role)
        if plane is None:
            cleaned.append(nothing(masked.shape))
            continue
        if not np.isfinite(plane.speed):
            msg = f"{plane.path}: {plane} must be in km/s or m/s, got the unit {plane.unit!r}"
            raise ObservationError(msg)
        if not plane.unit and plane.words not in _IN_KMS:
            notes.append(f"{plane} is taken to be in km/s, as the file gives no unit")
        values = without_marks(plane.values, masked=bool(masked.any())).ravel() * plane.speed
        values = np.where(empty, np.nan, values)
        below = f"{limit:g} km/s or less: below the instrument's limit"
        is_limited = role == DISPERSION and np.isfinite(limit)
        cleaned.append(
            clean(
                values,
                _errors(maps, role, plane),
                missing=[("masked", masked)],
                poor=[(below, values <= limit)] if is_limited else [],
            )
        )
    if DISPERSION in maps.roles and np.isnan(limit):
        notes.append("whether dispersions are corrected for the instrument, the file does not say")
    return cleaned[0], cleaned[1], tuple(dict.fromkeys(notes))


def _errors(maps: Maps, role: str, plane: Plane) -> NDArray | None:
    """Return standard deviations [km/s]; None where there are none, infinite where not known."""
    if role not in maps.errors:
        return None
    other, kind = maps.errors[role]
    values = other.values.ravel()
    speed = other.speed if other.is_speed else plane.speed
    if kind == "error":
        return np.nan_to_num(values, nan=np.inf) * speed
    variance = np.where(values > 0, values, np.nan)
    variance = 1 / variance if kind == "inverse" else variance
    return np.nan_to_num(np.sqrt(variance), nan=np.inf) * speed


def _light(
    maps: Maps, bands: Mapping[str, NDArray], masked: NDArray, known: NDArray[np.bool_]
) -> tuple[NDArray, bool]:
    """Return the light that the centre is measured from: in r, or of the map of light.

    Without any, it is 1 in the valid field; returns also whether there is.
    """
    if "r" in bands:
        return bands["r"].ravel(), True
    if LIGHT in maps.roles:
        return without_marks(maps.roles[LIGHT].values, masked=bool(masked.any())).ravel(), True
    return np.where(known, 1.0, np.nan), False


def _dark(has_light: bool) -> tuple[str, ...]:
    """Return what must be said of a file without light."""
    return () if has_light else (NO_LIGHT,)


def _bins(maps: Maps, velocities: NDArray, dispersions: NDArray) -> NDArray:
    """Return the numbers of bins: the file's, or those of spaxels that share a value."""
    if BINS not in maps.roles:
        values = velocities if np.isfinite(velocities).any() else dispersions
        return repeated(values, values)
    numbers = maps.roles[BINS].values.ravel()
    return np.where(np.isfinite(numbers), numbers, -1).clip(-1, 2**31).astype(np.int64)
