"""Fields and units of the TNG family (TNG, Illustris, CAMELS), in cutouts and snapshots."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from galmass_core.galaxy import Cosmology, GalaxyFileError
from galmass_core.sources import attributes, hdf5, naming
from galmass_core.sources.particle_file import Column

OMEGA_MATTER = ("Omega0", "Omega_Matter", "OmegaMatter", "Omega_m")  # of several codes
OMEGA_LAMBDA = ("OmegaLambda", "Omega_Lambda", "Omega_lambda")
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
_UNIT_ATTRIBUTES = ("to_cgs", "a_scaling", "h_scaling")
_KPC, _MSUN, _KM = 3.085678e21, 1.989e33, 1e5  # cgs, the simulations' own constants
_HEADER_UNITS = {
    "length": ("UnitLength_in_cm", _KPC),
    "mass": ("UnitMass_in_g", 1e10 * _MSUN),
    "velocity": ("UnitVelocity_in_cm_per_s", _KM),
}
_CGS = {  # cgs in the internal unit
    "positions": _KPC,
    "velocities": _KM,
    "masses": _MSUN,
    "initial_masses": _MSUN,
    "smoothing_lengths": _KPC,
    "potentials": _KM**2,
    "star_formation_rates": _MSUN / 3.15576e7,
    "support_radii": _KPC,
    "densities": _MSUN / _KPC**3,
}
_CONSTANTS_DIFFER = 1e-3
_HEAVIEST = 1e13  # mass of a particle in code units, whatever they are


class Units:
    """Factors from code units (ckpc/h, km sqrt(a)/s, 1e10 Msun/h) to kpc, km/s, Msun.

    Parameters
    ----------
    scale_factor, hubble : float
    length, mass, velocity : float
        Code units in kpc, 1e10 Msun and km/s, without powers of a and h.
    """

    def __init__(
        self,
        scale_factor: float,
        hubble: float,
        *,
        length: float = 1.0,
        mass: float = 1.0,
        velocity: float = 1.0,
    ) -> None:
        self.length = length * scale_factor / hubble
        self.mass = mass * 1e10 / hubble
        self._scale_factor, self._hubble = scale_factor, hubble
        self._factors = {
            "positions": self.length,
            "velocities": velocity * np.sqrt(scale_factor),
            "masses": self.mass,
            "initial_masses": self.mass,
            "smoothing_lengths": self.length,
            "potentials": velocity**2 / scale_factor,
            "support_radii": self.length,
            "densities": self.mass / self.length**3,
        }

    def factor(self, quantity: str, attributes: Mapping[str, Any]) -> float:
        """Return the factor of a quantity; 1 for those stored in internal units.

        A dataset's own unit (``to_cgs``, ``a_scaling``, ``h_scaling``) precedes the header's.
        """
        usual = self._factors.get(quantity, 1.0)
        cgs, a_power, h_power = (attributes.get(name) for name in _UNIT_ATTRIBUTES)
        if quantity not in _CGS or not cgs or a_power is None or h_power is None:
            return usual
        own = cgs * self._scale_factor**a_power * self._hubble**h_power / _CGS[quantity]
        return float(usual * _rounded(own / usual))


def _rounded(ratio: float) -> float:
    """Return a ratio of units, as a power of ten where it is one but for the constants of a code.

    The solar mass and the kpc of simulations differ in the fourth digit.
    """
    power = float(10.0 ** np.rint(np.log10(ratio)))
    return power if abs(ratio / power - 1) < _CONSTANTS_DIFFER else ratio


def read_units(file: hdf5.File) -> Units:
    """Read the units of a snapshot, cutout or catalogue; TNG's where it does not state its own."""
    scale_factor, hubble = (
        attributes.scale_factor(file, "Time"),
        attributes.number(file, "HubbleParam"),
    )
    return Units(scale_factor, hubble, **_read_scales(file))


def _read_scales(file: hdf5.File) -> dict[str, float]:
    """Return the code units of `_HEADER_UNITS` that a file states, in kpc, 1e10 Msun and km/s."""
    scales = {}
    for unit, (name, usual) in _HEADER_UNITS.items():
        for group in ("Header", "Parameters"):
            if attributes.find_numbers(file, name, group=group) is not None:
                scales[unit] = _rounded(attributes.number(file, name, group=group) / usual)
                break
    return scales


def read_cosmology(file: hdf5.File) -> Cosmology:
    """Read the cosmology of a snapshot, cutout or catalogue."""
    return Cosmology(
        hubble=attributes.number(file, "HubbleParam"),
        omega_matter=attributes.number(file, *OMEGA_MATTER),
        omega_lambda=attributes.number(file, *OMEGA_LAMBDA),
    )


def read_dark_matter_mass(file: hdf5.File) -> float:
    """Read the mass of dark-matter particles in code units; 0 if each particle has its own."""
    masses = attributes.find_numbers(file, "MassTable")
    mass = 0.0 if masses is None or len(masses) < 2 else float(masses[1])
    if not 0 <= mass < _HEAVIEST:
        msg = f"{file.filename}: Header/MassTable[1] must be 0 to {_HEAVIEST:g}, got {mass:g}"
        raise GalaxyFileError(msg)
    return mass


def read_simulation(file: hdf5.File, folder: Path, dm_mass: float) -> tuple[str, str]:
    """Identify suite and simulation by the header's name, box and particle mass, or folder."""
    code, label = read_code(file), attributes.text(file, "SimulationName")
    if label:
        return naming.simulation_from_label(label, code)
    scales = _read_scales(file)
    box_size = attributes.number(file, "BoxSize") * scales.get("length", 1.0)
    if code == "TNG":
        hubble, dm_mass = attributes.number(file, "HubbleParam"), dm_mass * scales.get("mass", 1.0)
        if known := naming.simulation_from_box(box_size, hubble, dm_mass):
            return known
    return naming.simulation_from_folder(folder, box_size, code)


def read_code(file: hdf5.File) -> str:
    """Return the family of simulations that has a file's datasets: TNG, SIMBA, or GIZMO (FIRE)."""
    names = {name for group in ("PartType0", "PartType4") for name in file.members(group)}
    if "StellarFormationTime" not in names and "Metallicity" not in names:
        return "TNG"
    return "SIMBA" if {"Dust_Masses", "HaloID"} & names else "GIZMO"
