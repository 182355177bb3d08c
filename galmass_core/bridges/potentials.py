"""The mass profile of a galaxy as a spherical potential of galpy or gala.

The potential is that of the mass inside each radius as if it were a sphere, which gives the
circular velocity of `mass_profiles`; a disc of the same mass is up to 15 % faster. Its density is
the slope of a spline through the mass of particles: smooth enough for orbits, not for itself.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import G

if TYPE_CHECKING:
    import pandas as pd
    from gala.potential import SphericalSplinePotential
    from galpy.potential import interpSphericalPotential

_RO, _VO = 8.0, 220.0  # kpc, km/s: galpy's own, which potentials must share to be added
_MASSES = ("mtot", "mstar", "mdm", "mgas")


def to_galpy(profile: "pd.DataFrame", mass: str = "mtot") -> "interpSphericalPotential":
    """Return a mass profile as a potential of galpy.

    Parameters
    ----------
    profile : pandas.DataFrame
        From `measurements.targets.mass_profiles`.
    mass : str
        Which of its masses: ``mtot``, ``mstar``, ``mdm`` or ``mgas``.

    Returns
    -------
    galpy.potential.interpSphericalPotential
        In physical units (ro = 8 kpc, vo = 220 km/s); zero at infinity. Inside the first radius the
        density is constant, outside the last there is none.

    Raises
    ------
    ValueError
        If the profile has no such mass or does not know it, or its radii do not rise.
    """
    from galpy.potential import interpSphericalPotential
    from scipy.interpolate import InterpolatedUnivariateSpline

    radii, masses = _with_core(profile, mass)
    pull = -G * np.divide(masses, radii**2, out=np.zeros_like(masses), where=radii > 0)
    grid, force = radii / _RO, pull * _RO / _VO**2
    spline = InterpolatedUnivariateSpline(grid, force, k=3)
    depth = spline.integral(0.0, grid[-1]) + grid[-1] * force[-1]
    return interpSphericalPotential(spline, rgrid=grid, Phi0=float(depth), ro=_RO, vo=_VO)


def to_gala(profile: "pd.DataFrame", mass: str = "mtot") -> "SphericalSplinePotential":
    """Return a mass profile as a potential of gala.

    Parameters
    ----------
    profile, mass
        As in `to_galpy`.

    Returns
    -------
    gala.potential.SphericalSplinePotential
        In gala's galactic units (kpc, Myr, Msun). Inside the first radius the density is constant.

    Raises
    ------
    ValueError
        As in `to_galpy`.
    """
    import gala.potential
    from astropy import units
    from gala.units import galactic

    radii, masses = _with_core(profile, mass)
    return gala.potential.SphericalSplinePotential(
        radii * units.kpc,
        masses * units.Msun,
        spline_value_type="mass",
        interpolation_method="steffen",
        units=galactic,
    )


def _with_core(profile: "pd.DataFrame", mass: str) -> tuple[NDArray, NDArray]:
    """Return radii [kpc] and the masses [Msun] inside them, from 0, with a core of one density.

    Below its first radius gala has a point mass, and galpy continues a cubic.
    """
    radii, masses = _checked(profile, mass)
    inner = np.append(0.0, np.geomspace(1e-3, 0.9, 12))
    return np.append(radii[0] * inner, radii), np.append(masses[0] * inner**3, masses)


def _checked(profile: "pd.DataFrame", mass: str) -> tuple[NDArray, NDArray]:
    """Return radii [kpc] and masses [Msun] inside them."""
    if mass not in _MASSES or mass not in profile:
        msg = f"mass must be one of {', '.join(_MASSES)} in the profile, got {mass!r}"
        raise ValueError(msg)
    radii, masses = (profile[key].to_numpy(dtype=float) for key in ("radius", mass))
    if not np.isfinite(masses).all():
        msg = f"{mass} of the profile must be known: the galaxy's source lacks a species, got NaN"
        raise ValueError(msg)
    if len(radii) < 4 or not (radii[0] > 0 and (np.diff(radii) > 0).all()):
        msg = f"the profile must have four or more radii that rise from above 0, got {radii}"
        raise ValueError(msg)
    return radii, masses
