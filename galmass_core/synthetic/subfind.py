"""Measure the row of a synthetic galaxy in a SUBFIND group catalogue, in code units."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import distances
from galmass_core.synthetic.model import Particles
from galmass_core.synthetic.tng_writer import KPC, MSUN, Groups

_TYPES = 6

Row = dict[str, NDArray]  # dataset of a catalogue: value, or column


class Placed(NamedTuple):
    """A galaxy placed in the box."""

    particles: Particles
    group: int  # number of the host halo; galaxies are in its order, a halo's central first
    position: NDArray  # (3,) kpc
    velocity: NDArray  # (3,) km/s


def measure_subhalo(groups: Groups, placed: Placed) -> Row:
    """Measure a galaxy; wind is counted as type-4 particles, but its mass as gas.

    Parameters
    ----------
    groups : dict of dict of arrays
        The galaxy in code units, of `tng_writer.code_units`.
    placed : Placed
        The same galaxy.

    Returns
    -------
    dict of arrays
        Datasets of ``Subhalo``, the row of this galaxy.
    """
    stars, wind = placed.particles["stars"], placed.particles["wind"]
    cells = placed.particles["gas"]
    gas = {key: np.concatenate((cells[key], wind[key])) for key in wind if key in cells}
    species = {0: gas, 1: placed.particles["dark_matter"], 4: stars}
    radii = {kind: distances(part["positions"]) for kind, part in species.items()}
    size = _half_mass_radius(radii[4], stars["masses"])
    lengths = np.zeros(_TYPES, dtype=np.int32)
    halves = np.zeros(_TYPES)
    for kind, part in species.items():
        lengths[kind] = len(groups.get(f"PartType{kind}", {}).get("ParticleIDs", ()))
        halves[kind] = _half_mass_radius(radii[kind], part["masses"])
    row = {
        "SubhaloCM": placed.position * KPC,
        "SubhaloFlag": np.array(True),
        "SubhaloGasMetallicity": _mean(gas["metallicities"], gas["masses"]),
        "SubhaloGrNr": np.int32(placed.group),
        "SubhaloHalfmassRadType": halves * KPC,
        "SubhaloLen": lengths.sum(dtype=np.int32),
        "SubhaloLenType": lengths,
        "SubhaloParent": np.int32(0),
        "SubhaloPos": placed.position * KPC,
        "SubhaloStarMetallicity": _mean(stars["metallicities"], stars["masses"]),
        "SubhaloStellarPhotometrics": _total_magnitudes(groups, len(stars["masses"])),
        "SubhaloVel": placed.velocity,
        "SubhaloVelDisp": _dispersion(species),
        "SubhaloWindMass": wind["masses"].sum() * MSUN,
    }
    for where, radius in (("", np.inf), ("HalfRad", size), ("Rad", 2.0 * size)):
        masses = np.zeros(_TYPES)
        for kind, part in species.items():
            masses[kind] = part["masses"][radii[kind] <= radius].sum() * MSUN
        row[f"SubhaloMass{where and 'In' + where}Type"] = masses
        row[f"SubhaloMass{where and 'In' + where}"] = masses.sum()
        forming = cells["star_formation_rates"][radii[0][: len(cells["masses"])] <= radius]
        row[f"SubhaloSFR{where and 'in' + where}"] = forming.sum()
    return {name: _as_stored(value) for name, value in sorted(row.items())}


def measure_groups(subhaloes: Row) -> Row:
    """Add up the subhaloes of each halo.

    Parameters
    ----------
    subhaloes : dict of (N, ...) arrays
        Datasets of ``Subhalo``; a halo's subhaloes are consecutive, the central first.

    Returns
    -------
    dict of (H, ...) arrays
        Datasets of ``Group``.
    """
    _, firsts, counts = np.unique(subhaloes["SubhaloGrNr"], return_index=True, return_counts=True)
    lengths = np.add.reduceat(subhaloes["SubhaloLenType"], firsts)
    masses = np.add.reduceat(subhaloes["SubhaloMassType"], firsts)
    return {
        "GroupFirstSub": firsts.astype(np.int32),
        "GroupLen": lengths.sum(axis=1, dtype=np.int32),
        "GroupLenType": lengths.astype(np.int32),
        "GroupMass": masses.sum(axis=1),
        "GroupMassType": masses,
        "GroupNsubs": counts.astype(np.int32),
        "GroupPos": subhaloes["SubhaloPos"][firsts],
        "GroupVel": subhaloes["SubhaloVel"][firsts],
    }


def _as_stored(value: NDArray) -> NDArray:
    """Convert to single precision, except integers."""
    value = np.asarray(value)
    return value.astype(np.float32) if value.dtype == np.float64 else value


def _half_mass_radius(radii: NDArray, masses: NDArray) -> float:
    """Return the half-mass radius; zero without mass."""
    if not len(masses):
        return 0.0
    order = np.argsort(radii)
    growth = np.cumsum(masses[order])
    return float(np.interp(0.5 * growth[-1], growth, radii[order]))


def _mean(values: NDArray, weights: NDArray) -> float:
    """Return the weighted mean; zero without weight."""
    return float(np.average(values, weights=weights)) if len(values) else 0.0


def _total_magnitudes(groups: Groups, stars: int) -> NDArray:
    """Return total absolute magnitudes of the stars in eight bands, NaN if not modelled; (8,)."""
    magnitudes = groups["PartType4"]["GFM_StellarPhotometrics"][:stars].astype(np.float64)
    known = ~np.isnan(magnitudes[0])
    total = np.full(len(known), np.nan)
    total[known] = -2.5 * np.log10((10.0 ** (-0.4 * magnitudes[:, known])).sum(axis=0))
    return total


def _dispersion(species: dict[int, dict[str, NDArray]]) -> float:
    """Return the one-dimensional velocity dispersion of all matter, by mass [km/s]."""
    velocities = np.concatenate([part["velocities"] for part in species.values()])
    masses = np.concatenate([part["masses"] for part in species.values()])
    mean = np.average(velocities, axis=0, weights=masses)
    return float(np.sqrt(np.average((velocities - mean) ** 2, axis=0, weights=masses).mean()))
