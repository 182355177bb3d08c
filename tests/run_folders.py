"""Folders of runs that nobody trained: predictions are the truth and a noise of known scatter."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from galmass_core.datasets.dataset import replace_samples
from galmass_core.learning.experiments import TARGETS, experiment, true_values
from galmass_core.learning.fitting import score
from galmass_core.learning.runs import open_run, write_run
from galmass_core.learning.splits import NETWORK_SIZES, describe_parts, split_samples

SCATTERS = {  # dex, by inputs: much as Table 4 has them
    "r": 0.060,
    "g,r": 0.050,
    "2V": 0.052,
    "V": 0.075,
    "r+2V": 0.040,
    "g,r+2V": 0.038,
    "occupancy": 0.095,
}
SHARED = 0.6  # share of the noise's variance that all runs have in common


def make_run(folder, data, name, scatter, *, split="galaxy", seed=0, stars=None, bias=0.0):
    """Write the finished run of an experiment on a data set, under ``folder``/runs."""
    wanted = experiment(name)
    path = Path(folder) / "runs" / f"{name.replace('/', '-')}-{seed}"
    parts = split_samples(data.samples, split, sizes=NETWORK_SIZES, seed=seed)
    config = {
        "experiment": name,
        "targets": list(wanted.targets),
        "method": wanted.method,
        "maps": list(wanted.maps),
        "features": list(wanted.features),
        "pixels": wanted.pixels,
        "training": {"width": 0.25, "epochs": 2, "batch": 40, "seed": seed},
        "split": {"kind": split, "sizes": NETWORK_SIZES, "seed": seed},
    }
    provenance = {
        "device": "cpu",
        "seed": seed,
        "split": describe_parts(data.samples, parts, split, seed=seed),
        "dataset": {
            "path": str(data.path),
            "sha256": data.checksum,
            "name": data.path.name,
            "stars": stars,
        },
    }
    history = pd.DataFrame(
        {
            "epoch": [1, 2],
            "train_mse": [0.1, 0.01],
            "validation_mse": [0.2, 0.03],
            "seconds": [1.0, 2.0],
        }
    )
    with write_run(path, config, provenance) as writer:
        predictions = pd.concat(
            invented(data.samples.assign(part=parts), target, scatter, f"{name} {seed}", bias)
            for target in wanted.targets
        )
        tested = predictions[predictions["part"] == "test"]
        writer.write_history(history)
        writer.write_predictions(predictions[predictions["part"] != "train"])
        writer.update(metrics={key: score(rows) for key, rows in tested.groupby("target")})
    return open_run(path)


def make_runs(folder, data, targets="mstar", inputs=SCATTERS, factor=1.0):
    """Write a run for each set of inputs."""
    return [make_run(folder, data, f"{targets}/{name}", factor * SCATTERS[name]) for name in inputs]


def invented(samples, target, scatter, own, bias=0.0):
    """Return predictions that are off by a noise that runs share, and one of their own."""
    shared = SHARED**0.5 * _noise(len(samples), target)
    noise = shared + (1 - SHARED) ** 0.5 * _noise(len(samples), f"{own} {target}")
    true = true_values(samples, target)
    table = samples[["name", "los", "part"]].assign(target=target, y_true=true)
    return table.assign(y_pred=true + bias + scatter * noise).dropna()


def enlarge(data, times, seed=0):
    """Make a data set with maps larger: each galaxy again under other names, with other masses."""
    generator = np.random.default_rng(seed)
    shifts = generator.uniform(-0.7, 0.7, (times, len(data.galaxy_names)))
    copies = []
    for number in range(times):
        copy = data.samples.copy()
        shift = copy["name"].map(dict(zip(data.galaxy_names, shifts[number], strict=True)))
        copy["name"] = copy["name"] + f"{number:03d}"
        for column in (*TARGETS.values(), "log_mstar", "log_mtot"):
            if column.startswith(("log_m", "log_mtot")) and "_ml_" not in column:
                copy[column] += shift
        slope = -2.5 * 0.9 * (copy["log_mstar_1rhsm"] - 10.0)
        copy["abs_mag_r"] = slope - 19.9 + generator.normal(0, 0.36, len(copy))
        copies.append(copy)
    replace_samples(data, pd.concat(copies, ignore_index=True))


def _noise(count, name):
    """Return the same normal numbers for the same name."""
    seed = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest())
    return np.random.default_rng(seed).normal(size=count)
