"""A galaxy as a snapshot of SWIFT, for swiftsimio and swiftgalaxy.

What galmass does not keep (velocities of dark matter and black holes, internal energies, the
density of baryons) is NaN, not zero.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
from numpy.typing import NDArray

from galmass_core.bridges.particles import NUMBERS, half_side, velocities, with_particles
from galmass_core.galaxy import Galaxy
from galmass_core.imaging.maps import MapConfig, support_radii
from galmass_core.storage.atomic import atomic_write

if TYPE_CHECKING:
    import unyt
    from swiftsimio import SWIFTDataset, cosmo_array

_MASS = 1e10  # Msun, unit of mass of swiftsimio's writer
_YEAR = 3.15576e7  # s
_PER_SECOND = 3.2407792894443648e-18  # 100 km/s/Mpc


def to_swiftsimio(galaxy: Galaxy, path: str | Path) -> "SWIFTDataset":
    """Write a galaxy as a snapshot of SWIFT, and open it with swiftsimio.

    Parameters
    ----------
    galaxy : Galaxy
    path : str or Path
        Of the file; replaced if it exists.

    Returns
    -------
    swiftsimio.SWIFTDataset
        Groups of the species that have particles. The galaxy's centre is in the middle of the box,
        at half of ``metadata.boxsize``. Smoothing lengths are such that swiftsimio's kernel ends
        where galmass's does. Stars also have ``birth_scale_factors``, ``metal_mass_fractions`` and
        ``initial_masses``. swiftsimio's images are [x, y]: transpose them to compare.
    """
    import swiftsimio
    import unyt

    scale_factor = 1 / (1 + galaxy.redshift)

    def physical(values: NDArray, unit: "unyt.Unit", power: int) -> "cosmo_array":
        return swiftsimio.cosmo_array(
            values, unit, comoving=False, scale_factor=scale_factor, scale_exponent=power
        )

    half = half_side(galaxy)
    box = physical(np.full(3, 2 * half), unyt.kpc, 1)
    box.convert_to_comoving()
    writer = swiftsimio.Writer(
        boxsize=box, scale_factor=scale_factor, extra_header={"Redshift": [galaxy.redshift]}
    )
    for name, found in with_particles(galaxy).items():
        group, speeds = getattr(writer, name), velocities(found)
        group.coordinates = physical(found.positions + half, unyt.kpc, 1)
        group.velocities = physical(speeds, unyt.km / unyt.s, 0)
        group.masses = physical(found.masses.copy(), unyt.Msun, 0)
        if name in ("stars", "gas"):
            group.smoothing_lengths = physical(_swift_lengths(galaxy, name), unyt.kpc, 1)
        if name == "gas":
            unknown = np.full(len(found), np.nan)
            group.internal_energy = physical(unknown, (unyt.km / unyt.s) ** 2, -2)
    with atomic_write(Path(path)) as part:
        writer.write(str(part))
        _complete(galaxy, part)
    return swiftsimio.load(str(path))


def _swift_lengths(galaxy: Galaxy, species: str) -> NDArray:
    """Return smoothing lengths with which swiftsimio's kernel ends where galmass's does [kpc]."""
    from swiftsimio.visualisation.projection_backends.kernels import kernel_gamma

    if species == "stars":
        return support_radii(galaxy, MapConfig()) / float(kernel_gamma)
    assert galaxy.gas is not None
    return galaxy.gas.smoothing_lengths / float(kernel_gamma)


def _complete(galaxy: Galaxy, path: Path) -> None:
    """Add to a file of SWIFT what swiftsimio's writer does not write: cosmology, ages, metals.

    The writer says of all that does not expand that it grows with the scale factor; corrected here.
    """
    now = float(galaxy.cosmology.age(1 / (1 + galaxy.redshift)))
    with h5py.File(path, "r+") as file:
        second = file["Units"].attrs["Unit time in cgs (U_t)"]
        file.create_group("Cosmology").attrs.update(
            {
                "Cosmological run": [1],
                "H0 [internal units]": galaxy.cosmology.hubble * _PER_SECOND * second,
                "h": [galaxy.cosmology.hubble],
                "Omega_m": [galaxy.cosmology.omega_matter],
                "Omega_lambda": [galaxy.cosmology.omega_lambda],
                "Omega_b": [np.nan],
                "Omega_r": [0.0],
                "w_0": [-1.0],
                "w_a": [0.0],
            }
        )
        for species in with_particles(galaxy):
            for name in ("Masses", "Velocities", "ParticleIDs"):
                file[f"PartType{NUMBERS[species]}/{name}"].attrs["a-scale exponent"] = [0.0]
        _add_cell(
            file, {NUMBERS[name]: len(found) for name, found in with_particles(galaxy).items()}
        )
        born = galaxy.cosmology.scale_factor(now - galaxy.stars.ages)
        _add_like(file["PartType4"], "BirthScaleFactors", born, "ParticleIDs")
        initial = galaxy.stars.initial_masses / _MASS
        _add_like(file["PartType4"], "InitialMasses", initial, "Masses")
        for kind, found in (("PartType4", galaxy.stars), ("PartType0", galaxy.gas)):
            if found:
                _add_like(file[kind], "MetalMassFractions", found.metallicities, "ParticleIDs")
        if galaxy.gas:
            _add_rates(file, galaxy.gas.star_formation_rates)


def _add_like(group: h5py.Group, name: str, values: NDArray, other: str) -> None:
    """Add a dataset with the unit of another one."""
    group.create_dataset(name, data=values).attrs.update(group[other].attrs)


def _add_rates(file: h5py.File, rates: NDArray) -> None:
    """Add star-formation rates [Msun/yr] of the gas."""
    second = file["Units"].attrs["Unit time in cgs (U_t)"][0]
    _add_like(file["PartType0"], "StarFormationRates", rates / _MASS / _YEAR * second, "Masses")
    attributes = file["PartType0/StarFormationRates"].attrs
    attributes["U_t exponent"] = [-1.0]
    for name in attributes:
        if name.startswith("Conversion factor"):
            attributes[name] = attributes[name] / second


def _add_cell(file: h5py.File, counts: dict[int, int]) -> None:
    """Add the index by place that masks and swiftgalaxy read: all of the box in one cell."""
    side = file["Header"].attrs["BoxSize"]
    cells = file.create_group("Cells")
    cells["Centres"] = side[None] / 2
    cells.create_group("Meta-data").attrs.update(
        {"dimension": [1, 1, 1], "nr_cells": [1], "size": side}
    )
    for kind, count in counts.items():
        for name, value in (
            ("Counts", [count]),
            ("Files", [0]),
            ("OffsetsInFile", [0]),
            ("MinPositions", np.zeros((1, 3))),
            ("MaxPositions", side[None]),
        ):
            cells[f"{name}/PartType{kind}"] = value
