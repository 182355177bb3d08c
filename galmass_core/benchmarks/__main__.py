"""Measure one part, and print each figure as a line of JSON: ``python -m galmass_core.benchmarks``.

`against` runs this in two checkouts by turns.
"""

import json
import sys
from importlib import import_module


def main(name: str, sizes: list[int]) -> None:
    """Measure a part without peers; without sizes, its own."""
    part = import_module(f"galmass_core.benchmarks.{name}")
    for size in sizes or part.SIZES:
        for figure in part.measure(size, peers=False):
            sys.stdout.write(json.dumps(vars(figure)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], [int(size) for size in sys.argv[2:]])
