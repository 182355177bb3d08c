"""Distances in the universe of TNG, and what brightness on the sky is in a galaxy's own units."""

from functools import cache

import numpy as np
from scipy.integrate import quad

from galmass_core.photometry import SUN_AB

_HUBBLE, _MATTER = 67.74, 0.3089  # km/s/Mpc; flat (Planck 2015, as TNG)
_LIGHT = 299_792.458  # km/s
_ARCSEC = np.pi / 180 / 3600


@cache
def comoving_distance(redshift: float) -> float:
    """Return the comoving distance to a redshift [kpc]."""

    def slowness(z: float) -> float:
        return (_MATTER * (1 + z) ** 3 + 1 - _MATTER) ** -0.5

    return float(quad(slowness, 0, redshift)[0]) * 1e3 * _LIGHT / _HUBBLE


def kpc_per_arcsec(redshift: float) -> float:
    """Return the length in a galaxy that one arcsec spans."""
    return comoving_distance(redshift) / (1 + redshift) * _ARCSEC


def light_of(magnitude: float, band: str, redshift: float) -> float:
    """Return the light of a source of an apparent AB magnitude [Lsun], without K-correction."""
    modulus = 5 * np.log10(comoving_distance(redshift) * (1 + redshift) / 0.01)
    return float(10 ** (-0.4 * (magnitude - modulus - SUN_AB[band])))
