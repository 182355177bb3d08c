"""Simulate how often intervals of scatters, of differences and of learning curves cover the truth.

``python -m galmass_core.benchmarks.coverage`` prints the tables; it takes a few minutes.
"""

import argparse
import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.learning.learning_curves import PAPER_GALAXIES, fit_curve
from galmass_core.learning.metrics import measure_errors
from galmass_core.learning.uncertainty import compare_groups

LINES = ("x", "y", "z")
_SCATTER = 0.15  # dex
_TAILS = {"normal": np.inf, "Student's t, 5": 5.0}  # degrees of freedom of the galaxies' errors


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


def scatters_that_cover(samples: int, galaxies: int, tail: float) -> tuple[float, float]:
    """Return the fraction of samples whose 68 % interval has the true σ in it.

    Parameters
    ----------
    samples : int
    galaxies : int
        Number of test galaxies, each along three lines of sight.
    tail : float
        Degrees of freedom of Student's t, of which galaxies' errors are drawn.

    Returns
    -------
    float
        Of the studentised interval.
    float
        Of the percentiles of the bootstrap, for comparison.
    """
    generator, covered = np.random.default_rng(2), np.zeros(2)
    names = np.repeat(np.arange(galaxies), 3)
    for number in range(samples):
        error = 0.6 * generator.standard_normal(3 * galaxies)
        error += 0.8 * np.repeat(_drawn(generator, galaxies, tail), 3)
        found = measure_errors(error, names, resamples=400, seed=number)["std"]
        low, high = _percentiles(error.reshape(galaxies, 3), number)
        covered += (found.low <= 1 <= found.high, low <= 1 <= high)
    studentised, percentiles = covered / samples
    return float(studentised), float(percentiles)


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


def _drawn(generator: np.random.Generator, count: int, tail: float) -> NDArray:
    """Return numbers of variance one with such a tail."""
    if np.isinf(tail):
        return generator.standard_normal(count)
    return generator.standard_t(tail, count) * ((tail - 2) / tail) ** 0.5


def _percentiles(errors_G3: NDArray, seed: int) -> tuple[float, float]:
    """Return the 16 and 84 % percentiles of σ over draws of galaxies."""
    galaxies = len(errors_G3)
    drawn = np.random.default_rng(seed).integers(galaxies, size=(400, galaxies))
    low, high = np.quantile(errors_G3[drawn].std(axis=(1, 2)), (0.16, 0.84))
    return float(low), float(high)


def report(number: int) -> Iterator[str]:
    """Yield the lines of all tables, of so many simulations each."""
    yield "Δσ of equal models, 95 %: trainings each, noise of log σ, own part of σ, covered"
    for trainings in (2, 3, 5):
        for noise, own in ((0.07, 0.3), (0.03, 0.3), (0.0, 0.3), (0.2, 0.1)):
            share = pairs_that_cover(number, trainings, noise=noise, own=own)
            yield f"{trainings}  {noise:.2f}  {own:.1f}  {share:.3f}"
    yield "σ, 68 %: tail, galaxies, covered by studentised interval, by percentiles"
    for name, tail in _TAILS.items():
        for galaxies in (25, 50, 100, 300):
            studentised, percentiles = scatters_that_cover(number, galaxies, tail)
            yield f"{name}  {galaxies}  {studentised:.3f}  {percentiles:.3f}"
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
