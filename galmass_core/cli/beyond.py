"""``galmass beyond``: what galmass measures beyond the paper."""

import argparse
import json
from typing import Any

from galmass_core.cli.arguments import add_data


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass beyond``."""
    beyond = commands.add_parser(
        "beyond",
        help="measure what goes beyond the paper: noise, intervals, learning curves, leakage ...",
        description="Print a table for each question beyond the paper, with errors, from the runs "
        "that exist; where there are none, the command that makes them. Boosted trees are trained "
        "for it, networks are not.",
        epilog="example: galmass beyond mygalaxies --json",
    )
    add_data(beyond)
    beyond.add_argument("--json", action="store_true", help="print as JSON")
    beyond.set_defaults(run=_beyond, when_stopped="")


def _beyond(args: argparse.Namespace) -> None:
    """Run ``galmass beyond``."""
    from galmass_core.beyond import format_section, iterate_beyond, measure_beyond
    from galmass_core.datasets.dataset import open_dataset
    from galmass_core.paper.tables import describe_cohort, envelope

    dataset, split = open_dataset(args.data), {"kind": "galaxy", "seed": 0}
    if args.json:
        print(json.dumps(envelope(dataset, measure_beyond(dataset), split), indent=1))
        return
    print(describe_cohort(dataset, split))
    for entry in iterate_beyond(dataset):
        print(f"\n{format_section(entry)}", flush=True)
