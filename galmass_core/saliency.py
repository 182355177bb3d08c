"""A trained network and one sample -> what its prediction rests on, map by map.

Three questions of different kinds: what if a map were another one (`occlude_maps`), what if only a
ring of it were (`occlude_rings`), and how much each pixel adds on the way from a plain galaxy to
this one (`integrated_gradients`). All answers are in dex of the prediction.

Shape suffixes: B samples, C = 1 channel, H rows, W columns, T targets.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from galmass_core.network_runs import NetworkModel

RINGS = np.arange(0.0, 3.5, 0.5)  # R_hsm, edges
HALF_WIDTH = 3.0  # of the maps, R_hsm
_STEPS = 32  # on the way from the plain galaxy to this one

Maps = Mapping[str, Tensor]


def occlude_maps(model: NetworkModel, sample: Maps, others: Maps) -> pd.DataFrame:
    """Replace one map of a sample at a time, and see how far the prediction moves.

    Parameters
    ----------
    model : NetworkModel
    sample : mapping of (1, 1, H, W) float
        As `NetworkModel.see` gives it.
    others : mapping of (B, 1, H, W) float
        Of other galaxies.

    Returns
    -------
    pandas.DataFrame
        One row for each ``map`` and ``target``: ``mean`` (change of the prediction with the mean
        map of the others in its place) and ``shuffled`` (root mean square of the changes with the
        map of each of the others), dex.
    """
    before_1T = _predict(model, sample)
    rows = []
    for key in sample:
        mean_1T = _predict(model, {**sample, key: others[key].mean(0, keepdim=True)}) - before_1T
        number = len(others[key])
        repeated = {name: each.expand(number, -1, -1, -1) for name, each in sample.items()}
        shuffled_BT = _predict(model, {**repeated, key: others[key]}) - before_1T
        rows += [
            {
                "map": key,
                "target": target,
                "mean": mean_1T[0, place],
                "shuffled": np.sqrt(np.square(shuffled_BT[:, place]).mean()),
            }
            for place, target in enumerate(model.targets)
        ]
    return pd.DataFrame(rows)


def occlude_rings(
    model: NetworkModel, sample: Maps, plain: Maps, edges: Sequence[float] = RINGS
) -> pd.DataFrame:
    """Replace a ring of one map at a time by that of a plain galaxy.

    Parameters
    ----------
    model : NetworkModel
    sample, plain : mapping of (1, 1, H, W) float
        The galaxy, and what stands for none in particular: the mean of others.
    edges : sequence of float, R_hsm

    Returns
    -------
    pandas.DataFrame
        One row for each ``map``, ring (``inner`` to ``outer``, R_hsm) and ``target``: ``change``
        of the prediction, dex.
    """
    before_1T = _predict(model, sample)
    rows = []
    for key, own in sample.items():
        radius_HW = _radii(own.shape[-1])
        for inner, outer in pairwise(edges):
            ring_HW = torch.from_numpy((radius_HW >= inner) & (radius_HW < outer))
            after_1T = _predict(model, {**sample, key: torch.where(ring_HW, plain[key], own)})
            rows += [
                {
                    "map": key,
                    "inner": inner,
                    "outer": outer,
                    "target": target,
                    "change": (after_1T - before_1T)[0, place],
                }
                for place, target in enumerate(model.targets)
            ]
    return pd.DataFrame(rows)


def integrated_gradients(
    model: NetworkModel, sample: Maps, plain: Maps, target: str, *, steps: int = _STEPS
) -> dict[str, NDArray[np.float32]]:
    """Share the difference to a plain galaxy's prediction among all pixels.

    Gradients along the straight way from the plain galaxy to this one, times the way (Sundararajan
    et al. 2017): the pixels of all maps together add up to the difference.

    Parameters
    ----------
    model : NetworkModel
    sample, plain : mapping of (1, 1, H, W) float
    target : str
        One of the model's.
    steps : int
        Points on the way.

    Returns
    -------
    dict of (H, W) float32, dex
        Positive where a pixel makes the galaxy's prediction larger.

    Raises
    ------
    ValueError
        If the model does not predict ``target``.
    """
    if target not in model.targets:
        msg = f"target must be one of {', '.join(model.targets)}, got {target!r}"
        raise ValueError(msg)
    place = model.targets.index(target)
    shares = ((torch.arange(steps) + 0.5) / steps)[:, None, None, None]
    way = {
        key: (plain[key] + shares * (own - plain[key])).requires_grad_()
        for key, own in sample.items()
    }
    outputs_BT = model.network(way)
    gradients = torch.autograd.grad(outputs_BT[:, place].sum(), list(way.values()))
    spread = model.scaling.spreads[place]
    return {
        key: (spread * gradient.mean(0) * (sample[key] - plain[key])[0])[0].numpy()
        for key, gradient in zip(way, gradients, strict=True)
    }


def _predict(model: NetworkModel, maps: Maps) -> NDArray[np.float64]:
    """Return decimal logarithms of the targets, (B, T)."""
    with torch.no_grad():
        return model.scaling.unscaled(model.network(dict(maps)).numpy())


def _radii(pixels: int) -> NDArray[np.float64]:
    """Return each pixel's distance from the centre, (H, W), R_hsm."""
    centres = (np.arange(pixels) + 0.5) * (2 * HALF_WIDTH / pixels) - HALF_WIDTH
    return np.hypot(centres[:, None], centres)
