"""Ranges of what is read from files, in internal units: wider than any simulation, to find damage.

What is outside is a wrong unit or a damaged file; the error names file and field.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import GalaxyFileError


class Range(NamedTuple):
    """Lowest and highest possible value, and their unit."""

    lowest: float
    highest: float
    unit: str = ""


_FRACTION = Range(-1e-3, 1.001)  # codes advect and interpolate them: not exactly 0 to 1
_LENGTH = Range(0.0, 1e5, "kpc")
_MASS = Range(0.0, 1e12, "Msun")
_LIGHT_SPEED = 299792.458  # km/s
PARTICLES = {
    "positions": Range(-3e4, 3e4, "kpc from the galaxy"),
    "velocities": Range(-_LIGHT_SPEED, _LIGHT_SPEED, "km/s"),
    "masses": _MASS,
    "initial_masses": _MASS,
    "metallicities": _FRACTION,
    "hydrogen_fractions": _FRACTION,
    "neutral_fractions": Range(-1e-3, 1.1),
    "atomic_fractions": _FRACTION,
    "molecular_fractions": Range(-1e-3, 0.501),  # of molecules: half of the atoms
    "formation_scale_factors": Range(-1e3, 1.001),  # up to 0: no time of birth, or wind
    "magnitudes": Range(-60.0, 60.0, "mag"),
    "potentials": Range(-(_LIGHT_SPEED**2), _LIGHT_SPEED**2, "(km/s)^2"),
    "smoothing_lengths": _LENGTH,
    "support_radii": _LENGTH,
    "densities": Range(1e-10, 1e22, "Msun/kpc^3"),
    "star_formation_rates": Range(-1e6, 1e6, "Msun/yr"),  # negative: SWIFT's time without any
    "temperatures": Range(0.0, 1e13, "K"),
    "internal_energies": Range(0.0, 1e12, "(km/s)^2"),
    "electron_abundances": Range(-1e-3, 100.0),
}
GALAXIES = {  # of a catalogue
    "centre": Range(-1e8, 1e8, "kpc"),
    "half_mass_radius": Range(0.0, 1e5, "kpc"),
    "masses": Range(0.0, 1e18, "Msun"),
}
BOX_SIZE = Range(1.0, 1e8, "kpc")
HEADER = {
    "HubbleParam": Range(0.1, 10.0),
    "hubble_constant": Range(0.1, 10.0),
    "h": Range(0.1, 10.0),
    "Omega0": Range(1e-3, 3.0),
    "Omega_m": Range(1e-3, 3.0),
    "OmegaLambda": Range(1e-3, 3.0),
    "Omega_lambda": Range(1e-3, 3.0),
    "Redshift": Range(-1e-3, 1000.0),
    "UnitLength_in_cm": Range(1e12, 1e30, "cm"),
    "UnitMass_in_g": Range(1e25, 1e55, "g"),
    "UnitVelocity_in_cm_per_s": Range(1.0, 3e10, "cm/s"),
}


def check_range(path: Path, field: str, values: NDArray | float, allowed: Range) -> None:
    """Raise GalaxyFileError unless all values are finite and in a range.

    Parameters
    ----------
    path : Path
    field : str
        Name in the file.
    values : array or float
        In internal units.
    allowed : Range
    """
    array = np.asarray(values)
    if not array.size:
        return
    least, most = float(array.min()), float(array.max())
    if not np.isfinite([least, most]).all():  # nor is one of them where any value is not
        msg = f"{path}: {field} must be finite, got NaN or infinity"
        raise GalaxyFileError(msg)
    if least < allowed.lowest or most > allowed.highest:
        rule = f"{allowed.lowest:g} to {allowed.highest:g} {allowed.unit}".rstrip()
        got = least if least < allowed.lowest else most
        msg = f"{path}: {field} must be {rule}, got {got:g}: check its unit"
        raise GalaxyFileError(msg)
