"""Derive f_DM and M*/L from predicted masses, and classify early-type galaxies."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.learning.experiments import missing_columns, true_values
from galmass_core.quantities import LEAST_FRACTION, Target

PREDICTED = ("name", "los", "part", "target", "y_true", "y_pred")  # as in `runs.Run.predictions`
QUIET = 1e-11  # 1/yr: early types form stars more slowly than this, per stellar mass
STEEP = 2.5  # Sersic index: early types have more


def derive_target(
    predictions: pd.DataFrame, samples: pd.DataFrame, target: Target
) -> tuple[pd.DataFrame, int]:
    """Derive a target from predictions of others by one network (`Target.derive`).

    f_DM follows from M* and M_tot, where gas counts as an error, since the truth is M_DM/M_tot
    (Chu et al. 2024, Sec. 4.3). M*/L follows from M* in the same circle on the sky and the true
    light there: its scatter is that of M*, since light is what a telescope measures (Sec. 4.1).

    Parameters
    ----------
    predictions : pandas.DataFrame
        With the columns of `runs.Run.predictions`.
    samples : pandas.DataFrame
        With true values of the target and of `Target.beside_truth` for all predicted samples.
    target : Target
        The derived target.

    Returns
    -------
    pandas.DataFrame
        The same columns for the target; samples without its truth, such as those without dark
        matter, are excluded.
    int
        Number of predictions of a fraction below `LEAST_FRACTION`, which are set to it.

    Raises
    ------
    ValueError
        If it is not derived, a target that it is derived from is not predicted, or the table
        lacks the truth.
    """
    if target.derive is None:
        msg = f"target must be derived from others, {target.key} is not"
        raise ValueError(msg)
    table = _side_by_side(predictions, target.derived_from_columns)
    for column in target.beside_truth_columns:
        true = _truth(samples, column).rename(columns={"y_true": column})
        table = table.merge(true, on=["name", "los"], validate="one_to_one")
    columns = (*target.derived_from_columns, *target.beside_truth_columns)
    table = table.assign(y_pred=target.derive(*(table[column] for column in columns)))
    derived = _join_truth(table, samples, target.key)
    clipped = 0 if target.log else (derived["y_pred"] <= np.log10(LEAST_FRACTION)).sum()
    return derived, int(clipped)


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
    needed = ("sfr_1gyr", "log_mstar2d_2rhsm", "sersic_n")
    if missing := missing_columns(samples, needed):
        msg = f"early types need columns that the data lack: {', '.join(missing)}"
        raise ValueError(msg)
    rate, mass, index = (samples[key] for key in needed)
    early = (rate / 10**mass < QUIET) & (index > STEEP)
    return early.groupby(samples["name"]).transform("all").to_numpy(bool)


def _side_by_side(predictions: pd.DataFrame, targets: tuple[str, ...]) -> pd.DataFrame:
    """Return predicted values, a column for each target, with ``name``, ``los``, ``part``."""
    if absent := set(targets) - set(predictions["target"].unique()):
        msg = f"predictions must hold {', '.join(targets)}, but lack {', '.join(sorted(absent))}"
        raise ValueError(msg)
    chosen = predictions[predictions["target"].isin(targets)]
    wide = chosen.pivot(index=["name", "los", "part"], columns="target", values="y_pred")
    return wide.dropna().reset_index().rename_axis(columns=None)


def _join_truth(predicted: pd.DataFrame, samples: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return ``y_pred`` as a table of predictions of a target."""
    table = predicted.merge(_truth(samples, target), on=["name", "los"], validate="one_to_one")
    return table.assign(target=target)[list(PREDICTED)]


def _truth(samples: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the finite true decimal logarithms of a column."""
    if missing_columns(samples, [target]):
        msg = f"samples must have the column {target}, but lack it"
        raise ValueError(msg)
    truth = samples[["name", "los"]].assign(y_true=true_values(samples, target))
    return truth.dropna(subset="y_true")
