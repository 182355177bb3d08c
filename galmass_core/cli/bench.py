"""``galmass bench``: what galmass costs, beside its peers on the same arrays."""

import argparse
import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from galmass_core.benchmarks.timing import Figure

PARTS = ("render", "neighbours", "features", "build", "dataset", "tables")


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Describe ``galmass bench``."""
    bench = commands.add_parser(
        "bench",
        help="measure how fast galmass is",
        description="CPU time on one thread, the least of several rounds after one to warm up: "
        "render, neighbours, features and build for galaxies of 1e3 to 1e6 stars; dataset for "
        "1 to 1000 galaxies; tables for 1e4 to 1e6 rows. Growth is the exponent of the time in "
        "the size; 1.1 is N log N. All parts take about ten minutes.",
        epilog="example: galmass bench render neighbours --peers --sizes 1e4,1e5",
    )
    bench.add_argument("parts", nargs="+", choices=PARTS, metavar="PART", help=", ".join(PARTS))
    bench.add_argument("--sizes", type=_sizes, metavar="N,N", help="how many stars, galaxies, rows")
    bench.add_argument(
        "--peers", action="store_true", help="run installed peers on the same arrays"
    )
    bench.add_argument("--json", action="store_true", help="as JSON")
    bench.set_defaults(run=_bench, when_stopped="")


def _sizes(text: str) -> list[int]:
    """Read ``1e3,1e4``."""
    return sorted(int(float(size)) for size in text.split(","))


def _bench(args: argparse.Namespace) -> None:
    """Run ``galmass bench``."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(variable, "1")  # before anything that reads it is imported
    from importlib import import_module

    from galmass_core.benchmarks.peers import installed
    from galmass_core.benchmarks.timing import describe_machine, with_growth

    machine, parts = describe_machine(), []
    for name in args.parts:
        part = import_module(f"galmass_core.benchmarks.{name}")
        figures = [
            figure
            for size in args.sizes or part.SIZES
            for figure in part.measure(size, peers=args.peers)
        ]
        absent = sorted(part.PEERS.keys() - installed(part.PEERS)) if args.peers else []
        parts.append({"part": name, "figures": with_growth(figures), "absent": absent})
        if not args.json:
            print(_format_part(parts[-1]), flush=True)
    if args.json:
        print(json.dumps({"machine": machine, "parts": parts}, default=vars, indent=1))
    else:
        print(", ".join(f"{key} {value}" for key, value in machine.items()))


def _format_part(part: dict[str, Any]) -> str:
    """Write the figures of a part as a table in Markdown."""
    columns = ("what", "size", "program", "CPU ms", "ratio", "error", "MB", "growth")
    lines = [_row(columns), _row(["---"] * len(columns))]
    lines += [_row(_cells(figure)) for figure in part["figures"]]
    absent = "".join(f"{program} is not installed.\n" for program in part["absent"])
    return f"{part['part']}\n\n" + "\n".join(lines) + f"\n\n{absent}"


def _cells(figure: "Figure") -> list[str]:
    """Write one figure."""

    def number(value: float | None, style: str) -> str:
        return "" if value is None else format(value, style)

    return [
        figure.task,
        f"{figure.size:,}",
        figure.program,
        f"{figure.cpu_ms:.3g}" if figure.cpu_ms < 100 else f"{figure.cpu_ms:.0f}",
        number(figure.ratio, ".2f"),
        number(figure.error, ".0e"),
        number(figure.memory_mb, ".0f"),
        number(figure.growth, ".2f"),
    ]


def _row(cells: Sequence[str]) -> str:
    """Write one line of a table."""
    return f"| {' | '.join(cells)} |"
