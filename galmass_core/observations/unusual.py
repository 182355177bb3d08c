"""How unusual an observed galaxy is among those that a network learned from.

Two percentiles of the same kind (`out_of_distribution`): in the space of the summary features that
can be observed, as for the samples of a data set; and in the space of the features that the network
itself sees in the maps, before its last layer. The second notices what the first cannot: a field
that ends, noise, a point-spread function.

This is for networks on images; of kinematic maps, `field` compares what was seen through the same
field. The training set of the networks that ship does not ship. Their reference is made of other
galaxies of the same universe, one line of sight each; ``assets/makers/reference.py`` made it.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.datasets.dataset import DataSet
from galmass_core.imaging.maps import GalaxyMaps
from galmass_core.learning.experiments import missing_columns
from galmass_core.learning.out_of_distribution import TrainingDistance
from galmass_core.observations.features import FEATURES, observed_features
from galmass_core.observations.field import draw_galaxies, shipped_table
from galmass_core.observations.observation import Observation
from galmass_core.training.runs import Run, is_shipped
from galmass_core.training.training_sets import training_dataset, training_samples

if TYPE_CHECKING:
    from galmass_core.training.network_model import NetworkModel

OOD_MAPS = "ood_maps_percentile"  # column beside `out_of_distribution.OOD`
_BATCH = 32  # maps in memory at a time


class Unusual(NamedTuple):
    """Percentiles, from 0 to 100; NaN where the training set is gone, or a feature is unknown."""

    features: float  # of the summary features
    maps: float  # of what the network sees


def how_unusual(
    run: Run, model: "NetworkModel", maps: GalaxyMaps, observation: Observation
) -> Unusual:
    """Compare an observed galaxy with those that a run's network learned from.

    Parameters
    ----------
    run : Run
    model : NetworkModel
        Of the run.
    maps : GalaxyMaps
        Of the galaxy.
    observation : Observation

    Returns
    -------
    Unusual
    """
    reference = shipped_table(run) if is_shipped(run) else _trained(run, model)
    if reference is None:
        return Unusual(np.nan, np.nan)
    own = pd.DataFrame([{"name": "observed", "los": "", **observed_features(observation)}])
    seen = seen_features(model, [maps])
    own = pd.concat([own, seen], axis=1)
    summary = [key for key in FEATURES if np.isfinite(own[key]).all()]
    return Unusual(*(percentile(reference, own, keys) for keys in (summary, [*map(str, seen)])))


def seen_features(model: "NetworkModel", samples: Sequence[GalaxyMaps]) -> pd.DataFrame:
    """Return what a network sees in the maps of B samples, before its last layer.

    Returns
    -------
    (B, D) pandas.DataFrame
        Columns are the map's key and a number, such as ``V_0``.
    """
    import torch

    tables = []
    with torch.no_grad():
        for key, values_B1HW in model.inputs(samples).items():
            features_BF = model.network.branches[key](values_B1HW).numpy()
            names = [f"{key}_{number}" for number in range(features_BF.shape[1])]
            tables.append(pd.DataFrame(features_BF, columns=names))
    return pd.concat(tables, axis=1)


def seen_table(
    samples: pd.DataFrame, dataset: DataSet, models: "Sequence[NetworkModel]"
) -> pd.DataFrame:
    """Return a reference, of the galaxies that `field.draw_galaxies` draws.

    Parameters
    ----------
    samples : pandas.DataFrame
        Of the data set.
    dataset : DataSet
    models : sequence of NetworkModel
        Whose features are wanted; they do not share maps.

    Returns
    -------
    pandas.DataFrame
        ``name``, ``los``, those of `FEATURES` that are known, and the columns of `seen_features`.
    """
    drawn = draw_galaxies(samples)
    known = [key for key in FEATURES if not missing_columns(drawn, [key])]
    table = drawn.sort_index()[["name", "los", *known]]
    rows = table.index.to_numpy()
    for model in models:
        seen = [seen_features(model, batch) for batch in _batches(dataset, rows)]
        table = table.assign(**pd.concat(seen).set_index(table.index))
    return table.reset_index(drop=True)


def _batches(dataset: DataSet, rows: NDArray) -> Iterator[list[GalaxyMaps]]:
    """Read the maps of samples, a few at a time, in the order of the rows."""
    for start in range(0, len(rows), _BATCH):
        read = dict(dataset.read_maps(rows[start : start + _BATCH]))
        yield [read[place] for place in range(len(read))]


def _trained(run: Run, model: "NetworkModel") -> pd.DataFrame | None:
    """Return the reference of a run whose training set is there; else None."""
    dataset, samples = training_dataset(run), training_samples(run)
    if dataset is None or samples is None or not dataset.has_maps:
        return None
    return seen_table(samples, dataset, [model])


def percentile(reference: pd.DataFrame, own: pd.DataFrame, keys: list[str]) -> float:
    """Return the percentile of a galaxy in the space of some columns."""
    if not keys or missing_columns(reference, keys):
        return np.nan
    return float(TrainingDistance.of(reference, keys).percentiles(own)[0])
