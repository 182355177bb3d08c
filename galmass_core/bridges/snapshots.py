"""Galaxies from swiftgalaxy, pynbody and yt.

They are made by `Galaxy.from_arrays`: converted to physical kpc, km/s, Msun and Gyr, checked,
centred and brought to rest. A species that the source does not know is unknown, one that it knows
and has no particle of is empty.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from galmass_core.bridges.particles import FAMILIES, NUMBERS
from galmass_core.galaxy import Cosmology, Galaxy
from galmass_core.sources.species import assumed_age

if TYPE_CHECKING:
    from pynbody.snapshot.simsnap import SimSnap
    from swiftgalaxy import SWIFTGalaxy
    from yt.data_objects.selection_objects.data_selection_objects import YTSelectionContainer

KINDS = {name: f"PartType{number}" for name, number in NUMBERS.items()}
_MOVING = ("stars", "gas")  # species of which galmass keeps velocities and metals
_FORMATION = ("BirthScaleFactors", "GFM_StellarFormationTime", "StellarFormationTime")

Arrays = dict[str, Any]


def from_pynbody(
    snapshot: "SimSnap", *, centre: ArrayLike | None = None, name: str = "pynbody/snapshot/0/1"
) -> Galaxy:
    """Make a galaxy of the particles of a snapshot, halo or other part of one in pynbody.

    Parameters
    ----------
    snapshot : pynbody.snapshot.SimSnap
        In any units, comoving or physical; its ``properties`` give redshift and cosmology.
    centre : (3,) float, optional, kpc
        In the snapshot's present frame; found as in `Galaxy.from_arrays` by default.
    name : str
        ``suite/simulation/snapshot/subhalo``.

    Returns
    -------
    Galaxy
        Gas, dark matter and black holes are known where the whole snapshot has them. Particles of
        which pynbody knows no age are wind (of AREPO), and left out with a note.

    Raises
    ------
    ValueError
        As in `Galaxy.from_arrays`: no stars, NaN, or numbers that no galaxy has.
    """
    known = {family.name for family in snapshot.ancestor.families()}
    species: dict[str, Arrays] = {"stars": {}}
    for ours, family in FAMILIES.items():
        if family in known:
            part = getattr(snapshot, family)
            species[ours] = {"positions": part["pos"], "masses": part["mass"]}
            if ours in _MOVING:
                species[ours] |= {"velocities": part["vel"]} | _pynbody_arrays(part, ours)
    properties = snapshot.properties
    cosmology = None
    if {"h", "omegaM0", "omegaL0"} <= set(properties):
        cosmology = _cosmology(*(properties[key] for key in ("h", "omegaM0", "omegaL0")))
    redshift = 1 / float(properties["a"]) - 1 if properties.get("a") else 0.0
    return _galaxy(species, centre, redshift, cosmology, name, _without_wind(species["stars"]))


def from_swiftgalaxy(
    galaxy: "SWIFTGalaxy", *, centre: ArrayLike | None = None, name: str = "SWIFT/snapshot/0/1"
) -> Galaxy:
    """Make a galaxy of the particles of a swiftgalaxy.

    Parameters
    ----------
    galaxy : swiftgalaxy.SWIFTGalaxy
    centre : (3,) float, optional, kpc
        In its present frame; its origin by default, where swiftgalaxy puts the centre of the
        catalogue (``auto_recentre``).
    name : str
        ``suite/simulation/snapshot/subhalo``.

    Returns
    -------
    Galaxy
        A species of which the snapshot has no particle at all is unknown if it is dark matter, else
        there is none. Stars of the initial conditions, which SWIFT marks by a negative scale factor
        of birth, have the age that galmass assumes, with a note.

    Raises
    ------
    ValueError
        As in `Galaxy.from_arrays`.
    """
    header = galaxy.metadata
    species: dict[str, Arrays] = {"stars": {}, "gas": {}, "black_holes": {}}
    for ours in set(KINDS) & set(header.present_group_names):
        group = getattr(galaxy, ours)
        masses = "dynamical_masses" if hasattr(group, "dynamical_masses") else "masses"
        species[ours] = {"positions": group.coordinates, "masses": getattr(group, masses)}
        if ours in _MOVING:
            species[ours] |= {"velocities": group.velocities} | _swift_arrays(group, ours)
    cosmology = None
    if header.cosmology is not None:
        known = header.cosmology
        cosmology = _cosmology(known.h, known.Om0, known.Ode0)
    redshift = 1 / float(header.scale_factor) - 1
    notes = _date(species["stars"], cosmology, redshift)
    middle = np.zeros(3) if centre is None else centre
    return _galaxy(species, middle, redshift, cosmology, name, notes)


def from_yt(
    source: "YTSelectionContainer",
    *,
    centre: ArrayLike | None = None,
    name: str = "yt/snapshot/0/1",
    kinds: Mapping[str, str] = KINDS,
) -> Galaxy:
    """Make a galaxy of the particles of an object of yt, such as a sphere.

    Parameters
    ----------
    source : yt data object
        Of a data set with particles: ``ds.sphere(...)``, ``ds.all_data()``.
    centre : (3,) float, optional, kpc
        In the box; found as in `Galaxy.from_arrays` by default.
    name : str
        ``suite/simulation/snapshot/subhalo``.
    kinds : mapping of str to str
        Particle type of yt by species; those of Gadget, AREPO, GIZMO and SWIFT by default.

    Returns
    -------
    Galaxy
        A species whose type the data set does not have is unknown. Ages are yt's field ``age``, or
        from the scale factor of formation as it is in the file, which is what yt calls
        ``stellar_age`` in AREPO's. Particles with a negative one are wind: left out, with a note.

    Raises
    ------
    ValueError
        As in `Galaxy.from_arrays`.
    """
    data = source.ds
    species: dict[str, Arrays] = {"stars": {}}
    for ours, kind in kinds.items():
        if kind not in data.particle_types_raw:
            continue
        fields = {field for one, field in data.derived_field_list if one == kind}
        species[ours] = {
            "positions": source[kind, "particle_position"],
            "masses": source[kind, "particle_mass"],
        }
        if ours in _MOVING:
            species[ours]["velocities"] = source[kind, "particle_velocity"]
            species[ours] |= _yt_arrays(source, kind, fields, ours)
    redshift, cosmology = 0.0, None
    if data.cosmological_simulation:
        redshift = float(data.current_redshift)
        cosmology = _cosmology(data.hubble_constant, data.omega_matter, data.omega_lambda)
    return _galaxy(species, centre, redshift, cosmology, name, _without_wind(species["stars"]))


def _galaxy(
    species: dict[str, Arrays],
    centre: ArrayLike | None,
    redshift: float,
    cosmology: Cosmology | None,
    name: str,
    notes: tuple[str, ...] = (),
) -> Galaxy:
    """Make a galaxy of arrays, with notes on what was done to them before."""
    made = Galaxy.from_arrays(
        stars=species["stars"],
        gas=species.get("gas"),
        dark_matter=species.get("dark_matter"),
        black_holes=species.get("black_holes"),
        centre=centre,
        redshift=redshift,
        cosmology=cosmology,
        name=name,
    )
    return replace(made, notes=(*made.notes, *notes))


def _pynbody_arrays(part: "SimSnap", species: str) -> Arrays:
    """Return what a family has of metals, ages and initial masses or star-formation rates."""
    wanted = {"metallicities": "metals"}
    if species == "stars":
        wanted |= {"ages": "age", "initial_masses": "massform"}
    else:
        wanted |= {"star_formation_rates": "sfr"}
    found = {}
    for ours, theirs in wanted.items():
        with suppress(KeyError), np.errstate(invalid="ignore"):  # wind has no age
            found[ours] = part[theirs]
    if (
        species == "gas"
        and "star_formation_rates" not in found
        and "StarFormationRate" in part.loadable_keys()
    ):
        found["star_formation_rates"] = np.asarray(part["StarFormationRate"])  # AREPO's, Msun/yr
    return found


def _swift_arrays(group: object, species: str) -> Arrays:
    """Return what a group has of metals, births and initial masses or star-formation rates."""
    wanted = {"metallicities": "metal_mass_fractions"}
    if species == "stars":
        wanted |= {
            "formation_scale_factors": "birth_scale_factors",
            "initial_masses": "initial_masses",
        }
    found = {ours: getattr(group, name) for ours, name in wanted.items() if hasattr(group, name)}
    if species == "gas" and hasattr(group, "star_formation_rates"):
        rates = group.star_formation_rates.to_physical_value("Msun/yr")
        found["star_formation_rates"] = np.maximum(rates, 0.0)  # below: when it last formed stars
    return found


def _yt_arrays(source: "YTSelectionContainer", kind: str, fields: set[str], species: str) -> Arrays:
    """Return what a particle type has of metals, births and masses or star-formation rates."""
    found: Arrays = {}
    if "metallicity" in fields:
        found["metallicities"] = source[kind, "metallicity"].to_value("dimensionless")
    if species == "gas":
        if "star_formation_rate" in fields:
            found["star_formation_rates"] = source[kind, "star_formation_rate"]
        return found
    if "initial_mass" in fields:
        found["initial_masses"] = source[kind, "initial_mass"]
    formation = [field for field in _FORMATION if field in fields]
    if formation and source.ds.cosmological_simulation:
        found["formation_scale_factors"] = np.array(source[kind, formation[0]].d)
    elif "age" in fields:
        found["ages"] = source[kind, "age"]
    return found


def _without_wind(stars: Arrays) -> tuple[str, ...]:
    """Leave out particles that never formed; return a note if there are any."""
    if "formation_scale_factors" in stars:
        formed = np.asarray(stars["formation_scale_factors"]) > 0
    elif "ages" in stars:
        formed = np.isfinite(np.asarray(stars["ages"]))
    else:
        return ()
    if formed.all():
        return ()
    stars.update({key: values[formed] for key, values in stars.items()})
    return (f"{np.count_nonzero(~formed)} wind-phase particles of the stars are left out.",)


def _date(stars: Arrays, cosmology: Cosmology | None, redshift: float) -> tuple[str, ...]:
    """Give stars of the initial conditions the assumed age; return a note if there are any."""
    if "formation_scale_factors" not in stars or cosmology is None:
        return ()
    births = np.array(stars["formation_scale_factors"], dtype=float)
    undated = births <= 0
    if not undated.any():
        return ()
    now = float(cosmology.age(1 / (1 + redshift)))
    age = assumed_age(now)
    births[undated] = cosmology.scale_factor(now - age)
    stars["formation_scale_factors"] = births
    return (f"{np.count_nonzero(undated)} stars have no time of birth: {age:.3g} Gyr is assumed.",)


def _cosmology(hubble: float, matter: float, dark_energy: float) -> Cosmology:
    return Cosmology(
        hubble=float(hubble), omega_matter=float(matter), omega_lambda=float(dark_energy)
    )
