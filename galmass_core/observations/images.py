"""Read cutouts of the Legacy Surveys: images in several bands, of the sky.

One form has an image and its inverse variance in each band; ``BAND`` and ``IMAGETYP`` name them.
The other is a stack of images without weights; ``BANDn`` is the band of plane n, from 0.
Light is in nanomaggy. World coordinates are in any of the headers.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from galmass_core.observations.cleaning import nothing
from galmass_core.observations.fits_input import Extension, FitsFile
from galmass_core.observations.observation import Observation, ObservationError
from galmass_core.observations.options import Options
from galmass_core.observations.sky import first_matrix, sky_of
from galmass_core.photometry import BANDS

LAYOUT = "Legacy Surveys cutout"
DUSTY = "light is not corrected for the dust of the Milky Way, nor for redshift"
_LEAST_SIGNAL = 3.0
_FAINT = f"fainter than {_LEAST_SIGNAL:g} times its error in g or r"
_KINDS = {"image": "flux", "invvar": "weight"}  # of IMAGETYP


def matches(file: FitsFile) -> bool:
    """Return whether a file is a cutout."""
    return bool(_cutout(file))


def galaxy(file: FitsFile) -> str:
    """Return the galaxy of a file: each has one."""
    return str(file.path)


def read(files: Sequence[FitsFile], options: Options) -> Observation:
    """Read one file."""
    (file,) = options.one_of(files)
    bands = _cutout(file)
    first = next(iter(bands.values()))["flux"]
    shape = (first.shape[0], first.shape[1])
    flux, dark = _bands(file, bands, shape)
    sky = sky_of(shape, first_matrix([file], options))
    faint, absent = _faint(bands, shape), nothing(len(sky.x))
    light = flux["r"] if "r" in flux else flux["g"]
    bad = dark | ~np.isfinite(light)
    return Observation(
        name=str(file.primary.get("OBJECT") or file.path.name.partition(".fits")[0]),
        layout=LAYOUT,
        paths=(file.path,),
        elements="pixels",
        x=sky.x,
        y=sky.y,
        places=sky.places,
        areas=np.full(len(sky.x), sky.area),
        flux=np.where(bad, np.nan, light),
        velocities=absent.values,
        velocity_errors=absent.errors,
        dispersions=absent.values,
        dispersion_errors=absent.errors,
        bins=np.full(len(sky.x), -1),
        bands={key: np.where(dark | faint, np.nan, each) for key, each in flux.items()},
        left_out={
            "light": {"without weight": int(dark.sum())} if dark.any() else {},
            "colour": {_FAINT: int((faint & ~bad).sum())} if faint.any() else {},
        },
        notes=(DUSTY,),
        effective_radius=file.number("RE", positive=True),
    )


def _cutout(file: FitsFile) -> dict[str, dict[str, NDArray]]:
    """Return the images of a cutout by band and kind."""
    found: dict[str, dict[str, NDArray]] = {}
    for each in file.extensions:
        for band, image in _images(each):
            kind = _KINDS.get(str(each.header.get("IMAGETYP", "image")).strip().lower())
            if kind and band in BANDS:
                found.setdefault(band, {})[kind] = image
    return {band: images for band, images in found.items() if "flux" in images}


def _images(extension: Extension) -> list[tuple[str, NDArray]]:
    """Return the images of an extension that says their bands."""
    image, header = extension.image, extension.header
    if image is None:
        return []
    if image.ndim == 2:
        known = "IMAGETYP" in header
        return [(str(header.get("BAND", "")).strip().lower(), image)] if known else []
    named = [(str(header.get(f"BAND{place}", "")), place) for place in range(len(image))]
    return [(band.strip().lower(), image[place]) for band, place in named if image.ndim == 3]


def _bands(
    file: FitsFile, bands: Mapping[str, Mapping[str, NDArray]], shape: tuple[int, int]
) -> tuple[dict[str, NDArray], NDArray[np.bool_]]:
    """Return the flux in each band, and where a band has no weight."""
    dark, flux = np.zeros(shape, dtype=bool), {}
    for band, images in bands.items():
        for kind, image in images.items():
            if tuple(image.shape) != shape:
                rule = f"have the shape {shape}, as the others, got {image.shape}"
                msg = f"{file.path}: the {kind} in {band} must {rule}"
                raise ObservationError(msg)
        flux[band] = images["flux"].ravel()
        if "weight" in images:
            dark |= ~(images["weight"] > 0)
    return flux, dark.ravel()


def _faint(bands: Mapping[str, Mapping[str, NDArray]], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return where the light in a band of a cutout is too faint to have a colour."""
    faint = np.zeros(shape, dtype=bool)
    for images in bands.values():
        if "weight" in images:
            signal = images["flux"] * np.sqrt(np.maximum(images["weight"], 0.0))
            faint |= ~(signal >= _LEAST_SIGNAL)
    return faint.ravel()
