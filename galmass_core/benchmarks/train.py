"""Part ``train``: an epoch of a network's training, compared with a plain PyTorch loop.

The preset ``laptop``, and once its narrow network on images of the paper's side. Ours scales and
augments maps during training; the plain loop (DataLoader, eager) has them scaled in advance and
does not augment them. Both train continuously, so that start-up is not counted. Times are CPU time
on a CPU, and wall time on a GPU.
"""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice

from galmass_core.benchmarks.timing import OURS, Figure, compare
from galmass_core.learning.experiments import input_maps

SIZES = (200, 1_000)
PLAIN = "PyTorch loop"
PEERS = {PLAIN: "torch"}
_CASES = {  # maps, side of images, most samples
    "r, 60²": (input_maps("r"), 60, 10**9),
    "2V": (input_maps("2V"), 60, 10**9),
    "r+2V, 60²": (input_maps("r+2V"), 60, 10**9),
    "r+2V, 300²": (input_maps("r+2V"), 300, 200),
}


def measure(size: int, *, peers: bool) -> Iterator[Figure]:
    """Time epochs of training.

    Parameters
    ----------
    size : int
        Number of samples; those that do not fill a batch of 40 are omitted.
    peers : bool
        Whether to run the plain loop too.

    Yields
    ------
    Figure
    """
    from galmass_core.benchmarks.networks import finish, noise_samples, our_steps, plain_steps
    from galmass_core.networks.presets import PRESETS
    from galmass_core.networks.training import pick_device

    device, (config, _) = pick_device("auto"), PRESETS["laptop"]
    config = replace(config, batch=min(config.batch, size))
    clock = partial(finish, device) if device.type == "cuda" else time.process_time
    programs = {OURS: our_steps} | ({PLAIN: plain_steps} if peers else {})
    for name, (maps, pixels, most) in _CASES.items():
        if size > most:
            continue
        samples = noise_samples(maps, size, pixels)
        calls = {
            program: partial(take, steps(samples, config, device), size // config.batch)
            for program, steps in programs.items()
        }
        yield from compare(f"epoch of {name}, {device.type}", size, calls, clock)


def take(steps: Iterator[None], number: int) -> None:
    """Take some steps."""
    deque(islice(steps, number), maxlen=0)
