"""Train on synthetic stacks, with galmass and with a plain PyTorch loop."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, TensorDataset

from galmass_core.networks.batches import MapFeed
from galmass_core.networks.presets import TrainingConfig
from galmass_core.networks.scaling import Scaling, fit_scaling
from galmass_core.networks.stacks import MapStack
from galmass_core.networks.training import Learner, new_network, train_epochs
from galmass_core.quantities import map_spec

_ENDLESS = 10**6  # epochs


@dataclass(frozen=True, kw_only=True)
class NoiseSamples:
    """Maps and targets for training.

    Attributes
    ----------
    stacks : mapping of MapStack
    scaling : Scaling
    targets_NT : (N, 1) float32, scaled
    """

    stacks: Mapping[str, MapStack]
    scaling: Scaling
    targets_NT: NDArray[np.float32]

    def feed(self, device: torch.device) -> MapFeed:
        """Return the batches for a network."""
        return MapFeed(self.stacks, self.scaling, device)


def noise_samples(maps: Sequence[str], number: int, pixels: int, *, seed: int = 0) -> NoiseSamples:
    """Generate noise around a level for each sample; the level is the target.

    Parameters
    ----------
    maps : sequence of str
    number : int
        Of samples.
    pixels : int
        Side of the images.
    seed : int

    Returns
    -------
    NoiseSamples
    """
    generator = np.random.default_rng(seed)
    levels = generator.uniform(-1, 1, number)
    stacks = {}
    for key in maps:
        codes = np.empty((number, *2 * (map_spec(key).side(pixels),)), np.int16)
        for level, image in zip(levels, codes, strict=True):
            image[:] = 15000 * level + generator.integers(-5000, 5000, image.shape, dtype=np.int16)
        stacks[key] = MapStack(key, codes)
    targets_NT = levels[:, None]
    scaling = fit_scaling("log_global", stacks, np.arange(number), targets_NT)
    return NoiseSamples(stacks=stacks, scaling=scaling, targets_NT=scaling.scaled(targets_NT))


def our_steps(
    samples: NoiseSamples,
    config: TrainingConfig,
    device: torch.device,
    subsets: Sequence[Sequence[str]] = (),
) -> Iterator[None]:
    """Train with galmass, endlessly; yield after each step."""
    rows = np.arange(len(samples.targets_NT))
    network = new_network(tuple(samples.stacks), 1, config, subsets)
    targets_NT = np.tile(samples.targets_NT, len(subsets) or 1)
    learner = Learner(network, replace(config, epochs=_ENDLESS), device)
    parts, feed = {"train": rows, "validation": rows[:1]}, samples.feed(device)
    epochs = train_epochs(learner, feed, parts, targets_NT, window=feed.window)
    for seen in epochs:
        if isinstance(seen, int):
            yield


def plain_steps(
    samples: NoiseSamples, config: TrainingConfig, device: torch.device
) -> Iterator[None]:
    """Train with a plain loop, endlessly; yield after each step.

    Maps are scaled in advance and not augmented. On a GPU it uses TF32 and loader processes.
    """
    maps = [
        samples.scaling.maps(stack, torch.from_numpy(stack.codes_NHW))
        for stack in samples.stacks.values()
    ]
    loader = DataLoader(
        TensorDataset(*maps, torch.from_numpy(samples.targets_NT)),
        batch_size=config.batch,
        shuffle=True,
        drop_last=True,
        **_gpu_options(device),
    )
    network = new_network(tuple(samples.stacks), 1, config).to(device).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    for *images, targets in (batch for epoch in repeat(loader) for batch in epoch):
        images = [image.to(device, non_blocking=True) for image in images]
        outputs = network(dict(zip(samples.stacks, images, strict=True)))
        loss = torch.nn.functional.mse_loss(outputs, targets.to(device, non_blocking=True))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield


class LoaderOptions(TypedDict, total=False):
    """Options of a loader for a GPU."""

    num_workers: int
    persistent_workers: bool
    pin_memory: bool


def _gpu_options(device: torch.device) -> LoaderOptions:
    """Return the options of a loader for a GPU, and allow TF32 in matrix products."""
    if device.type != "cuda":
        return {}
    torch.set_float32_matmul_precision("high")
    workers = min(8, os.cpu_count() or 1)
    return {"num_workers": workers, "persistent_workers": True, "pin_memory": True}


def finish(device: torch.device) -> float:
    """Wait for a GPU; return the time [s]."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
