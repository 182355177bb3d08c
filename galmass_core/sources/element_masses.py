"""Mass fractions from the element masses that Magneticum gives instead of a metallicity."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from galmass_core.sources.particle_file import Rows

_DATASET = "Metallicity"
_FRACTIONS = {  # dataset of EAGLE -> elements, of helium and ten metals
    _DATASET: slice(1, None),
    "ElementAbundance/Hydrogen": slice(None),  # what is none of them
}

RowsOf = Callable[[str, str], Rows | None]
Scale = Callable[[str, Mapping[str, Any]], float]


def as_fractions(rows: RowsOf, scale: Scale) -> RowsOf:
    """Return a function that reads rows, with mass fractions where a file has element masses.

    Column 0 of ``Metallicity`` is the mass of helium, the others are metals. Those of a star are
    the masses at its birth: over ``InitialMass`` the median helium fraction of SimSpin's example of
    Magneticum is 0.253, over ``Mass`` it is 0.43, although the gas has 0.258.

    Parameters
    ----------
    rows : function of species and dataset
    scale : function of quantity and attributes

    Returns
    -------
    function of species and dataset
    """

    def read(species: str, dataset: str) -> Rows | None:
        elements = rows(species, _DATASET) if dataset in _FRACTIONS else None
        if elements is None or elements.values.ndim != 2 or not elements.values.shape[1] > 1:
            return rows(species, dataset)
        whole = rows(species, "InitialMass") or rows(species, "Mass")
        if whole is None:
            return None
        masses = whole.values * scale("masses", whole.attributes)
        picked = elements.values[:, _FRACTIONS[dataset]].sum(axis=1, dtype=np.float64)
        fractions = picked * scale("masses", elements.attributes) / masses
        return Rows(fractions if dataset == _DATASET else 1 - fractions, {})

    return read
