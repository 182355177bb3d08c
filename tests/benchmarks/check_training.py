"""What a training on a laptop costs, and what the velocity maps are worth.

Run ``python tests/benchmarks/check_training.py DATA OUT [--seeds 3]`` on a data set with maps of a
thousand galaxies or more; ten CPU-minutes for three seeds. For each seed, of split and training,
it trains ``mstar/r`` and ``mstar/r+2V`` by ``galmass train --preset laptop``. It prints
CPU-seconds, scatters beside the power law's on the same test galaxies, and the 95 % interval of
the difference between the two, by a paired bootstrap of galaxies.
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
from galmass_core.learning.metrics import compare_runs
from galmass_core.learning.runs import open_run
from galmass_core.learning.splits import NETWORK_SIZES, split_samples


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
        gain = compare_runs(alone, both)
        scatters = [np.std(one["y_pred"] - one["y_true"]) for one in (alone, both)]
        print(
            f"seed {seed}: r {scatters[0]:.4f} dex in {cost_alone:.0f} CPU-s, "
            f"r+2V {scatters[1]:.4f} dex in {cost_both:.0f} CPU-s, power law {law:.4f} dex "
            f"(ratio {scatters[1] / law:.2f}), difference {gain.difference.value:+.4f} dex, "
            f"95 % {gain.low95:+.4f} to {gain.high95:+.4f}, "
            f"N = {gain.n_samples} of {gain.n_galaxies} galaxies",
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
