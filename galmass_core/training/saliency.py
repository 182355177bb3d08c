"""Attribute a prediction of a trained network to maps, rings and pixels.

There are three methods: replacing a map (`occlude_maps`), replacing a ring of it (`occlude_rings`),
and integrated gradients of each pixel from a mean galaxy to this one (`integrated_gradients`). All
results are in dex of the prediction of one target.

The branches of the network are joined by a linear layer, so the contribution of a map does not
depend on the other maps: contributions of all maps add up, and the pixels of a map add up to minus
the change when it is replaced by the mean map.

Shape suffixes: B samples, C = 1 channel, H rows, W columns, R rings.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from galmass_core.imaging.maps import MapConfig, pixel_centres
from galmass_core.networks.scalars import SCALARS
from galmass_core.training.network_model import NetworkModel

HALF_WIDTH = MapConfig().half_width  # of the maps, R_hsm
_RINGS = 6  # of a map, out to its sides
_LEAST, _MOST = 32, 256  # points on the path from the mean galaxy to this one
_CHUNK = 16  # of them at once, to limit memory
_GOLDEN = (5**0.5 - 1) / 2  # its multiples, modulo 1, sample the path evenly for any number
_TOLERANCE = 0.02, 0.001  # of the difference; dex

Maps = Mapping[str, Tensor]


@dataclass(frozen=True, eq=False)
class Explanation:
    """Attribution of one prediction.

    Attributes
    ----------
    target : str
    predicted : float, dex
        The network's prediction for the sample.
    plain : float, dex
        Its prediction for the mean galaxy, whose maps are the means of the others'.
    maps : pandas.DataFrame
        As returned by `occlude_maps`.
    rings : pandas.DataFrame
        As returned by `occlude_rings`.
    shares : dict of (H, W) float32, dex
        As returned by `integrated_gradients`.
    half_width : float, R_hsm
        Half of the side of the sample's maps.
    """

    target: str
    predicted: float
    plain: float
    maps: pd.DataFrame
    rings: pd.DataFrame
    shares: dict[str, NDArray[np.float32]]
    half_width: float = HALF_WIDTH

    def added(self, key: str) -> float:
        """Return the contribution of a map relative to the mean galaxy, dex."""
        by_mean = self.maps[(self.maps["map"] == key) & (self.maps["by"] == "mean")]
        return -float(by_mean["change"].iloc[0])


def explain(
    model: NetworkModel, sample: Maps, others: Maps, target: str, half_width: float = HALF_WIDTH
) -> Explanation:
    """Attribute the prediction of one sample by all three methods.

    Parameters
    ----------
    model : NetworkModel
    sample : mapping of (1, 1, H, W) float
        As returned by `NetworkModel.inputs`. Scalars beside the maps stay those of the sample.
    others : mapping of (B, 1, H, W) float
        Of other galaxies.
    target : str
        One of the model's.
    half_width : float, R_hsm
        Half of the side of the sample's maps.

    Returns
    -------
    Explanation

    Raises
    ------
    ValueError
        If the model does not predict ``target``.
    """
    scalars = {key: sample[key] for key in sample if key == SCALARS}
    sample, others = ({key: maps[key] for key in model.maps} for maps in (sample, others))
    plain = mean_maps(others)
    return Explanation(
        target=target,
        predicted=_predict(model, {**sample, **scalars}, target),
        plain=_predict(model, {**plain, **scalars}, target),
        maps=occlude_maps(model, sample, others, target),
        rings=occlude_rings(model, sample, plain, target, half_width=half_width),
        shares=integrated_gradients(model, sample, plain, target),
        half_width=half_width,
    )


def mean_maps(others: Maps) -> dict[str, Tensor]:
    """Return the maps of the mean galaxy, (1, 1, H, W) each."""
    return {key: each.mean(0, keepdim=True) for key, each in others.items()}


def occlude_maps(model: NetworkModel, sample: Maps, others: Maps, target: str) -> pd.DataFrame:
    """Replace one map of a sample at a time, and measure the change of the prediction.

    Parameters
    ----------
    model : NetworkModel
    sample : mapping of (1, 1, H, W) float
    others : mapping of (B, 1, H, W) float
        Of other galaxies.
    target : str
        One of the model's.

    Returns
    -------
    pandas.DataFrame
        ``map``, ``by`` and ``change`` [dex]. For each map one row with the ``mean`` map of the
        others in its place, and one with the map of each ``other``, in their order.

    Raises
    ------
    ValueError
        If the model does not predict ``target``.
    """
    tables = []
    for key, own in sample.items():
        put = torch.cat([others[key].mean(0, keepdim=True), others[key]])
        by = ["mean", *["other"] * len(others[key])]
        change = _changes(_contribution(model, key, target), own, put)
        tables.append(pd.DataFrame({"map": key, "by": by, "change": change}))
    return pd.concat(tables, ignore_index=True)


def occlude_rings(
    model: NetworkModel,
    sample: Maps,
    plain: Maps,
    target: str,
    *,
    edges: Sequence[float] | None = None,
    half_width: float = HALF_WIDTH,
) -> pd.DataFrame:
    """Replace a ring of one map at a time by that of the mean galaxy.

    Parameters
    ----------
    model : NetworkModel
    sample, plain : mapping of (1, 1, H, W) float
        Maps of the galaxy, and of the mean galaxy.
    target : str
        One of the model's.
    edges : sequence of float, R_hsm
        By default six rings of equal width out to the sides of the map, of 0.5 R_hsm in the
        paper's; its corners are in no ring.
    half_width : float, R_hsm
        Half of the side of the maps.

    Returns
    -------
    pandas.DataFrame
        One row for each ``map`` and ring (``inner`` to ``outer``, R_hsm): ``change`` of the
        prediction, dex.

    Raises
    ------
    ValueError
        If the model does not predict ``target``.
    """
    if edges is None:
        edges = np.linspace(0, half_width, _RINGS + 1).tolist()
    tables = []
    for key, own in sample.items():
        radius_HW = _radii(own.shape[-1], half_width)
        inside_RHW = [(radius_HW >= low) & (radius_HW < high) for low, high in pairwise(edges)]
        ring_RCHW = torch.from_numpy(np.stack(inside_RHW))[:, None]
        put = torch.where(ring_RCHW, plain[key], own)
        change = _changes(_contribution(model, key, target), own, put)
        ring = {"inner": edges[:-1], "outer": edges[1:]}
        tables.append(pd.DataFrame({"map": key, **ring, "change": change}))
    return pd.concat(tables, ignore_index=True)


def integrated_gradients(
    model: NetworkModel, sample: Maps, plain: Maps, target: str
) -> dict[str, NDArray[np.float32]]:
    """Attribute the difference from the mean galaxy's prediction to all pixels.

    Gradients along the straight path from the mean galaxy to this one, times the path (Sundararajan
    et al. 2017): the pixels of all maps together add up to the difference. Points on the way are
    added until the pixels of a map add up to 2 per cent, or 0.001 dex, or there are 256 of them.

    Parameters
    ----------
    model : NetworkModel
    sample, plain : mapping of (1, 1, H, W) float
    target : str
        One of the model's.

    Returns
    -------
    dict of (H, W) float32, dex
        Positive where a pixel makes the galaxy's prediction larger.

    Raises
    ------
    ValueError
        If the model does not predict ``target``.
    """
    return {
        key: _share(_contribution(model, key, target), own, plain[key])
        for key, own in sample.items()
    }


def _share(adding: Callable[[Tensor], Tensor], own: Tensor, plain: Tensor) -> NDArray[np.float32]:
    """Attribute the contribution of one map to its pixels, (H, W)."""
    way = own - plain
    difference = -_changes(adding, own, plain)[0]
    enough = max(_TOLERANCE[0] * abs(difference), _TOLERANCE[1])
    total, share = torch.zeros_like(own), torch.zeros_like(own)
    for first in range(0, _MOST, _CHUNK):
        places = (0.5 + _GOLDEN * torch.arange(first, first + _CHUNK)) % 1
        points = (plain + places[:, None, None, None] * way).requires_grad_()
        (gradient,) = torch.autograd.grad(adding(points).sum(), points)
        total += gradient.sum(0, keepdim=True)
        share = total * way / (first + _CHUNK)
        if first + _CHUNK >= _LEAST and abs(share.sum() - difference) < enough:
            break
    return share[0, 0].numpy()


def _contribution(model: NetworkModel, key: str, target: str) -> Callable[[Tensor], Tensor]:
    """Return the contribution of one map as a function, (B,) dex from (B, 1, H, W).

    It is defined up to a constant: only differences are meaningful.
    """
    place = _output_index(model, target)
    branches, weights_TF = model.network.branches, model.network.fc.weight.detach()
    parts = weights_TF[place].split([branch.outputs for branch in branches.values()])
    weights_F = dict(zip(branches, parts, strict=True))[key] * model.scaling.spreads[place]
    return lambda x_BCHW: branches[key](x_BCHW) @ weights_F


def _changes(adding: Callable[[Tensor], Tensor], own: Tensor, put: Tensor) -> NDArray[np.float32]:
    """Return the change of the prediction with each of other maps, (B,) dex."""
    with torch.no_grad():
        return (torch.cat([adding(each) for each in put.split(_CHUNK)]) - adding(own)).numpy()


def _predict(model: NetworkModel, maps: Maps, target: str) -> float:
    """Return the decimal logarithm of a target for one sample."""
    with torch.no_grad():
        outputs_1T = model.scaling.unscaled(model.network(dict(maps)).numpy())
    return float(outputs_1T[0, _output_index(model, target)])


def _output_index(model: NetworkModel, target: str) -> int:
    """Return the index of a target in a model's outputs; raise ValueError if it has none."""
    if target not in model.targets:
        msg = f"target must be one of {', '.join(model.targets)}, got {target!r}"
        raise ValueError(msg)
    return model.targets.index(target)


def _radii(pixels: int, half_width: float) -> NDArray[np.float64]:
    """Return each pixel's distance from the centre, (H, W), in the unit of half of the side."""
    centres = pixel_centres(pixels, half_width)
    return np.hypot(centres[:, None], centres)
