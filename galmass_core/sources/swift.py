"""Read files of one galaxy in SWIFT's format (COLIBRE); attributes give the cgs units."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from galmass_core.galaxy import Cosmology, Galaxy, GalaxyName
from galmass_core.sources import attributes, hdf5, naming
from galmass_core.sources.arepo import OMEGA_MATTER
from galmass_core.sources.assembly import assemble_galaxy
from galmass_core.sources.particle_file import Column, Header, Scale, whole_file

DATASETS = {
    "positions": (Column("Coordinates"),),
    "velocities": (Column("Velocities"),),
    "masses": (Column("Masses"), Column("DynamicalMasses")),  # black holes have the second
    "initial_masses": (Column("InitialMasses"),),
    "formation_scale_factors": (Column("BirthScaleFactors"),),
    "metallicities": (Column("MetalMassFractions"),),
    "potentials": (Column("Potentials"),),
    "star_formation_rates": (Column("StarFormationRates"),),
    "hydrogen_fractions": (Column("ElementMassFractions/Hydrogen"),),
    "atomic_fractions": (Column("SpeciesFractions/HI"),),
    "molecular_fractions": (Column("SpeciesFractions/H2"),),
    "temperatures": (Column("Temperatures"),),
    "support_radii": (Column("SmoothingLengths"),),
    "densities": (Column("Densities"),),
}
# Support radius of the kernel over SWIFT's smoothing length
# (quartic spline in 3D: Dehnen & Aly 2012, Table 1; the kernel of SPHENIX, Borrow et al. 2022).
_KERNEL_END = 2.018932
_KPC, _MSUN, _YEAR = 3.0856775814913673e21, 1.98841e33, 3.15569252e7  # cgs, SWIFT's values
_CGS = {
    "positions": _KPC,
    "velocities": 1e5,
    "masses": _MSUN,
    "initial_masses": _MSUN,
    "potentials": 1e10,
    "star_formation_rates": _MSUN / _YEAR,
    "support_radii": _KPC / _KERNEL_END,
    "densities": _MSUN / _KPC**3,
}
_PHYSICAL = "Conversion factor to physical CGS (including cosmological corrections)"
_COMOVING = "Conversion factor to CGS (not including cosmological corrections)"
_OMEGA_MATTER = 0.306  # COLIBRE's (Abbott et al. 2022), for files without it


def matches(file: hdf5.File) -> bool:
    """Return whether the datasets have SWIFT's unit attributes."""
    return bool({_PHYSICAL, "a-scale exponent"} & set(hdf5.coordinate_attributes(file)))


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
        scale_factor = attributes.scale_factor(file, "Scale-factor")
        cosmology, notes = read_cosmology(file)
        scale = unit_scale(scale_factor, cosmology.hubble)
        box_size = attributes.number(file, "BoxSize")
        header = Header(
            name=_read_name(file, path, box_size),
            box_size=box_size,
            scale_factor=scale_factor,
            cosmology=cosmology,
            dark_matter_mass=0.0,
            notes=notes,
        )
        datasets = named_datasets(file)
        return assemble_galaxy(whole_file(file, header, datasets=datasets, scale=scale))


_NAMED = {  # columns of arrays that NamedColumns names
    "hydrogen_fractions": ("ElementMassFractions", "Hydrogen"),
    "atomic_fractions": ("SpeciesFractions", "HI"),
    "molecular_fractions": ("SpeciesFractions", "H2"),
}


def named_datasets(file: hdf5.File) -> dict[str, tuple[Column, ...]]:
    """Return `DATASETS`, with the columns of elements and species that a file names.

    Hydrogen is the first element where names are missing.
    """
    found = dict(DATASETS)
    for quantity, (dataset, name) in _NAMED.items():
        names = file.texts(f"SubgridScheme/NamedColumns/{dataset}")
        if name in names:
            found[quantity] = (*DATASETS[quantity], Column(dataset, names.index(name)))
        elif name == "Hydrogen":
            found[quantity] = (*DATASETS[quantity], Column(dataset, 0))
    return found


def unit_scale(scale_factor: float, hubble: float) -> Scale:
    """Return the function of a quantity and its dataset's attributes that gives its unit.

    The unit is in kpc, km/s, Msun and their combinations; attributes are scalars. The function
    raises KeyError if they do not state the unit.
    """

    def scale(quantity: str, attributes: Mapping[str, Any]) -> float:
        if _PHYSICAL in attributes:
            cgs = attributes[_PHYSICAL]
        else:
            is_physical = attributes.get("Value stored as physical")
            expansion = 1.0 if is_physical else scale_factor ** attributes["a-scale exponent"]
            hubble_power = hubble ** attributes["h-scale exponent"]
            cgs = attributes[_COMOVING] * expansion * hubble_power
        return float(cgs / _CGS.get(quantity, 1.0))

    return scale


def read_cosmology(file: hdf5.File) -> tuple[Cosmology, tuple[str, ...]]:
    """Read SWIFT's own group, else the Gadget-like header, for which Omega may be assumed."""
    if "Cosmology" in file:
        hubble, matter, dark_energy = (
            attributes.number(file, name, group="Cosmology")
            for name in ("h", "Omega_m", "Omega_lambda")
        )
        return Cosmology(hubble=hubble, omega_matter=matter, omega_lambda=dark_energy), ()
    hubble = attributes.number(file, "HubbleParam")
    if attributes.find_numbers(file, *OMEGA_MATTER) is not None:
        matter = attributes.number(file, *OMEGA_MATTER)
        return Cosmology(hubble=hubble, omega_matter=matter, omega_lambda=1 - matter), ()
    note = f"Header/Omega0 is missing: ages assume a flat universe with {_OMEGA_MATTER}."
    cosmology = Cosmology(hubble=hubble, omega_matter=_OMEGA_MATTER, omega_lambda=1 - _OMEGA_MATTER)
    return cosmology, (note,)


def _read_name(file: hdf5.File, path: Path, box_size: float) -> GalaxyName:
    """Name the galaxy by run, box side in Mpc, snapshot, and file: COLIBRE/L0050/127/colibre_z0."""
    snapshot = attributes.text(file, "ExtractedFromSnapshot") or "unknown"
    return GalaxyName(
        suite=naming.suite_from_label(attributes.text(file, "RunLabel"), "SWIFT"),
        simulation=f"L{box_size:04.0f}",
        snapshot=naming.url_safe(snapshot),
        subhalo=naming.url_safe(path.stem),
    )
