"""Estimate how long a training would take on this machine."""

from dataclasses import replace
from typing import Any

import numpy as np

from galmass_core.datasets.capabilities import require_inputs
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import (
    experiment,
    input_maps,
    require_columns,
)
from galmass_core.learning.splits import NETWORK_SIZES, split_samples
from galmass_core.networks.presets import TrainingConfig
from galmass_core.training.model_runs import usable_samples, with_profiles, with_scalars

_TIMED = 1_000_000  # most pixels in a timed step on a CPU, where time is proportional to them


def estimate_run(
    dataset: DataSet,
    name: str,
    training: TrainingConfig,
    *,
    split: str = "galaxy",
    seed: int = 0,
    device: str = "auto",
) -> dict[str, Any]:
    """Time a few steps of a network without training it.

    Parameters
    ----------
    dataset : DataSet
    name : str
        Of the experiment.
    training : TrainingConfig
    split : str
        ``galaxy`` or ``paper``.
    seed : int
    device : str
        ``auto``, ``cpu``, ``cuda`` ...

    Returns
    -------
    dict
        ``experiment``, ``seconds``, ``device``, and the numbers of samples in the parts ``train``,
        ``validation`` and ``test``.

    Raises
    ------
    ValueError
        If the experiment or the split is unknown, it is not a network's, the data set lacks maps
        or columns, no sample is left to train on, or there is no such device.
    """
    from galmass_core.networks.training import estimate_seconds, pick_device
    from galmass_core.quantities import map_spec

    dataset, wanted = with_profiles(dataset, with_scalars(experiment(name), training))
    require_columns(wanted, dataset.samples)
    if not wanted.maps:
        msg = f"a time can be estimated for networks only, got {name}"
        raise ValueError(msg)
    require_inputs(dataset, wanted.maps)
    parts = split_samples(dataset.samples, split, sizes=NETWORK_SIZES, seed=seed)
    usable, _ = usable_samples(dataset.samples, wanted)
    counts = {part: int(np.count_nonzero(usable & (parts == part))) for part in NETWORK_SIZES}
    if not counts["train"]:
        msg = f"{name} needs usable samples to train, got none"
        raise ValueError(msg)
    where = pick_device(device)
    if where.type == "cpu":
        pixels = sum(map_spec(key).side(wanted.pixels) ** 2 for key in wanted.maps)
        training = replace(training, batch=min(training.batch, _TIMED // pixels))
    seconds = estimate_seconds(
        wanted.maps,
        len(wanted.targets),
        wanted.pixels,
        training,
        samples=counts,
        device=str(where),
        subsets=[input_maps(inputs) for inputs in wanted.subsets],
    )
    return {"experiment": name, "seconds": round(seconds, 1), "device": where.type, **counts}
