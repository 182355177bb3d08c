"""Read the subhaloes of a catalogue of SOAP, ``halo_properties_0127.hdf5``.

SOAP (McGibbon et al. 2025) measures the subhaloes that a halo finder such as HBT-HERONS found in a
snapshot of SWIFT. Each dataset states its unit as in SWIFT. Layout: ``SOAP/property_table.py`` of
github.com/SWIFTSIM/SOAP.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.sources import attributes, hdf5, swift
from galmass_core.sources.particle_file import unit_factor
from galmass_core.sources.ranges import GALAXIES, check_range

NUMBER = "InputHalos/HaloCatalogueIndex"
_CENTRAL = "InputHalos/IsCentral"
_CENTRE = "InputHalos/HaloCentre"
_HOST = "SOAP/HostHaloIndex"  # a row
_STARS = "BoundSubhalo/NumberOfStarParticles"
_MASSES = {
    "mstar": ("BoundSubhalo/StellarMass", "ExclusiveSphere/30kpc/StellarMass"),
    "mtot": ("BoundSubhalo/TotalMass",),
}
_RADIUS = "BoundSubhalo/HalfMassRadiusStars"


def matches(file: hdf5.File) -> bool:
    """Return whether an open file is a catalogue of SOAP."""
    return NUMBER in file


class SoapCatalogue:
    """The subhaloes of a catalogue file.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    redshift : float
    box_size : float
        In the unit of the snapshot's coordinates.
    subhaloes : DataFrame
        One row per subhalo, its index the number in the halo finder's catalogue, which particles
        have as ``GroupNr_bound``. ``is_central``; ``host``, the number of the central of the same
        halo, -1 if unknown; centre ``x, y, z`` and ``half_mass_radius`` (of the stars; NaN where
        SOAP has none) in kpc; bound masses ``mstar, mtot`` in Msun; ``n_star``.

    Raises
    ------
    GalaxyFileError
        If the file is damaged, lacks a column, or a column states no unit.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with hdf5.open_file(path) as file:
            scale_factor = attributes.scale_factor(file, "Scale-factor")
            self.redshift = 1 / scale_factor - 1
            self.box_size = attributes.number(file, "BoxSize")
            cosmology, _ = swift.read_cosmology(file)
            self._scale = swift.unit_scale(scale_factor, cosmology.hubble)
            self.subhaloes = self._read(file)

    def _read(self, file: hdf5.File) -> pd.DataFrame:
        numbers = file.field(NUMBER).with_width().identifiers()
        count = len(numbers)
        is_central = hdf5.column(file, _CENTRAL, count).with_width().read().astype(bool)
        centres = self._quantity(file, _CENTRE, "centre", count, 3)
        columns = {
            "is_central": is_central,
            "host": _hosts(file, numbers, is_central),
            **{axis: centres[:, i] for i, axis in enumerate("xyz")},
            **{name: self._mass(file, name, count) for name in _MASSES},
            "n_star": hdf5.column(file, _STARS, count).with_width().whole(),
        }
        radii = np.full(count, np.nan)
        if _RADIUS in file:
            radii = self._quantity(file, _RADIUS, "half_mass_radius", count)
        columns["half_mass_radius"] = np.where(radii > 0, radii, np.nan)  # 0: not computed
        return pd.DataFrame(columns, index=pd.Index(numbers, name="subhalo"))

    def _mass(self, file: hdf5.File, name: str, count: int) -> NDArray:
        """Return the first of several masses that exists; NaN for an unknown total mass."""
        known = [dataset for dataset in _MASSES[name] if dataset in file]
        if not known and name == "mtot":
            return np.full(count, np.nan)
        return self._quantity(file, (known or list(_MASSES[name]))[0], "masses", count)

    def _quantity(
        self, file: hdf5.File, name: str, quantity: str, count: int, *width: int
    ) -> NDArray:
        """Return a dataset in internal units, float64."""
        found = hdf5.column(file, name, count).with_width(*width)
        dimension = "masses" if quantity == "masses" else "positions"
        factor = unit_factor(self.path, name, self._scale, dimension, found.attributes)
        with np.errstate(over="ignore"):
            values = found.read().astype(np.float64) * factor
        check_range(self.path, name, values, GALAXIES[quantity])
        return values


def _hosts(file: hdf5.File, numbers: NDArray, is_central: NDArray) -> NDArray:
    """Return the number of the central of each subhalo's halo; -1 if unknown."""
    rows = np.full(len(numbers), -1)
    if _HOST in file:
        rows = hdf5.column(file, _HOST, len(numbers)).with_width().whole()
    is_known = (rows >= 0) & (rows < len(numbers))
    hosts = np.where(is_known, numbers[np.where(is_known, rows, 0)], -1)
    return np.where(is_central, numbers, hosts)
