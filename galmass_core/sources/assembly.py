"""Assemble a file's particles into a `Galaxy`, centred and at rest, for every format."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import BlackHoles, DarkMatter, Galaxy, GalaxyFileError, Gas, Stars
from galmass_core.sources import centring, fallbacks
from galmass_core.sources.particle_file import ParticleFile
from galmass_core.sources.plausibility import check_plausible
from galmass_core.sources.species import DEPTHS, Columns, read_species


@dataclass(frozen=True, kw_only=True)
class CatalogueEntry:
    """Entry of a galaxy in a group catalogue.

    Attributes
    ----------
    centre : (3,) float
        In the unit of the file's coordinates.
    half_mass_radius : float or None, kpc
        R_hsm; None: that of the stars.
    is_central : bool or None
    host_group : int or None
    is_cosmological : bool or None
        TNG's SubhaloFlag.
    """

    centre: NDArray
    half_mass_radius: float | None = None
    is_central: bool | None = None
    host_group: int | None = None
    is_cosmological: bool | None = None


def assemble_galaxy(file: ParticleFile, entry: CatalogueEntry | None = None) -> Galaxy:
    """Read all particles of a galaxy, centre them and bring them to rest.

    Without a catalogue the centre is the particle of lowest potential or binding energy, else the
    minimum of the particles' potential, and R_hsm holds half of the bound stellar mass. Velocities
    are relative to the stars inside R_hsm.

    Parameters
    ----------
    file : ParticleFile
    entry : CatalogueEntry, optional
        Centre, R_hsm and host halo.

    Returns
    -------
    Galaxy

    Raises
    ------
    GalaxyFileError
        If a required field is missing, has the wrong shape or is not finite, if
        there are no stars, or if size or mass are not those of a galaxy.
    """
    particles = read_species(file, with_depths=entry is None)
    stars = particles["stars"]
    if entry is None:
        centre, reason = _find_centre(particles)
        for columns in particles.values():
            columns["positions"] -= centre
        file.notes.append(f"No catalogue: the centre is {reason}, R_hsm that of the stars.")
    radius = _half_mass_radius(file, stars, entry)
    bulk = centring.bulk_velocity(stars["positions"], stars["velocities"], stars["masses"], radius)
    for species in ("stars", "gas", "wind"):
        particles[species]["velocities"] -= bulk
    dark, holes = particles["dark_matter"], particles["black_holes"]
    galaxy = Galaxy(
        name=file.header.name,
        source=str(file.path),
        half_mass_radius=radius,
        redshift=1 / file.header.scale_factor - 1,
        cosmology=file.header.cosmology,
        stars=_stars(file, stars),
        gas=None if "gas" in file.unknown else _gas(file, particles["gas"], particles["wind"]),
        dark_matter=None
        if "dark_matter" in file.unknown
        else DarkMatter(positions=dark["positions"], masses=dark["masses"]),
        black_holes=BlackHoles(positions=holes["positions"], masses=holes["masses"]),
        is_central=None if entry is None else entry.is_central,
        host_group=None if entry is None else entry.host_group,
        is_cosmological=None if entry is None else entry.is_cosmological,
        notes=(*file.header.notes, *file.notes),
    )
    check_plausible(galaxy)
    return galaxy


def _find_centre(particles: dict[str, Columns]) -> tuple[NDArray, str]:
    """Return the position of the deepest particle, else the potential's minimum; and what it is."""
    for depth in DEPTHS:
        known = [c for c in particles.values() if depth in c and len(c[depth])]
        if known:
            deepest = min(known, key=lambda columns: columns[depth].min())
            reason = f"the particle with the lowest of {depth.replace('_', ' ')}"
            return deepest["positions"][np.argmin(deepest[depth])].copy(), reason
    from galmass_core.sources.potential import NEAREST, potential_minimum

    species = [(columns["positions"], columns["masses"]) for columns in particles.values()]
    if sum(len(masses) for _, masses in species) <= NEAREST:
        positions, masses = species[0]  # stars
        return np.average(positions, axis=0, weights=masses), "the centre of mass of its few stars"
    centre, softening = potential_minimum(species)
    reason = "the minimum of the potential of all given particles"
    return centre, f"{reason} (softened by {softening:.2g} kpc)"


def _half_mass_radius(file: ParticleFile, stars: Columns, entry: CatalogueEntry | None) -> float:
    if entry is None or entry.half_mass_radius is None:
        radius = centring.half_mass_radius(stars["positions"], stars["masses"])
    else:
        radius = entry.half_mass_radius
    if not radius > 0:
        msg = f"{file.path}: the half-mass radius of the stars must be positive (kpc), got {radius}"
        raise GalaxyFileError(msg)
    return radius


def _stars(file: ParticleFile, stars: Columns) -> Stars:
    cosmology = file.header.cosmology
    births = cosmology.age(stars["formation_scale_factors"])
    ages = np.maximum(cosmology.age(file.header.scale_factor) - births, 0.0)
    initial, substitute = fallbacks.initial_masses(stars, ages)
    file.note("stars", "initial_masses", substitute)
    if "magnitudes" not in stars:
        file.note("stars", "magnitudes", "light comes from the SSP table")
    if "potentials" not in stars:
        file.note("stars", "potentials", "the stars' potential is not known")
    lengths, problem = fallbacks.smoothing_lengths(stars)
    if problem:
        file.notes.append(f"{file.field('stars', 'smoothing_lengths')} {problem}.")
    return Stars(
        positions=stars["positions"],
        velocities=stars["velocities"],
        masses=stars["masses"],
        initial_masses=initial,
        ages=ages,
        metallicities=stars["metallicities"],
        magnitudes=stars.get("magnitudes"),
        potentials=stars.get("potentials"),
        smoothing_lengths=lengths,
    )


def _gas(file: ParticleFile, gas: Columns, wind: Columns) -> Gas:
    """Join gas cells and wind; wind has no neutral hydrogen, star formation or smoothing.

    SWIFT may store the time of the last star formation as a negative rate.
    """
    rates = gas.get("star_formation_rates")
    if rates is None:
        rates = np.zeros(len(gas["masses"]))
        file.note("gas", "star_formation_rates", "no gas forms stars")
    neutral, substitute = fallbacks.neutral_hydrogen_masses(gas)
    file.note("gas", "neutral_fractions", substitute)
    support, substitute = fallbacks.support_radii(gas)
    file.note("gas", "support_radii", substitute)
    zeros = np.zeros(len(wind["masses"]))
    return Gas(
        positions=np.concatenate([gas["positions"], wind["positions"]]),
        velocities=np.concatenate([gas["velocities"], wind["velocities"]]),
        masses=np.concatenate([gas["masses"], wind["masses"]]),
        neutral_hydrogen_masses=np.concatenate([neutral, zeros]),
        metallicities=np.concatenate([gas["metallicities"], wind["metallicities"]]),
        star_formation_rates=np.concatenate([np.maximum(rates, 0.0), zeros]),
        smoothing_lengths=np.concatenate([support, zeros]),
    )
