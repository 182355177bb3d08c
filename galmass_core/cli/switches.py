"""``galmass switches``: measure what learns more from the same data."""

import argparse
import json
from pathlib import Path
from typing import Any

from galmass_core.cli.arguments import add_data, add_device, positive
from galmass_core.cli.stopping import stop_on_sigterm

EXPERIMENTS = ("mstar,mtot,ml/r@60", "mstar,mtot,ml/2V", "mstar,mtot,ml/g,r+2V@60")


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass switches``."""
    switches = commands.add_parser(
        "switches",
        help="measure what augmentation, scalars, ensembles ... gain",
        description="Train networks of the laptop preset with and without augmentation and "
        "scalars, and compare them, and the means over symmetries and over trainings, on "
        "the same galaxies with the same training seeds; the intervals contain the noise of "
        "training. The same command skips trainings that are finished, and resumes those that are "
        "not: 9 for each experiment with three seeds, each minutes on a CPU.",
        epilog="example: galmass switches mygalaxies --experiment mtot/2V --out runs/switches",
    )
    add_data(switches)
    switches.add_argument(
        "--experiment",
        action="append",
        metavar="NAME",
        help=f"TARGET[,TARGET]/INPUTS; can be repeated (default: {' '.join(EXPERIMENTS)})",
    )
    switches.add_argument(
        "--repeats",
        type=positive,
        default=3,
        metavar="K",
        help="training seeds, at least 2 (default 3)",
    )
    switches.add_argument("--epochs", type=int, metavar="N", help="of each training (default 30)")
    add_device(switches)
    switches.add_argument(
        "--out", type=Path, metavar="DIR", help="folder of the runs (default: in the home folder)"
    )
    switches.add_argument("--json", action="store_true", help="print as JSON")
    switches.set_defaults(run=_switches, when_stopped="The same command continues.")


def _switches(args: argparse.Namespace) -> None:
    """Run ``galmass switches``."""
    from galmass_core import api
    from galmass_core.datasets.dataset import open_dataset
    from galmass_core.paper.tables import envelope
    from galmass_core.storage.progress import progress_bar
    from galmass_core.training.switches import format_switches, measure_switches, switches_folder

    stop_on_sigterm()
    dataset, folder = open_dataset(args.data), args.out or switches_folder()
    changes: dict[str, Any] = {} if args.epochs is None else {"epochs": args.epochs}
    wanted = {}
    for given in args.experiment or EXPERIMENTS:
        name, training = api.configure(given, preset="laptop", **changes)
        if training is not None:
            wanted[name] = training
    folder.mkdir(parents=True, exist_ok=True)
    with progress_bar("training", folder / "trainings", unit="run", lost="failed") as show:
        rows = measure_switches(
            dataset, wanted, folder, repeats=args.repeats, device=args.device, progress=show
        )
    print(json.dumps(envelope(dataset, rows), indent=1) if args.json else format_switches(rows))
