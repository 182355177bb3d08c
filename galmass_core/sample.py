"""Select the paper's sample of galaxies (Chu et al. 2024, Sec. 2.1).

A cut is a sentence, which is also the reason recorded for every galaxy that it excludes.
"""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PAPER_GALAXIES = 9370  # of TNG100-1, three lines of sight each
MIN_STELLAR_MASS = 5e9  # Msun, inside 30 kpc
MAX_TOTAL_MASS = 1e14  # Msun, of the whole subhalo
MIN_STARS = 100  # not the paper's: fewer are not enough for a map

TOO_LIGHT = "stellar mass is not above 5e9 Msun"
TOO_LIGHT_30KPC = "stellar mass within 30 kpc is not above 5e9 Msun"
TOO_HEAVY = "subhalo mass is not below 1e14 Msun"
NOT_COSMOLOGICAL = "SubhaloFlag is 0: a clump that may not be a galaxy"
NO_SIZE = "half-mass radius is not positive"
TOO_FEW_STARS = f"fewer than {MIN_STARS} star particles"
NO_DARK_MATTER = "no dark matter inside R_hsm"
CUT_COLUMNS = ("mstar", "mtot", "flag", "half_mass_radius", "n_star", "mdm_1rhsm")


def catalogue_cuts(subhaloes: pd.DataFrame) -> NDArray:
    """Return why each subhalo of a group catalogue is not in the sample.

    A catalogue gives the bound stellar mass, which is at least that within 30 kpc: galaxies
    excluded here are also excluded by the paper.

    Parameters
    ----------
    subhaloes : pandas.DataFrame
        ``CUT_COLUMNS`` of `group_catalogue.GroupCatalogue`; NaN in all but the stellar mass where
        the catalogue lacks a value, which then excludes nothing.

    Returns
    -------
    (N,) str
        The first cut that excludes it; empty if none does.
    """
    conditions = {
        TOO_LIGHT: ~(subhaloes["mstar"] > MIN_STELLAR_MASS),
        TOO_HEAVY: subhaloes["mtot"] >= MAX_TOTAL_MASS,
        NOT_COSMOLOGICAL: ~subhaloes["flag"],
        NO_SIZE: subhaloes["half_mass_radius"] <= 0,
        TOO_FEW_STARS: subhaloes["n_star"] < MIN_STARS,
        NO_DARK_MATTER: subhaloes["mdm_1rhsm"] == 0,  # NaN where the catalogue lacks it
    }
    return np.select(list(conditions.values()), list(conditions), default="")


def split_by_cuts(subhaloes: pd.DataFrame) -> tuple[list[Any], Counter[str]]:
    """Split the subhaloes of a group catalogue by `catalogue_cuts`.

    Parameters
    ----------
    subhaloes : pandas.DataFrame

    Returns
    -------
    passing : list
        Labels of the index that may be in the sample.
    left_out : Counter
        Number of the others by reason.
    """
    reasons = catalogue_cuts(subhaloes)
    return subhaloes.index[reasons == ""].to_list(), Counter(reasons[reasons != ""].tolist())


def galaxy_cut(columns: dict[str, float]) -> str:
    """Return why a measured galaxy is not in the sample.

    Parameters
    ----------
    columns : dict
        From `targets.measure_targets`.

    Returns
    -------
    str
        The first cut that excludes it; empty if none does.
    """
    if not 10 ** columns["log_mstar_30kpc"] > MIN_STELLAR_MASS:
        return TOO_LIGHT_30KPC
    if columns["n_stars"] < MIN_STARS:
        return TOO_FEW_STARS
    is_known = not np.isnan(columns["n_dm"])
    return NO_DARK_MATTER if is_known and np.isnan(columns["log_mdm_1rhsm"]) else ""
