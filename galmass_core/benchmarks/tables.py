"""Part ``tables``: statistics of the samples of a data set, by number of rows."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from galmass_core.benchmarks.timing import OURS, Figure, compare
from galmass_core.galaxy import LINES_OF_SIGHT
from galmass_core.learning.baselines import fit_power_law
from galmass_core.learning.correlations import METHODS, correlation_matrix
from galmass_core.learning.experiments import FEATURES
from galmass_core.learning.metrics import measure_errors
from galmass_core.learning.splits import split_samples

SIZES = (10_000, 100_000, 1_000_000)
PEERS: dict[str, str] = {}
_RESAMPLES = 100  # a tenth of those in the tables; cost is proportional


def measure(size: int, *, peers: bool) -> Iterator[Figure]:
    """Time the measurements on a table of random numbers.

    Parameters
    ----------
    size : int
        Number of rows.
    peers : bool
        Ignored: there are no peers.

    Yields
    ------
    Figure
    """
    samples = _random_samples(size)
    delta, names = samples["delta"], samples["name"]
    tasks = {
        f"errors, {_RESAMPLES} resamples": lambda: measure_errors(
            delta, names, resamples=_RESAMPLES
        ),
        "correlations of 10 columns": lambda: [
            correlation_matrix(samples, FEATURES, method) for method in METHODS
        ],
        "split": lambda: split_samples(samples),
        "power law": lambda: fit_power_law(samples[["abs_mag_r", "g_minus_r"]], delta),
    }
    for task, call in tasks.items():
        yield from compare(task, size, {OURS: call})


def _random_samples(rows: int) -> pd.DataFrame:
    """Return three lines of sight of each galaxy, features between 0 and 1, errors of 0.1 dex."""
    generator = np.random.default_rng(0)
    number = np.arange(rows)
    columns = {
        "name": [f"synthetic/bench/0/{galaxy}" for galaxy in number // len(LINES_OF_SIGHT)],
        "los": np.take(LINES_OF_SIGHT, number % len(LINES_OF_SIGHT)),
        "delta": generator.normal(0, 0.1, rows),
    }
    return pd.DataFrame(columns | {key: generator.uniform(size=rows) for key in FEATURES})
