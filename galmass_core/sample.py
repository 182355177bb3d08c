"""The paper's sample: which galaxies of a simulation count (Chu et al. 2024, Sec. 2.1).

A cut is a sentence, which is also the reason given for every galaxy that it leaves out.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PAPER_GALAXIES = 9370  # of TNG100-1, three lines of sight each
MIN_STELLAR_MASS = 5e9  # Msun, inside 30 kpc
MAX_TOTAL_MASS = 1e14  # Msun, of the whole subhalo
MIN_STARS = 100  # not the paper's: fewer make no map

TOO_LIGHT = "stellar mass is not above 5e9 Msun"
TOO_LIGHT_30KPC = "stellar mass within 30 kpc is not above 5e9 Msun"
TOO_HEAVY = "subhalo mass is not below 1e14 Msun"
NOT_COSMOLOGICAL = "SubhaloFlag is 0: a clump that may not be a galaxy"
NO_SIZE = "half-mass radius is not positive"
TOO_FEW_STARS = f"fewer than {MIN_STARS} star particles"
NO_DARK_MATTER = "no dark matter inside R_hsm"
CUT_COLUMNS = ("mstar", "mtot", "flag", "half_mass_radius", "n_star", "mdm_1rhsm")


def catalogue_cuts(subhaloes: pd.DataFrame) -> NDArray:
    """Say of each subhalo of a group catalogue why it is not in the sample.

    A catalogue knows the bound stellar mass, which is never less than that within 30 kpc: what
    this leaves out the paper leaves out too.

    Parameters
    ----------
    subhaloes : pandas.DataFrame
        ``CUT_COLUMNS`` of `group_catalogue.GroupCatalogue`.

    Returns
    -------
    (N,) str
        The first cut that leaves it out; empty if none does.
    """
    conditions = {
        TOO_LIGHT: ~(subhaloes["mstar"] > MIN_STELLAR_MASS),
        TOO_HEAVY: ~(subhaloes["mtot"] < MAX_TOTAL_MASS),
        NOT_COSMOLOGICAL: ~subhaloes["flag"],
        NO_SIZE: ~(subhaloes["half_mass_radius"] > 0),
        TOO_FEW_STARS: subhaloes["n_star"] < MIN_STARS,
        NO_DARK_MATTER: subhaloes["mdm_1rhsm"] == 0,  # NaN where the catalogue does not know
    }
    return np.select(list(conditions.values()), list(conditions), default="")


def galaxy_cut(columns: dict[str, float]) -> str:
    """Say of a measured galaxy why it is not in the sample.

    Parameters
    ----------
    columns : dict
        From `targets.measure_targets`.

    Returns
    -------
    str
        The first cut that leaves it out; empty if none does.
    """
    if not 10 ** columns["log_mstar_30kpc"] > MIN_STELLAR_MASS:
        return TOO_LIGHT_30KPC
    if columns["n_stars"] < MIN_STARS:
        return TOO_FEW_STARS
    return NO_DARK_MATTER if np.isnan(columns["log_mdm_1rhsm"]) else ""
