"""``galmass transfer``: train on one simulation, test on another."""

import argparse
import json
from pathlib import Path
from typing import Any

from galmass_core.cli.arguments import add_features, add_home, seed
from galmass_core.cli.stopping import stop_on_sigterm
from galmass_core.networks.presets import PRESETS


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass transfer``."""
    transfer = commands.add_parser(
        "transfer",
        help="train on one simulation and test on another",
        description="Train on one data set and test on another, made alike of two simulations: "
        "bias, scatter and coverage with their errors, on galaxies of the first, on those of the "
        "second before and after adaptation, and of a model trained on the second. The result is "
        "kept in the home folder; the same command shows it again, or resumes it.",
        epilog="example: galmass transfer --train universe --test universe-variant --adapt coral",
    )
    for side, text in (("train", "train on"), ("test", "test on")):
        transfer.add_argument(
            f"--{side}",
            dest=f"{side}_data",
            required=True,
            metavar="DATA",
            help=f"data set to {text}: its folder, or its name in the home folder",
        )
    transfer.add_argument(
        "--experiment",
        nargs="+",
        metavar="NAME",
        help="as of galmass train; one or more (default: trees on the features, for M*, M_tot and "
        "M*/L, as far as the data have them)",
    )
    transfer.add_argument(
        "--adapt",
        choices=("none", "coral", "mmd"),
        default="none",
        help="align the features of both data sets, without labels of the second: coral for trees; "
        "coral or mmd for networks (default: none)",
    )
    transfer.add_argument("--preset", choices=PRESETS, help="of networks, as of galmass train")
    transfer.add_argument("--epochs", type=int, metavar="N", help="of networks")
    add_features(transfer)
    transfer.add_argument("--seed", type=seed, default=0, metavar="N", help="default: 0")
    transfer.add_argument("--device", default="auto", metavar="NAME", help="as of galmass train")
    transfer.add_argument(
        "--out", type=Path, metavar="DIR", help="the record's folder, for one experiment"
    )
    transfer.add_argument("--json", action="store_true", help="print as JSON")
    add_home(transfer)
    transfer.set_defaults(run=_transfer, when_stopped="Run the same command again to resume.")


def _transfer(args: argparse.Namespace) -> None:
    """Run ``galmass transfer``."""
    from galmass_core import api
    from galmass_core.datasets.dataset import open_dataset
    from galmass_core.transfers.report import format_transfers, transfer_rows

    stop_on_sigterm()
    train, test = open_dataset(args.train_data), open_dataset(args.test_data)
    names = args.experiment or api.transfer_experiments(train, test)
    if args.out is not None and len(names) > 1:
        msg = f"--out must go with one experiment, got {', '.join(names)}"
        raise ValueError(msg)
    options = {"preset": args.preset, "epochs": args.epochs}
    runs = [
        api.transfer(
            train,
            test,
            name,
            adapt=args.adapt,
            seed=args.seed,
            features=args.features,
            device=args.device,
            out=args.out,
            **{key: value for key, value in options.items() if value is not None},
        )
        for name in names
    ]
    if args.json:
        print(json.dumps(transfer_rows(runs), indent=1))
    else:
        print("\n".join([*(str(run.path) for run in runs), "", format_transfers(runs)]))
