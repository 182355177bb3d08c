"""A name -> what is learned from what: targets, features, and which galaxies can be used.

``mstar/features`` is row 1 of the paper's Table 5; any target goes with any kind of input.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.quantities import QUANTITIES, quantity

FEATURES = (  # Table 1, at the paper's apertures
    "abs_mag_r",
    "g_minus_r",
    "sfr_1gyr",
    "sersic_n",
    "c_over_a",
    "sigma_v",
    "lambda_r",
    "b_over_t",
    "f_cold",
    "f_hot",
)
STAND_INS = {"b_over_t": "bulge_fraction", "sersic_n": "bulge_index"}  # columns of catalogues
TARGETS = {
    "mstar": "log_mstar_1rhsm",
    "mdm": "log_mdm_1rhsm",
    "mtot": "log_mtot_1rhsm",
    "fstar": "f_star_1rhsm",
    "fdm": "f_dm_1rhsm",
    "ml": "log_ml_r_1rhsm",
}
_MASSES = ("mstar", "mdm", "mtot")
_USABLE = {  # above the first, up to the second
    "sersic_n": (0.0, 100.0),  # Sec. 2.3
    "b_over_t": (-np.inf, 1.0),  # Sec. 2.3
    "sigma_v": (0.0, np.inf),
    "effective_radius": (0.0, np.inf),
    "half_mass_radius": (0.0, np.inf),
}


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One thing to learn.

    Attributes
    ----------
    name : str
    target : str
        Column of the truth.
    method : str
        ``trees``, ``power-law``, ``virial`` or ``ridge``.
    features : tuple of str
        Columns.
    """

    name: str
    target: str
    method: str
    features: tuple[str, ...]

    @property
    def truth_level(self) -> tuple[str, ...]:
        """Features that no telescope measures, such as R_hsm, which also bounds the target."""
        kinds = {key: QUANTITIES[key].kind for key in self.features if key in QUANTITIES}
        return tuple(key for key, kind in kinds.items() if kind != "feature")


_INPUTS = {
    "features": ("trees", FEATURES),
    "no-magnitude": ("trees", FEATURES[1:]),
    "light+dispersion": ("trees", ("abs_mag_r", "sigma_v")),
    "ridge": ("ridge", FEATURES),
    "power-law": ("power-law", ("abs_mag_r",)),
    "virial": ("virial", ("sigma_v", "effective_radius")),
    "constant": ("power-law", ()),
}
EXPERIMENTS = {
    f"{short}/{inputs}": Experiment(
        name=f"{short}/{inputs}", target=target, method=method, features=features
    )
    for short, target in TARGETS.items()
    for inputs, (method, features) in _INPUTS.items()
    if method != "virial" or short in _MASSES
}


def experiment(name: str) -> Experiment:
    """Return the experiment of that name.

    Raises
    ------
    ValueError
        If there is none; the message lists the known ones.
    """
    if name not in EXPERIMENTS:
        msg = f"no experiment {name!r}; known: {', '.join(EXPERIMENTS)}"
        raise ValueError(msg)
    return EXPERIMENTS[name]


def missing_columns(samples: pd.DataFrame, keys: Sequence[str]) -> list[str]:
    """Return the columns that a table lacks, or has without a single value."""
    return [key for key in keys if key not in samples.columns or samples[key].isna().all()]


def require_columns(wanted: Experiment, samples: pd.DataFrame) -> None:
    """Make sure that a table has what an experiment needs.

    Raises
    ------
    ValueError
        If it lacks a column; the message names all that it lacks.
    """
    if missing := missing_columns(samples, (*wanted.features, wanted.target)):
        msg = f"{wanted.name} needs columns that the data lack: {', '.join(missing)}"
        raise ValueError(msg)


def default_features(samples: pd.DataFrame) -> list[str]:
    """Return the columns of Table 1 that a table has, or else their stand-ins in catalogues."""
    choices = [[key, STAND_INS[key]] if key in STAND_INS else [key] for key in FEATURES]
    there = [[key for key in keys if not missing_columns(samples, [key])] for keys in choices]
    return [keys[0] for keys in there if keys]


def true_values(samples: pd.DataFrame, target: str) -> NDArray:
    """Return the decimal logarithm of a target, (n,) float; NaN where there is nothing."""
    values = samples[target].to_numpy(dtype=float)
    if not quantity(target).log:
        values = np.log10(values, out=np.full(len(values), np.nan), where=values > 0)
    return values


def usable_rows(
    samples: pd.DataFrame, features: Sequence[str], targets: Sequence[str] = ()
) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Say which samples a model can use, and why not the others.

    Parameters
    ----------
    samples : pandas.DataFrame
    features : sequence of str
        Columns.
    targets : sequence of str
        Columns of the truth that are needed.

    Returns
    -------
    (n,) bool
    dict of str to int
        How many samples each reason leaves out; a sample counts under its first.
    """
    usable = np.ones(len(samples), dtype=bool)
    left_out = {}
    for reason, good in _conditions(samples, features, targets):
        if lost := int(np.count_nonzero(usable & ~good)):
            left_out[reason] = lost
        usable &= good
    return usable, left_out


def _conditions(
    samples: pd.DataFrame, features: Sequence[str], targets: Sequence[str]
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield what every sample must fulfil, each with what is wrong with those that do not."""
    for target in targets:
        yield f"{target} is zero or not a number", np.isfinite(true_values(samples, target))
    for column in features:
        values = samples[column].to_numpy(dtype=float)
        yield f"{column} is not a number", np.isfinite(values)
        for key, (low, high) in _USABLE.items():
            if column.startswith(key):
                yield f"{column} is not above {low:g}", values > low
                yield f"{column} is above {high:g}", values <= high
