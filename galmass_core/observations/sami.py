"""Read SAMI's stellar kinematics (data release 3): a file of velocities and one of dispersions.

Spaxels that were not observed are NaN. Velocities are relative to ``Z_IN``. The usual cuts of the
survey are applied: S/N above 3; velocities have errors below 30 km/s; dispersions are above 35 km/s
and have errors below a tenth of it + 25 km/s (van de Sande et al. 2017, ApJ 835, 104).
World coordinates are in the primary header only; the unit is in ``UNIT``.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from galmass_core.observations.cleaning import (
    Cleaned,
    clean_dispersions,
    clean_velocities,
    nothing,
    repeated,
)
from galmass_core.observations.fits_input import FitsFile
from galmass_core.observations.observation import Observation, ObservationError
from galmass_core.observations.options import Options
from galmass_core.observations.sky import pixel_matrix, sky_of

LAYOUT = "SAMI stellar kinematics"
_LIGHT_SPEED = 299792.458  # km/s
_ERRORS = {"velocity": "VEL_ERR", "dispersion": "SIG_ERR"}
_SIGNALS = ("SNR", "SN")  # in the third release, and before
_MOST_ERROR = 30.0  # km/s, of velocities
_LEAST_SIGNAL = 3.0
_LEAST_DISPERSION = 35.0  # km/s


def matches(file: FitsFile) -> bool:
    """Return whether a file is one of velocities or of dispersions."""
    has_map = file.extensions[0].image is not None
    return has_map and "FLUX" in file.names and bool(set(_ERRORS.values()) & file.names)


def galaxy(file: FitsFile) -> str:
    """Return the galaxy and the binning of a file: two files have the same."""
    binning = str(file.primary.get("DESCRIPT", "")).rpartition("(")[2]
    return f"{file.primary.get('CATID') or file.path.name} ({binning or 'binning unknown)'}"


def read(files: Sequence[FitsFile], options: Options) -> Observation:
    """Read the files of a galaxy; raise ObservationError where they do not fit together."""
    maps = _by_kind(files)
    file = next(iter(maps.values()))
    options.state_own_direction(file)
    shape = file.image(0).shape
    for other in maps.values():
        other.image(0, shape)
    matrix = pixel_matrix(file.path, file.primary)
    if matrix is None:
        msg = f"{file.path}: must have world coordinates, RA and DEC, got none"
        raise ObservationError(msg)
    sky = sky_of((shape[0], shape[1]), matrix)
    velocity, dispersion = _velocities(maps, sky.x.shape), _dispersions(maps, sky.x.shape)
    flux = file.image("FLUX", shape).ravel()
    observed = np.isfinite(file.image(0, shape).ravel())
    redshift = file.number("Z_IN")
    absent = [f"no file of {kind} maps was given" for kind in _ERRORS if kind not in maps]
    return Observation(
        name=galaxy(file),
        layout=LAYOUT,
        paths=tuple(each.path for each in maps.values()),
        elements="spaxels",
        x=sky.x,
        y=sky.y,
        places=sky.places,
        areas=np.full(len(sky.x), sky.area),
        flux=np.where(observed, flux, np.nan),
        velocities=velocity.values,
        velocity_errors=velocity.errors,
        dispersions=dispersion.values,
        dispersion_errors=dispersion.errors,
        bins=repeated(file.image(0, shape).ravel(), flux),
        left_out={"velocity": velocity.left_out, "dispersion": dispersion.left_out},
        notes=tuple(absent),
        zero_velocity=_LIGHT_SPEED * redshift,
    )


def _by_kind(files: Sequence[FitsFile]) -> dict[str, FitsFile]:
    """Return the file of velocities and that of dispersions, whichever there are."""
    maps: dict[str, FitsFile] = {}
    for kind, errors in _ERRORS.items():
        own = [file for file in files if errors in file.names]
        if len(own) > 1:
            msg = f"{own[1].path}: must be the only {kind} map of {galaxy(own[1])}, got two"
            raise ObservationError(msg)
        if own:
            maps[kind] = own[0]
    return maps


def _velocities(maps: dict[str, FitsFile], shape: tuple[int, ...]) -> Cleaned:
    """Return the velocities that fulfil the survey's cuts."""
    values, errors, signal = _read(maps.get("velocity"), _ERRORS["velocity"], shape)
    if values is None or errors is None:
        return nothing(shape)
    return clean_velocities(
        values,
        errors,
        missing=[("not observed", np.isnan(values))],
        poor=[
            (f"error of {_MOST_ERROR:g} km/s or more", errors >= _MOST_ERROR),
            *_faint(signal),
        ],
    )


def _dispersions(maps: dict[str, FitsFile], shape: tuple[int, ...]) -> Cleaned:
    """Return the dispersions that fulfil the survey's cuts."""
    values, errors, signal = _read(maps.get("dispersion"), _ERRORS["dispersion"], shape)
    if values is None or errors is None:
        return nothing(shape)
    below = f"{_LEAST_DISPERSION:g} km/s or less: below the instrument's limit"
    return clean_dispersions(
        values,
        errors,
        missing=[("not observed", np.isnan(values))],
        poor=[
            (below, values <= _LEAST_DISPERSION),
            ("error of a tenth + 25 km/s or more", errors >= 0.1 * values + 25),
            *_faint(signal),
        ],
    )


def _read(
    file: FitsFile | None, errors: str, shape: tuple[int, ...]
) -> tuple[NDArray | None, NDArray | None, NDArray | None]:
    """Return the map of a file, its errors and signal-to-noise ratio; None where not there."""
    if file is None:
        return None, None, None
    values = file.image(0)
    signal = next((name for name in _SIGNALS if name in file.names), None)
    return (
        values.ravel(),
        file.image(errors, values.shape).ravel(),
        None if signal is None else file.image(signal, values.shape).ravel(),
    )


def _faint(signal: NDArray | None) -> list[tuple[str, NDArray]]:
    """Return the rule for spectra of low signal-to-noise ratio."""
    if signal is None:
        return []
    return [(f"S/N of {_LEAST_SIGNAL:g} or less", ~(signal > _LEAST_SIGNAL))]
