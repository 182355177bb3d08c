"""A trained network, as a run's folder holds it, and its predictions.

Shape suffixes: N samples of a data set, B some of them, T targets.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from galmass_core.datasets.dataset import DataSet
from galmass_core.imaging.maps import GalaxyMaps
from galmass_core.learning.experiments import input_maps
from galmass_core.learning.fitting import beside_truth
from galmass_core.networks.batches import MapFeed
from galmass_core.networks.checkpoints import WEIGHTS, load_tensors
from galmass_core.networks.network import MultibranchResNet
from galmass_core.networks.presets import TrainingConfig
from galmass_core.networks.scalars import SCALARS, scalar_columns
from galmass_core.networks.scaling import SCALER, Scaling
from galmass_core.networks.stacks import MapStack, encode_map, map_of, open_stacks
from galmass_core.networks.symmetry import average_symmetries
from galmass_core.networks.training import new_network, pick_device, predict_rows
from galmass_core.quantities import MAPS, map_spec


@dataclass(frozen=True)
class NetworkModel:
    """A trained network.

    Attributes
    ----------
    network : MultibranchResNet
    scaling : Scaling
    targets, maps : tuple of str
    pixels : int
        Side of its input images.
    mask_sparse : bool
        As of `stacks.map_of`.

    Of a network for every set of maps it is the part for one set.
    """

    network: MultibranchResNet
    scaling: Scaling
    targets: tuple[str, ...]
    maps: tuple[str, ...]
    pixels: int
    mask_sparse: bool = False

    @classmethod
    def load(cls, folder: Path, config: Mapping[str, Any]) -> "NetworkModel":
        """Load the model from a run's folder and configuration.

        Raises
        ------
        ValueError
            If the folder lacks weights or scaling, or has those of another network.
        """
        maps, targets = tuple(config["maps"]), tuple(config["targets"])
        training = TrainingConfig(**config["training"])
        if unknown := [key for key in maps if key not in MAPS]:
            msg = f"{folder}: maps must be known ones, got {unknown[0]!r}"
            raise ValueError(msg)
        scaling = Scaling.load(folder)
        scaling.check_fit(folder / SCALER, maps, targets)
        network = new_network(maps, len(targets), training)
        if names := config.get("subsets"):
            subsets = [input_maps(inputs) for inputs in names]
            whole = new_network(max(subsets, key=len), len(targets), training, subsets)
            load_tensors(folder / WEIGHTS, whole.state_dict())
            network.load_state_dict(whole.only(maps))
            scaling = scaling.beside(scalar_columns(maps))
        else:
            load_tensors(folder / WEIGHTS, network.state_dict())
        if training.tta:
            network = average_symmetries(network)
        options = config["pixels"], training.mask_sparse
        return cls(network.eval(), scaling, targets, maps, *options)

    def predict(
        self, dataset: DataSet, rows: NDArray, *, device: str = "auto"
    ) -> NDArray[np.float64]:
        """Predict the targets' decimal logarithms of some samples, (B, T).

        Raises
        ------
        DataSetError
            If the data set has no maps, or their file is missing or damaged.
        ValueError
            If there is no such device, or a sample lacks a number that the network needs beside
            its maps.
        """
        where = pick_device(device)
        if self.features:
            checked_scalars(self.scaling, dataset.samples.iloc[rows])
        network, feed = deepcopy(self.network).to(where), self.feed(dataset, where)
        return self.scaling.unscaled(predict_rows(network, feed, np.asarray(rows)))

    def feed(self, dataset: DataSet, device: torch.device) -> MapFeed:
        """Return the maps of a data set, and the numbers beside them, as the network sees them."""
        stacks = open_stacks(dataset, self.maps, self.pixels, mask_sparse=self.mask_sparse)
        scalars_NS = self.scaling.scalar_inputs(dataset.samples)
        return MapFeed(stacks, self.scaling, device, scalars_NS=scalars_NS)

    def predict_maps(
        self,
        samples: Sequence[GalaxyMaps],
        table: pd.DataFrame | None = None,
        *,
        device: str = "cpu",
    ) -> NDArray[np.float64]:
        """Predict the targets' decimal logarithms from maps at hand, (B, T).

        Parameters, and errors raised, as of `inputs`; and if there is no such device.
        """
        where = pick_device(device)
        here = where.type == "cpu"  # as the network itself is; a copy takes longer than predictions
        network = self.network if here else deepcopy(self.network).to(where)
        inputs = {key: each.to(where) for key, each in self.inputs(samples, table).items()}
        with torch.no_grad():
            outputs_BT = network(inputs).float().cpu().numpy()
        return self.scaling.unscaled(outputs_BT)

    @property
    def features(self) -> tuple[str, ...]:
        """Columns of a data set that the network needs beside maps."""
        return tuple(self.scaling.scalars)

    def inputs(
        self, samples: Sequence[GalaxyMaps], table: pd.DataFrame | None = None
    ) -> dict[str, Tensor]:
        """Return the maps of some samples as network inputs, (B, 1, H, W) each.

        Parameters
        ----------
        samples : sequence of GalaxyMaps
        table : pandas.DataFrame, optional
            Rows of these samples in a data set, where the network needs more than maps; they come
            as ``scalars``, (B, S, 1, 1).

        Raises
        ------
        ValueError
            If a number beside the maps is needed, but missing.
        """
        scaled = {}
        for key in self.maps:
            side = map_spec(key).side(self.pixels)
            codes_BHW = np.stack([encode_map(key, self._map(maps, key, side)) for maps in samples])
            stack = MapStack(key, codes_BHW)
            scaled[key] = self.scaling.maps(stack, torch.from_numpy(codes_BHW))
        if self.features and table is None:
            msg = f"{', '.join(self.features)} must be given beside maps, got none"
            raise ValueError(msg)
        scalars_BS = None if table is None else checked_scalars(self.scaling, table)
        if scalars_BS is not None:
            scaled[SCALARS] = torch.from_numpy(scalars_BS)[:, :, None, None]
        return scaled

    def _map(self, maps: GalaxyMaps, key: str, side: int) -> NDArray[np.float32]:
        return map_of(maps, key, side, mask_sparse=self.mask_sparse)


def checked_scalars(scaling: Scaling, samples: pd.DataFrame) -> NDArray[np.float32] | None:
    """Return the scaled numbers beside the maps; raise ValueError unless all samples have them."""
    scalars_BS = scaling.scalar_inputs(samples)
    if scalars_BS is None:
        return None
    for column, values_B in zip(scaling.scalars, scalars_BS.T, strict=True):
        if len(lacking := samples[~np.isfinite(values_B)]):
            first = lacking.iloc[0]
            name, value = first["name"], first.get(column, "none")
            rule = "finite, and positive if it is a size or a speed,"
            msg = f"{name}: {column} must be {rule} for a network with scalars, got {value}"
            raise ValueError(msg)
    return scalars_BS


def predictions_table(
    samples: pd.DataFrame,
    rows: NDArray,
    parts: NDArray | str,
    targets: Sequence[str],
    outputs_BT: NDArray,
) -> pd.DataFrame:
    """Return predictions with the true values, a row for each sample and target.

    Parameters
    ----------
    samples : pandas.DataFrame
    rows : (B,) int
    parts : (B,) str, or str
    targets : sequence of str
    outputs_BT : (B, T) float
        Decimal logarithms.

    Returns
    -------
    pandas.DataFrame
        With the columns of `runs.Run.predictions`; ``y_true`` is NaN where it is not known.
    """
    chosen = samples.iloc[rows]
    tables = [
        beside_truth(chosen, target, outputs_BT[:, number], parts)
        for number, target in enumerate(targets)
    ]
    return pd.concat(tables, ignore_index=True)
