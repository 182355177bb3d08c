"""Read cubes of spectra that RUBIX makes of simulated galaxies: light, and velocities.

A file has the cube ``DATA`` [erg/s/cm^2/Å], with channels on a linear scale in ``CRVAL3`` and
``CD3_3`` [Å], and world coordinates that say scale and directions. Velocities are shifts of each
spectrum against that of the whole galaxy, where their cross-correlation is highest, on a
logarithmic scale of wavelength and without their slow changes (Tonry & Davis 1979, AJ 84, 1511).
Dispersions are not measured: that needs templates. Nor are cubes of telescopes read, whose noise
and sky lines ask for more; they are fitted first.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from galmass_core.observations.cleaning import clean_velocities, nothing, repeated
from galmass_core.observations.fits_input import FitsFile
from galmass_core.observations.observation import Observation, ObservationError
from galmass_core.observations.options import Options
from galmass_core.observations.sky import first_matrix, sky_of

LAYOUT = "RUBIX cube"
_CARDS = {"DIST_Z", "SSP", "SIM", "LSF"}
_SPECTRAL = ("WAVE", "AWAV", "LAMBDA", "FREQ", "VELO", "VRAD", "VOPT", "LINEAR")
_LIGHT_SPEED = 299792.458  # km/s
_FINER = 2  # channels of the logarithmic scale, in those of the cube
_SMOOTH = 101  # channels over which slow changes are measured
_REACH = 1000.0  # km/s, of shifts
_MEASURED = "velocities are shifts of spectra against the galaxy's; dispersions are not measured"


def matches(file: FitsFile) -> bool:
    """Return whether a file is RUBIX's."""
    has_cube = any(each.name == "DATA" and _is_cube(each.image) for each in file.extensions)
    return has_cube and file.primary.keys() >= _CARDS


def galaxy(file: FitsFile) -> str:
    """Return the galaxy of a file: each has one."""
    return str(file.path)


def refusal(file: FitsFile) -> str:
    """Return what to do with a file that has stacks of images only; empty if it has none."""
    for number, each in enumerate(file.extensions):
        if each.image is None or not _is_cube(each.image):
            continue
        name, count = each.name or number, len(each.image)
        axis = str(each.header.get("CTYPE3", "")).strip().upper()
        if axis.startswith(_SPECTRAL) or "CD3_3" in each.header:
            got = f"a cube of {count} channels in extension {name}"
            what = "fit velocities and dispersions first, as with nGIST"
        else:
            got = (
                f"a stack of {count} images in extension {name} without DESC_0 to say what each is"
            )
            what = f"--velocity {name}:PLANE names one, from 0"
        return f"{file.path}: must have maps, got {got}: {what}"
    return ""


def read(files: Sequence[FitsFile], options: Options) -> Observation:
    """Read one file."""
    (file,) = options.one_of(files)
    extension = file.extension("DATA")
    cube, header = extension.image, extension.header
    assert cube is not None  # as it matches
    start, step = (header.get(key) for key in ("CRVAL3", "CD3_3"))
    if not isinstance(start, int | float) or not isinstance(step, int | float) or step <= 0:
        rule = "CRVAL3 and CD3_3 must be the first wavelength and the step in Å"
        msg = f"{file.path}: {rule}, got {start!r} and {step!r}"
        raise ObservationError(msg)
    shape = (cube.shape[1], cube.shape[2])
    sky = sky_of(shape, first_matrix(files, options, header))
    spectra = np.nan_to_num(cube.reshape(len(cube), -1).T)
    light = spectra.sum(axis=1)
    wavelengths = start + step * np.arange(len(cube))
    dark = [("without light", ~(light > 0))]
    velocity = clean_velocities(_shifts(spectra, wavelengths), None, missing=dark)
    known, absent = np.isfinite(velocity.values), nothing(len(light))
    return Observation(
        name=str(header.get("OBJECT") or file.path.name),
        layout=LAYOUT,
        paths=(file.path,),
        elements="spaxels",
        x=sky.x,
        y=sky.y,
        places=sky.places,
        areas=np.full(len(sky.x), sky.area),
        flux=np.where(known, light, np.nan),
        velocities=velocity.values,
        velocity_errors=velocity.errors,
        dispersions=absent.values,
        dispersion_errors=absent.errors,
        bins=repeated(velocity.values, velocity.values),
        left_out={"velocity": velocity.left_out},
        notes=(_MEASURED,),
    )


def _is_cube(image: NDArray | None) -> bool:
    """Return whether an image is a stack of more than one."""
    return image is not None and image.ndim == 3 and len(image) > 1


def _shifts(spectra: NDArray, wavelengths: NDArray) -> NDArray:
    """Return the velocity of each of N spectra against their sum, km/s; 0 of empty ones."""
    count = _FINER * len(wavelengths)
    scale = np.geomspace(wavelengths[0], wavelengths[-1], count)
    step = _LIGHT_SPEED * np.log(scale[1] / scale[0])
    reach = int(np.ceil(_REACH / step))
    template = np.conj(np.fft.rfft(_lines(np.interp(scale, wavelengths, spectra.sum(axis=0)))))
    shifts = np.zeros(len(spectra))
    lags = np.arange(-reach, reach + 1)
    for number, spectrum in enumerate(spectra):
        lines = _lines(np.interp(scale, wavelengths, spectrum))
        found = np.fft.irfft(np.fft.rfft(lines) * template, count)[lags]
        best = int(np.clip(np.argmax(found), 1, len(lags) - 2))
        before, peak, after = found[best - 1 : best + 2]
        curvature = before - 2 * peak + after
        offset = 0.5 * (before - after) / curvature if curvature < 0 else 0.0
        shifts[number] = step * (lags[best] + offset)
    return shifts


def _lines(spectrum: NDArray) -> NDArray:
    """Return a spectrum relative to its slow changes, tapered at its ends."""
    from scipy.ndimage import uniform_filter1d

    slow = uniform_filter1d(spectrum, _SMOOTH, mode="nearest")
    relative = np.divide(spectrum, slow, out=np.ones_like(spectrum), where=slow > 0) - 1
    return relative * np.hanning(len(relative))
