"""Time the renderer and the smoothing lengths beside their fastest peers, on the same arrays.

    python tests/benchmarks/bench_rendering.py [N ...]

prints median CPU milliseconds on one thread (warm, all in this process), the relative L2 error
against the float64 reference, and the ratio to the peer. The peers: swiftsimio's backend `nested`
at its best (a frame of 300 pixels padded to 320 so that six levels fit, ntarget 3), which draws
one image a call; pykdtree in float32 on stars sorted along a Morton curve.
"""
# ruff: noqa: E402 (threads are chosen before anything is imported)

import importlib
import os
import sys
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from galaxies import disc_galaxy

from galmass_core.rendering import deposit, deposit_reference
from galmass_core.smoothing import smoothing_lengths

HALF_WIDTH, PIXELS, PADDED, LEVELS, TARGET = 3.0, 300, 320, 6, 3


def measure(work, repeats):
    """Return the median CPU milliseconds of ``work``, after one run to warm up, and its result."""
    result, spent = work(), []
    for _ in range(repeats):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return 1e3 * float(np.median(spent)), result


def installed(name):
    """Import a peer, or say in a sentence that it is left out."""
    try:
        return importlib.import_module(name)
    except ImportError:
        print(f"{name} is not installed, so it is left out.")
        return None


def nested_image(nested, positions, light, support):
    """Prepare swiftsimio's arrays; return the call to be timed, and how to read its image."""
    kernels = importlib.import_module("swiftsimio.visualisation.projection_backends.kernels")
    width = 2 * HALF_WIDTH * PADDED / PIXELS
    u, v = (positions[:, axis] / width + 0.5 for axis in range(2))
    h = (support / width / kernels.kernel_gamma).astype("f4")
    weights = light.astype("f4")
    cut = slice((PADDED - PIXELS) // 2, (PADDED + PIXELS) // 2)

    def run():
        return nested.scatter(u, v, weights, h, PADDED, 0.0, 0.0, TARGET, LEVELS)

    return run, lambda image: image[cut, cut].T.astype(float) / PADDED**2


def morton_lengths(kdtree, positions):
    """Smoothing lengths by pykdtree on sorted float32 positions."""
    cells = (positions - positions.min(axis=0)) / np.ptp(positions, axis=0).max() * 1023
    code = np.zeros(len(positions), dtype=np.int64)
    for bit in range(10):
        for axis in range(3):
            code |= (cells[:, axis].astype(np.int64) >> bit & 1) << (3 * bit + axis)
    order = np.argsort(code)
    points = positions[order].astype("f4")
    lengths = np.empty(len(points))
    lengths[order] = kdtree.KDTree(points).query(points, k=33)[0][:, -1]
    return lengths


def error(image, truth):
    """Return the relative L2 error."""
    return np.linalg.norm(image - truth) / np.linalg.norm(truth)


def bench_images(count, nested):
    """Print a line for one and for two images of a galaxy."""
    positions, light = disc_galaxy(count)
    support = smoothing_lengths(positions)
    x, y = np.ascontiguousarray(positions[:, :2].T)
    frame = {"half_width": HALF_WIDTH, "pixels": PIXELS}
    truth = deposit_reference(x, y, support, light[None], **frame)[0]
    repeats = 15 if count <= 100_000 else 5
    for images in (1, 2):
        weights = np.repeat(light[None], images, axis=0)
        ours, image = measure(lambda w=weights: deposit(x, y, support, w, **frame), repeats)
        flux = image[0].sum(dtype=float) / truth.sum() - 1
        line = f"{count:8d} stars, {images} image{'s' * (images > 1)}: {ours:8.2f} ms"
        line += f", L2 {error(image[0], truth):.1e}, flux {flux:+.0e}"
        if nested:
            run, read = nested_image(nested, positions, light, support)
            theirs, image = measure(run, repeats)
            line += f" | nested {images * theirs:8.2f} ms, L2 {error(read(image), truth):.1e}"
            line += f" | ratio {ours / (images * theirs):.2f}"
        print(line, flush=True)


def bench_lengths(count, kdtree):
    """Print a line for the smoothing lengths of a galaxy."""
    positions, _ = disc_galaxy(count)
    repeats = 5 if count <= 100_000 else 2
    ours, lengths = measure(lambda: smoothing_lengths(positions), repeats)
    line = f"{count:8d} stars, smoothing lengths: {ours:8.1f} ms"
    if kdtree:
        theirs, others = measure(lambda: morton_lengths(kdtree, positions), repeats)
        line += f" | pykdtree {theirs:8.1f} ms | ratio {ours / theirs:.2f}"
        line += f" | largest relative difference {np.abs(others / lengths - 1).max():.0e}"
    print(line, flush=True)


if __name__ == "__main__":
    counts = [int(float(argument)) for argument in sys.argv[1:]] or [10_000, 100_000]
    nested = installed("swiftsimio.visualisation.projection_backends.nested")
    kdtree = installed("pykdtree.kdtree")
    for count in counts:
        bench_images(count, nested)
    for count in counts:
        bench_lengths(count, kdtree)
