"""Part ``reading``: read samples in shuffled order, compared with plain h5py.

A data set of copies of one galaxy is in the system's page cache. All raw maps are read shard by
shard: flux in g and r on 300² pixels, and moments. From the stacks for networks, r and g−r of 300²
pixels are read and scaled in batches. The plain loops read the same samples one by one and return
stored codes without decoding.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.benchmarks.build import RECIPE, measured
from galmass_core.benchmarks.galaxies import write_median_galaxy
from galmass_core.benchmarks.timing import OURS, Call, Figure, compare
from galmass_core.datasets.build import GALAXIES_PER_SHARD
from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.dataset_tables import write_tables
from galmass_core.datasets.folders import UNFINISHED, shard_path
from galmass_core.datasets.shards import append_galaxy
from galmass_core.galaxy import LINES_OF_SIGHT
from galmass_core.learning.experiments import input_maps
from galmass_core.networks.presets import TrainingConfig
from galmass_core.networks.stacks import MapStack, open_stacks
from galmass_core.sources import GalaxyRef

SIZES = (150, 1_500)
PLAIN = "h5py loop, codes as stored"
PEERS = {PLAIN: "h5py"}
_STORED = ("light", "light_scale", "star_count", "moments")
_BATCH = TrainingConfig().batch


def measure(size: int, *, peers: bool) -> Iterator[Figure]:
    """Time the reading of samples in shuffled order.

    Parameters
    ----------
    size : int
        Number of samples, rounded up to whole galaxies.
    peers : bool
        Whether to run the plain loops too.

    Yields
    ------
    Figure
    """
    with tempfile.TemporaryDirectory() as folder, ExitStack() as files:
        data = _write_copies(Path(folder) / "data", -(-size // len(LINES_OF_SIGHT)))
        order = np.random.default_rng(0).permutation(len(data))
        tasks = {
            "raw maps of shards": _readers_of_shards(data, order, files),
            "r and g-r of stacks": _readers_of_stacks(data, order, Path(folder), files),
        }
        for task, calls in tasks.items():
            stored = calls[PLAIN]()
            timed = calls if peers else {OURS: calls[OURS]}
            for figure in compare(task, len(data), timed):
                mb_per_s, stored_mb_per_s = (
                    each / figure.cpu_ms / 1e3 for each in (timed[figure.program](), stored)
                )
                yield replace(figure, mb_per_s=mb_per_s, stored_mb_per_s=stored_mb_per_s)


def _write_copies(folder: Path, count: int) -> DataSet:
    """Write a data set of copies of one galaxy."""
    (folder / UNFINISHED).mkdir(parents=True)
    shard_path(folder, 0).parent.mkdir()
    cutout = folder / UNFINISHED / "cutout_1.hdf5"
    write_median_galaxy(cutout)
    galaxy = measured(GalaxyRef(cutout))
    samples: list[dict[str, object]] = []
    shards: dict[str, dict[str, object]] = {}
    for number, first in enumerate(range(0, count, GALAXIES_PER_SHARD)):
        path = shard_path(folder, number)
        shards[path.name] = {}
        with h5py.File(path, "w") as shard:
            for copy in range(first, min(first + GALAXIES_PER_SHARD, count)):
                row = append_galaxy(shard, galaxy.entry)
                place = {"name": f"synthetic/bench/0/{copy}", "shard": number}
                samples += [each | place | {"row": row + n} for n, each in enumerate(galaxy.rows)]
    frame = {"half_width": RECIPE.maps.half_width}
    return write_tables(folder, pd.DataFrame(samples), {"maps": frame, "shards": shards})


def _readers_of_shards(data: DataSet, order: NDArray, files: ExitStack) -> dict[str, Call]:
    """Prepare loops over raw maps; each call returns the number of bytes read."""
    paths = [shard_path(data.path, number) for number in range(len(data.info["shards"]))]
    shards = [files.enter_context(h5py.File(path)) for path in paths]
    stored = [[shard[key] for key in _STORED] for shard in shards]
    places = data.samples.loc[order, ["shard", "row"]].to_numpy(int)

    def ours() -> int:
        return _size(
            each for _, maps in data.read_maps(order) for each in (maps.flux_CHW, maps.moments_CHW)
        )

    def plain() -> int:
        return _size(dataset[row] for shard, row in places for dataset in stored[shard])

    return {OURS: ours, PLAIN: plain}


def _readers_of_stacks(
    data: DataSet, order: NDArray, folder: Path, files: ExitStack
) -> dict[str, Call]:
    """Prepare loops over network inputs; each call returns the number of bytes read."""
    import torch

    from galmass_core.networks.batches import MapFeed
    from galmass_core.networks.scaling import fit_scaling

    with patch.dict(os.environ, GALMASS_HOME=str(folder)):  # folder of stacks
        stacks = open_stacks(data, list(input_maps("g,r")))
    scaling = fit_scaling("log_global", stacks, order[:1], np.zeros((1, 1)))
    feed = MapFeed(stacks, scaling, torch.device("cpu"))
    file = files.enter_context(h5py.File(folder / "stacks.h5", "w"))
    copies = _copy_stacks(stacks.values(), file)

    def ours() -> int:
        return _size(each for _, maps in feed.batches(order, _BATCH) for each in maps.values())

    def plain() -> int:
        return _size(copy[row] for row in order for copy in copies)

    return {OURS: ours, PLAIN: plain}


def _copy_stacks(stacks: Iterable[MapStack], file: h5py.File) -> list[h5py.Dataset]:
    """Write stacks as HDF5 datasets, one sample per chunk."""
    return [
        file.create_dataset(stack.key, data=stack.codes_NHW, chunks=(1, *stack.codes_NHW.shape[1:]))
        for stack in stacks
    ]


def _size(arrays: Iterable) -> int:
    """Iterate over arrays; return their bytes."""
    return sum(array.nbytes for array in arrays)
