"""Read EAGLE files of one subhalo: attributes give powers of h and a, and units."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py

from galmass_core.galaxy import Cosmology, Galaxy, GalaxyName
from galmass_core.sources import hdf5, naming
from galmass_core.sources.arepo import OMEGA_LAMBDA, OMEGA_MATTER
from galmass_core.sources.assembly import assemble_galaxy
from galmass_core.sources.particle_file import Column, Header, whole_file

_DATASETS = {
    "positions": (Column("Coordinates"),),
    "velocities": (Column("Velocity"),),
    "masses": (Column("Mass"),),
    "initial_masses": (Column("InitialMass"),),
    "formation_scale_factors": (Column("StellarFormationTime"),),
    "metallicities": (Column("SmoothedMetallicity"), Column("Metallicity")),
    "binding_energies": (Column("ParticleBindingEnergy"),),  # negative: bound
    "star_formation_rates": (Column("StarFormationRate"),),
    "hydrogen_fractions": (
        Column("SmoothedElementAbundance/Hydrogen"),
        Column("ElementAbundance/Hydrogen"),
    ),
    "temperatures": (Column("Temperature"),),
    "support_radii": (Column("SmoothingLength"),),  # as in Gadget, the support radius of the kernel
    "densities": (Column("Density"),),
}
_KPC, _MSUN, _YEAR = 3.085678e21, 1.989e33, 3.155e7  # cgs, the simulation's own constants
_CGS = {
    "positions": _KPC,
    "velocities": 1e5,
    "masses": _MSUN,
    "initial_masses": _MSUN,
    "star_formation_rates": _MSUN / _YEAR,
    "support_radii": _KPC,
    "densities": _MSUN / _KPC**3,
}


def matches(file: h5py.File) -> bool:
    """Return whether the datasets have EAGLE's unit attributes."""
    return "aexp-scale-exponent" in hdf5.coordinate_attributes(file)


def read(path: Path) -> Galaxy:
    """Read the file of one EAGLE subhalo.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    GalaxyFileError
        If the file is damaged or lacks what every galaxy needs.
    """
    with hdf5.open_file(path) as file:
        scale_factor = hdf5.scale_factor(file, "ExpansionFactor", "Time")
        hubble = hdf5.number(file, "HubbleParam")

        def scale(quantity: str, attributes: Mapping[str, Any]) -> float:
            expansion = scale_factor ** attributes["aexp-scale-exponent"]
            hubble_power = hubble ** attributes["h-scale-exponent"]
            cgs = attributes["CGSConversionFactor"] * expansion * hubble_power
            return float(cgs / _CGS.get(quantity, 1.0))

        box_size = hdf5.number(file, "BoxSize")
        masses = hdf5.attribute(file, "MassTable")
        header = Header(
            name=_read_name(file, path, box_size / hubble),
            box_size=box_size,
            scale_factor=scale_factor,
            cosmology=Cosmology(
                hubble=hubble,
                omega_matter=hdf5.number(file, *OMEGA_MATTER),
                omega_lambda=hdf5.number(file, *OMEGA_LAMBDA),
            ),
            dark_matter_mass=0.0 if masses is None else float(masses[1]) * 1e10 / hubble,
        )
        return assemble_galaxy(whole_file(file, header, datasets=_DATASETS, scale=scale))


def _read_name(file: h5py.File, path: Path, box_size: float) -> GalaxyName:
    """Name the galaxy by box side in Mpc, snapshot, group and subgroup: EAGLE/L0100/28/92-9."""
    stars = file.get("PartType4", {})
    numbers = [stars[name][:1] for name in ("GroupNumber", "SubGroupNumber") if name in stars]
    subhalo = "-".join(str(number[0]) for number in numbers if len(number))
    snapshot = hdf5.text(file, "ExtractedFromSnapshot") or "unknown"
    return GalaxyName(
        suite=naming.suite_from_label(hdf5.text(file, "RunLabel"), "EAGLE"),
        simulation=f"L{box_size:04.0f}",
        snapshot=naming.url_safe(snapshot),
        subhalo=subhalo or naming.subhalo_from_path(path),
    )
