"""How far samples are from those that a run learned from."""

import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from galmass_app.comparison import Result
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.out_of_distribution import TrainingDistance
from galmass_core.training.runs import Run, open_run
from galmass_core.training.training_sets import training_distance, with_training_distance


def with_distance(predictions: pd.DataFrame, result: Result, data: DataSet) -> pd.DataFrame:
    """Add to predictions how unusual their samples are in the training set of their run.

    The column is that of `training_sets.with_training_distance`; NaN for the baseline, and where
    the training set is gone, such as that of the runs that ship with galmass.
    """
    return with_training_distance(predictions, data.samples, distance_to(result, data))


def distance_to(result: Result, data: DataSet) -> TrainingDistance | None:
    """Return distances to the training set of a result; None without a run, or if it is gone."""
    run = result.run
    return distance_of(data, run.path, run.record["ended"]) if run else None


@lru_cache(maxsize=64)
def unusual(distance: TrainingDistance | None, data: DataSet, galaxy: str, los: str) -> float:
    """Return the percentile of a sample's distance to a training set; NaN if that is gone."""
    if distance is None:
        return np.nan
    return float(distance.percentiles(data.row(galaxy, los).to_frame().T)[0])


@lru_cache(maxsize=64)
def distance_of(data: DataSet, folder: Path, _ended: str) -> TrainingDistance | None:
    """Return distances to the training set of a run; None if it is gone."""
    run = open_run(folder)
    settings = [run.config.get(name) for name in ("split", "method", "features", "targets")]
    return _distance_to(data, _TrainingSet(json.dumps([run.record.get("dataset"), *settings]), run))


@dataclass(frozen=True)
class _TrainingSet:
    """What a run was trained on: equal for runs with the same training set."""

    key: str
    run: Run = field(compare=False)


@lru_cache(maxsize=16)
def _distance_to(data: DataSet, trained: _TrainingSet) -> TrainingDistance | None:
    return training_distance(trained.run, data)
