"""A training on maps that do not fit into memory: ten times the memory that it may have.

    python tests/benchmarks/check_beyond_memory.py [--memory 60]

writes a stack of 150² maps to disk, limits the memory that this process may add to what Python and
torch take (Linux: RLIMIT_DATA), and trains a narrow network for an epoch: every map is read, in
shuffled windows. That the limit is one is shown by reading the whole stack, which fails. A minute
of CPU time. How fast it is beside a training in memory, `galmass bench memory --peers` measures.
"""

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from galmass_core.networks.batches import MapFeed
from galmass_core.networks.presets import TrainingConfig
from galmass_core.networks.scaling import fit_scaling
from galmass_core.networks.stacks import MapStack
from galmass_core.networks.training import Learner, new_network, train_epochs

SIDE, TIMES, AT_ONCE = 150, 10, 64
CONFIG = TrainingConfig(width=0.03, epochs=1, batch=20)


def write_stack(path, number):
    """Write a stack of noise around a level; the level is what a network shall learn."""
    generator = np.random.default_rng(0)
    levels = generator.uniform(-1, 1, number)
    stack = np.lib.format.open_memmap(path, "w+", np.int16, (number, SIDE, SIDE))
    noise = generator.integers(-3000, 3000, (AT_ONCE, SIDE, SIDE), dtype=np.int16)
    for start in range(0, number, AT_ONCE):
        part = levels[start : start + AT_ONCE, None, None]
        stack[start : start + AT_ONCE] = (15000 * part).astype(np.int16) + noise[: len(part)]
    stack.flush()
    return levels


def memory(key):
    """Read an entry of this process's status [bytes]."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (each for each in lines if each.startswith(f"{key}:"))
    return 1024 * int(line.split()[1])


def train(stack, levels, limit):
    """Train an epoch; return the validation error, the samples per second and the memory taken."""
    rows = np.arange(len(levels))
    parts = {"train": rows[:-40], "validation": rows[-40:]}
    scaling = fit_scaling("log_global", {"r": stack}, parts["train"], levels[:, None])
    feed = MapFeed({"r": stack}, scaling, torch.device("cpu"), memory=limit)
    learner = Learner(new_network(("r",), 1, CONFIG), CONFIG, torch.device("cpu"))
    began, most = time.perf_counter(), 0
    for seen in train_epochs(
        learner, feed, parts, scaling.scaled(levels[:, None]), window=feed.window
    ):
        most, last = max(most, memory("RssAnon")), seen
    return last.validation[0], len(rows) / (time.perf_counter() - began), most


def main(arguments=None):
    """Run the check; it raises where it fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--memory", type=int, default=60, help="MB that the training may add")
    limit = 1_000_000 * parser.parse_args(arguments).memory
    number = TIMES * limit // (2 * SIDE**2) + 1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "r-150.npy")
        levels = write_stack(path, number)
        learner = Learner(new_network(("r",), 1, CONFIG), CONFIG, torch.device("cpu"))
        learner.step({"r": torch.rand(20, 1, SIDE, SIDE)}, torch.rand(20, 1))  # imports, caches
        before = memory("RssAnon")
        resource.setrlimit(resource.RLIMIT_DATA, 2 * (memory("VmData") + limit,))
        stack = MapStack("r", np.load(path, mmap_mode="r"))
        error, speed, most = train(stack, levels, limit // 2)
        print(f"{number} maps, {stack.codes_NHW.nbytes / 1e6:.0f} MB; allowed {limit / 1e6:.0f} MB")
        print(f"memory added: {(most - before) / 1e6:.0f} MB; {speed:.0f} samples/s")
        print(f"validation error of the planted level: {error:.3f} of its variance")
        try:
            np.array(stack.codes_NHW)
        except MemoryError:
            print("Reading the whole stack fails, as it must.")
        else:
            msg = "the whole stack fits into memory: the check shows nothing"
            raise SystemExit(msg)


if __name__ == "__main__":
    main()
