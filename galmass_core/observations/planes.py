"""The maps that files hold: images of two axes, and the planes of stacks that say what each is.

Stacks of Pipe3D describe plane n, from 0, in ``DESC_n`` and its unit in ``UNITS_n``. A stack that
does not describe its planes is read where the user says which one is wanted.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from galmass_core.observations.fits_input import Extension, FitsFile
from galmass_core.observations.observation import ObservationError

_SPEEDS = {"km/s": 1.0, "kms-1": 1.0, "km/sec": 1.0, "kmsec-1": 1.0, "m/s": 1e-3, "ms-1": 1e-3}
_CUT = "km"  # km/s in Pipe3D, whose cards end at the slash
_MARKS = (-99.0, -999.0, -999.9, -9999.0, -99999.0, -32768.0)  # of missing values
_HUGE = 1e10  # larger numbers are marks of missing values, too
_EMPTY_SHARE = 0.05  # of an image: so many exact zeros are missing values if nothing else is


@dataclass(frozen=True, kw_only=True, eq=False)
class Plane:
    """One map of a file.

    Attributes
    ----------
    file : FitsFile
    extension : Extension
    words : str
        What the file calls it; empty if it says nothing.
    unit : str
    values : (H, W) float64
    """

    file: FitsFile
    extension: Extension
    words: str
    unit: str
    values: NDArray

    @property
    def path(self) -> Path:
        """The file's path."""
        return self.file.path

    @property
    def speed(self) -> float:
        """Its unit, km/s; NaN where it is no unit of speed, 1 where there is none."""
        text = re.sub(r"[\s.*^(){}]", "", self.unit.lower())
        return _SPEEDS.get(text, np.nan) if text else 1.0

    @property
    def is_speed(self) -> bool:
        """Whether the file says that it is in a unit of speed."""
        return bool(self.unit) and np.isfinite(self.speed)

    def is_same(self, other: "Plane") -> bool:
        """Return whether both are the same map of a file."""
        return self.extension is other.extension and self.words == other.words

    def __str__(self) -> str:
        number = self.file.extensions.index(self.extension)
        return f"{self.path.name}:{self.words or number}"


def planes_of(files: Sequence[FitsFile]) -> list[Plane]:
    """Return the maps of files, without stacks that do not describe their planes."""
    return [plane for file in files for each in file.extensions for plane in _planes(file, each)]


def chosen_plane(files: Sequence[FitsFile], text: str, option: str) -> Plane:
    """Return the map that a user means.

    Parameters
    ----------
    files : sequence of FitsFile
    text : str
        ``NAME``, ``NAME:PLANE``, ``FILE``, ``FILE:NAME`` or ``FILE:NAME:PLANE``: a file's name, the
        name or number of an extension, and a plane's number, both from 0.
    option : str
        Of the command, for messages.

    Raises
    ------
    ObservationError
        If there is no such map, or several.
    """
    named = [file for file in files if text.startswith((file.path.name, str(file.path)))]
    if named:
        start = str(named[0].path) if text.startswith(str(named[0].path)) else named[0].path.name
        rest = text[len(start) :].removeprefix(":")
    else:
        rest = text
    name, _, number = rest.partition(":")
    found = [
        (file, each)
        for file in named or files
        for place, each in enumerate(file.extensions)
        if each.image is not None and (not name or name.upper() == each.name or name == str(place))
    ]
    if len(found) != 1:
        there = ", ".join(str(plane) for plane in planes_of(files))
        rule = f"{option} must name one image, as FILE:EXTENSION:PLANE"
        msg = f"{files[0].path}: {rule}, got {text!r}; there are {there or 'none'}"
        raise ObservationError(msg)
    (file, each), image = found[0], found[0][1].image
    assert image is not None  # as chosen
    if image.ndim == 3 and (len(image) == 1 or (number.isdigit() and int(number) < len(image))):
        place = int(number or 0)
        return _plane(file, each, image[place], str(each.header.get(f"DESC_{place}", "")), place)
    if image.ndim != 2 or number:
        rule = f"{option} must name an image of two axes, or a plane of a stack"
        msg = f"{file.path}: {rule}, got {text!r} of the shape {image.shape}"
        raise ObservationError(msg)
    return _plane(file, each, image, each.name)


def without_marks(values: NDArray, *, masked: bool = False) -> NDArray:
    """Return values with NaN in place of the marks that files have for missing ones.

    They are numbers such as -999 and 1e20, and exact zeros where nothing else is missing and they
    are more than a twentieth of all.

    Parameters
    ----------
    values : (H, W) float
    masked : bool
        Whether the file marks by a mask what is missing.
    """
    marked = np.isin(values, _MARKS) | (np.abs(values) >= _HUGE)
    zero = values == 0
    is_whole = not masked and np.isfinite(values).all() and not marked.any()
    if is_whole and np.count_nonzero(zero) > _EMPTY_SHARE * values.size:
        marked = zero
    return np.where(marked, np.nan, values)


def _planes(file: FitsFile, extension: Extension) -> Iterator[Plane]:
    """Return the maps of an extension."""
    image, header = extension.image, extension.header
    if image is None:
        return
    if image.ndim == 2:
        yield _plane(file, extension, image, extension.name)
    elif image.ndim == 3 and len(image) == 1:
        yield _plane(file, extension, image[0], extension.name)
    elif image.ndim == 3:
        for place, values in enumerate(image):
            if words := str(header.get(f"DESC_{place}", "")).strip():
                yield _plane(file, extension, values, words, place)


def _plane(
    file: FitsFile, extension: Extension, values: NDArray, words: str, place: int | None = None
) -> Plane:
    """Return a map, with its unit."""
    header = extension.header
    if place is not None and (unit := str(header.get(f"UNITS_{place}", "")).strip()):
        unit = "km/s" if unit == _CUT else unit
    else:
        unit = str(header.get("BUNIT") or header.get("UNIT") or "").strip()
    return Plane(file=file, extension=extension, words=words.strip(), unit=unit, values=values)
