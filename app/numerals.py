"""Numbers -> text, as pages write them."""

import math

from galmass_core.quantities import with_minus

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SMALL = 0.1  # below which fixed digits would hide most of a number
_TINY = 1e-3  # below which powers of ten are easier to read
_ROUNDING = 1e-9  # below which a number is what rounding has left of 0


def number(value: float, digits: int = 2) -> str:
    """Write a number; a small one with at least two significant digits.

    Parameters
    ----------
    value : float
    digits : int
        After the point, of numbers from 0.1 on; 0 for whole numbers, also small ones.

    Returns
    -------
    str
        With a minus sign, not a hyphen.
    """
    size = abs(value)
    if size < _ROUNDING:
        value = size = 0.0
    if digits and 0 < size < _TINY:
        return power_of_ten(value)
    if digits and 0 < size < _SMALL:
        digits = max(digits, 1 - math.floor(math.log10(size)))
    return with_minus(f"{value:,.{digits}f}")


def power_of_ten(value: float, digits: int = 1) -> str:
    """Write a number that is not 0 as 2.5 × 10¹¹."""
    factor, power = f"{value:.{digits}e}".split("e")
    return with_minus(f"{factor} × {ten_to(int(power))}")


def ten_to(power: int) -> str:
    """Write a whole power of ten as 10¹¹."""
    return f"10{str(power).translate(_RAISED)}"
