"""The command line: ``galmass COMMAND``.

Results go to standard output, progress and errors to standard error. Heavy packages are imported by
the command that needs them, so that help is fast; so is the module of a command.
"""

import argparse
import atexit
import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from galmass_core import __version__
from galmass_core.cli.check import FaultsFoundError

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

FAULTS, BAD_INPUT, STOPPED, CLOSED = 1, 2, 130, 141  # exit codes
COMMANDS = {  # those that each module here adds, in the order of help
    "data": ("build", "catalogue", "combine", "join", "info"),
    "check": ("check",),
    "fetch": ("fetch",),
    "demo": ("demo",),
    "learning": ("train", "resume"),
    "runs": ("stop", "runs", "predict"),
    "tables": ("table", "importance"),
    "curve": ("curve",),
    "coverage": ("coverage",),
    "slices": ("slices",),
    "switches": ("switches",),
    "controls": ("controls",),
    "telescope": ("telescope", "resolution"),
    "twins": ("twins",),
    "dynamics": ("dynamics",),
    "frame": ("frame",),
    "beyond": ("beyond",),
    "transfer": ("transfer",),
    "observe": ("observe",),
    "serve": ("serve",),
    "bench": ("bench",),
}


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : list of str, optional
        Arguments after ``galmass``; those of this process by default.

    Returns
    -------
    int
        0; 1 if `check` finds a fault; 2 for bad input, with one sentence on standard error; 130
        when stopped with Ctrl-C; 141 when the reader of standard output ended, such as ``head``.
    """
    atexit.register(gc.freeze)  # else Python looks through all modules three times as it ends
    advice = ""
    try:
        words = sys.argv[1:] if argv is None else argv
        parser = build_parser(*words[:1])
        args = parser.parse_args(words)
        if not hasattr(args, "run"):
            parser.print_help()
            return 0
        advice = args.when_stopped
        if getattr(args, "home", None):
            os.environ["GALMASS_HOME"] = args.home
        with _no_interrupt_lost():
            args.run(args)
    except FaultsFoundError:
        return FAULTS
    except (ValueError, OSError, MemoryError) as error:
        if isinstance(error, BrokenPipeError) and _output_is_closed():
            return CLOSED
        print(f"galmass: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print(f"galmass: stopped. {advice}", file=sys.stderr)
        return STOPPED
    return 0


def _output_is_closed() -> bool:
    """Whether nobody reads standard output; what is left of it is then dropped."""
    try:
        print(flush=True)  # a flush alone is silent where a long text failed
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False


@contextmanager
def _no_interrupt_lost() -> Iterator[None]:
    """Repeat Ctrl-C where Python drops it.

    An exception in the callback of a weak reference is printed and dropped, and reading HDF5 files
    spends a tenth of its time in such callbacks (h5py 3.16).
    """
    before = sys.unraisablehook

    def repeat(dropped: "UnraisableHookArgs") -> None:
        if isinstance(dropped.exc_value, KeyboardInterrupt):
            later = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
            later.daemon = True
            later.start()  # outside the callback
        else:
            before(dropped)

    sys.unraisablehook = repeat
    try:
        yield
    finally:
        sys.unraisablehook = before


def build_parser(command: str = "") -> argparse.ArgumentParser:
    """Create the parser of one command, or of all if there is none of this name."""
    parser = argparse.ArgumentParser(
        prog="galmass",
        description="Learn galaxy masses from images and stellar kinematics of simulated galaxies.",
    )
    parser.add_argument("--version", action="version", version=f"galmass {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND")
    for module in [each for each in COMMANDS if command in COMMANDS[each]] or COMMANDS:
        import_module(f"galmass_core.cli.{module}").add_commands(commands)
    return parser
