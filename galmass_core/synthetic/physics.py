"""Change the physics of drawn galaxies: halo response, initial mass function, gas.

The reference universe is as fitted to TNG100. Another universe has the same galaxies with other
physics, so that what a model learned in one can be tested in the other.
"""

from dataclasses import dataclass, replace

import numpy as np

from galmass_core.photometry import surviving_fraction
from galmass_core.synthetic.solver import Demand

_KROUPA_SLOPE = 1.3  # below 0.5 Msun (Kroupa 2001), as in the SSP table
_MASSES = (0.08, 0.5, 100.0)  # Msun: of the lightest star, of the break, of the heaviest star
_HIGH_SLOPE = 2.3  # above the break
_OLD = 10.0  # Gyr


@dataclass(frozen=True, kw_only=True)
class Physics:
    """Differences of a universe from the reference.

    Attributes
    ----------
    halo_response : float, dex
        Added to the logarithm of the dark-matter mass inside R_hsm, and half of it inside 2 R_hsm;
        the total mass of the halo stays. Negative where baryons have expanded the halo.
    imf_slope : float
        Slope a of dN/dm ~ m^-a between 0.08 and 0.5 Msun. A steeper one adds dwarf stars: mass
        without light, at the same stellar mass (see `mass_excess`).
    gas : float, dex
        Added to the logarithm of the gas mass at all radii; star formation stays.
    """

    halo_response: float = 0.0
    imf_slope: float = _KROUPA_SLOPE
    gas: float = 0.0

    def change(self, demand: Demand) -> Demand:
        """Return the measurements that a galaxy of the reference has in this universe."""
        inner, outer = 10.0**self.halo_response, 10.0 ** (0.5 * self.halo_response)
        gas = 10.0**self.gas
        return replace(
            demand,
            mdm_1rhsm=inner * demand.mdm_1rhsm,
            mdm_2rhsm=outer * demand.mdm_2rhsm,
            mgas=gas * demand.mgas,
            mgas_1rhsm=gas * demand.mgas_1rhsm,
            mgas_2rhsm=gas * demand.mgas_2rhsm,
            mass_excess=mass_excess(self.imf_slope),
        )


UNIVERSES = {
    "reference": Physics(),
    "variant": Physics(halo_response=-0.15, imf_slope=1.9, gas=-0.3),
}


def mass_excess(slope: float) -> float:
    """Return how much more mass stars have per light than with the IMF of Kroupa (2001).

    Stars above 0.5 Msun, which give the light, stay; those below are extrapolated from them. For
    stars of 10 Gyr.

    Parameters
    ----------
    slope : float
        Below 0.5 Msun; 1.3 is Kroupa's, and gives 1; 2.3 is Salpeter's.

    Returns
    -------
    float
    """
    light, heavy = _mass(_KROUPA_SLOPE, *_MASSES[:2]), _mass(_HIGH_SLOPE, *_MASSES[1:])
    heavy_now = float(surviving_fraction(_OLD)) * (light + heavy) - light
    return (_mass(slope, *_MASSES[:2]) + heavy_now) / (light + heavy_now)


def _mass(slope: float, low: float, high: float) -> float:
    """Return the mass of stars between two masses, if there is one per unit mass at the break."""
    low, high = low / _MASSES[1], high / _MASSES[1]
    if slope == 2.0:
        return float(np.log(high / low))
    return (high ** (2.0 - slope) - low ** (2.0 - slope)) / (2.0 - slope)
