"""Read images and maps in plain FITS: cutouts of the Legacy Surveys, and files of the user's own.

A cutout has an image and its inverse variance in each band; ``BAND`` and ``IMAGETYP`` tell them.

A plain file has the image extensions ``VELOCITY`` and ``DISPERSION`` [km/s], or one of them, with
``VELOCITY_ERROR`` and ``DISPERSION_ERROR``, and ``FLUX``; or ``G`` and ``R`` [nanomaggy]; or all.
NaN is a missing value, and so is what ``MASK`` does not have 0 for. The primary header has
``OBJECT``, ``RE`` [arcsec, half-light radius], ``SIGLIMIT`` [km/s, the least dispersion that the
instrument resolves], and ``ZEROVEL`` [km/s, the velocity that others are relative to; 0 if they are
absolute]. World coordinates are in the primary header or that of an extension; without any,
``PIXSCALE`` [arcsec] is the side of a pixel, rows grow to the north, and ``--x-axis`` says where
columns grow to.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from galmass_core.observations.cleaning import Cleaned, clean_dispersions, clean_velocities
from galmass_core.observations.fits_input import FitsFile
from galmass_core.observations.observation import Observation, ObservationError
from galmass_core.observations.options import Options
from galmass_core.observations.sky import pixel_matrix, side_matrix, sky_of
from galmass_core.photometry import BANDS

CUTOUT, PLAIN = "Legacy Surveys cutout", "plain maps"
_MAPS = ("VELOCITY", "DISPERSION")
_LEAST_SIGNAL = 3.0
_FAINT = f"fainter than {_LEAST_SIGNAL:g} times its error in g or r"
_KINDS = {"image": "flux", "invvar": "weight"}  # of IMAGETYP


def matches(file: FitsFile) -> bool:
    """Return whether a file is a cutout, or has one of the plain maps."""
    return bool(_cutout(file)) or bool({*_MAPS, "R"} & file.names)


def galaxy(file: FitsFile) -> str:
    """Return the galaxy of a file: each has one."""
    return str(file.path)


def read(files: Sequence[FitsFile], options: Options) -> Observation:
    """Read one file."""
    (file,) = options.one_of(files)
    shape = file.shape
    if shape is None:
        msg = f"{file.path}: must have images of two axes, got none"
        raise ObservationError(msg)
    sky = sky_of(shape, _matrix(file, options))
    bands, dark = _bands(file, shape)
    masked = (
        file.image("MASK", shape).ravel() != 0
        if "MASK" in file.names
        else np.zeros(dark.shape, bool)
    )
    velocity, dispersion = _kinematics(file, shape, masked)
    flux = _light(file, shape, bands)
    bad, faint = masked | dark | ~np.isfinite(flux), _faint(file, dark.shape)
    kinematic = np.isfinite(velocity.values) | np.isfinite(dispersion.values)
    if not (is_image := not kinematic.any()):
        bad |= ~kinematic  # the valid field
    reasons = {"masked": masked, "without weight": dark & ~masked}
    found = {reason: int(each.sum()) for reason, each in reasons.items() if each.any()}
    light = {"light": found, "colour": {_FAINT: int((faint & ~bad).sum())} if faint.any() else {}}
    return Observation(
        name=str(file.primary.get("OBJECT") or file.path.name.partition(".fits")[0]),
        layout=CUTOUT if _cutout(file) else PLAIN,
        paths=(file.path,),
        elements="pixels" if is_image else "spaxels",
        x=sky.x,
        y=sky.y,
        places=sky.places,
        areas=np.full(len(sky.x), sky.area),
        flux=np.where(bad, np.nan, flux),
        velocities=velocity.values,
        velocity_errors=velocity.errors,
        dispersions=dispersion.values,
        dispersion_errors=dispersion.errors,
        bins=np.full(len(sky.x), -1),
        bands={key: np.where(masked | dark | faint, np.nan, each) for key, each in bands.items()},
        left_out=light
        if is_image
        else {"velocity": velocity.left_out, "dispersion": dispersion.left_out},
        notes=_notes(file, bands),
        effective_radius=file.number("RE", positive=True),
        zero_velocity=file.number("ZEROVEL"),
    )


def _cutout(file: FitsFile) -> dict[str, dict[str, NDArray]]:
    """Return the images of a cutout by band and kind."""
    found: dict[str, dict[str, NDArray]] = {}
    for each in file.extensions:
        band = str(each.header.get("BAND", "")).strip().lower()
        kind = _KINDS.get(str(each.header.get("IMAGETYP", "")).strip().lower())
        if kind and band in BANDS and each.image is not None and each.image.ndim == 2:
            found.setdefault(band, {})[kind] = each.image
    return {band: images for band, images in found.items() if "flux" in images}


def _bands(file: FitsFile, shape: tuple[int, int]) -> tuple[dict[str, NDArray], NDArray[np.bool_]]:
    """Return the flux in each band, and where a band has no weight."""
    dark = np.zeros(shape, dtype=bool)
    if not (cutout := _cutout(file)):
        names = {band: band.upper() for band in BANDS if band.upper() in file.names}
        images = {band: file.image(name, shape).ravel() for band, name in names.items()}
        return images, dark.ravel()
    bands = {}
    for band, images in cutout.items():
        for kind, image in images.items():
            if tuple(image.shape) != tuple(shape):
                rule = f"have the shape {shape}, as the others, got {image.shape}"
                msg = f"{file.path}: the {kind} in {band} must {rule}"
                raise ObservationError(msg)
        bands[band] = images["flux"].ravel()
        if "weight" in images:
            dark |= ~(images["weight"] > 0)
    return bands, dark.ravel()


def _faint(file: FitsFile, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return where the light in a band of a cutout is too faint to have a colour."""
    faint = np.zeros(shape, dtype=bool)
    for images in _cutout(file).values():
        if "weight" in images:
            signal = images["flux"] * np.sqrt(np.maximum(images["weight"], 0.0))
            faint |= ~(signal >= _LEAST_SIGNAL).ravel()
    return faint


def _kinematics(
    file: FitsFile, shape: tuple[int, int], masked: NDArray[np.bool_]
) -> tuple[Cleaned, Cleaned]:
    """Return velocities and dispersions; NaN where the file has none."""
    nothing = Cleaned(np.full(masked.shape, np.nan), np.full(masked.shape, np.nan), {})
    limit, cleaned = file.number("SIGLIMIT", positive=True), []
    for name, clean in zip(_MAPS, (clean_velocities, clean_dispersions), strict=True):
        if name not in file.names:
            cleaned.append(nothing)
            continue
        values = file.image(name, shape).ravel()
        errors = f"{name}_ERROR"
        below = f"{limit:g} km/s or less: below the instrument's limit"
        is_limited = name == _MAPS[1] and np.isfinite(limit)
        result = clean(
            values,
            file.image(errors, shape).ravel() if errors in file.names else None,
            missing=[("masked", masked)],
            poor=[(below, values <= limit)] if is_limited else [],
        )
        cleaned.append(result)
    return cleaned[0], cleaned[1]


def _light(file: FitsFile, shape: tuple[int, int], bands: Mapping[str, NDArray]) -> NDArray:
    """Return the light that the centre is measured from: in r, or of the map of flux.

    Raises
    ------
    ObservationError
        If there is neither.
    """
    if "r" in bands:
        return bands["r"]
    if "FLUX" not in file.names:
        msg = f"{file.path}: must have an image R or FLUX, from which the centre is measured"
        raise ObservationError(msg)
    return file.image("FLUX", shape).ravel()


def _matrix(file: FitsFile, options: Options) -> NDArray:
    """Return the matrix from pixels to the sky."""
    headers: list[Mapping[str, Any]] = [each.header for each in file.extensions]
    matrices = (pixel_matrix(file.path, header) for header in headers)
    if (matrix := next((each for each in matrices if each is not None), None)) is not None:
        options.state_own_direction(file)
        return matrix
    side = file.number("PIXSCALE", positive=True)
    if not np.isfinite(side):
        msg = f"{file.path}: must have world coordinates, or PIXSCALE (arcsec), got neither"
        raise ObservationError(msg)
    return side_matrix(side, options.direction(file, "columns"))


def _notes(file: FitsFile, bands: Mapping[str, NDArray]) -> tuple[str, ...]:
    """Return what is not known."""
    notes = []
    if "DISPERSION" in file.names and np.isnan(file.number("SIGLIMIT", positive=True)):
        notes.append("whether dispersions are corrected for the instrument, the file does not say")
    if bands:
        notes.append("light is not corrected for the dust of the Milky Way, nor for redshift")
    return tuple(notes)
