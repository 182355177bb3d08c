"""What a training on a laptop costs, and what the velocity maps and a joint network are worth.

Run ``python tests/benchmarks/check_training.py DATA OUT [--seeds 3]`` on a data set with maps of a
thousand galaxies or more; a quarter of an hour of CPU for three seeds. For each seed, of split and
training, it trains ``mstar/r``, ``mstar/r+2V`` and, for three targets at once,
``mstar,mtot,ml/r+2V`` by ``galmass train --preset laptop``. It prints CPU-seconds, scatters beside
the power law's on the same test galaxies, and 95 % intervals of differences in the scatter of M*,
of r+2V against r and of the joint network against that of M* alone, by a paired bootstrap of
galaxies.
"""

import argparse
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np

from galmass_core.datasets.dataset import open_dataset
from galmass_core.learning.experiments import experiment, true_values
from galmass_core.learning.fitting import fit
from galmass_core.learning.splits import NETWORK_SIZES, split_samples
from galmass_core.learning.uncertainty import compare_groups
from galmass_core.training.runs import open_run


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    samples = open_dataset(args.data).samples
    print(f"{samples['name'].nunique()} galaxies, {len(samples)} samples of {args.data.name}")
    for seed in range(args.seeds):
        alone, cost_alone = train(args, "mstar/r", seed)
        both, cost_both = train(args, "mstar/r+2V", seed)
        law = power_law_scatter(samples, seed)
        print(
            f"seed {seed}: r {scatter(alone):.4f} dex in {cost_alone:.0f} CPU-s, "
            f"r+2V {scatter(both):.4f} dex in {cost_both:.0f} CPU-s, power law {law:.4f} dex "
            f"(ratio {scatter(both) / law:.2f}), {difference(alone, both)}",
            flush=True,
        )
        joint, cost_joint = train(args, "mstar,mtot,ml/r+2V", seed)
        scatters = ", ".join(
            f"{target} {scatter(rows):.4f} dex" for target, rows in joint.groupby("target")
        )
        mstar = joint[joint["target"] == experiment("mstar/r+2V").target]
        print(
            f"seed {seed}: joint r+2V: {scatters} in {cost_joint:.0f} CPU-s, "
            f"mstar against its own network: {difference(both, mstar)}",
            flush=True,
        )


def train(args, name, seed):
    """Train by command; return the test predictions and the CPU-seconds it took."""
    path = args.out / f"{name.replace('/', '-')}-{seed}"
    words = ["--experiment", name, "--preset", "laptop", "--seed", str(seed), "--out", path]
    before = cpu_seconds()
    command = [sys.executable, "-m", "galmass_core.cli", "train", args.data, *words]
    subprocess.run(command, check=True, capture_output=True)
    predictions = open_run(path).predictions()
    return predictions[predictions["part"] == "test"], cpu_seconds() - before


def scatter(predictions):
    """Return the standard deviation of the errors [dex]."""
    return np.std(predictions["y_pred"] - predictions["y_true"])


def difference(first, second):
    """Say how much less or more the second scatters."""
    gain = compare_groups([first], [second])
    return (
        f"difference {gain.difference.value:+.4f} dex, 95 % {gain.low95:+.4f} to "
        f"{gain.high95:+.4f}, N = {gain.n_samples} of {gain.n_galaxies} galaxies"
    )


def power_law_scatter(samples, seed):
    """Return the scatter of log M* = a log L + b, fitted and tried on the same split [dex]."""
    wanted = experiment("mstar/power-law")
    parts = split_samples(samples, sizes=NETWORK_SIZES, seed=seed)
    model = fit(wanted, samples[parts == "train"])
    test = samples[parts == "test"]
    return float(np.std(model.predict(test) - true_values(test, wanted.target)))


def cpu_seconds():
    """Return the CPU time of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
