"""Find the networks that controls are tested with, and predict the maps of controls.

Shape suffixes: B samples, T targets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from galmass_core.datasets.control_maps import (
    ANNULI,
    BINS,
    EQUAL,
    HALVED,
    HOLES,
    PLAIN,
    SHUFFLED,
    ControlledGalaxy,
)
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import experiment
from galmass_core.quantities import OCCUPANCY
from galmass_core.training.groups import group_of
from galmass_core.training.pairing import RunPredictions, choose_run, run_predictions_on
from galmass_core.training.run_predictions import load_model
from galmass_core.training.runs import Run

if TYPE_CHECKING:
    from galmass_core.training.network_model import NetworkModel

KINEMATICS, IMAGE, TOGETHER = "2V", "r", "r+2V"  # inputs whose controls are measured
_MOTION = (PLAIN, SHUFFLED, ANNULI, BINS, HALVED, HOLES)
_TESTED = {KINEMATICS: _MOTION, TOGETHER: _MOTION, IMAGE: (PLAIN, HALVED), OCCUPANCY: (PLAIN,)}
_TARGETS = ("mstar,mtot,ml", "mstar,mtot", "mtot", "mstar", "ml")  # the first that is predicted


@dataclass(frozen=True, eq=False)
class ControlNetworks:
    """Networks of one set of maps, and what they are tested on.

    Attributes
    ----------
    inputs : str
    runs : tuple of Run
        Trainings of one group, by seed.
    names : frozenset of str
        Galaxies outside their training set.
    controls : tuple of str
        What they predict; `control_maps.PLAIN` for the maps as they are.
    stars : int
        Of every galaxy that they learned from, where these were thinned; else 0.
    """

    inputs: str
    runs: tuple[Run, ...]
    names: frozenset[str]
    controls: tuple[str, ...]
    stars: int = 0

    @cached_property
    def models(self) -> list["NetworkModel"]:
        """The networks, in the order of the runs."""
        from galmass_core.training.network_model import NetworkModel

        models = [load_model(run) for run in self.runs]
        return [model for model in models if isinstance(model, NetworkModel)]


def find_networks(dataset: DataSet, runs: Sequence[Run]) -> list[ControlNetworks]:
    """Return the networks to test controls of a data set with.

    Those that were trained on this data set, if any of them predicts from V and σ; else those that
    ship with galmass, if these are galaxies of theirs. The two are not mixed: their training sets
    differ.

    Parameters
    ----------
    dataset : DataSet
    runs : sequence of Run
        Among which to look, the newest first.

    Returns
    -------
    list of ControlNetworks
        The first predicts from V and σ; there may be networks for the image, for both, for star
        occupancy alone, and from V and σ of galaxies of as many stars each. Empty if none predicts
        from V and σ.
    """
    candidates = run_predictions_on(runs, dataset)
    own = [one for one in candidates if one.own]
    pool = own if _choose(own, KINEMATICS) else [one for one in candidates if not one.own]
    whole = [each for run in runs for each in run.with_each_inputs()]
    found = []
    for inputs, controls in _TESTED.items():
        chosen = _choose(pool, inputs)
        if chosen is None and inputs == KINEMATICS:
            return []
        if chosen is not None:
            found.append(_tested(chosen, inputs, controls, whole))
    if (thinned := _choose(pool, KINEMATICS, thinned=True)) is not None:
        found.append(_tested(thinned, KINEMATICS, (EQUAL,), whole))
    return found


def _choose(
    pool: Sequence[RunPredictions], inputs: str, *, thinned: bool = False
) -> RunPredictions | None:
    """Return the best network from these maps, for as many targets as there is one for."""
    for words in _TARGETS:
        wanted = experiment(f"{words}/{inputs}")
        if (best := choose_run(pool, wanted, thinned=thinned, prefer_any=True)) is not None:
            return best
    return None


def _tested(
    chosen: RunPredictions, inputs: str, controls: tuple[str, ...], runs: Sequence[Run]
) -> ControlNetworks:
    """Return a network with its group, and the galaxies that it has not seen."""
    stars = chosen.run.record["dataset"].get("stars") if EQUAL in controls else 0
    names = frozenset(chosen.predictions["name"])
    return ControlNetworks(inputs, group_of(chosen.run, runs), names, controls, stars or 0)


def predict_controls(
    dataset: DataSet,
    networks: Sequence[ControlNetworks],
    galaxies: Sequence[ControlledGalaxy],
    *,
    device: str = "auto",
) -> pd.DataFrame:
    """Predict galaxies under each control that a network is tested on.

    Parameters
    ----------
    dataset : DataSet
    networks : sequence of ControlNetworks
    galaxies : sequence of ControlledGalaxy
        Those that networks learned from are left out.
    device : str

    Returns
    -------
    pandas.DataFrame
        ``inputs``, ``control``, ``training_seed``, ``name``, ``los``, ``target``, ``y_true`` and
        ``y_pred`` (decimal logarithms); samples without a true value are left out.
    """
    from galmass_core.training.network_model import predictions_table

    tables = []
    for network in networks:
        for control in network.controls:
            chosen = [
                each for each in galaxies if each.name in network.names and control in each.controls
            ]
            if not chosen:
                continue
            rows = np.concatenate([dataset.rows_of(each.name) for each in chosen])
            maps = [one for each in chosen for one in each.controls[control].maps]
            for run, model in zip(network.runs, network.models, strict=True):
                outputs_BT = model.predict_maps(maps, dataset.samples.iloc[rows], device=device)
                table = predictions_table(dataset.samples, rows, "test", model.targets, outputs_BT)
                named = {"inputs": network.inputs, "control": control}
                tables.append(table.assign(**named, training_seed=run.training_seed))
    columns = ["inputs", "control", "training_seed", "name", "los", "target", "y_true", "y_pred"]
    if not tables:
        return pd.DataFrame(columns=columns)
    return pd.concat(tables, ignore_index=True)[columns].dropna()
