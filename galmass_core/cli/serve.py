"""``galmass serve``: the dashboard."""

import argparse
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

from galmass_core.cli.arguments import add_home

LOOPBACK = "127.0.0.1"  # anyone who reaches the server can start trainings
# ms that a page waits for its browser: where one comes later, Bokeh makes the page a second time,
# and Panel 1.9 has the style sheets of that one loaded from another host
_WAIT_FOR_BROWSER = 120_000
_LOOKS_FOR_GONE = 5_000  # ms between two searches for sessions that nobody uses any more
_LARGEST_MESSAGE = 2**21  # bytes; a lasso of ten thousand corners takes a tenth
_MOST_SESSIONS = 100  # pages; each takes some 20 MB
_PANEL = {  # options of panel serve that are passed on as they are: (metavar, help)
    "--prefix": ("PATH", "path of the dashboard behind a proxy that keeps the path"),
    "--cookie-secret": ("TEXT", "signs the cookies of logins; the same for servers of one site"),
    "--ssl-certfile": ("FILE", "certificate, to serve https"),
    "--ssl-keyfile": ("FILE", "its key"),
    "--oauth-provider": ("NAME", "log in through github, gitlab, google, azure, generic, …"),
    "--oauth-key": ("TEXT", "or $PANEL_OAUTH_KEY, which ps does not show to others"),
    "--oauth-secret": ("TEXT", "or $PANEL_OAUTH_SECRET"),
    "--oauth-redirect-uri": ("URL", "the dashboard's address at the provider"),
    "--oauth-encryption-key": ("TEXT", "or $PANEL_OAUTH_ENCRYPTION; from panel oauth-secret"),
    "--oauth-extra-params": ("DICT", "addresses and scope of a generic provider"),
    "--oauth-jwt-user": ("NAME", "field of the token with the user's name"),
}


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass serve``."""
    serve = commands.add_parser(
        "serve",
        help="start the dashboard",
        description="Start the dashboard and open it in a browser. Without DATA it shows the "
        "synthetic galaxies that ship with galmass; if there is no data set in the home folder, "
        "it also generates 300 more in the background (galmass demo).",
        epilog="example: galmass serve mygalaxies --port 8000; for others: galmass serve "
        "--no-browser --address 0.0.0.0 --basic-auth users.json --ssl-certfile site.pem",
    )
    serve.add_argument("data", nargs="?", metavar="DATA", help="data-set folder, or its name")
    serve.add_argument("--port", type=int, default=5006, metavar="N", help="default: 5006")
    serve.add_argument("--no-browser", action="store_true", help="only print the address")
    serve.add_argument(
        "--files",
        type=Path,
        metavar="DIR",
        help="data sets may be built from the files in it (default: the working directory)",
    )
    add_home(serve)
    _add_access(serve)
    serve.set_defaults(run=_serve, when_stopped="")


def _add_access(serve: argparse.ArgumentParser) -> None:
    """Add the options for other machines, proxies and logins."""
    group = serve.add_argument_group(
        "for others, and behind proxies",
        "Whoever reaches the dashboard can start trainings: other machines reach it only with a "
        "login. On a machine that others use too, they reach 127.0.0.1 as you do.",
    )
    group.add_argument(
        "--address",
        default=LOOPBACK,
        metavar="IP",
        help="listen there: 0.0.0.0 for all networks (default: 127.0.0.1, this machine only)",
    )
    group.add_argument(
        "--allow-websocket-origin",
        action="append",
        default=[],
        metavar="HOST[:PORT]",
        help="also answer to this name, that of a proxy; may be repeated",
    )
    login = group.add_mutually_exclusive_group()
    login.add_argument(
        "--basic-auth",
        metavar="FILE|PASSWORD",
        help="JSON file of users and passwords, or one password, which ps shows to others",
    )
    login.add_argument(
        "--generate-password", action="store_true", help="generate a password and print it"
    )
    login.add_argument(
        "--allow-anyone",
        action="store_true",
        help="no login: let whoever reaches the address see the data and start trainings",
    )
    for name, (metavar, description) in _PANEL.items():
        group.add_argument(name, metavar=metavar, help=description)
    group.add_argument(
        "--max-sessions",
        type=int,
        default=_MOST_SESSIONS,
        metavar="N",
        help=f"pages open at one time; the next visitor waits (default: {_MOST_SESSIONS})",
    )
    group.add_argument(
        "--use-xheaders", action="store_true", help="take address and https from the proxy"
    )
    group.add_argument(
        "--admin", action="store_true", help="list sessions, memory and trainings at /admin"
    )


def _serve(args: argparse.Namespace) -> None:
    """Run ``galmass serve``: ``panel serve`` on the installed app."""
    if args.data is not None:
        from galmass_core.datasets.dataset import open_dataset

        os.environ["GALMASS_DATA"] = str(open_dataset(args.data).path)
    if args.files is not None:
        os.environ["GALMASS_FILES"] = str(args.files.resolve(strict=True))
    command, flags = _panel_command(args)
    if args.data is None:
        _begin_universe()
    command.invoke(command.parser.parse_args(flags))


def _panel_command(args: argparse.Namespace) -> tuple[Any, list[str]]:
    """Return the command of Panel, and its flags.

    Raises
    ------
    ValueError
        If others would reach the dashboard without a login, or an option cannot be used.
    """
    from galmass_core.cli.server import DashboardServer, access_flags, other_hosts

    flags = [str(files("galmass_app") / "main.py"), "--warm", "--plugins=galmass_app.routes"]
    flags += [f"--port={args.port}", f"--address={args.address}", *access_flags(args)]
    flags += [f"--unused-session-lifetime={_WAIT_FOR_BROWSER}"]
    flags += [f"--check-unused-sessions={_LOOKS_FOR_GONE}"]
    flags += [f"--websocket-max-message-size={_LARGEST_MESSAGE}"]
    flags += ["--plugins=galmass_app.admin"] * args.admin
    flags += ["--use-xheaders"] * args.use_xheaders + ["--show"] * (not args.no_browser)
    if args.prefix is not None:
        flags.append(f"--root-path=/{args.prefix.strip('/')}/")  # where a login leads to
    for name in _PANEL:
        value = getattr(args, name.removeprefix("--").replace("-", "_"))
        flags += [] if value is None else [f"{name}={value}"]
    server = DashboardServer(argparse.ArgumentParser(), other_hosts(args), args.max_sessions)
    return server, flags


def _begin_universe() -> None:
    """Start ``galmass demo`` in the background if there is no data set."""
    from galmass_core.datasets.folders import home_folder, list_datasets
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
