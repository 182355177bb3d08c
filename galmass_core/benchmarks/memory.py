"""Part ``memory``: train on maps ten times the memory, compared with all of them in memory.

The maps are noise in a file. Ours may take a tenth of their size, and the system's copy of the file
in memory is dropped before each window of samples is read, so that every map comes from the disk in
every epoch: stored MB/s are what the system read from it. Times are wall time.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from galmass_core.benchmarks.networks import NoiseSamples, noise_samples, our_steps
from galmass_core.benchmarks.timing import OURS, Call, Figure, compare
from galmass_core.benchmarks.train import take
from galmass_core.networks.batches import MapFeed
from galmass_core.networks.presets import PRESETS, TrainingConfig
from galmass_core.networks.stacks import MapStack

if TYPE_CHECKING:
    import torch

SIZES = (2_000, 10_000)
IN_MEMORY = "all in memory"
PEERS = {IN_MEMORY: "torch"}
TIMES = 10  # the memory


class DiskFeed(MapFeed):
    """Batches of maps that are never in memory before they are read."""

    def _load(self, pieces: list[NDArray]) -> tuple[NDArray, dict[str, NDArray]]:
        """Read some samples from the disk itself."""
        for stack in self._stacks.values():
            drop_copy(Path(str(getattr(stack.codes_NHW, "filename", ""))))
        return super()._load(pieces)


@dataclass(frozen=True, kw_only=True)
class DiskSamples(NoiseSamples):
    """Maps in files that are larger than the memory for them."""

    def feed(self, device: "torch.device") -> MapFeed:
        """Return the batches for a network, with a tenth of the memory that all maps would take."""
        memory = sum(stack.codes_NHW.nbytes for stack in self.stacks.values()) // TIMES
        return DiskFeed(self.stacks, self.scaling, device, memory)


def measure(size: int, *, peers: bool) -> Iterator[Figure]:
    """Time an epoch of training, and of reading alone.

    Parameters
    ----------
    size : int
        Number of samples.
    peers : bool
        Whether to train with all maps in memory too.

    Yields
    ------
    Figure
    """
    config = replace(PRESETS["laptop"][0], batch=min(40, size // 5))
    cases = {  # side of the images, what is done
        "epoch of r, 60²": (60, partial(_training, config=config)),
        "batches of r, 300²": (300, partial(_reading, config=config)),
    }
    for name, (side, prepare) in cases.items():
        with tempfile.TemporaryDirectory() as folder:
            samples = noise_samples(("r",), size, side)
            programs: dict[str, NoiseSamples] = {OURS: on_disk(samples, Path(folder))}
            programs |= {IN_MEMORY: samples} if peers else {}
            calls = {program: prepare(each) for program, each in programs.items()}
            before, began = bytes_read(), time.perf_counter()
            calls[OURS]()
            stored = (bytes_read() - before) / (time.perf_counter() - began) / 1e6
            megabytes = sum(each.codes_NHW.nbytes for each in samples.stacks.values()) / 1e6
            for figure in compare(name, size, calls, time.perf_counter):
                rate = megabytes / figure.cpu_ms * 1e3
                own = stored if figure.program == OURS else None
                yield replace(figure, mb_per_s=rate, stored_mb_per_s=own)


def on_disk(samples: NoiseSamples, folder: Path) -> DiskSamples:
    """Write the maps into files; return them mapped."""
    stacks = {}
    for key, stack in samples.stacks.items():
        np.save(folder / f"{key}.npy", stack.codes_NHW)
        stacks[key] = MapStack(key, np.load(folder / f"{key}.npy", mmap_mode="r"))
    return DiskSamples(stacks=stacks, scaling=samples.scaling, targets_NT=samples.targets_NT)


def drop_copy(path: Path) -> None:
    """Drop the system's copy of a file in memory; pages that are mapped and used stay."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def bytes_read() -> int:
    """Return what this process has read from disks so far [bytes]."""
    lines = Path("/proc/self/io").read_text(encoding="utf-8").splitlines()
    return int(dict(line.split(": ") for line in lines)["read_bytes"])


def _training(samples: NoiseSamples, config: TrainingConfig) -> Call:
    """Prepare epochs of training on the CPU."""
    import torch

    steps = our_steps(samples, config, torch.device("cpu"))
    return partial(take, steps, len(samples.targets_NT) // config.batch)


def _reading(samples: NoiseSamples, config: TrainingConfig) -> Call:
    """Prepare epochs of batches that nothing is done with."""
    import torch

    feed, rng = samples.feed(torch.device("cpu")), np.random.default_rng(0)
    rows = np.arange(len(samples.targets_NT))

    def read() -> None:
        for _ in feed.batches(feed.shuffled(rows, rng, feed.window), config.batch):
            pass

    return read
