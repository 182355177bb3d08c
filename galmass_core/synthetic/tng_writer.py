"""Write particles of a synthetic galaxy in TNG's format, so that the same reader reads both."""

from collections.abc import Mapping
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
MSUN = COSMOLOGY.hubble / 1e10  # code units in a solar mass
_HYDROGEN, _HELIUM = 0.76, 0.24  # of what is not metals
_METALS = (0.18, 0.05, 0.43, 0.09, 0.05, 0.05, 0.10, 0.05)  # C N O Ne Mg Si Fe other (Asplund+09)
_PHOTOMETRICS = 8  # U B V K g r i z, of which g and r are modelled

Groups = dict[str, dict[str, NDArray]]  # PartTypeN: dataset: values in code units


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
    stars, wind = particles["stars"], particles["wind"]
    young = {key: np.concatenate((stars[key], wind[key])) for key in stars if key in wind}
    species = {
        "PartType0": particles["gas"] | _gas_fields(particles["gas"]),
        "PartType1": particles["dark_matter"],
        "PartType4": young | _star_fields(young, len(wind["masses"])),
    }
    groups = {}
    for name, columns in species.items():
        count = len(columns["masses"])
        if not count:
            continue
        fields = {key: values for key, values in columns.items() if key[0].isupper()}
        places = (columns["positions"] + np.asarray(position)) * KPC
        beyond = (places < 0.0) | (places >= BOX_SIZE)
        places[beyond] = np.mod(places[beyond], BOX_SIZE)
        fields |= {
            "Coordinates": places,
            "Velocities": (columns["velocities"] + np.asarray(velocity)).astype(np.float32),
            "Masses": (columns["masses"] * MSUN).astype(np.float32),
            "Potential": columns["potentials"].astype(np.float32),
            "ParticleIDs": np.arange(first_id, first_id + count, dtype=np.uint64),
        }
        first_id += count
        groups[name] = dict(sorted(fields.items()))
    return groups


def _gas_fields(gas: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """Return fields that only gas has."""
    metals = gas["metallicities"][:, None]
    shares = np.hstack(((1 - metals) * [_HYDROGEN, _HELIUM], metals * _METALS))
    fields = {
        "Density": gas["densities"] * MSUN / KPC**3,
        "GFM_Metallicity": gas["metallicities"],
        "GFM_Metals": shares,
        "NeutralHydrogenAbundance": gas["neutral_fractions"],
        "StarFormationRate": gas["star_formation_rates"],
    }
    return {name: values.astype(np.float32) for name, values in fields.items()}


def _star_fields(stars: Mapping[str, NDArray], wind: int) -> dict[str, NDArray]:
    """Return fields of stars only; the last ``wind`` particles are wind, of negative birth time."""
    now = float(COSMOLOGY.age(1.0))
    birth = _scale_factor(now - stars["ages"])
    magnitudes = np.full((len(birth), _PHOTOMETRICS), np.nan)
    light = ssp_magnitudes(stars["ages"], stars["metallicities"])
    magnitudes[:, 4:6] = (light - 2.5 * np.log10(stars["initial_masses"])).T
    if wind:
        birth[-wind:] *= -1.0
    fields = {
        "GFM_InitialMass": stars["initial_masses"] * MSUN,
        "GFM_Metallicity": stars["metallicities"],
        "GFM_StellarFormationTime": birth,
        "GFM_StellarPhotometrics": magnitudes,
    }
    return {name: values.astype(np.float32) for name, values in fields.items()}


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
        "SnapshotNumber": 99,
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
