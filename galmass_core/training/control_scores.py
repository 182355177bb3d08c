"""How much of what maps gain is left under a control: σ, the difference, and the share of the gain.

What maps gain is how much they lower σ from that without them: from σ of a constant, or of networks
that have the other maps alone. With s₀, s and c the scatters without them, with them, and with them
under a control, the share of the gain that is left is (s₀ − c) / (s₀ − s): 1 where the control
takes nothing away, 0 where it takes all, less where predictions are worse than without the maps.

All are drawn for the same galaxies. Where several trainings are known, draws have normal noise of
the variance of `uncertainty.TrainingNoise` over their number.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.learning.metrics import Estimate
from galmass_core.learning.uncertainty import (
    Comparison,
    common_errors,
    compare_groups,
    compare_paired,
    draw_scatters,
    measure_group,
    noise_of,
)

Tables = Sequence[pd.DataFrame]
_SHARES = (0.025, 0.16, 0.84, 0.975)
_RESAMPLES = 2000


def constant(table: pd.DataFrame) -> pd.DataFrame:
    """Return predictions that are the same for all samples; their σ is that of the true values."""
    return table.assign(y_pred=table["y_true"].mean())


def score_control(without: Tables, plain: Tables, control: Tables, seed: int = 0) -> dict[str, Any]:
    """Measure predictions under a control, paired with those of the maps as they are.

    Parameters
    ----------
    without, plain, control : sequence of pandas.DataFrame
        Of each training, ``name``, ``los``, ``y_true`` and ``y_pred`` (decimal logarithms) of one
        target: without the maps, with them, and under the control.
    seed : int
        Of the bootstrap.

    Returns
    -------
    dict
        For JSON: ``std`` and ``mean`` [dex] with ``value``, ``low`` and ``high`` (68 %);
        ``difference`` of σ from the maps as they are, with ``low95`` and ``high95`` too;
        ``share`` of the gain that is left, with the same, or None where the maps gain nothing;
        ``has_training_noise``; ``trainings`` of both; ``n`` and ``n_galaxies`` of the pairs.

    Raises
    ------
    ValueError
        If they have no sample in common, or true values differ.
    """
    measured = measure_group(control).errors
    found = _compare(plain, control)
    return {
        "std": asdict(measured["std"]),
        "mean": asdict(measured["mean"]),
        "difference": {
            **asdict(found.difference),
            "low95": found.low95,
            "high95": found.high95,
        },
        "share": surviving_share(without, plain, control, seed=seed),
        "has_training_noise": found.has_training_noise,
        "trainings": list(found.trainings),
        "n": found.n_samples,
        "n_galaxies": found.n_galaxies,
    }


def _compare(plain: Tables, control: Tables) -> Comparison:
    """Compare σ, training by training where both have as many."""
    if len(plain) == len(control) > 1:
        return compare_paired(plain, control)
    return compare_groups(plain, control)


def surviving_share(
    without: Tables, plain: Tables, control: Tables, *, seed: int = 0
) -> dict[str, float] | None:
    """Return the share of the gain that is left, with its 68 and 95 % interval.

    Parameters
    ----------
    without, plain, control, seed
        As of `score_control`.

    Returns
    -------
    dict of float or None
        ``value``, ``low``, ``high``, ``low95``, ``high95``; None unless the maps gain something in
        97.5 % of the draws.
    """
    errors_NK, names = common_errors([*without, *plain, *control])
    draws_BK = draw_scatters(errors_NK, names, _RESAMPLES, seed)
    ends = np.cumsum([len(without), len(plain)])
    scatters = np.split(errors_NK.std(axis=0), ends)
    generator = np.random.default_rng((seed, 2))  # other numbers than the draws of galaxies
    pairs = zip(scatters, np.split(draws_BK, ends, axis=1), strict=True)
    draws = [_widened(scatters_K, each_BK, generator) for scatters_K, each_BK in pairs]
    gains_B = draws[0] - draws[1]
    if np.quantile(gains_B, _SHARES[0]) <= 0:
        return None
    start, whole, left = (float(each.mean()) for each in scatters)
    low95, low, high, high95 = np.quantile((draws[0] - draws[2]) / gains_B, _SHARES).tolist()
    value = Estimate((start - left) / (start - whole), low, high)
    return {**asdict(value), "low95": low95, "high95": high95}


def _widened(scatters_K: NDArray, draws_BK: NDArray, generator: np.random.Generator) -> NDArray:
    """Return draws of the mean σ of trainings, with their noise if several are known."""
    mean_B = draws_BK.mean(axis=1)
    if len(scatters_K) < 2:
        return mean_B
    spread = (noise_of(scatters_K, draws_BK).variance / len(scatters_K)) ** 0.5
    return mean_B + spread * generator.standard_normal(len(mean_B))
