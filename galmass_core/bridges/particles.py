"""The particles of a galaxy for pynbody and yt.

Lengths are physical, not comoving, without h, and measured from the galaxy's centre; velocities are
relative to the galaxy. Those of dark matter and black holes, which galmass does not keep, are NaN.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import BlackHoles, DarkMatter, Galaxy, Gas, Stars

if TYPE_CHECKING:
    import yt
    from pynbody.snapshot.simsnap import SimSnap

Particles = Stars | Gas | DarkMatter | BlackHoles

_MARGIN = 1.01  # half sides of boxes over the distance of the farthest particle
FAMILIES = {"stars": "star", "gas": "gas", "dark_matter": "dm", "black_holes": "bh"}  # of pynbody
_PYNBODY_ARRAYS = {  # name and unit there, by name here
    "positions": ("pos", "kpc"),
    "velocities": ("vel", "km s^-1"),
    "masses": ("mass", "Msol"),
    "initial_masses": ("massform", "Msol"),
    "ages": ("age", "Gyr"),
    "metallicities": ("metals", "1"),
    "potentials": ("phi", "km^2 s^-2"),
    "star_formation_rates": ("sfr", "Msol yr^-1"),
    "smoothing_lengths": ("smooth", "kpc"),
}
NUMBERS = {"gas": 0, "dark_matter": 1, "stars": 4, "black_holes": 5}  # numbers of PartType
_YT_FIELDS = {
    "masses": ("particle_mass", "Msun"),
    "initial_masses": ("initial_mass", "Msun"),
    "ages": ("age", "Gyr"),
    "metallicities": ("metallicity", "dimensionless"),
    "star_formation_rates": ("star_formation_rate", "Msun/yr"),
}


def to_pynbody(galaxy: Galaxy) -> "SimSnap":
    """Return a galaxy as a snapshot of pynbody.

    Parameters
    ----------
    galaxy : Galaxy

    Returns
    -------
    pynbody.snapshot.SimSnap
        Families ``star``, ``gas``, ``dm`` and ``bh``, those that have particles, with ``pos``
        [kpc], ``vel`` [km/s] and ``mass`` [Msol]; stars also ``age`` [Gyr], ``metals`` and
        ``massform`` [Msol]. ``smooth`` is half of the kernel's radius, as pynbody counts it; where
        galmass has none, pynbody finds it. ``properties`` hold redshift and cosmology.
    """
    import pynbody

    particles = {FAMILIES[name]: found for name, found in with_particles(galaxy).items()}
    snapshot = pynbody.new(**{family: len(found) for family, found in particles.items()})
    snapshot.properties.update(
        {
            "a": 1 / (1 + galaxy.redshift),
            "h": galaxy.cosmology.hubble,
            "omegaM0": galaxy.cosmology.omega_matter,
            "omegaL0": galaxy.cosmology.omega_lambda,
        }
    )
    for family, found in particles.items():
        for name, (array, unit) in _PYNBODY_ARRAYS.items():
            values = velocities(found) if name == "velocities" else getattr(found, name, None)
            if values is not None:
                half = 0.5 if name == "smoothing_lengths" else 1.0
                _set(getattr(snapshot, family), array, half * values, unit)
    return snapshot


def to_yt(galaxy: Galaxy) -> "yt.data_objects.static_output.Dataset":
    """Return a galaxy as a data set of yt, from its ``load_particles``.

    Parameters
    ----------
    galaxy : Galaxy

    Returns
    -------
    yt Dataset
        A cube around the galaxy's centre, not periodic. Particle types ``PartType0`` (gas), 1 (dark
        matter), 4 (stars) and 5 (black holes), those that have particles, with
        ``particle_position``, ``particle_velocity`` and ``particle_mass``; stars also ``age``,
        ``metallicity`` and ``initial_mass``.
    """
    import yt

    data: dict[tuple[str, str], Any] = {}
    for name, found in with_particles(galaxy).items():
        kind = f"PartType{NUMBERS[name]}"
        speeds = velocities(found)
        for axis, where, speed in zip("xyz", found.positions.T, speeds.T, strict=True):
            data[kind, f"particle_position_{axis}"] = (where.copy(), "kpc")
            data[kind, f"particle_velocity_{axis}"] = (speed.copy(), "km/s")
        for ours, (field, unit) in _YT_FIELDS.items():
            if hasattr(found, ours):
                data[kind, field] = (getattr(found, ours).copy(), unit)
    half = half_side(galaxy)
    return yt.load_particles(
        data,
        length_unit=(1.0, "kpc"),
        mass_unit=(1.0, "Msun"),
        velocity_unit=(1.0, "km/s"),
        bbox=np.array([[-half, half]] * 3),
        periodicity=(False, False, False),
        dataset_name=str(galaxy.name).replace("/", "_"),
    )


def velocities(particles: Particles) -> NDArray:
    """Return velocities, NaN where galmass has none; (N, 3), km/s."""
    known = getattr(particles, "velocities", None)
    return np.full((len(particles), 3), np.nan) if known is None else known.copy()


def with_particles(galaxy: Galaxy) -> dict[str, Particles]:
    """Return the species that have particles."""
    species = {
        "stars": galaxy.stars,
        "gas": galaxy.gas,
        "dark_matter": galaxy.dark_matter,
        "black_holes": galaxy.black_holes,
    }
    return {name: found for name, found in species.items() if found}


def half_side(galaxy: Galaxy) -> float:
    """Return half the side of a cube that holds all particles [kpc]."""
    return _MARGIN * max(np.abs(found.positions).max() for found in with_particles(galaxy).values())


def _set(family: "SimSnap", name: str, values: NDArray, unit: str) -> None:
    """Set an array of a family of pynbody, with its unit."""
    family[name] = values
    family[name].units = unit
