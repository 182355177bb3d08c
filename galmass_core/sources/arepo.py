"""Fields and units of the TNG family (TNG, Illustris, CAMELS), in cutouts and snapshots."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from galmass_core.galaxy import Cosmology
from galmass_core.sources import hdf5, naming
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
    "smoothing_lengths": (Column("StellarHsml"),),
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
            "smoothing_lengths": self.length,
            "potentials": 1 / scale_factor,
            "support_radii": self.length,
            "densities": self.mass / self.length**3,
        }

    def factor(self, quantity: str, _attributes: Mapping[str, Any]) -> float:
        """Return the factor of a quantity; 1 for those stored in internal units."""
        return self._factors.get(quantity, 1.0)


def read_units(file: h5py.File) -> Units:
    """Read the units of a snapshot, cutout or catalogue."""
    return Units(hdf5.number(file, "Time"), hdf5.number(file, "HubbleParam"))


def read_cosmology(file: h5py.File) -> Cosmology:
    """Read the cosmology of a snapshot, cutout or catalogue."""
    return Cosmology(
        hubble=hdf5.number(file, "HubbleParam"),
        omega_matter=hdf5.number(file, "Omega0"),
        omega_lambda=hdf5.number(file, "OmegaLambda"),
    )


def read_dark_matter_mass(file: h5py.File) -> float:
    """Read the mass of dark-matter particles in code units; 0 if each particle has its own."""
    masses = hdf5.attribute(file, "MassTable")
    return 0.0 if masses is None or len(masses) < 2 else float(masses[1])


def read_simulation(file: h5py.File, folder: Path, dm_mass: float) -> tuple[str, str]:
    """Identify suite and simulation by the header's name, box and particle mass, or folder."""
    label = hdf5.text(file, "SimulationName")
    if label:
        return naming.simulation_from_label(label)
    box_size, hubble = hdf5.number(file, "BoxSize"), hdf5.number(file, "HubbleParam")
    known = naming.simulation_from_box(box_size, hubble, dm_mass)
    return known or naming.simulation_from_folder(folder, box_size)
