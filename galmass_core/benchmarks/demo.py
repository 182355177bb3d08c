"""Part ``demo``: ``galmass demo`` in a process of its own: draw galaxies, build a data set."""

import tempfile
from collections.abc import Iterator

from galmass_core.benchmarks.command import children_seconds, run_galmass
from galmass_core.benchmarks.timing import OURS, Figure, compare

SIZES = (20,)
PEERS: dict[str, str] = {}


def measure(size: int, *, peers: bool) -> Iterator[Figure]:
    """Time the command.

    Parameters
    ----------
    size : int
        Number of galaxies.
    peers : bool
        Ignored: there are no peers.

    Yields
    ------
    Figure
    """

    def draw() -> None:
        with tempfile.TemporaryDirectory() as folder:
            words = ["--galaxies", str(size), "--out", f"{folder}/data", "--workers", "1"]
            run_galmass("demo", *words)

    yield from compare("galmass demo", size, {OURS: draw}, children_seconds)
