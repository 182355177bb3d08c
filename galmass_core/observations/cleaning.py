"""Leave out values that are no measurements, and count them by reason.

The reasons, in their order: those of the layout for values that are missing, those of every
layout, and those of the layout for values that are poor. An element counts for its first reason.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FIT_LIMIT = 1000.0  # km/s: fits that fail end there, or beyond; no galaxy moves or scatters so
LEAST_DISPERSION = 1.0  # km/s: the lower limit of fits
USABLE_ERRORS = (1e-3, 1000.0)  # km/s: others are of fits that ended on a limit
Rule = tuple[str, NDArray]  # a reason, and which elements it holds for


class Cleaned(NamedTuple):
    """Values and errors [km/s], NaN where left out, and the number left out by reason."""

    values: NDArray
    errors: NDArray
    left_out: dict[str, int]


def clean_velocities(
    values: NDArray,
    errors: NDArray | None,
    *,
    missing: Iterable[Rule] = (),
    poor: Iterable[Rule] = (),
) -> Cleaned:
    """Leave out velocities; arguments as of `clean_dispersions`."""
    absent = [*missing, *_general(values, errors)]
    known = values[_left(absent, len(values))[0]]
    middle = float(np.median(known)) if len(known) else 0.0
    wild = np.abs(values - middle) >= FIT_LIMIT
    limits = f"on the limits of the fit ({FIT_LIMIT:g} km/s or more from the median)"
    return _cleaned(values, errors, [*absent, (limits, wild), *poor])


def clean_dispersions(
    values: NDArray,
    errors: NDArray | None,
    *,
    missing: Iterable[Rule] = (),
    poor: Iterable[Rule] = (),
) -> Cleaned:
    """Leave out dispersions.

    Parameters
    ----------
    values : (N,) float, km/s
    errors : (N,) float, km/s, or None
        None where a file has none.
    missing, poor : iterable of (str, (N,) bool)
        Reasons of the layout.

    Returns
    -------
    Cleaned
        Errors are NaN where a file has none.
    """
    outside = (values <= LEAST_DISPERSION) | (values >= FIT_LIMIT)
    limits = f"on the limits of the fit ({LEAST_DISPERSION:g} and {FIT_LIMIT:g} km/s)"
    rules = [*missing, *_general(values, errors), (limits, outside), *poor]
    return _cleaned(values, errors, rules)


def _general(values: NDArray, errors: NDArray | None) -> list[Rule]:
    """Return the reasons for values that are not there, or have no error."""
    rules = [("not a number", ~np.isfinite(values))]
    if errors is not None:
        low, high = USABLE_ERRORS
        rules.append(("without a usable error", ~((errors > low) & (errors < high))))
    return rules


def _cleaned(values: NDArray, errors: NDArray | None, rules: list[Rule]) -> Cleaned:
    """Apply reasons in their order."""
    good, why = _left(rules, len(values))
    given = np.full(len(values), np.nan) if errors is None else errors
    return Cleaned(np.where(good, values, np.nan), np.where(good, given, np.nan), why)


def _left(rules: Iterable[Rule], count: int) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Return which elements no reason leaves out, and the counts of the others by first reason."""
    good = np.ones(count, dtype=bool)
    why: dict[str, int] = {}
    for reason, bad in rules:
        if found := int(np.count_nonzero(good & bad)):
            why[reason] = why.get(reason, 0) + found
        good &= ~bad
    return good, why


def repeated(values: NDArray, flux: NDArray) -> NDArray:
    """Return numbers of spaxels that share a value, which an adaptive map repeats; else -1.

    A value in one spaxel only is a bin of its own.
    """
    bins = np.full(len(values), -1)
    known = np.isfinite(values) & np.isfinite(flux)
    _, bins[known] = np.unique(values[known], return_inverse=True)
    return bins


def nothing(shape: int | tuple[int, ...]) -> Cleaned:
    """Return values that a file does not have."""
    absent = np.full(shape, np.nan)
    return Cleaned(absent, absent, {})
