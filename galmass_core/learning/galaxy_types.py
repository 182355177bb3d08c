"""Classify galaxies as early or late types."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.learning.experiments import missing_columns

QUIET = 1e-11  # 1/yr: early types form stars more slowly than this, per stellar mass
STEEP = 2.5  # Sersic index: early types have more
TYPE_COLUMNS = ("sfr_1gyr", "log_mstar2d_2rhsm", "sersic_n")


def early_types(samples: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which samples are early-type galaxies.

    Their specific star-formation rate over 1 Gyr, inside 2 R_hsm on the sky, is below `QUIET` and
    their Sersic index above `STEEP` along every line of sight. The paper uses those of Wang et al.
    (2020), who fit two components to the light.

    Parameters
    ----------
    samples : pandas.DataFrame

    Returns
    -------
    (n,) bool

    Raises
    ------
    ValueError
        If the table lacks a column.
    """
    if missing := missing_columns(samples, TYPE_COLUMNS):
        msg = f"early types need columns that the data lack: {', '.join(missing)}"
        raise ValueError(msg)
    rate, mass, index = (samples[key] for key in TYPE_COLUMNS)
    early = (rate / 10**mass < QUIET) & (index > STEEP)
    return early.groupby(samples["name"]).transform("all").to_numpy(bool)
