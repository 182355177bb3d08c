"""Part ``subsets``: an epoch of the network for every set of maps, beside a network for each set.

The preset ``laptop`` on noise. Its ratio is that of one training to those of Table 4's 15
combinations. Times are CPU time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from galmass_core.benchmarks.timing import OURS, Call, Figure, compare

SIZES = (80,)
EACH = "a network for each set"
PEERS = {EACH: "torch"}

Maps = tuple[str, ...]


def measure(size: int, *, peers: bool) -> Iterator[Figure]:
    """Time an epoch of training.

    Parameters
    ----------
    size : int
        Number of samples; those that do not fill a batch of 40 are omitted.
    peers : bool
        Whether to train a network for each set too.

    Yields
    ------
    Figure
    """
    from galmass_core.learning.experiments import ANY, experiment, input_maps

    network = experiment(f"mstar/{ANY}")
    sets = [input_maps(inputs) for inputs in network.subsets]
    epochs = {OURS: [_epoch(size, network.maps, sets)]}
    epochs |= {EACH: [_epoch(size, maps) for maps in sets]} if peers else {}
    calls = {program: partial(_all, each) for program, each in epochs.items()}
    yield from compare(f"epoch for {len(sets)} sets of maps", size, calls)


def _epoch(size: int, maps: Maps, subsets: Sequence[Maps] = ()) -> Call:
    """Prepare epochs of a network on the CPU."""
    import torch

    from galmass_core.benchmarks.networks import noise_samples, our_steps
    from galmass_core.benchmarks.train import take
    from galmass_core.networks.presets import PRESETS

    config, pixels = PRESETS["laptop"]
    config = replace(config, batch=min(config.batch, size))
    steps = our_steps(noise_samples(maps, size, pixels), config, torch.device("cpu"), subsets)
    return partial(take, steps, size // config.batch)


def _all(calls: Sequence[Call]) -> None:
    """Make all calls."""
    for call in calls:
        call()
