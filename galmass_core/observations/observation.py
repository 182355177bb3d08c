"""What was observed of one galaxy, in the same units and directions whatever file it is from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from galmass_core.observations.centre import light_centre
from galmass_core.observations.kinematic_centre import rotation_centre
from galmass_core.observations.rotation import FEWEST, Rotation, fit_rotation

LeftOut = Mapping[str, int]  # number of values by reason


class ObservationError(ValueError):
    """A file of an observation that cannot be used; the message names file, field and rule."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Observation:
    """One galaxy in N elements: spaxels, pixels, or bins where a file has no spaxels.

    Attributes
    ----------
    name : str
        Of the galaxy, as its file has it.
    layout : str
        Of the files.
    paths : tuple of Path
    elements : str
        ``spaxels``, ``pixels`` or ``bins``.
    x, y : (N,) float, arcsec
        To the east and to the north; from the centre of the light once it is `settled`.
    places : (N, 2) float
        The same places as the file has them: column and row from 0, or its own offsets.
    areas : (N,) float, arcsec^2
    flux : (N,) float
        In the file's unit, per element; NaN outside the valid field.
    has_light : bool
        Whether the file has light; flux is 1 in the valid field if not.
    is_centred : bool
        Whether positions of a file without light are from the galaxy's centre.
    velocities, dispersions : (N,) float, km/s
        Along the line of sight, receding positive; NaN where missing or left out. Velocities are
        relative to the galaxy's once it is `settled`, as in the file before.
    velocity_errors, dispersion_errors : (N,) float, km/s
        Standard deviations; NaN where the file has none.
    bins : (N,) int
        The same number in elements that share a spectrum; -1 where there is no bin.
    bands : mapping of str to (N,) float, nanomaggy
        Flux in ``g`` and ``r``, of images.
    left_out : mapping of str to mapping of str to int
        By what is left out (``velocity``, ``dispersion``, ``light``), the number of elements by
        reason; an element counts for its first reason.
    notes : tuple of str
        What a reader of the result must know.
    effective_radius : float, arcsec
        Half-light radius; NaN unless the file has it.
    zero_velocity : float, km/s
        That the file's velocities are relative to; 0 if they are absolute, NaN if it is not said.
    centre : (2,) tuple of float
        In the file's own coordinates (`places`).
    rotation : Rotation or None
        None without velocities.
    """

    name: str
    layout: str
    paths: tuple[Path, ...]
    elements: str
    x: NDArray
    y: NDArray
    places: NDArray
    areas: NDArray
    flux: NDArray
    velocities: NDArray
    velocity_errors: NDArray
    dispersions: NDArray
    dispersion_errors: NDArray
    bins: NDArray
    bands: Mapping[str, NDArray] = field(default_factory=dict)
    left_out: Mapping[str, LeftOut] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    has_light: bool = True
    is_centred: bool = False
    effective_radius: float = np.nan
    zero_velocity: float = np.nan
    centre: tuple[float, float] = (np.nan, np.nan)
    rotation: Rotation | None = None

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Which elements are used: have a velocity, a dispersion, or light if it is an image."""
        known = np.isfinite(self.velocities) | np.isfinite(self.dispersions)
        return known if known.any() else np.isfinite(self.flux)

    @property
    def valid_bins(self) -> int:
        """Number of independent spectra among the valid elements."""
        own = self.bins[self.valid]
        return len(np.unique(own[own >= 0])) + int(np.count_nonzero(own < 0))

    @property
    def maps(self) -> tuple[str, ...]:
        """Keys of the maps that can be made: of `quantities.MAPS`.

        ``r`` is not among them: no file says how far a galaxy is, and its light has no luminosity.
        """
        found = {
            "g-r": {"g", "r"} <= set(self.bands),
            "V": bool(np.isfinite(self.velocities).any()),
            "sigma": bool(np.isfinite(self.dispersions).any()),
        }
        return tuple(key for key, there in found.items() if there)

    @property
    def colour(self) -> float:
        """g−r of the light inside the half-light radius, mag; NaN where it is not known."""
        if not {"g", "r"} <= set(self.bands):
            return np.nan
        inside = np.hypot(self.x, self.y) <= self.effective_radius
        g, r = (float(np.nansum(self.bands[band][inside])) for band in ("g", "r"))
        return -2.5 * float(np.log10(g / r)) if g > 0 and r > 0 else np.nan

    def median(self, name: str) -> float:
        """Return the median of ``velocities`` or ``dispersions`` over elements, km/s, NaN of none.

        Of velocities as in the file.
        """
        values = getattr(self, name)
        known = values[np.isfinite(values)]
        if not len(known):
            return np.nan
        moved = self.rotation is not None and name == "velocities"
        return float(np.median(known)) + (self.rotation.systemic if moved and self.rotation else 0)


def settled(observation: Observation) -> Observation:
    """Return an observation with positions from its centre, and velocities relative to its own.

    The centre is that of the light inside the valid field (`centre.light_centre`); without light,
    the file's own, or that of rotation (`kinematic_centre.rotation_centre`). The systemic velocity
    is fitted to what is left after masking (`rotation.fit_rotation`).

    Raises
    ------
    ObservationError
        If no element is valid, or none has light.
    """
    path = observation.paths[0]
    if not observation.valid.any():
        reasons = _reasons(observation.left_out)
        count = len(observation.x)
        msg = f"{path}: must hold at least one valid element, got none of {count}{reasons}"
        raise ObservationError(msg)
    light = np.isfinite(observation.flux) & (observation.flux > 0)
    if not light.any():
        msg = f"{path}: must have light in the valid field, from which the centre is measured"
        raise ObservationError(msg)
    east, north = _centre(observation, light)
    centred = replace(
        observation,
        x=observation.x - east,
        y=observation.y - north,
        centre=_in_file(observation, east, north),
    )
    if not np.isfinite(observation.velocities).any():
        return centred
    rotation = fit_rotation(
        centred.x, centred.y, centred.velocities, centred.velocity_errors, centred.bins
    )
    return replace(centred, velocities=centred.velocities - rotation.systemic, rotation=rotation)


def _centre(observation: Observation, light: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the centre, arcsec to the east and to the north; ``light`` says which elements shine.

    Raises
    ------
    ObservationError
        If there is neither light nor rotation.
    """
    x, y, flux = (each[light] for each in (observation.x, observation.y, observation.flux))
    side = float(np.sqrt(np.median(observation.areas[light])))
    if observation.has_light:
        return light_centre(x, y, flux, side)
    if observation.is_centred:
        return 0.0, 0.0
    if np.count_nonzero(np.isfinite(observation.velocities)) < FEWEST:
        rule = f"must have an image of light or {FEWEST} velocities, from which the centre is known"
        msg = f"{observation.paths[0]}: {rule}; --image names an image"
        raise ObservationError(msg)
    velocities, errors = observation.velocities, observation.velocity_errors
    return rotation_centre(observation.x, observation.y, velocities, errors, observation.bins, side)


def _in_file(observation: Observation, east: float, north: float) -> tuple[float, float]:
    """Return a place on the sky in the file's own coordinates, which are linear in it."""
    sky = np.column_stack([observation.x, observation.y, np.ones(len(observation.x))])
    transform, *_ = np.linalg.lstsq(sky, observation.places)
    first, second = np.array([east, north, 1.0]) @ transform
    return float(first), float(second)


def _reasons(left_out: Mapping[str, LeftOut]) -> str:
    """Return why elements are left out, in brackets."""
    words = [
        f"{what}: {count} {reason}"
        for what, reasons in left_out.items()
        for reason, count in reasons.items()
    ]
    return f" ({'; '.join(words)})" if words else ""
