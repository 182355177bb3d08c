"""Write particles of a synthetic galaxy in TNG's format, so that the same reader reads both."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from galmass_core.galaxy import Cosmology
from galmass_core.photometry import ssp_magnitudes
from galmass_core.storage.hdf5_output import hdf5_output
from galmass_core.synthetic.model import Particles

COSMOLOGY = Cosmology(hubble=0.6774, omega_matter=0.3089, omega_lambda=0.6911)
BOX_SIZE = 75000.0  # ckpc/h
KPC = COSMOLOGY.hubble  # code units in a kpc, at scale factor 1
SNAPSHOT = 99
MSUN = COSMOLOGY.hubble / 1e10  # code units in a solar mass
_HYDROGEN, _HELIUM = 0.76, 0.24  # of what is not metals
_METALS = (0.18, 0.05, 0.43, 0.09, 0.05, 0.05, 0.10, 0.05)  # C N O Ne Mg Si Fe other (Asplund+09)
_PHOTOMETRICS = 8  # U B V K g r i z, of which g and r are modelled

Groups = dict[str, dict[str, NDArray]]  # PartTypeN: dataset: values in code units
Fields = dict[str, dict[str, Callable[[], NDArray]]]  # the same, each computed when it is called


def code_units(
    particles: Particles, *, position: ArrayLike, velocity: ArrayLike, first_id: int = 1
) -> Groups:
    """Express a galaxy's particles as TNG stores them at redshift zero.

    Parameters
    ----------
    particles : dict of dict of arrays
        From `synthetic.sample_galaxy`.
    position : (3,) float, kpc
        Of the galaxy in the periodic box.
    velocity : (3,) float, km/s
    first_id : int
        Of the first particle; the others are consecutive.

    Returns
    -------
    dict of dict of arrays
        ``PartType0``, ``1`` and ``4`` (stars first, then wind); empty ones are omitted.
    """
    groups: Groups = {}
    for name, fields in code_fields(particles, position=position, velocity=velocity).items():
        groups[name] = {field: values() for field, values in fields.items()}
        count = len(groups[name]["Masses"])
        groups[name]["ParticleIDs"] = np.arange(first_id, first_id + count, dtype=np.uint64)
        groups[name] = dict(sorted(groups[name].items()))
        first_id += count
    return groups


def code_fields(particles: Particles, *, position: ArrayLike, velocity: ArrayLike) -> Fields:
    """Return what `code_units` holds but for IDs, as functions that compute one dataset each."""
    stars, wind = particles["stars"], particles["wind"]
    young = {key: np.concatenate((stars[key], wind[key])) for key in stars if key in wind}
    species = {
        "PartType0": (particles["gas"], _gas_fields(particles["gas"])),
        "PartType1": (particles["dark_matter"], {}),
        "PartType4": (young, _star_fields(young, len(wind["masses"]))),
    }
    place, motion = np.asarray(position), np.asarray(velocity)
    return {
        name: {"Coordinates": partial(_coordinates, columns["positions"], place)}
        | {
            field: partial(_single, values)
            for field, values in (_common_fields(columns, motion) | fields).items()
        }
        for name, (columns, fields) in species.items()
        if len(columns["masses"])
    }


def _single(values: Callable[[], NDArray]) -> NDArray:
    """Return values in single precision, as TNG stores all but coordinates."""
    return values().astype(np.float32)


def _coordinates(positions: NDArray, place: NDArray) -> NDArray:
    """Return positions in the periodic box."""
    places = (positions + place) * KPC
    beyond = (places < 0.0) | (places >= BOX_SIZE)
    places[beyond] = np.mod(places[beyond], BOX_SIZE)
    return places


def _common_fields(
    columns: Mapping[str, NDArray], motion: NDArray
) -> dict[str, Callable[[], NDArray]]:
    """Return fields that all species have."""
    return {
        "Velocities": lambda: columns["velocities"] + motion,
        "Masses": lambda: columns["masses"] * MSUN,
        "Potential": lambda: columns["potentials"],
    }


def _gas_fields(gas: Mapping[str, NDArray]) -> dict[str, Callable[[], NDArray]]:
    """Return fields that only gas has."""

    def metals() -> NDArray:
        metals = gas["metallicities"][:, None]
        return np.hstack(((1 - metals) * [_HYDROGEN, _HELIUM], metals * _METALS))

    return {
        "Density": lambda: gas["densities"] * MSUN / KPC**3,
        "GFM_Metallicity": lambda: gas["metallicities"],
        "GFM_Metals": metals,
        "NeutralHydrogenAbundance": lambda: gas["neutral_fractions"],
        "StarFormationRate": lambda: gas["star_formation_rates"],
    }


def _star_fields(stars: Mapping[str, NDArray], wind: int) -> dict[str, Callable[[], NDArray]]:
    """Return fields of stars only; the last ``wind`` particles are wind, of negative birth time."""

    def births() -> NDArray:
        births = _scale_factor(float(COSMOLOGY.age(1.0)) - stars["ages"])
        births[len(births) - wind :] *= -1.0
        return births

    def magnitudes() -> NDArray:
        magnitudes = np.full((len(stars["ages"]), _PHOTOMETRICS), np.nan)
        light = ssp_magnitudes(stars["ages"], stars["metallicities"])
        magnitudes[:, 4:6] = (light - 2.5 * np.log10(stars["initial_masses"])).T
        return magnitudes

    return {
        "GFM_InitialMass": lambda: stars["initial_masses"] * MSUN,
        "GFM_Metallicity": lambda: stars["metallicities"],
        "GFM_StellarFormationTime": births,
        "GFM_StellarPhotometrics": magnitudes,
    }


def _scale_factor(ages: NDArray) -> NDArray:
    """Return the scale factor at each age of the universe in Gyr; inverts `Cosmology.age`."""
    ratio = COSMOLOGY.omega_lambda / COSMOLOGY.omega_matter
    growth = np.sinh(ages / COSMOLOGY.age(1.0) * np.arcsinh(np.sqrt(ratio)))
    return np.cbrt(growth**2 / ratio)


def header(
    counts: Mapping[str, int], dark_matter_mass: float, simulation: str = "demo-1"
) -> dict[str, object]:
    """Return the header attributes of a file.

    Parameters
    ----------
    counts : mapping of str to int
        Particles of each ``PartTypeN`` that is present.
    dark_matter_mass : float, Msun
        Of each dark-matter particle.
    simulation : str
        Part of the galaxies' names; begins with ``demo``.
    """
    numbers = np.array([counts.get(f"PartType{i}", 0) for i in range(6)], dtype=np.int64)
    return {
        "BoxSize": BOX_SIZE,
        "HubbleParam": COSMOLOGY.hubble,
        "MassTable": np.array([0.0, dark_matter_mass * MSUN, 0.0, 0.0, 0.0, 0.0]),
        "NumFilesPerSnapshot": 1,
        "NumPart_ThisFile": numbers,
        "NumPart_Total": numbers,
        "Omega0": COSMOLOGY.omega_matter,
        "OmegaLambda": COSMOLOGY.omega_lambda,
        "Redshift": 0.0,
        "SimulationName": simulation,
        "SnapshotNumber": SNAPSHOT,
        "Synthetic": 1,
        "Time": 1.0,
        "UnitLength_in_cm": 3.085678e21,
        "UnitMass_in_g": 1.989e43,
        "UnitVelocity_in_cm_per_s": 1e5,
    }


def write_cutout(
    path: str | Path,
    particles: Particles,
    *,
    subhalo: int,
    position: ArrayLike = (50_000.0, 50_000.0, 50_000.0),
    velocity: ArrayLike = (0.0, 0.0, 0.0),
) -> None:
    """Write a synthetic galaxy as the TNG web API serves a subhalo.

    The same particles give the same bytes. Bands other than g and r are NaN.

    Parameters
    ----------
    path : str or Path
    particles : dict of dict of arrays
        From `synthetic.sample_galaxy`.
    subhalo : int
        Subhalo ID, the last part of the galaxy's name.
    position : (3,) float, kpc
        Of the galaxy in the periodic box of 110.7 Mpc; particles beyond a side are wrapped.
    velocity : (3,) float, km/s
    """
    groups = code_units(particles, position=position, velocity=velocity)
    groups["PartType1"].pop("Masses")  # in the header's MassTable
    counts = {name: len(fields["ParticleIDs"]) for name, fields in groups.items()}
    attributes = header(counts, float(particles["dark_matter"]["masses"][0]))
    with hdf5_output(Path(path)) as file:
        file.create_group("Header").attrs.update(attributes | {"CutoutID": subhalo})
        for name, fields in groups.items():
            group = file.create_group(name)
            for field, values in fields.items():
                group.create_dataset(field, data=values, track_times=False)
