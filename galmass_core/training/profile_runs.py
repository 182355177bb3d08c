"""Train trees for mass profiles in a run's folder, and predict with them or with a network."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.datasets.dataset import DataSet
from galmass_core.imaging.maps import GalaxyMaps
from galmass_core.learning.boosting import BoostingConfig
from galmass_core.learning.experiments import PROFILE_NETWORK, PROFILES, Experiment
from galmass_core.learning.intervals import Calibration, calibrate, with_intervals
from galmass_core.learning.mass_profiles import (
    ProfileTrees,
    calibrate_profiles,
    consistent,
    fit_profile,
    profile_table,
    rearrange_limits,
)
from galmass_core.training.run_writer import RunWriter
from galmass_core.training.runs import Run

if TYPE_CHECKING:
    from galmass_core.training.network_model import NetworkModel


def is_profile(run: Run) -> bool:
    """Return whether a run learned mass profiles."""
    return run.config["method"] in PROFILES


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
    """Trees or a network of a finished run with the distribution of their errors.

    Attributes
    ----------
    model : ProfileTrees or NetworkModel
    calibrations : dict of str to Calibration
        By column.
    """

    model: "ProfileTrees | NetworkModel"
    calibrations: dict[str, Calibration]

    @property
    def features(self) -> tuple[str, ...]:
        """Input columns; of a network those beside the maps."""
        return self.model.features

    @classmethod
    def load(cls, run: Run) -> "ProfileModel":
        """Load the model from a run's folder; raises as `run_predictions.load_model`."""
        run.check_model()
        errors = run.calibration().groupby("target", sort=False)
        return cls(_load(run), {str(key): calibrate(rows) for key, rows in errors})

    def predict(self, dataset: DataSet, usable: NDArray, truth: pd.DataFrame) -> pd.DataFrame:
        """Predict samples, with intervals.

        Parameters
        ----------
        dataset : DataSet
        usable : (N,) bool
            Which of its samples have the features.
        truth : pandas.DataFrame
            (N, ...): as in `mass_profiles.profile_table`, or empty.

        Returns
        -------
        pandas.DataFrame
            As of `mass_profiles.profile_table`, with the columns of `intervals.with_intervals`;
            neither predictions nor limits fall outwards.

        Raises
        ------
        ValueError
            As `NetworkModel.predict`, of a network.
        """
        samples = dataset.samples[usable]
        if isinstance(self.model, ProfileTrees):
            return self._from_trees(self.model, samples, truth)
        outputs = self.model.predict(dataset, np.flatnonzero(usable))
        return self._from_network(self.model, outputs, samples, truth)

    def predict_sample(self, sample: pd.Series, maps: Callable[[], GalaxyMaps]) -> pd.DataFrame:
        """Predict a row of a data set with the features, as `predict`; a network needs its maps."""
        samples = sample.to_frame().T
        if isinstance(self.model, ProfileTrees):
            return self._from_trees(self.model, samples, pd.DataFrame())
        outputs = self.model.predict_maps([maps()], samples)
        return self._from_network(self.model, outputs, samples, pd.DataFrame())

    def _from_trees(
        self, trees: ProfileTrees, samples: pd.DataFrame, truth: pd.DataFrame
    ) -> pd.DataFrame:
        predicted = trees.predict(samples)
        scales = trees.scale_of(samples, predicted)
        return self._with_limits(profile_table(samples, predicted, truth, "new", scales))

    def _from_network(
        self, network: "NetworkModel", outputs: NDArray, samples: pd.DataFrame, truth: pd.DataFrame
    ) -> pd.DataFrame:
        columns = list(network.targets)
        predicted = consistent(pd.DataFrame(outputs, columns=columns, index=samples.index))
        return self._with_limits(profile_table(samples, predicted, truth, "new"))

    def _with_limits(self, table: pd.DataFrame) -> pd.DataFrame:
        """Add intervals to a table of profiles."""
        return rearrange_limits(with_intervals(table, self.calibrations))


def _load(run: Run) -> "ProfileTrees | NetworkModel":
    """Load the model of a run whose files have been checked."""
    if run.config["method"] == PROFILE_NETWORK:
        from galmass_core.training.network_model import NetworkModel

        return NetworkModel.load(run.path, run.config)
    trees = ProfileTrees.load(run.path, run.config["targets"])
    if not trees.trees:
        msg = f"{run.path}: must hold trees for its targets, got none"
        raise ValueError(msg)
    return trees
