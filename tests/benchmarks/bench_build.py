"""CPU time from a file to the data set for a galaxy as TNG100's median, stage by stage.

Run: ``python tests/benchmarks/bench_build.py [--rounds N]``. One galaxy of 1e4 stars, 1e4
dark-matter particles and 5e3 gas cells, three lines of sight, one thread; the first round compiles
and is not counted. Aim: <= 0.25 s.
"""

import argparse
import os
import tempfile
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["NUMBA_NUM_THREADS"] = "1"

import h5py
import numpy as np

from galmass_core.features import measure_galaxy_features, measure_sky_features
from galmass_core.galaxy import LINES_OF_SIGHT
from galmass_core.maps import MapConfig, render_sky, support_radii
from galmass_core.projection import project
from galmass_core.shards import append_galaxy, encode_galaxy
from galmass_core.sources import read_galaxy
from galmass_core.sources.profiles import Disc, hernquist_bulge, nfw_halo
from galmass_core.sources.synthetic import GalaxyModel, sample_galaxy
from galmass_core.sources.tng_writer import write_cutout
from galmass_core.targets import mass_profiles, measure_projected, measure_targets

MEDIAN = GalaxyModel(
    halo=nfw_halo(1e12, 10.0, 30.0),
    bulge=hernquist_bulge(4e9, 0.8, 30.0),
    disc=Disc(mass=1e10, scale_length=2.5, scale_height=0.4),
    gas=Disc(mass=7e9, scale_length=5.0, scale_height=0.15),
    star_formation_rate=1.0,
    dark_matter_mass=1.7e7,
)


def one_galaxy(path, shard, stage):
    """Do with one galaxy what a build does."""
    config = MapConfig()
    with stage("read the file"):
        galaxy = read_galaxy(path)
    with stage("targets"):
        measure_targets(galaxy)
    with stage("features"):
        measure_galaxy_features(galaxy)
    with stage("profiles"):
        profiles = mass_profiles(galaxy)
    with stage("smoothing lengths"):
        support = support_radii(galaxy, config)
    samples = []
    for line_of_sight in LINES_OF_SIGHT:
        with stage("projection and dust"):
            sky = project(galaxy, line_of_sight)
        with stage("projected targets"):
            measure_projected(sky)
        with stage("projected features"):
            measure_sky_features(sky, galaxy)
        with stage("maps"):
            samples.append(render_sky(sky, support, config))
    with stage("encode"):
        entry = encode_galaxy(samples, profiles)
    with stage("write"):
        append_galaxy(shard, entry)
        shard.flush()
    return galaxy


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    spent = defaultdict(list)

    @contextmanager
    def stage(name):
        begin = time.process_time()
        yield
        spent[name].append(time.process_time() - begin)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cutout_1.hdf5"
        write_cutout(path, sample_galaxy(MEDIAN, seed=1), subhalo=1)
        with h5py.File(Path(folder) / "shard.h5", "w") as shard:
            one_galaxy(path, shard, stage)
            spent.clear()
            for _ in range(rounds):
                galaxy = one_galaxy(path, shard, stage)

    counts = {name: len(particles) for name, particles in galaxy.components.items()}
    print(", ".join(f"{count} {name}" for name, count in counts.items()))
    totals = np.zeros(rounds)
    for name, times in spent.items():
        each = np.reshape(times, (rounds, -1)).sum(axis=1)  # a stage may come once a line of sight
        totals += each
        print(f"{name:22}{1e3 * np.median(each):8.1f} ms")
    print(f"{'sum':22}{1e3 * np.median(totals):8.1f} ms CPU (aim: <= 250)")


if __name__ == "__main__":
    main()
