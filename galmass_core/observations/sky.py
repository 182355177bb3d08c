"""Places on the sky of the pixels of an image, from the world coordinates of its header.

Only the matrix is used, in its three dialects: ``CDi_j``; ``PCi_j`` with ``CDELTi``; ``CDELTi``
with ``CROTA2``. A header with ``CDi_j`` may have a meaningless ``CDELTi`` beside it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from galmass_core.observations.observation import ObservationError

if TYPE_CHECKING:
    from galmass_core.observations.fits_input import FitsFile
    from galmass_core.observations.options import Options

ARCSEC = 3600.0  # in a degree
_UNITS = {"": ARCSEC, "deg": ARCSEC, "degree": ARCSEC, "arcmin": 60.0, "arcsec": 1.0}


class Sky(NamedTuple):
    """Offsets of N pixels [arcsec]: to the east, to the north; and the area of one [arcsec^2]."""

    x: NDArray
    y: NDArray
    places: NDArray
    area: float


def pixel_matrix(path: Path, header: Mapping[str, Any]) -> NDArray | None:
    """Return how far a step along columns, and one along rows, leads to the east and to the north.

    Returns
    -------
    (2, 2) float, arcsec, or None
        Rows: east, north. None without axes of right ascension and declination.

    Raises
    ------
    ObservationError
        If the matrix cannot be inverted, or the unit of an axis is not one of angle.
    """
    axes = [str(header.get(f"CTYPE{axis}", "")).strip().upper() for axis in (1, 2)]
    kinds = [
        "RA" if kind.startswith("RA") else "DEC" if kind.startswith("DEC") else "" for kind in axes
    ]
    if set(kinds) != {"RA", "DEC"}:
        return None
    matrix = _matrix(header) * [[_unit(path, header, 1)], [_unit(path, header, 2)]]
    if kinds == ["DEC", "RA"]:
        matrix = matrix[::-1]
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-12:
        rule = "the world coordinates must have a matrix that can be inverted"
        msg = f"{path}: {rule}, got {matrix.tolist()} arcsec"
        raise ObservationError(msg)
    return matrix


def first_matrix(
    files: "Sequence[FitsFile]", options: "Options", header: Mapping[str, Any] | None = None
) -> NDArray:
    """Return the matrix of the first world coordinates in files, as of `pixel_matrix`.

    Parameters
    ----------
    files : sequence of FitsFile
    options : Options
        Scale and directions of pixels, for files that do not say them.
    header : mapping, optional
        Looked into first.

    Raises
    ------
    ObservationError
        If neither files nor options have them, or both.
    """
    file = files[0]
    headers = [each.header for file in files for each in file.extensions]
    for each in [header or {}, *headers]:
        if (matrix := pixel_matrix(file.path, each)) is not None:
            options.state_own_direction(file)
            return matrix
    side = options.pixel or file.number("PIXSCALE", positive=True)
    if not np.isfinite(side):
        rule = "must have world coordinates, or PIXSCALE (arcsec)"
        msg = f"{file.path}: {rule}, got neither: --pixel ARCSEC is the side of a pixel"
        raise ObservationError(msg)
    return side * options.directions(file, "columns")


def sky_of(shape: tuple[int, int], matrix: NDArray) -> Sky:
    """Return where the pixels of an image are, from its first pixel, row by row."""
    rows, columns = np.indices(shape).reshape(2, -1).astype(float)
    places = np.column_stack([columns, rows])
    x, y = matrix @ places.T
    return Sky(x, y, places, float(abs(np.linalg.det(matrix))))


def _matrix(header: Mapping[str, Any]) -> NDArray:
    """Return the matrix in the units of the header's axes."""
    pairs = [(i, j) for i in (1, 2) for j in (1, 2)]
    if any(f"CD{i}_{j}" in header for i, j in pairs):
        return np.array([float(header.get(f"CD{i}_{j}", 0.0)) for i, j in pairs]).reshape(2, 2)
    steps = np.array([float(header.get(f"CDELT{axis}", 1.0)) for axis in (1, 2)])
    if any(f"PC{i}_{j}" in header for i, j in pairs):
        turned = [float(header.get(f"PC{i}_{j}", float(i == j))) for i, j in pairs]
        return np.array(turned).reshape(2, 2) * steps[:, None]
    angle = np.radians(float(header.get("CROTA2", 0.0)))
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine * steps[0], -sine * steps[1]], [sine * steps[0], cosine * steps[1]]])


def _unit(path: Path, header: Mapping[str, Any], axis: int) -> float:
    """Return the unit of an axis, arcsec."""
    unit = str(header.get(f"CUNIT{axis}", "")).strip().lower()
    if unit not in _UNITS:
        msg = f"{path}: CUNIT{axis} must be one of {', '.join(filter(None, _UNITS))}, got {unit!r}"
        raise ObservationError(msg)
    return _UNITS[unit]
