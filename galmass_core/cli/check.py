"""``galmass check``: whether data sets and runs are as they were written."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galmass_core.cli.arguments import add_home

if TYPE_CHECKING:
    from galmass_core.check import Report


class FaultsFoundError(Exception):
    """Something is wrong; it has been printed."""


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass check``."""
    check = commands.add_parser(
        "check",
        help="check data sets and runs: every file, its checksum and fields",
        description="Read everything in data sets, runs or home folders: checksums, fields of JSON "
        "files, columns of tables, shapes of maps, predictions against the data set. Prints a "
        "sentence for each fault, and exits with 1 if there is one.",
        epilog="example: galmass check mygalaxies",
    )
    check.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="data set, run or home folder, or the name of a data set or run at home (default: "
        "the home folder)",
    )
    check.add_argument("--json", action="store_true", help="print as JSON")
    add_home(check)
    check.set_defaults(run=_check, when_stopped="")


def _check(args: argparse.Namespace) -> None:
    """Run ``galmass check``."""
    from tqdm import tqdm

    from galmass_core.check import check_folder
    from galmass_core.datasets.folders import home_folder

    paths = [_located(name) for name in args.paths] or [home_folder()]
    with tqdm(unit="file", desc="checking", delay=2) as bar:
        reports = [check_folder(path, bar.update) for path in paths]
    if args.json:
        print(json.dumps([_content(report) for report in reports], indent=1))
    else:
        print("\n".join(line for report in reports for line in _lines(report)))
    if any(report.faults for report in reports):
        raise FaultsFoundError


def _located(name: str) -> Path:
    """Return a folder by its path, or its name at home."""
    from galmass_core.datasets.folders import home_folder
    from galmass_core.training.runs import runs_folder

    places = (Path(name), home_folder() / name, runs_folder() / name)
    return next((path for path in places if path.is_dir()), Path(name))


def _content(report: "Report") -> dict[str, Any]:
    return {
        "path": str(report.path),
        "galaxies": report.galaxies,
        "files": report.files,
        "faults": report.faults,
        "without_checksum": report.unrecorded,
    }


def _lines(report: "Report") -> list[str]:
    """Return a report as text."""
    found = f"{report.path}: {report.galaxies:,} galaxies, {report.files:,} files"
    lines = report.faults or [f"{found}: nothing wrong"]
    if report.unrecorded:
        first = ", ".join(report.unrecorded[:3]) + ", …" * (len(report.unrecorded) > 3)
        lines = [*lines, f"{len(report.unrecorded)} files without a checksum: {first}"]
    return lines
