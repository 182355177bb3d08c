"""Simulate how often intervals of scatters, of differences and of learning curves cover the truth.

``python -m galmass_core.benchmarks.coverage`` prints the tables; it takes a few minutes.
"""

import argparse
import sys
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from galmass_core.learning.learning_curves import PAPER_GALAXIES, fit_curve
from galmass_core.learning.metrics import measure_errors
from galmass_core.learning.uncertainty import compare_groups

LINES = ("x", "y", "z")
_SCATTER = 0.15  # dex
_ONE_SIGMA = (0.16, 0.84)
TAILS: dict[str, Callable[[np.random.Generator, int], NDArray]] = {  # of variance one
    "normal": lambda generator, count: generator.standard_normal(count),
    "Student's t, 5": lambda generator, count: 0.6**0.5 * generator.standard_t(5, count),
    "5 % five times as wide": lambda generator, count: (
        np.where(generator.random(count) < 0.05, 5, 1) * generator.normal(0, 2.2**-0.5, count)
    ),
}


def equal_trainings(
    generator: np.random.Generator, galaxies: int, trainings: int, *, noise: float, own: float = 0.3
) -> list[pd.DataFrame]:
    """Return predictions of trainings of one model.

    Parameters
    ----------
    generator : numpy.random.Generator
    galaxies : int
        Number of test galaxies, each along three lines of sight.
    trainings : int
    noise : float
        Standard deviation of log σ from training to training.
    own : float
        Part of σ that differs from training to training, sample by sample.

    Returns
    -------
    list of pandas.DataFrame
        ``name``, ``los``, ``y_true`` and ``y_pred``.
    """
    keys = pd.DataFrame(
        {"name": np.repeat(np.arange(galaxies).astype(str), 3), "los": LINES * galaxies}
    )
    common = 0.8 * np.repeat(generator.standard_t(5, galaxies) * 0.6**0.5, 3)
    common += 0.6 * generator.standard_normal(3 * galaxies)
    tables = []
    for _ in range(trainings):
        error = common + own * generator.standard_normal(3 * galaxies)
        scale = _SCATTER * np.exp(noise * generator.standard_normal())
        tables.append(keys.assign(y_true=10.0, y_pred=10 + scale * error))
    return tables


def pairs_that_cover(
    pairs: int, trainings: int, *, galaxies: int = 85, noise: float = 0.07, own: float = 0.3
) -> float:
    """Return the fraction of pairs of equal groups whose 95 % interval of Δσ has zero in it."""
    generator, covered = np.random.default_rng(1), 0
    for _ in range(pairs):
        tables = equal_trainings(generator, galaxies, 2 * trainings, noise=noise, own=own)
        found = compare_groups(tables[:trainings], tables[trainings:], resamples=500)
        covered += found.low95 <= 0 <= found.high95
    return covered / pairs


def scatters_that_cover(samples: int, galaxies: int, tail: str) -> dict[str, tuple[float, float]]:
    """Return how often 68 % intervals of σ have the true one in them, and how wide they can be.

    Parameters
    ----------
    samples : int
    galaxies : int
        Number of test galaxies, each along three lines of sight.
    tail : str
        Of the galaxies' errors, of `TAILS`.

    Returns
    -------
    dict of tuple of float
        By kind of interval, that of `metrics.measure_errors` first: the covered fraction, and half
        of the width in units of σ that 1 % of the intervals exceed.
    """
    generator, covered, widths = np.random.default_rng(2), [], []
    for number in range(samples):
        errors_G3 = 0.6 * generator.standard_normal((galaxies, 3))
        errors_G3 += 0.8 * TAILS[tail](generator, galaxies)[:, None]
        ends = _scatter_intervals(errors_G3, number)
        covered.append([low <= 1 <= high for low, high in ends.values()])
        widths.append([0.5 * (high - low) / errors_G3.std() for low, high in ends.values()])
    shares, widest = np.mean(covered, axis=0), np.quantile(widths, 0.99, axis=0)
    return {kind: (float(shares[n]), float(widest[n])) for n, kind in enumerate(ends)}


def _scatter_intervals(errors_G3: NDArray, seed: int) -> dict[str, tuple[float, float]]:
    """Return the ends of intervals of σ by kind; the bootstraps draw galaxies 400 times."""
    count = len(errors_G3)
    names = np.repeat(np.arange(count), 3)
    ours = measure_errors(errors_G3.ravel(), names, resamples=1)["std"]
    rows = np.random.default_rng(seed).integers(count, size=(400, count))
    value, error = _log_spread(errors_G3[None])[:, 0]
    drawn, drawn_error = _log_spread(errors_G3[rows])
    known = drawn_error > 0  # not of one galaxy drawn five times
    z_low, z_high = np.quantile((drawn - value)[known] / drawn_error[known], _ONE_SIGMA)
    left = np.array([np.log(np.delete(errors_G3, one, axis=0).std()) for one in range(count)])
    logarithms = {
        "studentised": np.array((value - z_high * error, value - z_low * error)),
        "BCa": np.quantile(drawn, _bca_shares(drawn < value, left.mean() - left)),
        "percentiles": np.quantile(drawn, _ONE_SIGMA),
    }
    others = {kind: (float(np.exp(a)), float(np.exp(b))) for kind, (a, b) in logarithms.items()}
    return {"jackknife": (ours.low, ours.high), **others}


def _log_spread(errors_BG3: NDArray) -> NDArray:
    """Return log σ and its linearised standard error, (2, B)."""
    count = errors_BG3.shape[1]
    mean_B = errors_BG3.mean(axis=(1, 2))
    squares_BG = np.mean((errors_BG3 - mean_B[:, None, None]) ** 2, axis=2)
    variance_B = squares_BG.mean(axis=1)
    parts_B = np.sum((squares_BG - variance_B[:, None]) ** 2, axis=1) / (count * (count - 1))
    return np.stack([0.5 * np.log(variance_B), np.sqrt(parts_B) / (2 * variance_B)])


def _bca_shares(below: NDArray, influence: NDArray) -> NDArray:
    """Return the shares of the draws at the ends of a BCa interval (Efron 1987, Sec. 3)."""
    bias = ndtri(np.clip(below.mean(), 0.001, 0.999))
    acceleration = np.sum(influence**3) / (6 * np.sum(influence**2) ** 1.5)
    shifted = bias + ndtri(_ONE_SIGMA)
    return ndtr(bias + shifted / (1 - acceleration * shifted))


def simulated_curve(
    generator: np.random.Generator,
    *,
    floor: float = 0.05,
    amplitude: float = 0.06,
    exponent: float = 0.5,
    galaxies: int = 200,
    noise: float = 0.03,
) -> tuple[list[int], list[list[pd.DataFrame]]]:
    """Return a learning curve whose σ follows a known power law above a floor.

    Parameters
    ----------
    generator : numpy.random.Generator
    floor, amplitude : float, dex
        Of σ; the amplitude is that of the largest training set.
    exponent : float
    galaxies : int
        Number of test galaxies, each along three lines of sight.
    noise : float
        Standard deviation of log σ from training to training.

    Returns
    -------
    list of int
        Numbers of training galaxies: six, up to 2,048.
    list of list of pandas.DataFrame
        Predictions of three trainings for each, of one for the last.
    """
    sizes, largest = [64 * 2**step for step in range(6)], 2048
    keys = pd.DataFrame(
        {"name": np.repeat(np.arange(galaxies).astype(str), 3), "los": LINES * galaxies}
    )
    common = generator.standard_normal(3 * galaxies)
    curve = []
    for size in sizes:
        sigma = floor + amplitude * (size / largest) ** -exponent
        tables = []
        for _ in range(3 if size < largest else 1):
            error = 0.8 * common + 0.6 * generator.standard_normal(3 * galaxies)
            scale = sigma * np.exp(noise * generator.standard_normal())
            tables.append(keys.assign(y_true=10.0, y_pred=10 + scale * error))
        curve.append(tables)
    return sizes, curve


def curves_that_cover(
    number: int, *, floor: float = 0.05, amplitude: float = 0.06, exponent: float = 0.5
) -> float:
    """Return the fraction of simulated curves whose 68 % interval at the paper's size has σ in it.

    Arguments are those of `simulated_curve`.
    """
    generator, covered = np.random.default_rng(3), 0
    true = floor + amplitude * (PAPER_GALAXIES / 2048) ** -exponent
    for _ in range(number):
        curve = simulated_curve(generator, floor=floor, amplitude=amplitude, exponent=exponent)
        fit = fit_curve(*curve, resamples=300)
        there = fit.at([PAPER_GALAXIES])[0]
        covered += there.low <= true <= there.high
    return covered / number


def report(number: int) -> Iterator[str]:
    """Yield the lines of all tables, of so many simulations each."""
    yield "Δσ of equal models, 95 %: trainings each, noise of log σ, own part of σ, covered"
    for trainings in (2, 3, 5):
        for noise, own in ((0.07, 0.3), (0.03, 0.3), (0.0, 0.3), (0.2, 0.1)):
            share = pairs_that_cover(number, trainings, noise=noise, own=own)
            yield f"{trainings}  {noise:.2f}  {own:.1f}  {share:.3f}"
    yield "σ, 68 %: tail, galaxies, covered and half of the widest 1 % [σ] by kind of interval"
    for tail in TAILS:
        for galaxies in (5, 10, 25, 50, 100, 300):
            found = scatters_that_cover(number, galaxies, tail)
            cells = [f"{kind} {share:.3f} {wide:.2f}" for kind, (share, wide) in found.items()]
            yield "  ".join([tail, str(galaxies), *cells])
    yield "learning curves, 68 % at the paper's size: floor, amplitude, exponent, covered"
    for floor, amplitude, exponent in ((0.05, 0.06, 0.5), (0.0, 0.1, 0.3), (0.08, 0.03, 0.6)):
        share = curves_that_cover(number, floor=floor, amplitude=amplitude, exponent=exponent)
        yield f"{floor:.2f}  {amplitude:.2f}  {exponent:.1f}  {share:.3f}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=200, help="of simulations for each line")
    for line in report(parser.parse_args().number):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
