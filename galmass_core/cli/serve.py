"""``galmass serve``: the dashboard."""

import argparse
import os
import subprocess
import sys
from importlib.resources import files
from typing import Any

from galmass_core.cli.arguments import add_home

LOOPBACK = "127.0.0.1"  # anyone who reaches the server can start trainings


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass serve``."""
    serve = commands.add_parser(
        "serve",
        help="start the dashboard",
        description="Start the dashboard and open it in a browser. Without DATA it shows the "
        "synthetic galaxies that ship with galmass; if there is no data set in the home folder, "
        "it also generates 300 more in the background (galmass demo).",
        epilog="example: galmass serve mygalaxies --port 8000",
    )
    serve.add_argument("data", nargs="?", metavar="DATA", help="data-set folder, or its name")
    serve.add_argument("--port", type=int, default=5006, metavar="N", help="default: 5006")
    serve.add_argument("--no-browser", action="store_true", help="only print the address")
    add_home(serve)
    serve.set_defaults(run=_serve, when_stopped="")


def _serve(args: argparse.Namespace) -> None:
    """Run ``galmass serve``: ``panel serve`` on the installed app."""
    if args.data is not None:
        from galmass_core.datasets.dataset import open_dataset

        os.environ["GALMASS_DATA"] = str(open_dataset(args.data).path)
    else:
        _begin_universe()
    from panel.command.serve import Serve

    app = files("galmass_app") / "main.py"
    flags = [str(app), "--port", str(args.port), "--address", LOOPBACK, "--warm", "--liveness"]
    if not args.no_browser:
        flags.append("--show")
    command = Serve(parser := argparse.ArgumentParser())
    command.invoke(parser.parse_args(flags))


def _begin_universe() -> None:
    """Start ``galmass demo`` in the background if there is no data set."""
    from galmass_core.datasets.dataset import home_folder, list_datasets
    from galmass_core.storage.progress import work_in_progress

    home = home_folder()
    if list_datasets() or work_in_progress(home):
        return
    home.mkdir(parents=True, exist_ok=True)
    with (home / "universe.log").open("w") as log:
        subprocess.Popen(
            [sys.executable, "-m", "galmass_core.cli", "demo", "--json"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # not terminated with the server
        )
