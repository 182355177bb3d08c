"""The command line: ``galmass COMMAND``.

Results go to standard output, progress and errors to standard error. Heavy packages are imported by
the command that needs them, so that help is fast.
"""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from galmass_core import __version__
from galmass_core.cli import (
    bench,
    beyond,
    check,
    controls,
    coverage,
    curve,
    data,
    demo,
    dynamics,
    fetch,
    frame,
    learning,
    observe,
    runs,
    serve,
    slices,
    switches,
    tables,
    telescope,
    transfer,
    twins,
)

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

FAULTS, BAD_INPUT, STOPPED, CLOSED = 1, 2, 130, 141  # exit codes


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
    advice = ""
    try:
        parser = build_parser()
        args = parser.parse_args(argv)
        if not hasattr(args, "run"):
            parser.print_help()
            return 0
        advice = args.when_stopped
        if getattr(args, "home", None):
            os.environ["GALMASS_HOME"] = args.home
        with _no_interrupt_lost():
            args.run(args)
    except check.FaultsFoundError:
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


def build_parser() -> argparse.ArgumentParser:
    """Create the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="galmass",
        description="Learn galaxy masses from images and stellar kinematics of simulated galaxies.",
    )
    parser.add_argument("--version", action="version", version=f"galmass {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND")
    learned = (learning, runs, tables, curve, coverage, slices, switches)
    asked = (controls, telescope, twins, dynamics, frame, beyond)
    for module in (data, check, fetch, demo, *learned, *asked, transfer, observe, serve, bench):
        module.add_commands(commands)
    return parser
