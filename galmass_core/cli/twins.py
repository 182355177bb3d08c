"""``galmass twins``: galaxies that look alike, and whose masses differ most."""

import argparse
import json
from typing import Any

from galmass_core.cli.arguments import add_data, add_device, positive


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass twins``."""
    twins = commands.add_parser(
        "twins",
        help="list galaxies that look alike and differ most in total mass",
        description="List pairs of galaxies that a network can hardly distinguish by their maps, "
        "and whose total masses inside R_hsm differ most; and by how much such twins scatter. "
        "Likeness is the distance in the features of a network trained on the data set, else of "
        "one that ships with galmass, however the maps are turned.",
        epilog="example: galmass twins mygalaxies --inputs r+2V",
    )
    add_data(twins)
    twins.add_argument(
        "--inputs",
        default="r",
        metavar="MAPS",
        help="in which they look alike, such as 2V or g,r+2V (default: r)",
    )
    twins.add_argument(
        "--pairs", type=positive, default=10, metavar="N", help="how many to list (default: 10)"
    )
    add_device(twins)
    twins.add_argument("--json", action="store_true", help="print as JSON")
    twins.set_defaults(run=_twins, when_stopped="")


def _twins(args: argparse.Namespace) -> None:
    """Run ``galmass twins``."""
    from galmass_core.datasets.dataset import open_dataset
    from galmass_core.paper.tables import align, envelope
    from galmass_core.training.twins import find_twins, twin_lines, twin_sentence

    dataset = open_dataset(args.data)
    result = find_twins(dataset, args.inputs, count=args.pairs, device=args.device)
    if args.json:
        others = {key: each for key, each in result.items() if key not in ("rows", "n")}
        content = envelope(dataset, result["rows"]) | others
        print(json.dumps(content | {"n_pairs": result["n"]}, indent=1))
    else:
        print(f"{align(twin_lines(result))}\n\n{twin_sentence(result)}")
