"""Find out which map of a file has the velocities of the stars, their dispersions, errors, light.

The words that a file has for a map decide: its extension's name, or the description of a plane.
``V_STARS``, ``STELLAR_VELOCITY`` and "velocity of the stellar population" are velocities, and
``FORM_ERR_V_STARS`` their errors; a word that is not known, as in ``V_GAS`` or ``BINNED_V_STAR``,
makes a map another one. A map that has no name, alone in its file, is what its unit, the file's
name and its numbers say.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from galmass_core.observations.fits_input import FitsFile
from galmass_core.observations.observation import ObservationError
from galmass_core.observations.planes import Plane, planes_of, without_marks

VELOCITY, DISPERSION, LIGHT, MASK, BINS = "velocity", "dispersion", "light", "mask", "bins"
KINEMATIC = frozenset({VELOCITY, DISPERSION})
_OPTIONS = {VELOCITY: "velocity", DISPERSION: "sigma", LIGHT: "image"}
_SPEED = frozenset({"v", "vel", "velocity", "vlos", "rv"})
_SPREAD = frozenset({"sig", "sigma", "disp", "dispersion", "vdisp", "veldisp"})
_LIGHT = frozenset({"flux", "light", "white", "continuum", "intensity"})
_ERRORS = frozenset({"err", "error", "errors", "unc", "rms", "stddev", "form"})
_INVERSE = frozenset({"ivar", "invvar"})
_VARIANCES = frozenset({"var", "variance", "stat"})
_EVERY_ERROR = _ERRORS | _INVERSE | _VARIANCES
_MASKS = frozenset({"mask", "dq", "flag", "flags"})
_BINS = frozenset({"bin", "bins", "binid", "id", "voronoi"})
_STARS = frozenset({"star", "stars", "stellar", "population", "ssp", "map", "of", "the", "in"})
_BAND = frozenset({"pseudo", "v", "band"})  # of Pipe3D's light
_MOMENTS = {"mom0": LIGHT, "mom1": VELOCITY, "mom2": DISPERSION}  # of CASA; the second is a root
_PLAIN_NAMES = ("", "DATA", "IMAGE", "SCI")
_FAST = 500.0  # km/s: no galaxy has a median dispersion of that


class Maps(NamedTuple):
    """Maps by role, their errors as (map, kind of error), and what must be said of the choice."""

    roles: Mapping[str, Plane]
    errors: Mapping[str, tuple[Plane, str]]
    notes: tuple[str, ...]


def find_maps(files: Sequence[FitsFile], chosen: Mapping[str, Plane]) -> Maps:
    """Find the maps of a galaxy by their names.

    Parameters
    ----------
    files : sequence of FitsFile
    chosen : mapping of str to Plane
        What the user says; with velocities or dispersions, no others are looked for.

    Raises
    ------
    ObservationError
        If two maps have the same role, or a lone map in km/s may be velocities or dispersions.
    """
    roles, notes = dict(chosen), []
    errors = {role: found for role, plane in chosen.items() if (found := _errors_of(plane))}
    taken = KINEMATIC & set(chosen)
    for plane in planes_of(files):
        if any(plane.is_same(other) for other in chosen.values()):
            continue
        role, error = _role(plane.words)
        if not role and not error and _is_nameless(plane):
            role, why = _lone(plane, is_light=bool(taken or KINEMATIC & _own_roles(plane.file)))
            notes += [why] if why and role not in roles else []
        if not role or role in chosen or (taken and role in KINEMATIC):
            continue
        if error:
            if _is_better(plane, errors.get(role)):
                errors[role] = plane, error
        elif role in KINEMATIC and role in roles:
            rule = f"must have one map of {role}, or --{_OPTIONS[role]} that names it"
            msg = f"{plane.path}: {rule}, got {roles[role]} and {plane}"
            raise ObservationError(msg)
        else:
            roles.setdefault(role, plane)
    return Maps(roles, errors, tuple(notes))


def _words(text: str) -> frozenset[str]:
    """Return the words of a name."""
    return frozenset(re.findall(r"[a-z0-9]+", text.lower()))


def _errors_of(plane: Plane) -> tuple[Plane, str] | None:
    """Return the map of the errors of one, whose name has no other words; None if there is none."""
    for other in planes_of([plane.file]):
        kind, words = _kind(_words(other.words)), _words(other.words)
        if plane.words and kind and words - _EVERY_ERROR == _words(plane.words):
            return other, kind
    return None


def _is_nameless(plane: Plane) -> bool:
    """Return whether a map's name says nothing, or it is the only one of its file."""
    return plane.words in _PLAIN_NAMES or len(planes_of([plane.file])) == 1


def _kind(words: frozenset[str]) -> str:
    """Return what kind of errors words are for; empty if of none."""
    kinds = {"error": _ERRORS, "inverse": _INVERSE, "variance": _VARIANCES}
    return next((kind for kind, known in kinds.items() if words & known), "")


def _role(words: str) -> tuple[str, str]:
    """Return the role of a map and, of errors, what they are; empty if no word says it."""
    every = _words(words)
    error = _kind(every)
    left = every - _STARS - _EVERY_ERROR
    if left and left <= _SPEED | _SPREAD:
        return (DISPERSION if left & _SPREAD else VELOCITY), error
    if left and left <= _MASKS:
        return MASK, error
    if left and left <= _BINS:
        return BINS, error
    if left and (left <= _LIGHT or left == _BAND):
        return LIGHT, error
    return "", error


def _own_roles(file: FitsFile) -> set[str]:
    """Return the roles of the named maps of a file."""
    found = (_role(plane.words) for plane in planes_of([file]))
    return {role for role, error in found if role and not error}


def _is_better(plane: Plane, known: tuple[Plane, str] | None) -> bool:
    """Return whether errors are better than those known: not formal ones, and not all empty."""
    return known is None or ("form" in known[0].words.lower() and bool(np.any(plane.values > 0)))


def _lone(plane: Plane, *, is_light: bool) -> tuple[str, str]:
    """Return the role of a map without a name, and what must be said of it.

    With ``is_light``, velocities and dispersions are other maps.
    """
    if is_light:
        return ("" if plane.is_speed else LIGHT), ""
    stem = plane.path.name.partition(".fits")[0]
    words = set(re.findall(r"[a-z]+[0-9]?", stem.lower()))
    said = next((role for key, role in _MOMENTS.items() if key in words), "")
    if words & {"rv", "vlos"} or any(word.startswith("vel") for word in words):
        said = VELOCITY
    if words & _SPREAD or any(word.startswith("disp") for word in words):
        said = DISPERSION
    if plane.unit and not plane.is_speed:
        return LIGHT, ""
    if said:
        return said, "" if said == LIGHT else f"{plane} are {said} values, as the file's name says"
    if not plane.is_speed:
        return LIGHT, f"{plane} is taken for an image of light; --velocity or --sigma names a map"
    known = without_marks(plane.values) * plane.speed
    known = known[np.isfinite(known)]
    if not len(known) or (known.min() >= 0 and np.median(known) < _FAST):
        rule = "must say whether its map in km/s has velocities or dispersions"
        msg = f"{plane.path}: {rule}: --velocity {plane.path.name} or --sigma {plane.path.name}"
        raise ObservationError(msg)
    return VELOCITY, f"{plane} are velocity values, as they are negative or large"
