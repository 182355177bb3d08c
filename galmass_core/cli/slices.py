"""``galmass slices``: where predictions fail."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from galmass_core.cli.arguments import add_data, add_features, add_split

SORTS = ("scatter", "bias", "coverage", "galaxies", "property")
DEFAULT = "mstar/features"


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass slices``."""
    slices = commands.add_parser(
        "slices",
        help="measure where predictions fail",
        description="Measure scatter, bias and coverage of predictions by slices of the test "
        "galaxies: true value,\ngalaxy type, bulge-to-total ratio, colour, inclination, central "
        "or satellite, star particles,\nand distance to the training set. Of a run, or of trees "
        "that are trained for it. σ and bias stand\nwith errors from a bootstrap over galaxies; "
        "errors of coverages are binomial and count galaxies.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: galmass slices mygalaxies mstar-r-20260101-120000 --sort bias",
    )
    add_data(slices)
    slices.add_argument("model", metavar="RUN", nargs="?", help="a run's folder, or its name")
    slices.add_argument(
        "--experiment",
        metavar="NAME",
        help=f"without a run: trees or a formula to train (default: {DEFAULT})",
    )
    add_split(slices, folds=True)
    add_features(slices)
    slices.add_argument(
        "--sort",
        choices=SORTS,
        default=SORTS[0],
        help="the worst first: largest scatter (default), largest bias, lowest coverage of 68 %%; "
        "most galaxies; or by property",
    )
    slices.add_argument("--json", action="store_true", help="print as JSON")
    slices.set_defaults(run=_slices, when_stopped="")


def _slices(args: argparse.Namespace) -> None:
    """Run ``galmass slices``."""
    from galmass_core.datasets.dataset import open_dataset
    from galmass_core.paper.tables import envelope
    from galmass_core.training.runs import open_run
    from galmass_core.training.slices import slices_of_run, slices_of_trees

    given = [name for name in ("experiment", "features") if getattr(args, name) is not None]
    if args.model and given:
        msg = f"--{given[0]} must go without a run, got it with {args.model}"
        raise ValueError(msg)
    dataset = open_dataset(args.data)
    if args.model:
        entries = slices_of_run(open_run(args.model), dataset)
    else:
        name = args.experiment or DEFAULT
        options = {"features": args.features, "seed": args.seed}
        entries = slices_of_trees(dataset, name, args.split, **options)
    for entry in entries:
        entry["rows"] = _sorted(entry["rows"], args.sort)
    if args.json:
        print(json.dumps(envelope(dataset, entries), indent=1))
    else:
        print("\n\n".join(_format(entry) for entry in entries))


def _sorted(rows: Sequence[dict[str, Any]], by: str) -> list[dict[str, Any]]:
    """Return the slices in the order of a statistic, those without it last; all samples first."""
    whole, *slices = rows
    orders = {
        "scatter": lambda row: -row["std"]["value"],
        "bias": lambda row: -abs(row["mean"]["value"]),
        "coverage": lambda row: row["coverage"]["0.68"]["value"],
        "galaxies": lambda row: -row["n_galaxies"],
    }
    if by in orders:
        needed = {"scatter": "std", "bias": "mean"}.get(by, by)
        known = [row for row in slices if row.get(needed, row["n"]) is not None]
        others = [row for row in slices if row.get(needed, row["n"]) is None]
        slices = sorted(known, key=orders[by]) + others
    return [whole, *slices]


def _format(entry: dict[str, Any]) -> str:
    """Return the slices of one target as text, aligned for a terminal."""
    from galmass_core.learning.intervals import LEVELS
    from galmass_core.learning.metrics import Estimate
    from galmass_core.paper.tables import align

    levels = [f"{level:.2f}" for level in LEVELS]
    shares = [f"{100 * level:.0f} % [%]" for level in LEVELS]
    lines = [["property", "slice", "σ [dex]", "bias [dex]", *shares, "galaxies", "N"]]
    for row in entry["rows"]:
        numbers = [str(Estimate(**row[name])) if row[name] else "–" for name in ("std", "mean")]
        covered = [(row["coverage"] or {}).get(level) for level in levels]
        numbers += [
            f"{100 * each['value']:.1f} ± {100 * each['error']:.1f}" if each else "–"
            for each in covered
        ]
        title = "" if row["by"] == "all" else row["title"]
        lines.append([title, row["slice"], *numbers, f"{row['n_galaxies']}", f"{row['n']}"])
    source = entry["run"] or "trained now"
    head = f"{entry['experiment']} ({source}): {entry['target']}, split by {entry['split']}"
    missing = [f"no slices by {title}: {why}" for title, why in entry["left_out"].items()]
    return "\n".join([head, "", align(lines), *([""] if missing else []), *missing])
