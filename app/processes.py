"""Commands of galmass in processes of their own, which outlive the server."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Thread

_NICE = 10  # what is started here leaves the machine to whoever works at it
_PREFIX = "galmass: "  # of the sentence with which a command ends early


def detach(
    log: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    ended: Callable[[], None] = lambda: None,
) -> int:
    """Start a command that outlives the server.

    Parameters
    ----------
    log : Path
        File that its output is added to.
    *arguments : str
        After ``galmass``.
    environment : mapping, optional
        Its environment variables; those of the server by default.
    ended : callable
        Called when it ends, if the server is still alive then.

    Returns
    -------
    int
        Number of the process.
    """
    with log.open("a", encoding="utf-8") as output:
        process = subprocess.Popen(
            _galmass(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
        )

    def reap() -> None:
        process.wait()
        ended()

    Thread(target=reap, daemon=True).start()
    return process.pid


def answer(*arguments: str, patience: float, environment: Mapping[str, str] | None = None) -> str:
    """Return what a command prints.

    Parameters
    ----------
    *arguments : str
        After ``galmass``.
    patience : float
        Longest time that it may take [s].
    environment : mapping, optional
        As of `detach`.

    Raises
    ------
    ValueError
        If it fails; the message is the command's.
    TimeoutError
        If it takes too long.
    """
    try:
        done = subprocess.run(
            _galmass(*arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=patience,
            env=environment,
        )
    except subprocess.TimeoutExpired as error:
        msg = f"galmass {arguments[0]} must answer within {patience:.0f} s, but does not"
        raise TimeoutError(msg) from error
    if done.returncode:
        lines = done.stderr.splitlines() or ["no output from the command"]
        raise ValueError(lines[-1].removeprefix(_PREFIX))
    return done.stdout


def last_words(log: Path) -> str:
    """Return the sentence with which a command ended early; empty if there is none."""
    with suppress(FileNotFoundError):
        for line in reversed(log.read_text(encoding="utf-8").splitlines()):
            if line.startswith(_PREFIX):
                return line.removeprefix(_PREFIX)
    return ""


def _galmass(*arguments: str) -> list[str]:
    """Return the command line of this installation, at low priority."""
    return ["nice", "-n", str(_NICE)] * (os.name == "posix") + [
        sys.executable,
        "-m",
        "galmass_core.cli",
        *arguments,
    ]
