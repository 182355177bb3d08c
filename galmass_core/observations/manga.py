"""Read MaNGA's maps: files ``manga-PLATE-IFU-MAPS-*.fits.gz`` of its Data Analysis Pipeline.

Missing values are 0, or -999 in gas; only masks show which. Of masks, 0 is good. The first
channel of ``BINID`` has the bins of the stellar kinematics. ``SPX_SKYCOO`` grows to the east.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from galmass_core.observations.cleaning import clean_dispersions, clean_velocities
from galmass_core.observations.fits_input import FitsFile
from galmass_core.observations.observation import Observation, ObservationError
from galmass_core.observations.options import Options

LAYOUT = "MaNGA DAP maps"
_FAINT = 30.0  # km/s, well below the instrument's 70
UNCORRECTED = "dispersions are not corrected for the instrument: STELLAR_SIGMACORR is 0 everywhere"


def matches(file: FitsFile) -> bool:
    """Return whether a file is one of maps."""
    return {"STELLAR_VEL", "STELLAR_VEL_MASK", "SPX_SKYCOO", "BINID"} <= file.names


def galaxy(file: FitsFile) -> str:
    """Return the galaxy of a file: each has one."""
    return str(file.path)


def read(files: Sequence[FitsFile], options: Options) -> Observation:
    """Read one file; raise ObservationError where an extension is missing or of another shape."""
    (file,) = options.one_of(files)
    velocities = file.image("STELLAR_VEL")
    shape = velocities.shape

    def flat(name: str) -> NDArray:
        return file.image(name, shape).ravel()

    sky, bins = _channels(file, "SPX_SKYCOO", 2, shape), _channels(file, "BINID", 1, shape)
    unmasked = flat("STELLAR_VEL_MASK") == 0
    dispersions, corrected, notes = _corrected(file, flat("STELLAR_SIGMA"), shape)
    velocity = clean_velocities(
        velocities.ravel(), _standard(flat("STELLAR_VEL_IVAR")), missing=[("masked", ~unmasked)]
    )
    dispersion = clean_dispersions(
        dispersions,
        _standard(flat("STELLAR_SIGMA_IVAR")),
        missing=[
            ("masked", flat("STELLAR_SIGMA_MASK") != 0),
            ("not above the correction for the instrument", ~corrected),
        ],
    )
    flux = flat("SPX_MFLUX")
    rows, columns = np.indices(shape).reshape(2, -1)
    x, y = (each.ravel() for each in sky)
    side = _side(file, x.reshape(shape))
    return Observation(
        name=str(file.primary.get("PLATEIFU") or file.path.name),
        layout=LAYOUT,
        paths=(file.path,),
        elements="spaxels",
        x=x,
        y=y,
        places=np.column_stack([columns, rows]).astype(float),
        areas=np.full(len(x), side**2),
        flux=np.where(unmasked & np.isfinite(flux), flux, np.nan),
        velocities=velocity.values,
        velocity_errors=velocity.errors,
        dispersions=dispersion.values,
        dispersion_errors=dispersion.errors,
        bins=bins[0].ravel().astype(int),
        left_out={"velocity": velocity.left_out, "dispersion": dispersion.left_out},
        notes=(*notes, *_faint(dispersion.values)),
        effective_radius=file.number("REFF", positive=True),
        zero_velocity=file.number("SCINPVEL"),
    )


def _channels(file: FitsFile, name: str, least: int, shape: tuple[int, ...]) -> NDArray:
    """Return an extension of several channels, (C, H, W); one channel may have two axes only."""
    image = file.extension(name).image
    if image is not None and image.ndim == len(shape) and least == 1:
        image = image[None]
    if image is None or image.shape[1:] != shape or len(image) < least:
        got = "none" if image is None else f"the shape {image.shape}"
        msg = f"{file.path}: {name} must be {least} or more images of the shape {shape}, got {got}"
        raise ObservationError(msg)
    return image


def _standard(inverse: NDArray) -> NDArray:
    """Return standard deviations of inverse variances; infinite where these are 0."""
    root = np.sqrt(np.where(inverse > 0, inverse, 0.0))
    return np.divide(1.0, root, out=np.full_like(root, np.inf), where=root > 0)


def _corrected(
    file: FitsFile, dispersions: NDArray, shape: tuple[int, ...]
) -> tuple[NDArray, NDArray, tuple[str, ...]]:
    """Subtract the instrument's width in quadrature; its first channel if there are several.

    Returns the dispersions, NaN where the correction is larger; whether it is not; and notes.
    """
    every = np.ones(len(dispersions), dtype=bool)
    if "STELLAR_SIGMACORR" not in file.names:
        return dispersions, every, (UNCORRECTED.replace("0 everywhere", "missing"),)
    channels = _channels(file, "STELLAR_SIGMACORR", 1, shape)
    correction = channels[0].ravel()
    if not np.any(correction[np.isfinite(correction)]):
        return dispersions, every, (UNCORRECTED,)
    square = dispersions**2 - correction**2
    above = square > 0
    kept = np.where(above, np.sqrt(np.where(above, square, 1.0)), dispersions)
    first = "the first channel of " if len(channels) > 1 else ""
    return kept, above, (f"dispersions are corrected by {first}STELLAR_SIGMACORR",)


def _faint(dispersions: NDArray) -> tuple[str, ...]:
    """Return a note on dispersions far below the instrument's width."""
    known = dispersions[np.isfinite(dispersions)]
    low = np.count_nonzero(known < _FAINT)
    text = f"{low} of {len(known)} dispersions are below {_FAINT:g} km/s, "
    return (f"{text}which the instrument (70 km/s) hardly resolves",) if low else ()


def _side(file: FitsFile, x_HW: NDArray) -> float:
    """Return the side of a spaxel, arcsec: the step of the sky coordinates along a row."""
    side = float(np.median(np.abs(np.diff(x_HW, axis=1)))) if x_HW.shape[1] > 1 else 0.0
    if not side > 0:
        msg = f"{file.path}: SPX_SKYCOO must change along a row, got {side:g} arcsec"
        raise ObservationError(msg)
    return side
