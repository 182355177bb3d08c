"""Measure what the paper's split lowers a scatter by: the leakage through siblings in training.

In the paper's split, by sample, most test samples have another line of sight of their galaxy in
training; in the split by galaxy none has. Leakage is σ of the first less σ of the second, each on
its own test set, with its error from common draws of galaxies (`uncertainty.compare_splits`).
Where galaxies have one sample each both splits are by galaxy, and the difference is that of two
random splits.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from galmass_core.learning.metrics import Estimate
from galmass_core.learning.uncertainty import (
    NO_NOISE,
    TrainingNoise,
    compare_splits,
)
from galmass_core.training.groups import draws_nothing
from galmass_core.training.runs import Run, tested_rows

BOTH = "both"  # name of a plan: by galaxy, and the paper's beside it


def measure_leakage(
    galaxy: Sequence[pd.DataFrame],
    paper: Sequence[pd.DataFrame],
    *,
    noise: TrainingNoise | None = None,
) -> dict[str, Any]:
    """Measure leakage from the predictions of two splits.

    Parameters
    ----------
    galaxy, paper : sequence of pandas.DataFrame
        Of each training of a split, ``name``, ``los``, ``y_true`` and ``y_pred`` of one target for
        its test samples.
    noise : TrainingNoise, optional
        Of single trainings, if it is known.

    Returns
    -------
    dict
        For JSON: ``value``, ``low``, ``high``, ``low95`` and ``high95`` (dex; negative where the
        paper's split scatters less), ``has_training_noise``, ``trainings`` of each,
        ``n_galaxies`` that are in both test sets, and ``one_sample_each``: whether no galaxy has
        siblings, so that both splits are by galaxy.

    Raises
    ------
    ValueError
        If a split has no sample, or an error is not finite.
    """
    found = compare_splits(galaxy, paper, noise=(noise, noise))
    samples = pd.concat([table[["name", "los"]] for table in (galaxy[0], paper[0])])
    names = samples.drop_duplicates()["name"]
    return {
        "value": found.difference.value,
        "low": found.difference.low,
        "high": found.difference.high,
        "low95": found.low95,
        "high95": found.high95,
        "has_training_noise": found.has_training_noise,
        "trainings": list(found.trainings),
        "n_galaxies": found.n_galaxies,
        "one_sample_each": bool(names.is_unique),
    }


def leakage_of_runs(galaxy: Sequence[Run], paper: Sequence[Run]) -> list[dict[str, Any]]:
    """Measure leakage for each target of finished runs of an experiment, trained on both splits.

    Returns
    -------
    list of dict
        ``experiment``, ``target`` and the entries of `measure_leakage`.
    """
    config, noise = galaxy[0].config, NO_NOISE if draws_nothing(galaxy[0]) else None
    tables = [[run.predictions() for run in runs] for runs in (galaxy, paper)]
    return [
        {
            "experiment": config["experiment"],
            "target": target,
            **measure_leakage(
                *([tested_rows(each, target) for each in one] for one in tables), noise=noise
            ),
        }
        for target in config["targets"]
    ]


def leakage_value(leakage: Mapping[str, Any]) -> str:
    """Return leakage, as `measure_leakage` gives it, as a number with its 68 % error [dex]."""
    return Estimate(*(leakage[key] for key in ("value", "low", "high"))).signed


def leakage_text(leakage: Mapping[str, Any]) -> str:
    """Return leakage, as `measure_leakage` gives it, as text with its 68 % error."""
    return f"paper split − galaxy split: {leakage_value(leakage)} dex"


def leakage_notes(leakage: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what limits measured leakages, without repetitions."""
    notes = []
    if any(each["one_sample_each"] for each in leakage):
        notes.append(
            "galaxies have one sample each, so that both splits are by galaxy and nothing can "
            "leak: the difference is that of two random splits"
        )
    if not all(each["has_training_noise"] for each in leakage):
        notes.append("paper split − galaxy split: training noise not included (single trainings)")
    return notes
