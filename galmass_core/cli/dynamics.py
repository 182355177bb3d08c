"""``galmass dynamics``: masses by virial, Wolf's and Jeans' equations beside those of networks."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galmass_core.cli.arguments import add_data
from galmass_core.cli.csv_output import check_out, write_csv

if TYPE_CHECKING:
    from galmass_core.datasets.dataset import DataSet


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass dynamics``."""
    dynamics = commands.add_parser(
        "dynamics",
        help="estimate masses by stellar dynamics, beside networks",
        description="Estimate masses from the r image, V and σ by the virial theorem, by the "
        "formula of Wolf et al. (2010), and by fits of spherical and axisymmetric Jeans "
        "models with an NFW halo, and measure them against the truth; with runs, on the galaxies "
        "that these did not learn from, beside what they predict. Ten samples take a second.",
        epilog="example: galmass dynamics mygalaxies mstar,mtot-any --out masses.csv",
    )
    add_data(dynamics)
    dynamics.add_argument(
        "models",
        metavar="RUN",
        nargs="*",
        help="runs to compare with, folder or name; NAME:MAPS is a network for every set of maps "
        "with these (default: r+2V, 2V and r)",
    )
    dynamics.add_argument(
        "--out", type=Path, metavar="FILE", help="write a table, a row for each sample, as CSV"
    )
    dynamics.add_argument(
        "--jam",
        action="store_true",
        help="also fit by JAM, with the package jampy 9 that you have installed: seconds for each "
        "sample. Its licence is not free, and Python 3.11 cannot import it",
    )
    dynamics.add_argument("--json", action="store_true", help="print as JSON")
    dynamics.set_defaults(run=_dynamics, when_stopped="")


def _dynamics(args: argparse.Namespace) -> None:
    """Run ``galmass dynamics``."""
    from galmass_core.datasets.dataset import open_dataset
    from galmass_core.dynamics.comparison import measure_dynamics
    from galmass_core.dynamics.report import notes_of
    from galmass_core.paper.tables import envelope
    from galmass_core.storage.progress import progress_bar
    from galmass_core.training.runs import open_run

    dataset = open_dataset(args.data)
    runs = [open_run(name) for name in args.models]
    check_out(args.out, [dataset.path, *(run.path for run in runs)])
    with progress_bar("measuring", None, unit="sample", lost="failed") as show:
        result, table = measure_dynamics(dataset, runs, progress=show, jam=args.jam)
    if args.out is not None:
        write_csv(table, args.out)
    if args.json:
        others = {key: each for key, each in result.items() if key != "rows"}
        content = envelope(dataset, result["rows"]) | others | {"notes": notes_of(result)}
        print(json.dumps(content | {"n": len(table)}, indent=1))
    else:
        print(_format(dataset, result))


def _format(dataset: "DataSet", result: dict[str, Any]) -> str:
    """Return a table for each quantity, and notes."""
    from galmass_core.dynamics.comparison import TARGETS_SHOWN
    from galmass_core.dynamics.report import notes_of, table_of, title_of
    from galmass_core.paper.tables import align

    tables = [f"{title_of(each)}\n{align(table_of(result, each))}" for each in TARGETS_SHOWN]
    return "\n\n".join([f"{dataset.path.name}", *tables, "\n".join(notes_of(result))])
