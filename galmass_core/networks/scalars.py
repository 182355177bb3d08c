"""Numbers that a network gets beside maps: what maps in units of R_hsm do not show.

Maps have no scale in kpc, and those scaled ``per_image`` no luminosity and no velocity either. Each
number is one that is measured on what the maps are made of, so that a network on images still knows
nothing of kinematics.

Shape suffixes: N samples, S scalars.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.quantities import MAPS

SCALARS = "scalars"  # their place among a network's inputs, beside the keys of maps
_LOGARITHMIC = ("effective_radius", "sigma_v")  # a magnitude already is


def scalar_columns(maps: Iterable[str]) -> tuple[str, ...]:
    """Return the columns of a data set that go with some maps.

    R_e [kpc] with any, as each map is one of light or weighted by it; M_r [mag] with ``r``; σ
    [km/s] with V, σ and registered maps of motion.

    Raises
    ------
    ValueError
        If a map is a control, which is learned from alone.
    """
    maps = tuple(maps)
    if controls := [key for key in maps if MAPS[key].control]:
        msg = f"scalars must be off for {controls[0]}, a control that is learned from alone"
        raise ValueError(msg)
    moving = any(MAPS[key].made_from == "moments" and not MAPS[key].further for key in maps)
    light = ("abs_mag_r",) if "r" in maps else ()
    return ("effective_radius", *light, *(("sigma_v",) if moving else ()))


def scalar_values(samples: pd.DataFrame, columns: Iterable[str]) -> NDArray[np.float64]:
    """Return the scalars of samples, (N, S): log10 R_e [kpc], M_r [mag], log10 σ [km/s].

    NaN where a value or its column is missing, or has no logarithm.
    """
    values = []
    for key in columns:
        column = samples.reindex(columns=[key])[key].to_numpy(dtype=float)
        if key in _LOGARITHMIC:
            column = np.log10(column, out=np.full(len(column), np.nan), where=column > 0)
        values.append(column)
    return np.stack(values, axis=1)
