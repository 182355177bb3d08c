"""Fields and units of the TNG family (TNG, Illustris, CAMELS), in cutouts and snapshots alike."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from galmass_core.sources.particle_file import Column

DATASETS = {  # the second name is SIMBA's, where it differs
    "positions": (Column("Coordinates"),),
    "velocities": (Column("Velocities"),),
    "masses": (Column("Masses"),),
    "initial_masses": (Column("GFM_InitialMass"),),
    "formation_scale_factors": (
        Column("GFM_StellarFormationTime"),
        Column("StellarFormationTime"),
    ),
    "metallicities": (Column("GFM_Metallicity"), Column("Metallicity", 0)),  # 0: all metals
    "magnitudes": (Column("GFM_StellarPhotometrics", slice(4, 6)),),  # U B V K g r i z
    "potentials": (Column("Potential"),),
    "star_formation_rates": (Column("StarFormationRate"),),
    "hydrogen_fractions": (Column("GFM_Metals", 0),),
    "neutral_fractions": (Column("NeutralHydrogenAbundance"),),
    "internal_energies": (Column("InternalEnergy"),),
    "electron_abundances": (Column("ElectronAbundance"),),
    "support_radii": (Column("SubfindHsml"),),
    "densities": (Column("Density"),),
}


class Units:
    """Factors from code units (ckpc/h, km sqrt(a)/s, 1e10 Msun/h) to kpc, km/s, Msun."""

    def __init__(self, scale_factor: float, hubble: float) -> None:
        self.length = scale_factor / hubble
        self.mass = 1e10 / hubble
        self._factors = {
            "positions": self.length,
            "velocities": np.sqrt(scale_factor),
            "masses": self.mass,
            "initial_masses": self.mass,
            "potentials": 1 / scale_factor,
            "support_radii": self.length,
            "densities": self.mass / self.length**3,
        }

    def factor(self, quantity: str, _attributes: Mapping[str, Any]) -> float:
        """Return the factor of a quantity; 1 for those that are stored as we use them."""
        return self._factors.get(quantity, 1.0)
