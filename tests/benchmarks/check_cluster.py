"""Builds on a Dask cluster whose processes are killed at random end with the same data set.

    python tests/benchmarks/check_cluster.py [--galaxies 200] [--rounds 10] [--seed 0]

builds a data set of small galaxies in one process: also of a file that is cut short, and of
galaxies that are there twice. Then, in each round, a scheduler, workers and ``galmass build
--scheduler`` run as processes of their own; workers, the scheduler and the build are killed
(SIGKILL) at random moments and started again, until the build ends. All files must be equal, byte
by byte. A line for each round says what was killed, and how many shards were finished then; the
seed and the number of the round fix victims and waiting times. Some 25 minutes of CPU time.
"""

import argparse
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from demo_folder import particles

import galmass_core.datasets.build
from galmass_core.datasets.build import build_dataset
from galmass_core.datasets.dataset import open_dataset
from galmass_core.synthetic.tng_writer import write_cutout

PER_SHARD = 10
WORKERS = 2
VICTIMS = {"worker": 6, "scheduler": 2, "build": 2}  # relative frequency
KILLS = 8  # in a round
WAIT = 3.0  # s, the longest time from a random shard to the next kill
BUILD = f"""
import sys
import galmass_core.datasets.build
from galmass_core.cli import main
if __name__ == "__main__":
    galmass_core.datasets.build.GALAXIES_PER_SHARD = {PER_SHARD}
    sys.exit(main(["build", sys.argv[1], "--out", sys.argv[2], "--scheduler", sys.argv[3]]))
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--galaxies", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    galmass_core.datasets.build.GALAXIES_PER_SHARD = PER_SHARD
    with tempfile.TemporaryDirectory() as folder:
        sources = write_sources(Path(folder) / "sources", args.galaxies)
        whole = build_dataset([sources], Path(folder) / "whole")
        check_galaxies(whole, args.galaxies)
        print(f"{len(whole.galaxy_names)} galaxies, {len(whole.excluded)} excluded", flush=True)
        for number in range(args.rounds):
            out = Path(folder) / f"round{number}"
            story = Cluster(random.Random(f"{args.seed}/{number}"), sources, out).build()
            check_galaxies(open_dataset(out), args.galaxies)
            wrong = different_files(out, whole.path)
            print(f"seed {args.seed}, round {number}: {story}; differ: {wrong}", flush=True)
            if wrong:
                sys.exit(1)


def write_sources(folder, count):
    """Write galaxies, a tenth of the last half a second time, and a file that is cut short."""
    folder.mkdir()
    for subhalo in range(1, count + 1):
        path = folder / f"cutout_{subhalo:05d}.hdf5"
        write_cutout(path, particles(1 + subhalo % 5), subhalo=subhalo)
        if subhalo > count / 2 and subhalo % 10 == 0:
            (folder / f"again_{subhalo:05d}.hdf5").write_bytes(path.read_bytes())
    (folder / "broken.hdf5").write_bytes(path.read_bytes()[:5000])
    return folder


def check_galaxies(dataset, count):
    """Every galaxy is there along its three lines of sight, and once."""
    samples = Counter(dataset.samples["name"])
    assert len(samples) == count
    assert set(samples.values()) == {3}


def different_files(*folders):
    """Return the names of files that are not the same in both folders."""
    one, other = (
        {
            path.relative_to(folder): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        for folder in folders
    )
    names = one.keys() | other.keys()
    return sorted(str(name) for name in names if one.get(name) != other.get(name))


class Cluster:
    """Scheduler, workers and a build, as processes that are started again when they end."""

    def __init__(self, chance, sources, out):
        self.shards = -(-len(list(sources.iterdir())) // PER_SHARD)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        address = f"tcp://127.0.0.1:{port}"
        dask = [sys.executable, "-m", "dask"]
        here = ["--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0"]
        worker = [*dask, "worker", address, "--nthreads", "1", "--no-nanny", *here]
        self.commands = {
            "scheduler": [*dask, "scheduler", "--port", str(port), *here],
            **{f"worker {number}": worker for number in range(WORKERS)},
            "build": [sys.executable, "-c", BUILD, sources, out, address],
        }
        self.chance, self.out, self.processes = chance, out, {}
        self.killed, self.failures, self.builds = [], Counter(), 0

    def build(self):
        """Run the build again and again until it ends well; return what happened."""
        try:
            for moment in sorted(self.chance.randrange(self.shards) for _ in range(KILLS)):
                if self.run_until(moment):
                    break
                time.sleep(self.chance.uniform(0, WAIT))
                self.kill_one()
            else:
                self.run_until(self.shards + 1)
        finally:
            for process in self.processes.values():
                process.kill()
                process.wait()
        killed = ", ".join(f"{kind} at {shards}" for kind, shards in self.killed)
        failed = ", ".join(f"{count} × {text!r}" for text, count in self.failures.items()) or "none"
        return f"killed {killed}; {self.builds} builds, errors: {failed}"

    def run_until(self, shards):
        """Keep processes running until so many shards are finished; return whether all is done."""
        while not self.start_what_is_missing():
            if self.finished_shards() >= shards:
                return False
            time.sleep(0.02)
        return True

    def start_what_is_missing(self):
        """Start processes that have ended; return whether the build has ended well."""
        for name, command in self.commands.items():
            process = self.processes.get(name)
            if process is not None and process.poll() is None:
                continue
            if name == "build":
                if process is not None and self.has_ended_well(process):
                    return True
                self.builds += 1
            pipe = subprocess.PIPE if name == "build" else subprocess.DEVNULL
            self.processes[name] = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=pipe, text=True
            )
        return False

    def has_ended_well(self, process):
        """Return whether a build that has ended made the data set; errors must be sentences."""
        text = process.communicate()[1]
        if process.returncode == 2:
            sentence = re.findall(r"^galmass: (.*)$", text, flags=re.MULTILINE)[-1]
            self.failures[re.sub(r"tcp://\S+|\(.*", "…", sentence)] += 1
        elif process.returncode not in (0, -signal.SIGKILL):
            raise RuntimeError(text)
        return process.returncode == 0

    def kill_one(self):
        """Kill a process without warning."""
        (kind,) = self.chance.choices(list(VICTIMS), list(VICTIMS.values()))
        name = f"worker {self.chance.randrange(WORKERS)}" if kind == "worker" else kind
        self.processes[name].kill()
        self.processes[name].wait()
        self.killed.append((kind, self.finished_shards()))

    def finished_shards(self):
        if (self.out / "dataset.json").exists():
            return self.shards
        return len(list((self.out / "unfinished").glob("shard-*.json")))


if __name__ == "__main__":
    main()
