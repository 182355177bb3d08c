"""Galaxies -> two numbers each, so that those that look alike lie near each other.

Principal components of a network's last layer, or of the pixels of one map as the gallery draws it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_app.thumbnails import drawn
from galmass_app.workers import spare_a_core
from galmass_core.datasets.dataset import DataSet
from galmass_core.training.run_predictions import load_model
from galmass_core.training.runs import Run

MOST = 1000  # galaxies; of more, as many drawn by chance
_BATCH = 16  # galaxies whose maps are in memory
_EMPTY = 255  # of a pixel without a value
AXES = ("first component", "second component")


@dataclass(frozen=True, kw_only=True, eq=False)
class Embedding:
    """Where galaxies lie."""

    table: pd.DataFrame  # ``name``, ``los`` and the two `AXES`
    explained: tuple[float, float]  # share of the variance of each axis
    total: int  # galaxies that were asked for


def embed(
    data: DataSet,
    names: Sequence[str],
    los: str,
    source: Run | str,
    check: Callable[[str], None] = lambda _: None,
) -> Embedding:
    """Embed galaxies seen along one line of sight.

    Parameters
    ----------
    data : DataSet
        With maps.
    names : sequence of str
    los : str
    source : Run or str
        A network on maps, or the key of a map.
    check : function of str
        Called with progress; raises when the embedding is wanted no more.

    Raises
    ------
    ValueError
        If there are fewer than three galaxies, all are the same, or maps cannot be read.
    """
    chosen = _drawn(names)
    if len(chosen) < 3:
        msg = f"an embedding must have at least 3 galaxies, got {len(chosen)}"
        raise ValueError(msg)
    of_batch = (
        _last_layer(data, los, source) if isinstance(source, Run) else _pixels(data, los, source)
    )
    rows = []
    for start in range(0, len(chosen), _BATCH):
        check(f"{start:,} of {len(chosen):,} galaxies")
        rows.append(of_batch(chosen[start : start + _BATCH]))
    places_N2, explained = principal_components(np.concatenate(rows))
    table = pd.DataFrame(places_N2, columns=list(AXES)).assign(name=chosen, los=los)
    return Embedding(table=table, explained=explained, total=len(names))


def principal_components(values_ND: NDArray) -> tuple[NDArray, tuple[float, float]]:
    """Return the two directions in which rows differ most, and their shares of the variance.

    Parameters
    ----------
    values_ND : (N, D) float
        NaN counts as the mean of its column; a column without any value counts nothing.

    Returns
    -------
    (N, 2) float
        The largest number of either column is positive.
    (float, float)

    Raises
    ------
    ValueError
        If all rows are the same.
    """
    known = np.isfinite(values_ND)
    counts = np.maximum(known.sum(axis=0), 1)
    means = np.where(known, values_ND, 0).sum(axis=0) / counts
    centred = np.where(known, values_ND - means, 0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    variance = sizes**2
    if not variance.sum() > 0:
        msg = "an embedding must have galaxies that differ, but all are the same"
        raise ValueError(msg)
    places = (left * sizes)[:, :2]
    places = np.pad(places, ((0, 0), (0, 2 - places.shape[1])))
    places = places * np.sign(places[np.abs(places).argmax(axis=0), [0, 1]] + 1e-300)
    shares = np.pad(variance / variance.sum(), (0, 1))
    return places, (float(shares[0]), float(shares[1]))


def _drawn(names: Sequence[str]) -> list[str]:
    """Return all galaxies, or some of very many: always the same."""
    if len(names) <= MOST:
        return list(names)
    rows = np.sort(np.random.default_rng(0).choice(len(names), MOST, replace=False))
    return [names[row] for row in rows]


def _pixels(data: DataSet, los: str, key: str) -> Callable[[list[str]], NDArray]:
    """Return what takes the pixels of a map of some galaxies, as they are drawn."""

    def batch(names: list[str]) -> NDArray:
        shades = np.array([drawn(data, name, los, key).ravel() for name in names], dtype=float)
        return np.where(shades == _EMPTY, np.nan, shades)

    return batch


def _last_layer(data: DataSet, los: str, run: Run) -> Callable[[list[str]], NDArray]:
    """Return what takes the features from which a network's last layer predicts."""
    import torch

    spare_a_core()
    model = load_model(run)

    def batch(names: list[str]) -> NDArray:
        maps = [data.maps(name, los) for name in names]
        rows = pd.DataFrame([data.row(name, los) for name in names])
        with torch.no_grad():
            return model.network.features(model.inputs(maps, rows)).numpy()

    return batch
