"""``galmass frame``: measure what R_hsm is worth as aperture, as input and as frame."""

import argparse
import json
from typing import Any

from galmass_core.cli.arguments import add_data, add_split


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass frame``."""
    frame = commands.add_parser(
        "frame",
        help="measure what R_hsm is worth as aperture, as input and as frame",
        description="Train boosted trees for M_tot and M* inside R_hsm, 2 R_hsm, R_e, 1, 3, 5 and "
        "10 kpc and of the whole galaxy, from features without and with a size, and from the same "
        "numbers of the maps in frames of R_hsm, R_e and kpc; print the scatter of each with its "
        "error. About a minute for 300 galaxies.",
        epilog="example: galmass frame mygalaxies",
    )
    add_data(frame)
    add_split(frame, folds=True)
    frame.add_argument("--json", action="store_true", help="print as JSON")
    frame.set_defaults(run=_frame, when_stopped="")


def _frame(args: argparse.Namespace) -> None:
    """Run ``galmass frame``."""
    from galmass_core.datasets.dataset import open_dataset
    from galmass_core.learning.experiments import default_features
    from galmass_core.learning.splits import describe_split
    from galmass_core.paper.tables import align, describe_cohort, envelope
    from galmass_core.training.frame_worth import frame_lines, frame_notes, measure_frame_worth

    dataset = open_dataset(args.data)
    rows = measure_frame_worth(dataset, args.split, seed=args.seed)
    split = describe_split(dataset.samples, args.split, seed=args.seed)
    if args.json:
        print(json.dumps(envelope(dataset, rows, split), indent=1))
        return
    print(f"{describe_cohort(dataset, split)}\n\n{align(frame_lines(rows))}\n")
    redefined = dataset.redefined(default_features(dataset.samples))
    marks = [f"{key} is another quantity here: {text}" for key, text in redefined.items()]
    print("\n".join((*frame_notes(rows, dataset.frame), *marks)))
