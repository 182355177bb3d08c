"""Mass fractions from the element masses that Magneticum gives instead of a metallicity."""

from collections.abc import Callable

import numpy as np

from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources.particle_file import ParticleFile, Rows, Scale, unit_factor

_DATASET = "Metallicity"
_FRACTIONS = {  # dataset of EAGLE -> elements, of helium and ten metals
    _DATASET: slice(1, None),
    "ElementAbundance/Hydrogen": slice(None),  # what is none of them
}

RowsOf = Callable[[str, str], Rows | None]


def as_fractions(file: ParticleFile, scale: Scale) -> RowsOf:
    """Return a function that reads rows, with mass fractions where a file has element masses.

    Column 0 of ``Metallicity`` is the mass of helium, the others are metals. Those of a star are
    the masses at its birth: over ``InitialMass`` the median helium fraction of SimSpin's example of
    Magneticum is 0.253, over ``Mass`` it is 0.43, although the gas has 0.258.

    Parameters
    ----------
    file : ParticleFile
    scale : function of quantity and attributes

    Returns
    -------
    function of species and dataset
    """
    rows = file.rows

    def factor(species: str, dataset: str, found: Rows) -> float:
        field = f"{file.groups[species]}/{dataset}"
        return unit_factor(file.path, field, scale, "masses", found.attributes)

    def read(species: str, dataset: str) -> Rows | None:
        elements = rows(species, _DATASET) if dataset in _FRACTIONS else None
        if elements is None or elements.values.ndim != 2 or not elements.values.shape[1] > 1:
            return rows(species, dataset)
        found = {name: rows(species, name) for name in ("InitialMass", "Mass")}
        known = [(name, whole) for name, whole in found.items() if whole is not None]
        if not known:
            return None
        name, whole = known[0]
        if whole.values.shape != elements.values.shape[:1] or not np.all(whole.values > 0):
            field = f"{file.groups[species]}/{name}"
            msg = f"{file.path}: {field} must be (N,) positive masses, got others"
            raise GalaxyFileError(msg)
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused later
            masses = whole.values * factor(species, name, whole)
            picked = elements.values[:, _FRACTIONS[dataset]].sum(axis=1, dtype=np.float64)
            fractions = picked * factor(species, _DATASET, elements) / masses
        return Rows(fractions if dataset == _DATASET else 1 - fractions, {})

    return read
