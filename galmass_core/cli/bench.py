"""``galmass bench``: time galmass and its peers on the same arrays, and compare their numbers."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from galmass_core.benchmarks.against import Comparison
    from galmass_core.benchmarks.timing import Figure

PARTS = {  # what is measured, and default sizes
    "render": "stars on the sky to images, 1e3 to 1e6 stars",
    "neighbours": "stars to smoothing lengths, 1e3 to 1e6 stars",
    "centre": "particles to a galaxy's centre, 1e3 to 1e6 particles",
    "features": "a galaxy to its features, 1e3 to 1e6 stars",
    "build": "a galaxy's file to maps, features and masses, step by step, 1e3 to 1e5 stars",
    "dataset": "files to a data set, and the memory it takes, 1 to 1000 galaxies",
    "reading": "stored maps to arrays in shuffled order, 150 and 1500 samples",
    "train": "an epoch of a network's training, 200 and 1000 samples",
    "subsets": "an epoch of the network for all 15 sets of maps, 80 samples",
    "memory": "training on maps ten times the memory, from disk, 2000 and 10,000 samples",
    "visitors": "arrivals, taps, branches and a crowd at the dashboard in Chromium, 28,110 samples",
    "serve": "the same and all pages of the dashboard, 28,110 and 1e6 samples",
    "scale": "a snapshot at TNG100's resolution to a page, 100 and 1000 galaxies, 25 GB",
    "tables": "a table to errors, correlations, splits and fits, 1e4 to 1e6 rows",
    "trees": "nine rows of Table 5 by boosted trees, 28,110 samples",
    "command": "galmass build of one galaxy, with and without compiled code, 1e4 stars",
    "demo": "galmass demo, 20 galaxies",
    "agreement": "our numbers beside those of installed packages on the same data, 2e4 stars",
}
_NUMBERS = "agreement"  # the part that compares numbers, not times
_DESCRIPTION = """\
CPU time on one thread, the minimum of several rounds after a warm-up. Training
on a GPU or from disk is timed by the wall clock, and so are waiting times of
visitors, next to the CPU time of the server. All parts take about an hour.

{parts}

Growth is the exponent of the time in the size; 1.1 is N log N. MB/s are bytes
of the arrays returned, and in the next column of the stored data, per second of
CPU time.

The part agreement runs every package that it knows and that is installed; its
JSON is what the documentation's page is made of.

With --against, this checkout and an earlier revision are measured by turns in
one environment, A B A B, and each figure is a ratio of the least CPU time."""


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass bench``."""
    parts = "\n".join(f"  {name:11} {what}" for name, what in PARTS.items())
    bench = commands.add_parser(
        "bench",
        help="measure how fast galmass is, and how its numbers differ from others'",
        description=_DESCRIPTION.format(parts=parts),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: galmass bench render neighbours --peers --sizes 1e4,1e5",
    )
    bench.add_argument("parts", nargs="+", choices=PARTS, metavar="PART", help=", ".join(PARTS))
    bench.add_argument("--sizes", type=_sizes, metavar="N,N", help="numbers of stars, galaxies ...")
    bench.add_argument(
        "--peers", action="store_true", help="run installed peers on the same arrays"
    )
    bench.add_argument(
        "--against", metavar="REV", help="compare with an earlier revision of this repository"
    )
    bench.add_argument("--json", action="store_true", help="print as JSON")
    bench.set_defaults(run=_bench, when_stopped="")


def _sizes(text: str) -> list[int]:
    """Read ``1e3,1e4``."""
    return sorted(int(float(size)) for size in text.split(","))


def _bench(args: argparse.Namespace) -> None:
    """Run ``galmass bench``."""
    if find_spec("galmass_core.benchmarks") is None:
        msg = "bench must run in a checkout of galmass: its benchmarks are not installed"
        raise ValueError(msg)
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(variable, "1")  # before modules that read it are imported
    if args.against is not None:
        _bench_against(args)
        return
    from galmass_core.benchmarks.timing import describe_machine

    machine, parts = describe_machine(), []
    try:
        for name in args.parts:
            parts.append({"part": name, "figures": [], "absent": [], "failed": ""})
            _measure(parts[-1], args)
    finally:  # also when it is stopped
        if args.json:
            print(json.dumps({"machine": machine, "parts": parts}, default=vars, indent=1))
        else:
            print(", ".join(f"{key} {value}" for key, value in machine.items()))
    failed = [f"{part['part']}: {part['failed']}" for part in parts if part["failed"]]
    if failed:
        msg = f"figures above are not complete; {'; '.join(failed)}"
        raise ValueError(msg)


def _measure(part: dict[str, Any], args: argparse.Namespace) -> None:
    """Measure a part and print it; whatever ends it early, the figures before stay."""
    from importlib import import_module

    from galmass_core.benchmarks.peers import installed
    from galmass_core.benchmarks.timing import with_growth

    module = import_module(f"galmass_core.benchmarks.{part['part']}")
    numbers = part["part"] == _NUMBERS
    aside = redirect_stdout(sys.stderr)  # what other packages print is no part of our output
    if args.peers or numbers:
        with aside:
            part["absent"] = sorted(module.PEERS.keys() - installed(module.PEERS))
    figures: list[Any] = []
    size = 0
    try:
        with aside:
            for size in args.sizes or module.SIZES:
                for figure in module.measure(size, peers=args.peers):
                    figures.append(figure)
    except Exception as error:
        after = f"after {figures[-1].task!r}" if figures else "at the start"
        part["failed"] = f"size {size:,} failed {after}: {type(error).__name__}: {error}"
    finally:
        part["figures"] = figures if numbers else with_growth(figures)
        if not args.json:
            print(_format_part(part), flush=True)


def _bench_against(args: argparse.Namespace) -> None:
    """Compare parts with an earlier revision, and print each when it is done."""
    from galmass_core.benchmarks.against import checkout, compare_part
    from galmass_core.benchmarks.timing import describe_machine

    if args.peers or _NUMBERS in args.parts:
        msg = "--against compares times of galmass: it must be without --peers and agreement"
        raise ValueError(msg)
    machine, compared = describe_machine(), []
    with checkout(args.against) as then:
        for name in args.parts:
            compared.append(compare_part(name, args.sizes or [], then))
            if not args.json:
                print(_format_comparison(compared[-1], args.against), flush=True)
    if args.json:
        print(json.dumps({"machine": machine, "parts": compared}, default=vars, indent=1))
    else:
        print(", ".join(f"{key} {value}" for key, value in machine.items()))


def _format_comparison(part: "Comparison", revision: str) -> str:
    """Return the ratios of a part as a Markdown table, and why some are missing."""
    rows = [
        {
            "what": ratio.task,
            "size": f"{ratio.size:,}",
            f"{revision}, CPU ms": _three_digits(ratio.then.cpu_ms),
            "now, CPU ms": _three_digits(ratio.now.cpu_ms),
            "ratio": _ratio(ratio.now.cpu_ms, ratio.then.cpu_ms),
            "ratio of waiting": _ratio(ratio.now.wait_ms, ratio.then.wait_ms),
            "ratio of memory": _ratio(ratio.now.memory_mb, ratio.then.memory_mb),
        }
        for ratio in part.ratios
    ]
    return "\n".join([part.part, "", *_table(rows), *part.faults, ""])


def _ratio(now: float | None, then: float | None) -> str:
    """Return a ratio as text; nothing where one was not measured."""
    return f"{now / then:.2f}" if now and then else ""


def _table(rows: Sequence[dict[str, str]]) -> list[str]:
    """Return rows as lines of a Markdown table, without empty columns."""
    columns = [name for name in rows[0] if any(row[name] for row in rows)] if rows else []
    lines = [_row(columns), _row(["---"] * len(columns))] if rows else []
    return [*lines, *(_row([row[name] for name in columns]) for row in rows), ""]


def _format_part(part: dict[str, Any]) -> str:
    """Return the figures of a part as a Markdown table."""
    from galmass_core.benchmarks.agreement_rows import Row

    to_cells = Row.cells if part["part"] == _NUMBERS else _cells
    table = "\n".join(_table([to_cells(figure) for figure in part["figures"]]))
    notes = "".join(f"{program} is not installed.\n" for program in part["absent"])
    notes += f"{part['failed']}\n" if part["failed"] else ""
    return f"{part['part']}\n\n{table}\n{notes}"


def _cells(figure: "Figure") -> dict[str, str]:
    """Return one figure as text, by column."""

    def number(value: float | None, style: str) -> str:
        return "" if value is None else format(value, style)

    return {
        "what": figure.task,
        "size": f"{figure.size:,}",
        "program": figure.program,
        "CPU ms": _three_digits(figure.cpu_ms),
        "µs each": "" if figure.wait_ms else _three_digits(1e3 * figure.cpu_ms / figure.size),
        "ratio": number(figure.ratio, ".2f"),
        "MB/s": number(figure.mb_per_s, ".0f"),
        "stored MB/s": number(figure.stored_mb_per_s, ".0f"),
        "error": number(figure.error, ".0e"),
        "wait ms": number(figure.wait_ms, ".0f"),
        "MB": number(figure.memory_mb, ".0f"),
        "disk MB": number(figure.disk_mb, ".0f"),
        "growth": number(figure.growth, ".2f"),
    }


def _three_digits(value: float) -> str:
    """Return a positive number as text, large ones without a power of ten."""
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _row(cells: Sequence[str]) -> str:
    """Return one line of a table."""
    return f"| {' | '.join(cells)} |"
