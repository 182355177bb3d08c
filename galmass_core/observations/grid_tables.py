"""Read tables with a row for each spaxel of a grid: those of EDGE, and plain ones.

The HDF5 files of EDGE have Pipe3D's maps of CALIFA as columns, NaN where not observed. Positions
are their right ascension and declination: ``ra_off`` is not multiplied by cos(dec). They may be on
a hexagonal grid. Plain tables have ``XBIN``, ``YBIN`` (columns and rows, or the other way round),
``VEL``, ``ER_VEL``, ``SIG`` and ``ER_SIG`` [km/s], and may have ``FLUX``; spaxels that were not
observed have infinite errors. They are what kinemetry reads (Krajnovic et al. 2006, MNRAS 366,
787), whose positions are from the galaxy's centre. Nothing says a scale or a direction.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from galmass_core.observations.cleaning import clean_dispersions, clean_velocities, repeated
from galmass_core.observations.fits_input import FitsFile
from galmass_core.observations.observation import Observation, ObservationError
from galmass_core.observations.options import Options

EDGE, PLAIN = "EDGE table of Pipe3D", "table of a grid"
_EDGE = ("ix", "iy", "ra_abs", "dec_abs")
_MAPS = ("medflx_ssp", "vel_ssp", "e_vel_ssp", "vdisp_ssp", "e_vdisp_ssp", "cont_segm")
_PLAIN = ("XBIN", "YBIN", "VEL", "ER_VEL", "SIG", "ER_SIG")
_LOW = "dispersions of these tables are far below those of the survey's catalogue: do not trust σ"
_CENTRED = "the file has no light: the centre is the origin, as in kinemetry; spaxels count alike"
_ARCSEC = 3600.0
_HEXAGONAL = np.sqrt(0.75)  # area of a cell, in squares of the distance between cells


def matches(file: FitsFile) -> bool:
    """Return whether a file has one of the tables."""
    return _suffix(file) is not None or file.has_columns(*_PLAIN)


def galaxy(file: FitsFile) -> str:
    """Return the galaxy of a file: each has one."""
    return str(file.path)


def read(files: Sequence[FitsFile], options: Options) -> Observation:
    """Read one file."""
    (file,) = options.one_of(files)
    suffix = _suffix(file)
    if suffix is None:
        return _read_plain(file, options)
    options.state_own_direction(file)
    ix, iy, ra, dec, *columns = file.columns(*_EDGE, *(name + suffix for name in _MAPS))
    flux, v, v_error, s, s_error, segments = columns
    places = np.column_stack([ix, iy])
    if len(np.unique(places, axis=0)) < len(places):
        msg = f"{file.path}: must have one galaxy, got spaxels (ix, iy) more than once"
        raise ObservationError(msg)
    sky = np.column_stack([(ra - ra[0]) * np.cos(np.radians(np.median(dec))), dec - dec[0]])
    grid = np.column_stack([places, np.ones(len(ix))])
    matrix, *_ = np.linalg.lstsq(grid, sky * _ARCSEC)  # smooth: the table has 7 digits
    x, y = (grid @ matrix).T
    area = abs(float(np.linalg.det(matrix[:2]))) * _cell(places)
    unseen = [("not observed", np.isnan(v))]
    velocity = clean_velocities(v, v_error, missing=unseen)
    dispersion = clean_dispersions(s, s_error, missing=unseen)
    known = np.isfinite(velocity.values) | np.isfinite(dispersion.values)
    return Observation(
        name=file.path.name.partition(".")[0],
        layout=EDGE,
        paths=(file.path,),
        elements="spaxels",
        x=x,
        y=y,
        places=places,
        areas=np.full(len(x), area),
        flux=np.where(known, flux, np.nan),
        velocities=velocity.values,
        velocity_errors=velocity.errors,
        dispersions=dispersion.values,
        dispersion_errors=dispersion.errors,
        bins=repeated(segments if not suffix else v, v),
        left_out={"velocity": velocity.left_out, "dispersion": dispersion.left_out},
        notes=() if suffix else (_LOW,),
        zero_velocity=0.0,
    )


def _suffix(file: FitsFile) -> str | None:
    """Return what the names of EDGE's columns end with; None if it is no such table."""
    for suffix in ("", "_sm"):
        if file.has_columns(*_EDGE, *(name + suffix for name in _MAPS)):
            return suffix
    return None


def _cell(places: NDArray) -> float:
    """Return the area of the cells of a square or hexagonal grid, in units of its numbers."""
    from scipy.spatial import KDTree

    tree = KDTree(places)
    distance = float(np.median(tree.query(places, k=2)[0][:, 1]))
    around = tree.query_ball_point(places, 1.2 * distance, return_length=True) - 1
    return distance**2 * (_HEXAGONAL if np.median(around) > 4 else 1.0)


def _read_plain(file: FitsFile, options: Options) -> Observation:
    """Read a plain table."""
    first, second, v, v_error, s, s_error = file.columns(*_PLAIN)
    if options.pixel is None:
        rule = "the side of a spaxel must be given, as the file does not say it"
        msg = f"{file.path}: {rule}: --pixel ARCSEC"
        raise ObservationError(msg)
    places = np.column_stack([first, second])
    x, y = options.pixel * options.directions(file, "XBIN") @ places.T
    velocity, dispersion = clean_velocities(v, v_error), clean_dispersions(s, s_error)
    known = np.isfinite(velocity.values) | np.isfinite(dispersion.values)
    has_light = file.has_columns(*_PLAIN, "FLUX")
    (flux,) = file.columns("FLUX") if has_light else (np.ones(len(x)),)
    return Observation(
        name=file.path.name.rpartition(".")[0],
        layout=PLAIN,
        paths=(file.path,),
        elements="spaxels",
        x=x,
        y=y,
        places=places,
        areas=np.full(len(x), options.pixel**2),
        flux=np.where(known, flux, np.nan),
        has_light=has_light,
        is_centred=True,
        velocities=velocity.values,
        velocity_errors=velocity.errors,
        dispersions=dispersion.values,
        dispersion_errors=dispersion.errors,
        bins=repeated(velocity.values, velocity.values),
        left_out={"velocity": velocity.left_out, "dispersion": dispersion.left_out},
        notes=() if has_light else (_CENTRED,),
    )
