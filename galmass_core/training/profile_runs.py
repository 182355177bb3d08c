"""Train mass profiles in a run's folder, and predict with them."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from galmass_core.learning.boosting import BoostingConfig
from galmass_core.learning.experiments import PROFILE, Experiment
from galmass_core.learning.intervals import Calibration, calibrate, with_intervals
from galmass_core.learning.mass_profiles import (
    ProfileTrees,
    calibrate_profiles,
    fit_profile,
    profile_table,
    rearrange_limits,
)
from galmass_core.training.runs import Run, RunWriter


def is_profile(run: Run) -> bool:
    """Return whether a run learned mass profiles."""
    return run.config["method"] == PROFILE


def train_profile(
    samples: pd.DataFrame,
    wanted: Experiment,
    config: dict[str, Any],
    parts: NDArray,
    writer: RunWriter,
) -> pd.DataFrame:
    """Train and calibrate a profile's trees; save them, and return predictions.

    Parameters
    ----------
    samples : pandas.DataFrame
        With the columns of features and targets.
    wanted : Experiment
    config : dict
        Of the run.
    parts : (n,) str
        Of the split; empty for samples that cannot be used.
    writer : RunWriter

    Returns
    -------
    pandas.DataFrame
        With the columns of `runs.Run.predictions`, where the truth is known.
    """
    samples, parts = samples[parts != ""].reset_index(drop=True), parts[parts != ""]
    inputs, truth = samples[list(wanted.features)], samples[list(wanted.targets)]
    boosting, train = BoostingConfig(**config["parameters"]), parts == "train"
    model, calibration = calibrate_profiles(
        fit_profile(inputs[train], truth[train], boosting),
        inputs[train],
        truth[train],
        samples[train],
        boosting,
        kind=config["split"]["kind"],
        seed=config["split"]["seed"],
    )
    model.save(writer.path)
    writer.write_history(pd.DataFrame({"iteration": []}))
    writer.write_calibration(calibration.dropna())
    predicted = model.predict(inputs)
    scales = model.scale_of(inputs, predicted)
    return profile_table(samples, predicted, truth, parts, scales).dropna()


@dataclass(frozen=True)
class ProfileModel:
    """Trees of a finished run with the distribution of their errors.

    Attributes
    ----------
    trees : ProfileTrees
    calibrations : dict of str to Calibration
        By column.
    """

    trees: ProfileTrees
    calibrations: dict[str, Calibration]

    @property
    def features(self) -> tuple[str, ...]:
        """Input columns."""
        return self.trees.features

    @classmethod
    def load(cls, run: Run) -> "ProfileModel":
        """Load the model from a run's folder; raises as `model_runs.load_model`."""
        run.check_model()
        errors = run.calibration().groupby("target", sort=False)
        calibrations = {str(key): calibrate(rows) for key, rows in errors}
        trees = ProfileTrees.load(run.path, run.config["targets"])
        if not trees.trees:
            msg = f"{run.path}: must hold trees for its targets, got none"
            raise ValueError(msg)
        return cls(trees, calibrations)

    def predict(self, samples: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
        """Predict samples, with intervals.

        Parameters
        ----------
        samples : pandas.DataFrame
            Rows that can be used: ``name``, ``los`` and the features.
        truth : pandas.DataFrame
            As in `mass_profiles.profile_table`.

        Returns
        -------
        pandas.DataFrame
            As of `mass_profiles.profile_table`, with the columns of `intervals.with_intervals`;
            neither predictions nor limits fall outwards.
        """
        predicted = self.trees.predict(samples)
        scales = self.trees.scale_of(samples, predicted)
        table = profile_table(samples, predicted, truth, "new", scales)
        return rearrange_limits(with_intervals(table, self.calibrations))
