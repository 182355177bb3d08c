"""Galaxies whose maps look like those of the one in view, and those of them that differ in mass.

Similarity is that of `training.twins`: distance in the features of a network. A worker reads maps
and features in parts, which are kept for all sessions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_app.explanations import model_of
from galmass_app.workers import Job
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import missing_columns
from galmass_core.training.run_predictions import predictable_rows, require_predictable
from galmass_core.training.runs import Run

if TYPE_CHECKING:
    from galmass_core.networks.network import MultibranchResNet

MOST = 1500  # samples that are searched; of a larger data set, those of galaxies spread over it
NEAREST, TWINS = 6, 3  # galaxies shown
AMONG = 20  # most alike galaxies, of which twins are those of the most different mass
_PART = 32  # samples whose features are computed at a time
_DIFFERENCES = ("log_mtot_1rhsm", "log_mstar_1rhsm")


@dataclass(frozen=True, kw_only=True)
class LookalikeRequest:
    """A sample, and the maps in which others are to be like it."""

    data: DataSet
    galaxy: str
    los: str
    inputs: str


@dataclass(frozen=True, kw_only=True)
class Lookalike:
    """A sample of another galaxy.

    Attributes
    ----------
    name, los : str
    closer : float
        Share of all samples whose nearest sample of another galaxy is farther from them than this
        one is, per cent.
    total, stars : float, dex
        By how much M_tot and M* inside R_hsm are larger than in view; NaN where not known.
    """

    name: str
    los: str
    closer: float
    total: float
    stars: float


@dataclass(frozen=True, kw_only=True)
class Lookalikes:
    """The most alike galaxies, the most alike first, and twins, the most different first."""

    request: LookalikeRequest
    run: str
    searched: int  # galaxies
    nearest: tuple[Lookalike, ...]
    twins: tuple[Lookalike, ...]


def find_lookalikes(request: LookalikeRequest, job: Job) -> Lookalikes:
    """Find lookalikes and twins of a sample.

    Raises
    ------
    ValueError
        If there is no network for these maps, no other galaxy, or the sample lacks what the
        network needs.
    """
    from galmass_core.training.twins import rank_alike, twin_network

    data, run = request.data, twin_network(request.data, request.inputs)
    model = model_of(run.path, run.inputs, run.record["ended"])
    own = data.row_number(request.galaxy, request.los)
    require_predictable(run, data.samples, model.features, own)
    rows = _searched(data, run, model.features)
    place = int(np.searchsorted(rows, own))
    if place == len(rows) or rows[place] != own:
        rows = np.insert(rows, place, own)
    features_ND = _features(run, data, rows, job)
    ranked = rank_alike(features_ND, data.galaxy_numbers[rows], place)
    found = _described(data, rows[ranked["place"].to_numpy()], own, 100 - ranked["percentile"])
    known = [each for each in found[:AMONG] if np.isfinite(each.total)]
    return Lookalikes(
        request=request,
        run=run.name,
        searched=len(ranked),
        nearest=tuple(found[:NEAREST]),
        twins=tuple(sorted(known, key=lambda each: -abs(each.total))[:TWINS]),
    )


def _searched(data: DataSet, run: Run, features: Sequence[str]) -> NDArray[np.intp]:
    """Return the rows of the samples that are compared, in order; all have what the run needs."""
    every = -(-len(data) // MOST)
    chosen = data.galaxy_numbers % every == 0
    return np.flatnonzero(predictable_rows(run, data.samples, features, chosen)[0])


def _features(run: Run, data: DataSet, rows: NDArray, job: Job) -> NDArray[np.float64]:
    """Return features of samples, (B, D)."""
    parts = []
    for start in range(0, len(rows), _PART):
        job.check(f"comparing maps: {start:,} of {len(rows):,} samples…")
        part = tuple(rows[start : start + _PART].tolist())
        parts.append(_features_of(run.path, run.inputs, run.record["ended"], data, part))
    return np.concatenate(parts).astype(float)


@lru_cache(maxsize=512)
def _features_of(
    folder: Path, inputs: str, ended: str, data: DataSet, rows: tuple[int, ...]
) -> NDArray[np.float32]:
    """Return features of a few samples, (B, D), from their maps."""
    import torch

    model, network = model_of(folder, inputs, ended), _network(folder, inputs, ended)
    maps = [each for _, each in sorted(data.read_maps(rows), key=lambda read: read[0])]
    with torch.no_grad():
        features = network.features(model.inputs(maps, data.samples.iloc[list(rows)]))
    return features.numpy()


@lru_cache(maxsize=4)
def _network(folder: Path, inputs: str, ended: str) -> "MultibranchResNet":
    """Return a network whose features do not depend on how maps are turned."""
    from galmass_core.training.twins import averaged_network

    return averaged_network(model_of(folder, inputs, ended)).eval()


def _described(data: DataSet, rows: NDArray, own: int, closer: pd.Series) -> list[Lookalike]:
    """Return samples with their differences from one's own."""
    columns = [
        data.samples[key].to_numpy(float)
        if not missing_columns(data.samples, [key])
        else np.full(len(data), np.nan)
        for key in _DIFFERENCES
    ]
    names = data.samples[["name", "los"]].iloc[rows].itertuples(index=False, name=None)
    return [
        Lookalike(
            name=name,
            los=los,
            closer=float(share),
            **{
                key: float(values[row] - values[own])
                for key, values in zip(("total", "stars"), columns, strict=True)
            },
        )
        for (name, los), row, share in zip(names, rows, closer, strict=True)
    ]
