"""Check and time the renderer on a GPU; plain Python, for a machine without pytest.

    python tests/gpu/run.py [--galaxies 1000] [--stars 20000] [--device cuda]

needs torch, numpy, numba and this repository, no network and no data. It prints its figures, ends
with a status other than 0 if a check fails, and says so in a sentence if there is no GPU.
"""
# ruff: noqa: E402 (the repository is found before it is imported)

import argparse
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("NUMBA_NUM_THREADS", "1")
sys.path[:0] = [str(Path(__file__).resolve().parents[up]) for up in (1, 2)]

import numpy as np
import torch

from galmass_core.benchmarks.galaxies import disc_galaxy
from galmass_core.imaging.rendering import deposit, deposit_reference
from galmass_core.imaging.smoothing import smoothing_lengths

FRAME = {"half_width": 3.0, "pixels": 300}
AXES = ((0, 1), (1, 2), (2, 0))  # the three projections


def difference(image, truth):
    """Return the relative L2 error."""
    return float(np.linalg.norm(image - truth) / np.linalg.norm(truth))


def projections(count, seed):
    """Stars of one galaxy along three lines of sight: x, y, support radius, two weights."""
    positions, light = disc_galaxy(count, seed=seed)
    support = smoothing_lengths(positions)
    weights = np.stack([light, light * np.exp(-support)])
    return [(positions[:, i], positions[:, j], support, weights) for i, j in AXES]


def check_lengths():
    """Compare smoothing lengths with distances worked out one by one."""
    positions, _ = disc_galaxy(3000)
    squares = np.sum((positions[:, None] - positions) ** 2, axis=-1)
    truth = np.sqrt(np.partition(squares, 32, axis=1)[:, 32])
    worst = np.abs(smoothing_lengths(positions) / truth - 1).max()
    print(f"smoothing lengths: largest relative difference {worst:.0e}")
    assert worst < 1e-12, f"smoothing lengths differ by {worst:.1e}, allowed is 1e-12"


def check_images(device):
    """Compare images on the device with the compiled kernel, for galaxies and for odd kernels."""
    rng = np.random.default_rng(1)
    x, y = rng.uniform(-3.5, 3.5, (2, 300))
    weights = rng.lognormal(size=(2, 300))
    cases = {
        f"galaxy of {count} stars": projections(count, 7)[0] for count in (300, 10_000, 100_000)
    }
    cases["kernels below a pixel"] = (x, y, rng.uniform(1e-4, 0.02, 300), weights)
    cases["kernels of 1 to 40 pixels"] = (x, y, np.geomspace(0.02, 0.8, 300), weights)
    cases["kernels wider than the frame"] = (x, y, np.geomspace(3, 300, 300), weights)
    cases["points"] = (x, y, np.zeros(300), weights)
    for name, stars in cases.items():
        found = difference(deposit(*stars, **FRAME, device=device), deposit(*stars, **FRAME))
        print(f"images, {name}: relative L2 difference {found:.1e}")
        assert found < 1e-5, f"{name}: images on {device} differ by {found:.1e}, allowed is 1e-5"


def check_accuracy(device):
    """Compare an image on the device with the float64 reference."""
    stars = projections(3000, 3)[0]
    image, truth = deposit(*stars, **FRAME, device=device), deposit_reference(*stars, **FRAME)
    error, flux = difference(image, truth), image.sum(dtype=float) / truth.sum() - 1
    print(f"accuracy: relative L2 error {error:.1e}, flux {flux:+.0e}")
    assert error < 1e-3, f"the relative L2 error is {error:.1e}, allowed is 1e-3"
    assert abs(flux) < 1e-4, f"the flux is wrong by {flux:.1e}, allowed is 1e-4"


def time_images(device, galaxies, stars):
    """Time galaxies along three lines of sight in two bands, from arrays in memory to images."""
    different = [projections(stars, seed) for seed in range(min(galaxies, 8))]
    deposit(*different[0][0], **FRAME, device=device)  # start the device
    start = time.perf_counter()
    for number in range(galaxies):
        for sky in different[number % len(different)]:
            deposit(*sky, **FRAME, device=device)
    spent = time.perf_counter() - start
    print(
        f"speed: {galaxies} galaxies of {stars} stars, 3 projections, 2 bands: {spent:.2f} s"
        f" on {torch.cuda.get_device_name(device) if device.startswith('cuda') else device}"
    )


def main(arguments=None):
    """Run all checks; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--galaxies", type=int, default=1000, help="how many to time")
    parser.add_argument("--stars", type=int, default=20_000, help="stars of each")
    parser.add_argument("--device", default="cuda", help="torch device; cpu:0 tries the script")
    options = parser.parse_args(arguments)
    if options.device.startswith("cuda") and not torch.cuda.is_available():
        print("There is no CUDA device here, so nothing was checked.")
        return 0
    check_lengths()
    check_images(options.device)
    check_accuracy(options.device)
    time_images(options.device, options.galaxies, options.stars)
    print("All checks passed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
