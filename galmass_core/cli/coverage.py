"""``galmass coverage``: whether the intervals of predictions hold."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from galmass_core.cli.arguments import add_data, add_features, add_split


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass coverage``."""
    coverage = commands.add_parser(
        "coverage",
        help="measure how often the intervals of predictions hold",
        description="Train trees on summary features for every target, calibrate the 68 and 90 % "
        "intervals\nof their predictions on galaxies they were not trained on, and count how often "
        "intervals\ncover the truth on the test set: in all, and by predicted mass. Then the same "
        "for the\nfinished runs of networks and of mass profiles on this data set, whose\n"
        "radii are listed one by one. Errors of shares are binomial and "
        "count galaxies.\nBelow: CRPS, coverage at levels from 10 to 95 %, and PIT histograms.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: galmass coverage mygalaxies --split folds",
    )
    add_data(coverage)
    add_split(coverage, folds=True)
    add_features(coverage)
    coverage.add_argument("--json", action="store_true", help="print as JSON")
    coverage.set_defaults(run=_coverage, when_stopped="")


def _coverage(args: argparse.Namespace) -> None:
    """Run ``galmass coverage``."""
    from galmass_core.datasets.dataset import open_dataset
    from galmass_core.learning.splits import describe_split
    from galmass_core.paper.tables import envelope
    from galmass_core.training.coverage import coverage_table
    from galmass_core.training.runs import list_runs

    dataset = open_dataset(args.data)
    entries = coverage_table(
        dataset, args.split, features=args.features, seed=args.seed, runs=list_runs()
    )
    if args.json:
        split = describe_split(dataset.samples, args.split, seed=args.seed)
        print(json.dumps(envelope(dataset, entries, split), indent=1))
    else:
        print(format_coverage(entries), _format_shares(entries), sep="\n\n")


def format_coverage(entries: Sequence[dict[str, Any]]) -> str:
    """Return the entries of `coverage_table` as text, aligned for a terminal."""
    from galmass_core.learning.experiments import PROFILE
    from galmass_core.learning.intervals import LEVELS
    from galmass_core.paper.tables import align

    levels = [f"{level:.2f}" for level in LEVELS]
    heading = ["experiment", "run", "log predicted"]
    heading += [f"{100 * float(level):.0f} % [%]" for level in levels]
    heading += [f"width {100 * float(level):.0f} % [dex]" for level in levels]
    lines = [[*heading, "CRPS [dex]", "galaxies", "N"]]
    for entry in entries:
        names = [entry["experiment"], entry["run"] or ""]
        if entry["experiment"].startswith(PROFILE):
            names[0] = f"{names[0]} {entry['target']}"
        if "status" in entry:
            lines.append([*names, entry["status"], *[""] * (len(lines[0]) - 3)])
        rows = entry.get("rows", ())
        for number, row in enumerate(rows[:1] if entry["experiment"].startswith(PROFILE) else rows):
            shares = [row["coverage"][level] for level in levels]
            lines.append(
                [
                    *(names if number == 0 else ("", "")),
                    "all" if number == 0 else f"{row['low']:.2f} to {row['high']:.2f}",
                    *(f"{100 * each['value']:.1f} ± {100 * each['error']:.1f}" for each in shares),
                    *(f"{row['width'][level]:.3f}" for level in levels),
                    f"{row['crps']:.4f}",
                    f"{row['n_galaxies']}",
                    f"{row['n']}",
                ]
            )
    return align(lines)


def _format_shares(entries: Sequence[dict[str, Any]]) -> str:
    """Return CRPS with error, coverage at each level and PIT histogram as text, aligned."""
    from galmass_core.learning.calibration import NOMINAL
    from galmass_core.paper.tables import align

    names = ["experiment", "run"]
    levels = [[*names, "CRPS [dex]", *(f"{100 * level:.0f} % [%]" for level in NOMINAL)]]
    tenths = [[*names, *(f"PIT to {tenth / 10:.1f} [%]" for tenth in range(1, 11))]]
    for entry in entries:
        if measured := entry.get("calibration"):
            own, crps = [entry["experiment"], entry["run"] or ""], measured["crps"]
            shares = [f"{100 * row['coverage']:.1f}" for row in measured["levels"]]
            levels.append([*own, f"{crps['value']:.4f} ± {crps['error']:.4f}", *shares])
            tenths.append([*own, *(f"{100 * row['share']:.1f}" for row in measured["pit"])])
    return f"{align(levels)}\n\n{align(tenths)}"
