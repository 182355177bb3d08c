"""Predicted masses -> what follows from them: f_DM and M*/L; and which galaxies are early types."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.learning.experiments import missing_columns, true_values

PREDICTED = ("name", "los", "part", "target", "y_true", "y_pred")  # as in `runs.Run.predictions`
LEAST_FRACTION = 1e-3  # a predicted f_DM below, or below zero, counts as this
QUIET = 1e-11  # 1/yr: early types form stars more slowly than this, per stellar mass
STEEP = 2.5  # Sersic index: early types have more


def derive_dm_fraction(
    predictions: pd.DataFrame, samples: pd.DataFrame, aperture: int = 1
) -> tuple[pd.DataFrame, int]:
    """Derive dark-matter fractions from predictions of M* and M_tot by one network.

    ``f_DM = 1 - M*/M_tot`` (Chu et al. 2024, Sec. 4.3). The truth is M_DM/M_tot, so that gas counts
    as an error.

    Parameters
    ----------
    predictions : pandas.DataFrame
        With the columns of `runs.Run.predictions`.
    samples : pandas.DataFrame
        With the true ``f_dm`` of all that is predicted.
    aperture : int
        In R_hsm.

    Returns
    -------
    pandas.DataFrame
        The same columns for the target ``f_dm``; samples without dark matter are left out.
    int
        How many predictions lay below `LEAST_FRACTION` and were set to it.

    Raises
    ------
    ValueError
        If a mass is not predicted, or the table lacks the truth.
    """
    mstar, mtot = (f"log_{mass}_{aperture}rhsm" for mass in ("mstar", "mtot"))
    masses = _side_by_side(predictions, (mstar, mtot))
    fraction = 1 - 10 ** (masses[mstar] - masses[mtot])
    masses["y_pred"] = np.log10(np.maximum(fraction, LEAST_FRACTION))
    table = _beside_truth(masses, samples, f"f_dm_{aperture}rhsm")
    clipped = np.count_nonzero(table["y_pred"] <= np.log10(LEAST_FRACTION))
    return table, int(clipped)


def derive_mass_to_light(
    predictions: pd.DataFrame, samples: pd.DataFrame, aperture: int = 1
) -> pd.DataFrame:
    """Derive M*/L from predictions of M* in the same circle on the sky and the true light there.

    The scatter is that of M*, since light is what a telescope measures (Sec. 4.1).

    Parameters
    ----------
    predictions : pandas.DataFrame
        With the columns of `runs.Run.predictions`.
    samples : pandas.DataFrame
        With the true ``log_lr`` and ``log_ml_r`` of all that is predicted.
    aperture : int
        In R_hsm.

    Returns
    -------
    pandas.DataFrame
        The same columns for the target ``log_ml_r``.

    Raises
    ------
    ValueError
        If the projected M* is not predicted, or the table lacks light or truth.
    """
    mass, light, ratio = (f"log_{key}_{aperture}rhsm" for key in ("mstar2d", "lr", "ml_r"))
    masses = _side_by_side(predictions, (mass,))
    lights = _truth(samples, light).rename(columns={"y_true": light})
    both = masses.merge(lights, on=["name", "los"], validate="one_to_one")
    return _beside_truth(both.assign(y_pred=both[mass] - both[light]), samples, ratio)


def early_types(samples: pd.DataFrame) -> NDArray[np.bool_]:
    """Say which samples show early-type galaxies.

    Their specific star-formation rate over 1 Gyr, inside 2 R_hsm on the sky, is below `QUIET` and
    their Sersic index above `STEEP` along every line of sight. The paper takes those of Wang et
    al. (2020), who fit two components to the light.

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
    needed = ("sfr_1gyr", "log_mstar2d_2rhsm", "sersic_n")
    if missing := missing_columns(samples, needed):
        msg = f"early types are known by columns that the data lack: {', '.join(missing)}"
        raise ValueError(msg)
    rate, mass, index = (samples[key] for key in needed)
    early = (rate / 10**mass < QUIET) & (index > STEEP)
    return early.groupby(samples["name"]).transform("all").to_numpy(bool)


def _side_by_side(predictions: pd.DataFrame, targets: tuple[str, ...]) -> pd.DataFrame:
    """Return predicted values, a column for each target, beside ``name``, ``los``, ``part``."""
    if absent := set(targets) - set(predictions["target"].unique()):
        msg = f"predictions must hold {', '.join(targets)}, but lack {', '.join(sorted(absent))}"
        raise ValueError(msg)
    chosen = predictions[predictions["target"].isin(targets)]
    wide = chosen.pivot(index=["name", "los", "part"], columns="target", values="y_pred")
    return wide.dropna().reset_index().rename_axis(columns=None)


def _beside_truth(predicted: pd.DataFrame, samples: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return ``y_pred`` as a table of predictions of a target."""
    table = predicted.merge(_truth(samples, target), on=["name", "los"], validate="one_to_one")
    return table.assign(target=target)[list(PREDICTED)]


def _truth(samples: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the true decimal logarithms of a column where there are any."""
    if missing_columns(samples, [target]):
        msg = f"samples must have the column {target}, but lack it"
        raise ValueError(msg)
    truth = samples[["name", "los"]].assign(y_true=true_values(samples, target))
    return truth.dropna(subset="y_true")
