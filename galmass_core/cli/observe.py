"""``galmass observe``: read observations of real galaxies."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galmass_core.cli.arguments import add_home, positive_number
from galmass_core.cli.csv_output import check_out, write_csv

if TYPE_CHECKING:
    from collections.abc import Sequence

_DIRECTIONS = ("east", "west", "north", "south")
_MAPS = {"velocity": "velocities", "sigma": "dispersions", "image": "light"}


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass observe``."""
    observe = commands.add_parser(
        "observe",
        help="read maps of observed galaxies, and predict them",
        description="Read maps of real galaxies from the files of surveys: MaNGA's DAP maps, "
        "SAMI's pairs of velocity and dispersion, Hector, PHANGS-MUSE, Pipe3D, EDGE, tables of "
        "SAURON, ATLAS3D and CALIFA V1200, kinematics of GIST and nGIST, cutouts of the Legacy "
        "Surveys, mocks of SimSpin, GalSyn, GalaxyGenius and RUBIX, and FITS files whose maps have "
        "names that are known, or that --velocity, --sigma and --image name. What a file holds is "
        "recognised from its content. Print how many spaxels are valid and why others "
        "are not, the centre of the light in the file's own coordinates, systemic velocity, median "
        "velocity and dispersion, and the position angle of the receding side, from north through "
        "east. Where the half-light radius is known, also what a network predicts that learned "
        "from simulated galaxies: outside its training domain, which the last two columns "
        "measure, in per cent of the galaxies it knows; near 100, do not trust it.",
        epilog="example: galmass observe manga-7815-3702-MAPS-HYB10-GAU-MILESHC.fits.gz",
    )
    observe.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        type=Path,
        help="files (FITS, HDF5, text) of one or more galaxies; those of the same galaxy are put "
        "together",
    )
    _add_reading(observe)
    observe.add_argument(
        "--run",
        dest="model",
        default="",
        metavar="RUN",
        help="a network's run, its folder or name (default: the one that ships for the maps)",
    )
    observe.add_argument(
        "--keep",
        action="store_true",
        help="keep maps and predictions in the home folder, for Explore to show; a galaxy that is "
        "observed again replaces the one before",
    )
    add_home(observe)
    observe.add_argument("--out", type=Path, metavar="FILE", help="write a table, as CSV")
    observe.add_argument("--json", action="store_true", help="print as JSON")
    observe.set_defaults(run=_observe, when_stopped="")


def _add_reading(observe: argparse.ArgumentParser) -> None:
    """Add the options that say what files do not."""
    observe.add_argument(
        "--x-axis",
        choices=_DIRECTIONS,
        default="",
        help="where the first axis grows to, of files that do not say it",
    )
    observe.add_argument(
        "--y-axis",
        choices=_DIRECTIONS,
        default="",
        help="where the second axis grows to, of files that do not say it (default: north)",
    )
    observe.add_argument(
        "--pixel",
        type=positive_number,
        metavar="ARCSEC",
        help="side of a pixel, of files that do not say it",
    )
    for option, what in _MAPS.items():
        observe.add_argument(
            f"--{option}",
            default="",
            metavar="MAP",
            help=f"which map has {what}, as EXTENSION, EXTENSION:PLANE or FILE:EXTENSION:PLANE "
            "(default: what their names say)",
        )
    observe.add_argument(
        "--re",
        type=positive_number,
        metavar="ARCSEC",
        help="half-light radius on the sky, needed for predictions (default: the file's)",
    )


def _observe(args: argparse.Namespace) -> None:
    """Run ``galmass observe``."""
    import pandas as pd

    from galmass_core.observations import Options
    from galmass_core.observations.prediction import observe
    from galmass_core.observations.report import flat_rows, format_rows

    beside = [each for path in args.files for each in path.parent.glob("*.fits*")]  # read too
    check_out(args.out, [*args.files, *beside])
    options = Options(
        x_axis=args.x_axis,
        y_axis=args.y_axis,
        pixel=args.pixel,
        effective_radius=args.re,
        **{option: getattr(args, option) for option in _MAPS},
    )
    rows = observe(args.files, options, args.model, keep=args.keep)
    if args.out is not None:
        write_csv(pd.DataFrame([flat for row in rows for flat in flat_rows(row)]), args.out)
    if args.json:
        print(json.dumps(_content(args.files, rows), indent=1))
    else:
        print(format_rows(rows))


def _content(files: "Sequence[Path]", rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return rows with their metadata, for JSON."""
    from galmass_core.paper.tables import SCHEMA

    source = [str(path) for path in files]
    return {"schema": SCHEMA, "source": source, "split": None, "n": len(rows), "rows": rows}
