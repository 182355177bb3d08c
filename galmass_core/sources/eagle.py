"""Read files of one galaxy in EAGLE's format: attributes give powers of h and a, and units.

EAGLE itself, and Magneticum and Horizon-AGN as the examples of SimSpin have them.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from galmass_core.galaxy import Cosmology, Galaxy, GalaxyName
from galmass_core.sources import attributes, hdf5, naming
from galmass_core.sources.arepo import OMEGA_LAMBDA, OMEGA_MATTER, read_dark_matter_mass
from galmass_core.sources.assembly import assemble_galaxy
from galmass_core.sources.element_masses import as_fractions
from galmass_core.sources.particle_file import Column, Header, Scale, unit_factor, whole_file

DATASETS = {
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
OBJECT_NUMBERS = ("GroupNumber", "SubGroupNumber")
_UNIT_ATTRIBUTES = ("CGSConversionFactor", "aexp-scale-exponent", "h-scale-exponent")
_DIMENSIONLESS = {"metallicities", "hydrogen_fractions", "formation_scale_factors"}
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
_RATES = "PartType0/StarFormationRate"


def matches(file: hdf5.File) -> bool:
    """Return whether the datasets have EAGLE's unit attributes."""
    return "aexp-scale-exponent" in hdf5.coordinate_attributes(file)


def read(path: Path) -> Galaxy:
    """Read the file of one galaxy.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    GalaxyFileError
        If the file is damaged or lacks what every galaxy needs.
    """
    with hdf5.open_file(path) as file:
        stars = [file.find(f"PartType4/{name}") for name in OBJECT_NUMBERS]
        numbers = [found.with_width().whole(0, 1) for found in stars if found is not None]
        subhalo = "-".join(str(number[0]) for number in numbers if len(number))
        snapshot = attributes.text(file, "ExtractedFromSnapshot") or "unknown"
        scale = read_scale(file)
        header = read_header(file, snapshot, subhalo or naming.subhalo_from_path(path))
        particles = whole_file(file, header, datasets=DATASETS, scale=scale)
        particles.notes.extend(_rate_notes(file))
        galaxy = assemble_galaxy(replace(particles, rows=as_fractions(particles, scale)))
    if subhalo.count("-") < len(OBJECT_NUMBERS) - 1:
        return galaxy
    group, subgroup = (int(number[0]) for number in numbers)
    return replace(galaxy, is_central=subgroup == 0, host_group=group)


def read_scale(file: hdf5.File) -> Scale:
    """Return the factor of a quantity to internal units, by the attributes of its dataset.

    Rates of star formation are in Msun/yr where the stated unit is over a million times that, or
    under a millionth: examples of SimSpin state 1e10 (Magneticum) and 1e-8 Msun/yr (Horizon-AGN).
    """
    stated = _stated_scale(file)

    def scale(quantity: str, attributes: Mapping[str, Any]) -> float:
        factor = stated(quantity, attributes)
        return 1.0 if quantity == "star_formation_rates" and _is_mistaken(factor) else factor

    return scale


def _stated_scale(file: hdf5.File) -> Scale:
    scale_factor = attributes.scale_factor(file, "ExpansionFactor", "Time")
    hubble = attributes.number(file, "HubbleParam")

    def scale(quantity: str, attributes: Mapping[str, Any]) -> float:
        if quantity in _DIMENSIONLESS:
            return 1.0
        conversion, a_power, h_power = (attributes[name] for name in _UNIT_ATTRIBUTES)
        cgs = conversion * scale_factor**a_power * hubble**h_power
        return float(cgs / _CGS.get(quantity, 1.0))

    return scale


def _is_mistaken(rate_unit: float) -> bool:
    return not 1e-6 < rate_unit < 1e6


def _rate_notes(file: hdf5.File) -> list[str]:
    """Return a note if the unit of star-formation rates is not read as the file states it."""
    stated = file.attributes(_RATES)
    if set(_UNIT_ATTRIBUTES) <= set(stated):
        scale = _stated_scale(file)
        unit = unit_factor(file.path, _RATES, scale, "star_formation_rates", stated)
        if _is_mistaken(unit):
            return [f"{_RATES} states a unit of {unit:.2g} Msun/yr: read as Msun/yr."]
    return []


def read_header(file: hdf5.File, snapshot: str, subhalo: str) -> Header:
    """Read the header of a galaxy; its name has the side of the box in Mpc: EAGLE/L0100/28/92-9.

    Raises
    ------
    GalaxyFileError
        If a value is missing, or the coordinates do not state their unit.
    """
    scale_factor = attributes.scale_factor(file, "ExpansionFactor", "Time")
    hubble = attributes.number(file, "HubbleParam")
    suite = naming.suite_from_label(attributes.text(file, "RunLabel"), "EAGLE")
    box_size, side = _read_box(file, suite, scale_factor, hubble)
    return Header(
        name=GalaxyName(suite, f"L{side:04.0f}", naming.url_safe(snapshot), subhalo),
        box_size=box_size,
        scale_factor=scale_factor,
        cosmology=Cosmology(
            hubble=hubble,
            omega_matter=attributes.number(file, *OMEGA_MATTER),
            omega_lambda=attributes.number(file, *OMEGA_LAMBDA),
        ),
        dark_matter_mass=read_dark_matter_mass(file) * 1e10 / hubble,
    )


def _read_box(
    file: hdf5.File, suite: str, scale_factor: float, hubble: float
) -> tuple[float, float]:
    """Return the side of the box in the unit of the coordinates, and in comoving Mpc.

    The box has the unit of the coordinates, except Horizon-AGN's: Mpc/h.
    """
    stated, scale = hdf5.coordinate_attributes(file), read_scale(file)
    factor = unit_factor(file.path, hdf5.coordinates(file), scale, "positions", stated)
    comoving_mpc = factor / scale_factor / 1e3
    box_size = attributes.number(file, "BoxSize")
    if suite == "Horizon-AGN":
        box_size /= hubble * comoving_mpc
    return box_size, box_size * comoving_mpc
