"""Read numbers and text from attributes, most of them of the group ``Header``."""

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources.hdf5 import LARGEST_INTEGER, LONGEST, NUMBERS, TEXTS, File, as_text
from galmass_core.sources.ranges import HEADER, check_range

_REDSHIFT_TOLERANCE = 1e-3  # of a (1 + z) = 1
_LATEST = 1 + 1e-6  # scale factor of today, rounded


def find_numbers(file: File, *names: str, group: str = "Header") -> NDArray | None:
    """Return an attribute as a flat array of numbers, or None if it is missing or empty.

    Of several names the first that exists is read.

    Raises
    ------
    GalaxyFileError
        If it is not finite real numbers.
    """
    values = file.attribute(group, *names)
    if values is None:
        return None
    if values.dtype.kind not in NUMBERS or not np.isfinite(values).all():
        msg = f"{file.filename}: {group}/{names[0]} must be a number, got {str(values[0])[:80]!r}"
        raise GalaxyFileError(msg)
    return values


def numbers(file: File, *names: str, group: str = "Header") -> NDArray:
    """Return a required attribute as `find_numbers` does.

    Raises
    ------
    GalaxyFileError
        If it is missing, empty, or not finite real numbers.
    """
    values = find_numbers(file, *names, group=group)
    if values is None:
        msg = f"{file.filename}: {group}/{names[0]} must be there, got none"
        raise GalaxyFileError(msg)
    return values


def find_counts(file: File, *names: str) -> NDArray | None:
    """Return an attribute of the header as a flat array of counts, int64, or None.

    Raises
    ------
    GalaxyFileError
        If it is not whole numbers from 0 to 2^62.
    """
    values = find_numbers(file, *names)
    if values is None:
        return None
    if (values != np.rint(values)).any() or values.min() < 0 or values.max() >= LARGEST_INTEGER:
        msg = f"{file.filename}: Header/{names[0]} must be counts, got {values.tolist()[:7]}"
        raise GalaxyFileError(msg)
    return values.astype(np.int64)


def number(file: File, *names: str, group: str = "Header") -> float:
    """Return a positive number from an attribute, in the range that `ranges` has for its name.

    Of several names the first that exists is read.

    Raises
    ------
    GalaxyFileError
        If the attribute is missing or not a positive finite number of its range.
    """
    value = float(numbers(file, *names, group=group)[0])
    if not 0 < value < np.inf:
        msg = f"{file.filename}: {group}/{names[0]} must be a positive number, got {value}"
        raise GalaxyFileError(msg)
    if names[0] in HEADER:
        check_range(file.path, f"{group}/{names[0]}", value, HEADER[names[0]])
    return value


def redshift(file: File, name: str, group: str = "Header") -> float:
    """Return a required redshift.

    Raises
    ------
    GalaxyFileError
        If it is missing, not a number, or of a time that no simulation has.
    """
    value = float(numbers(file, name, group=group)[0])
    check_range(file.path, f"{group}/{name}", value, HEADER["Redshift"])
    return value


def scale_factor(file: File, *names: str) -> float:
    """Return the scale factor a from the first of some header attributes, else from ``Redshift``.

    Raises
    ------
    GalaxyFileError
        If the header has neither, a is not in (0, 1], or it is not 1 / (1 + Redshift).
    """
    is_stated = find_numbers(file, "Redshift") is not None
    expected = 1 / (1 + redshift(file, "Redshift")) if is_stated else None
    if expected is None or find_numbers(file, *names) is not None:
        value = number(file, *names)
    else:
        value = expected
    if expected is not None and not abs(value / expected - 1) < _REDSHIFT_TOLERANCE:
        rule = f"the scale factor 1 / (1 + Redshift) = {expected:.6g}"
        msg = f"{file.filename}: Header/{names[0]} must be {rule}, got {value:.6g}"
        raise GalaxyFileError(msg)
    if not value < _LATEST:
        msg = f"{file.filename}: Header/{names[0]} must be a scale factor <= 1, got {value:.6g}"
        raise GalaxyFileError(msg)
    return value


def text(file: File, *names: str, group: str = "Header") -> str:
    """Return an attribute as text; empty if it is missing.

    Whole numbers are without a decimal point, though R may store them as floats.

    Raises
    ------
    GalaxyFileError
        If it is neither text nor a number, or too long.
    """
    values = file.attribute(group, *names)
    if values is None:
        return ""
    kind = values.dtype.kind
    found = as_text(values[0]) if kind in NUMBERS + TEXTS else ""
    if kind not in NUMBERS + TEXTS or len(found) > LONGEST:
        got = f"{len(found)} characters" if found else str(values.dtype)[:80]
        msg = f"{file.filename}: {group}/{names[0]} must be a short text, got {got}"
        raise GalaxyFileError(msg)
    return found
