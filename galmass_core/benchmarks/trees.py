"""Part ``trees``: the nine rows of Table 5, boosted trees on ten features, by number of samples.

Features and masses of a galaxy follow from three random numbers, with noise.
"""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from galmass_core.benchmarks.timing import OURS, Figure, compare
from galmass_core.galaxy import LINES_OF_SIGHT
from galmass_core.learning.experiments import FEATURES
from galmass_core.paper.published import published_table
from galmass_core.paper.tables import table_5

SIZES = (28_110,)
PEERS: dict[str, str] = {}


def measure(size: int, *, peers: bool) -> Iterator[Figure]:
    """Time Table 5.

    Parameters
    ----------
    size : int
        Number of samples.
    peers : bool
        Ignored: there are no peers.

    Yields
    ------
    Figure
    """
    data: Any = SimpleNamespace(
        samples=random_samples(size), path=Path("random"), redefined=lambda _: {}
    )
    yield from compare("Table 5", size, {OURS: lambda: table_5(data)})


def random_samples(count: int) -> pd.DataFrame:
    """Return three lines of sight of each galaxy, with the columns of Table 5."""
    generator, number = np.random.default_rng(0), np.arange(count) // len(LINES_OF_SIGHT)
    hidden = generator.normal(size=(number[-1] + 1, 3))[number]
    targets = [str(key) for key in published_table(5)["target"].unique()]
    columns = {
        key: (3 + np.tanh(hidden @ generator.normal(size=3)) + 0.1 * generator.normal(size=count))
        / 5
        for key in (*FEATURES, *targets)  # from 0 to 1, as fractions are, so that all are used
    }
    names = [f"synthetic/bench/0/{galaxy}" for galaxy in number]
    return pd.DataFrame(
        {"name": names, "los": np.resize(LINES_OF_SIGHT, count), **columns, "synthetic": True}
    )
