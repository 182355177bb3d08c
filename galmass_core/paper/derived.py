"""Derive f_DM and M*/L from predicted masses."""

import numpy as np
import pandas as pd

from galmass_core.learning.experiments import missing_columns, true_values
from galmass_core.quantities import LEAST_FRACTION, Target

PREDICTED = ("name", "los", "part", "target", "y_true", "y_pred")  # as in `runs.Run.predictions`


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
