"""Read tables of stellar kinematics: SAURON and ATLAS3D (bins), CALIFA V1200 (spaxels).

Both have offsets whose first one grows to the west: ATLAS3D's NGC 4570 then has its kinematic axis
at 159 degrees, where the photometric one is at 158, and CALIFA's NGC 6278 at 307, where it is at
127. No header says so; ``--x-axis`` replaces it. Velocities are absolute.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from galmass_core.observations.cleaning import clean_dispersions, clean_velocities
from galmass_core.observations.fits_input import FitsFile
from galmass_core.observations.observation import Observation
from galmass_core.observations.options import Options

_UNUSED = -900.0  # CALIFA's -999.9, in every column


class _Layout(NamedTuple):
    """Names of columns."""

    title: str
    elements: str
    offsets: tuple[str, str]
    errors: tuple[str, str]
    bins: str
    sizes: str  # spaxels in each element; empty if elements are spaxels
    side: float  # of a spaxel, arcsec


LAYOUTS = (
    _Layout(
        "SAURON/ATLAS3D table of bins",
        "bins",
        ("A", "D"),
        ("EVPXF", "ESPXF"),
        "NO",
        "BINSIZE",
        0.8,
    ),
    _Layout(
        "CALIFA V1200 table of spaxels",
        "spaxels",
        ("X", "Y"),
        ("DVPXF", "DSPXF"),
        "BIN_ID",
        "",
        1.0,
    ),
)


def matches(file: FitsFile) -> bool:
    """Return whether a file has one of the tables."""
    return _layout(file) is not None


def galaxy(file: FitsFile) -> str:
    """Return the galaxy of a file: each has one."""
    return str(file.path)


def read(files: Sequence[FitsFile], options: Options) -> Observation:
    """Read one file."""
    (file,) = options.one_of(files)
    layout = _layout(file)
    assert layout is not None  # as it matches
    names = (*layout.offsets, "VPXF", *layout.errors[:1], "SPXF", *layout.errors[1:], layout.bins)
    first, second, v, v_error, s, s_error, bins = file.columns(*names)
    (flux,) = file.columns("FLUX")
    (sizes,) = file.columns(layout.sizes) if layout.sizes else (np.ones(len(flux)),)
    used = _used(first, second, v, s, flux)
    kept = [each[used] for each in (first, second, v, v_error, s, s_error, bins, flux, sizes)]
    first, second, v, v_error, s, s_error, bins, flux, sizes = kept
    velocity, dispersion = clean_velocities(v, v_error), clean_dispersions(s, s_error)
    unused = {} if used.all() else {"not used by the survey (-999.9)": int((~used).sum())}
    side = options.x_axis or "west"
    x, y = replace(options, x_axis=side).directions(file, "offsets") @ np.stack([first, second])
    why = "was given" if options.x_axis else "is so in this survey's tables, which do not say it"
    return Observation(
        name=str(file.primary.get("OBJECT") or file.path.name.partition(".fits")[0]),
        layout=layout.title,
        paths=(file.path,),
        elements=layout.elements,
        x=x,
        y=y,
        places=np.column_stack([first, second]),
        areas=np.maximum(sizes, 1.0) * layout.side**2,
        flux=flux,
        velocities=velocity.values,
        velocity_errors=velocity.errors,
        dispersions=dispersion.values,
        dispersion_errors=dispersion.errors,
        bins=file.whole(layout.bins, bins),
        left_out={
            "velocity": unused | velocity.left_out,
            "dispersion": unused | dispersion.left_out,
        },
        notes=(f"{layout.offsets[0]} grows to the {side}: that {why}",),
        zero_velocity=0.0,
    )


def _layout(file: FitsFile) -> _Layout | None:
    """Return the layout of a file's table."""
    for layout in LAYOUTS:
        names = ("VPXF", "SPXF", "FLUX", layout.bins, *layout.offsets, *layout.errors)
        if file.has_columns(*names, *filter(None, [layout.sizes])):
            return layout
    return None


def _used(*columns: NDArray) -> NDArray[np.bool_]:
    """Return which rows are used: no number is -999.9."""
    return np.all([column > _UNUSED for column in columns], axis=0)
