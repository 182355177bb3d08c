"""Read the stellar kinematics of GIST and nGIST: ``NAME_kin.fits`` and ``NAME_table.fits``.

The first has a row for each bin, the second one for each spaxel. A masked spaxel has minus the
number of its nearest bin, and none if that is bin 0: ``NAME_mask.fits`` has them, if it is there.
Where it is not, bin 0 is left out if it has more spaxels than it should. Offsets are those of
columns and rows of the cube, whose direction these files do not say.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from galmass_core.observations.cleaning import clean_dispersions, clean_velocities
from galmass_core.observations.fits_input import FitsFile, read_fits
from galmass_core.observations.observation import Observation, ObservationError
from galmass_core.observations.options import Options

LAYOUT = "GIST/nGIST kinematics"
_PARTS = ("kin", "table", "mask")


def matches(file: FitsFile) -> bool:
    """Return whether a file is one of the three, by its content."""
    return bool(_part(file))


def galaxy(file: FitsFile) -> str:
    """Return what the names of a galaxy's files begin with."""
    return str(file.path.with_name(_stem(file.path)))


def read(files: Sequence[FitsFile], options: Options) -> Observation:
    """Read the files of a galaxy; those that are not given are looked for beside the others."""
    parts = _all_parts(files)
    kin, table = parts["kin"], parts["table"]
    directions = options.directions(table, "X")
    first, second, flux, numbers, sizes = table.columns("X", "Y", "FLUX", "BIN_ID", "NSPAX")
    bins = table.whole("BIN_ID", numbers)
    masked, notes = _masked(parts, bins, sizes)
    v, s, v_error, s_error = _of_bins(kin)
    outside = ~masked & (bins >= len(v))
    if outside.any():
        rule = f"below {len(v)}, the number of bins in {kin.path.name},"
        msg = f"{table.path}: BIN_ID must be {rule} got {bins[outside].max()}"
        raise ObservationError(msg)
    own = np.where(masked, 0, bins)
    rules = [("masked", masked)]
    velocity = clean_velocities(v[own], None if v_error is None else v_error[own], missing=rules)
    dispersion = clean_dispersions(s[own], None if s_error is None else s_error[own], missing=rules)
    x, y = directions @ np.stack([first, second])
    side = table.number("PIXSIZE", positive=True)
    if not np.isfinite(side):
        msg = f"{table.path}: PIXSIZE must be the side of a spaxel in arcsec, got nothing"
        raise ObservationError(msg)
    return Observation(
        name=_stem(table.path),
        layout=LAYOUT,
        paths=tuple(part.path for part in parts.values()),
        elements="spaxels",
        x=x,
        y=y,
        places=np.column_stack([first, second]),
        areas=np.full(len(first), side**2),
        flux=np.where(masked, np.nan, flux),
        velocities=velocity.values,
        velocity_errors=velocity.errors,
        dispersions=dispersion.values,
        dispersion_errors=dispersion.errors,
        bins=np.where(masked, -1, bins),
        left_out={"velocity": velocity.left_out, "dispersion": dispersion.left_out},
        notes=notes,
    )


def _part(file: FitsFile) -> str:
    """Return which of the three a file is; empty if none."""
    if file.has_columns("V", "SIGMA") and not file.has_columns("X"):
        return "kin"
    if file.has_columns("BIN_ID", "X", "Y", "FLUX", "NSPAX", "XBIN"):
        return "table"
    return "mask" if file.has_columns("MASK") else ""


def _stem(path: Path) -> str:
    """Return a file's name without its part."""
    name = path.name.partition(".fits")[0]
    ending = next((f"_{part}" for part in _PARTS if name.endswith(f"_{part}")), "")
    return name.removesuffix(ending)


def _all_parts(files: Sequence[FitsFile]) -> dict[str, FitsFile]:
    """Return the files by part; with those beside them."""
    parts = {_part(file): file for file in files}
    if len(parts) < len(files):
        names = ", ".join(file.path.name for file in files)
        msg = f"{files[0].path}: must be one of a _kin, a _table and a _mask file, got {names}"
        raise ObservationError(msg)
    given = files[0].path
    for part in _PARTS:
        beside = given.with_name(f"{_stem(given)}_{part}.fits")
        if part not in parts and beside.is_file():
            parts[part] = read_fits(beside)
        if part not in parts and part != "mask":
            msg = f"{given}: must be given with {beside.name}, which is not beside it"
            raise ObservationError(msg)
    return {part: parts[part] for part in _PARTS if part in parts}


def _masked(
    parts: dict[str, FitsFile], bins: NDArray, sizes: NDArray
) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    """Return which spaxels are masked, and a note where that is not certain."""
    masked = bins < 0
    if "mask" in parts:
        (mask,) = parts["mask"].columns("MASK")
        if len(mask) != len(bins):
            path, rows = parts["mask"].path, len(bins)
            msg = f"{path}: MASK must have {rows} rows, as the table, got {len(mask)}"
            raise ObservationError(msg)
        return masked | (mask != 0), ()
    zero = bins == 0
    if zero.any() and np.count_nonzero(zero) != sizes[zero][0]:
        count = np.count_nonzero(zero)
        note = f"bin 0 is left out: it has {count} spaxels instead of {sizes[zero][0]:g}, some of"
        return masked | zero, (f"{note} which are masked; a _mask file would say which",)
    return masked, ()


def _of_bins(kin: FitsFile) -> tuple[NDArray, NDArray, NDArray | None, NDArray | None]:
    """Return V, SIGMA, and their errors: of simulations if they were made, else the formal ones."""
    v, s = kin.columns("V", "SIGMA")
    for prefix in ("ERR", "FORM_ERR"):
        names = (f"{prefix}_V", f"{prefix}_SIGMA")
        if kin.has_columns(*names):
            v_error, s_error = kin.columns(*names)
            if np.any(v_error > 0) and np.any(s_error > 0):
                return v, s, v_error, s_error
    return v, s, None, None
