"""Turn a galaxy, to look at it edge-on, face-on, at an inclination, or from anywhere."""

from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import Galaxy, Gas, Stars
from galmass_core.measurements.circularity import rotation_axis

EDGE_ON, FACE_ON, RANDOM = "edge-on", "face-on", "random"
VIEWS = (EDGE_ON, FACE_ON, RANDOM)
_INCLINATIONS = {EDGE_ON: 90.0, FACE_ON: 0.0}
Part = TypeVar("Part", Stars, Gas)


def inclination_of(view: str) -> float:
    """Return the inclination of a view [degrees]: of `VIEWS`, or a number; NaN for a random one.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if view == RANDOM:
        return np.nan
    try:
        angle = _INCLINATIONS[view] if view in _INCLINATIONS else float(view)
    except ValueError:
        angle = np.nan
    if not 0 <= angle <= 90:
        msg = f"view must be {', '.join(VIEWS)} or an inclination of 0 to 90, got {view!r}"
        raise ValueError(msg)
    return angle


def axes_of_view(galaxy: Galaxy, view: str, generator: np.random.Generator) -> NDArray[np.float64]:
    """Return the directions right, up and away from the observer of a view, rows of (3, 3).

    What a view leaves open is drawn at random: from where around the axis, and which way is up.

    Parameters
    ----------
    galaxy : Galaxy
        Its axis is the angular momentum of the stars inside 2 R_hsm.
    view : str
        As of `inclination_of`.
    generator : numpy.random.Generator

    Raises
    ------
    ValueError
        If the view is unknown, or an inclination is wanted of a galaxy whose stars do not turn.
    """
    inclination, axis = np.radians(inclination_of(view)), rotation_axis(galaxy)
    drawn = _unit(generator.standard_normal(3))
    if np.isnan(inclination):
        away = drawn
    elif not axis.any():
        msg = f"{galaxy.name}: must have stars that turn for an inclination, but none does"
        raise ValueError(msg)
    else:
        aside = _unit(drawn - (drawn @ axis) * axis)
        away = np.cos(inclination) * axis + np.sin(inclination) * aside
    other = generator.standard_normal(3)
    right = _unit(other - (other @ away) * away)
    return np.stack([right, np.cross(away, right), away])


def turned(galaxy: Galaxy, axes: NDArray) -> Galaxy:
    """Return a galaxy whose axis z is a line of sight, with its stars and gas turned.

    Dark matter and black holes are not seen, and stay as they are.

    Parameters
    ----------
    galaxy : Galaxy
    axes : (3, 3) float
        Right, up and away from the observer, orthonormal and right-handed.

    Raises
    ------
    ValueError
        If they are not.
    """
    if not (np.allclose(axes @ axes.T, np.eye(3)) and np.linalg.det(axes) > 0):
        msg = f"axes must be orthonormal and right-handed, got {np.asarray(axes).tolist()}"
        raise ValueError(msg)
    gas = None if galaxy.gas is None else _turned(galaxy.gas, axes)
    return replace(galaxy, stars=_turned(galaxy.stars, axes), gas=gas)


def _turned(part: Part, axes: NDArray) -> Part:
    return replace(part, positions=part.positions @ axes.T, velocities=part.velocities @ axes.T)


def _unit(vector: NDArray) -> NDArray[np.float64]:
    return vector / np.linalg.norm(vector)
