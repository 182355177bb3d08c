"""Distances of measured centres from known ones, of random galaxies of 10,000 stars.

    python tests/benchmarks/check_centres.py [--seeds 100]

prints a table in Markdown: median and 95th percentile in kpc, of the shrinking sphere of the stars
and of the minimum of the potential, and the least that any unbiased estimate from the positions of
the stars can have (Cramer and Rao, known in closed form for discs). Three minutes of CPU time.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from random_galaxies import CENTRE, STARS, disc, disc_with_bulge, galaxy, hernquist

from galmass_core.benchmarks.centre import shrinking_sphere
from galmass_core.sources.potential import potential_minimum

RAYLEIGH = np.sqrt(-2 * np.log([0.5, 0.05]))  # median and 95th percentile of two axes
CASES = {  # name: shape, satellite, scale length of a disc
    "Hernquist sphere, a = 1 kpc": (hernquist(1.0), False, None),
    "Hernquist sphere, a = 2 kpc": (hernquist(2.0), False, None),
    "Hernquist sphere, a = 4 kpc": (hernquist(4.0), False, None),
    "disc with bulge": (disc_with_bulge, False, None),
    "disc with bulge, satellite": (disc_with_bulge, True, None),
    "disc, 1.5 kpc, thin": (disc(1.5, 0.2), False, 1.5),
    "disc, 3 kpc, thin": (disc(3.0, 0.3), False, 3.0),
    "disc, 3 kpc, thick": (disc(3.0, 0.9), False, 3.0),
    "disc, 3 kpc, thin, satellite": (disc(3.0, 0.3), True, None),
}


def measure(shape, satellite, seeds):
    """Distances by both methods; (2, seeds), kpc."""
    distances = np.empty((2, seeds))
    for seed in range(seeds):
        species = galaxy(shape, seed=seed, satellite=satellite)
        centres = shrinking_sphere(*species[0]), potential_minimum(species).position
        distances[:, seed] = np.linalg.norm(np.array(centres) - CENTRE, axis=1)
    return distances


def cell(numbers):
    """Text of median and 95th percentile."""
    return " / ".join(f"{number:.3f}" for number in numbers)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    seeds = parser.parse_args().seeds
    print("| galaxy | shrinking sphere | minimum of the potential | least possible |")
    print("|---|---|---|---|")
    for name, (shape, satellite, length) in CASES.items():
        old, new = np.percentile(measure(shape, satellite, seeds), (50, 95), axis=1).T
        least = cell(length * np.sqrt(2 / STARS) * RAYLEIGH) if length else ""
        print(f"| {name} | {cell(old)} | {cell(new)} | {least} |", flush=True)


if __name__ == "__main__":
    main()
