"""Find the training set of a run again, and how far galaxies are from it."""

from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.datasets.dataset import DataSet, open_dataset
from galmass_core.learning.experiments import default_features, missing_columns, usable_rows
from galmass_core.learning.out_of_distribution import OOD, TrainingDistance
from galmass_core.learning.splits import draw_training_galaxies, split_samples
from galmass_core.training.profile_runs import is_profile
from galmass_core.training.runs import Run


def training_samples(run: Run, dataset: DataSet | None = None) -> pd.DataFrame | None:
    """Return the samples that a run was trained on.

    Parameters
    ----------
    run : Run
    dataset : DataSet, optional
        At hand; it may be that of the run.

    Returns
    -------
    pandas.DataFrame or None
        Rows of the run's data set; None if that is gone or has changed, or if the run does not
        record it.
    """
    split = run.config.get("split")
    is_own = dataset is not None and run.is_of(dataset)
    data = dataset if is_own else training_dataset(run)
    if data is None or split is None:
        return None
    targets = () if is_profile(run) else run.config["targets"]  # a profile may have gaps
    features = run.config.get("features", ())
    if missing_columns(data.samples, [*features, *targets]):
        return None
    usable, _ = usable_rows(data.samples, features, targets)
    return data.samples[usable & (parts_of(data.samples, usable, split) == "train")]


def parts_of(samples: pd.DataFrame, usable: NDArray[np.bool_], split: dict[str, Any]) -> NDArray:
    """Return the part of a run's split that each sample is in.

    Parameters
    ----------
    samples : pandas.DataFrame
    usable : (n,) bool
        Of `experiments.usable_rows`.
    split : dict
        Of the run's configuration: ``kind``, ``sizes`` and ``seed``; of a point of a learning curve
        also ``galaxies``, the size of the training set, and ``draw``, the seed that draws it.

    Returns
    -------
    (n,) str
    """
    parts = split_samples(samples, split["kind"], sizes=split["sizes"], seed=split["seed"])
    if "galaxies" not in split:
        return parts
    parts = np.where(usable, parts, "")
    return draw_training_galaxies(samples, parts, split["galaxies"], seed=split["draw"])


def training_dataset(run: Run) -> DataSet | None:
    """Open the data set of a run where it was, or by its name; None if it is not the same."""
    known = run.record.get("dataset") or {}
    for place in (known.get("path"), known.get("name")):
        with suppress(ValueError, OSError):
            if place and run.is_of(data := open_dataset(place)):
                return data
    return None


def training_distance(run: Run, dataset: DataSet) -> TrainingDistance | None:
    """Return distances to the training set of a run.

    They are measured in the run's own features; of a network in the summary features of Table 1.

    Parameters
    ----------
    run : Run
    dataset : DataSet
        At hand, as of `training_samples`.

    Returns
    -------
    TrainingDistance or None
        None if the training set is gone, or lacks these features.
    """
    samples = training_samples(run, dataset)
    if samples is None:
        return None
    features = run.config.get("features") or default_features(samples)
    if missing_columns(samples, features) or not usable_rows(samples, features)[0].any():
        return None
    return TrainingDistance.of(samples, features, kind=run.config["split"]["kind"])


def with_training_distance(
    predictions: pd.DataFrame, samples: pd.DataFrame, distance: TrainingDistance | None
) -> pd.DataFrame:
    """Add to predictions how unusual their samples are in the training set.

    Parameters
    ----------
    predictions : pandas.DataFrame
        ``name`` and ``los``.
    samples : pandas.DataFrame
        The table of their data set.
    distance : TrainingDistance or None

    Returns
    -------
    pandas.DataFrame
        With ``ood_percentile`` (`out_of_distribution.TrainingDistance.percentiles`); NaN without a
        training set.
    """
    if distance is None:
        return predictions.assign(**{OOD: np.nan})
    keys = ["name", "los"]
    here = predictions[keys].drop_duplicates().merge(samples, on=keys, how="left")
    scored = here[keys].assign(**{OOD: distance.percentiles(here)})
    return predictions.merge(scored, on=keys, how="left", validate="many_to_one")
