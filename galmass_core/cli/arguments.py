"""Arguments that several commands share."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from galmass_core.datasets.filter_syntax import split_columns

if TYPE_CHECKING:
    from distributed import Client


LARGEST_SEED = 2**31 - 1  # of LightGBM


def positive(text: str) -> int:
    """Read a positive integer."""
    return _integer(text, 1, sys.maxsize)


def positive_number(text: str) -> float:
    """Read a positive number."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        msg = f"must be a positive number, got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return value


def seed(text: str) -> int:
    """Read a seed, which all generators of random numbers take."""
    return _integer(text, 0, LARGEST_SEED)


def _integer(text: str, low: int, high: int) -> int:
    """Read an integer in a range."""
    if not text.removeprefix("-").isdecimal() or not low <= int(text) <= high:
        end = "" if high == sys.maxsize else f" to {high}"
        msg = f"must be an integer from {low}{end}, got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def add_home(command: argparse.ArgumentParser) -> None:
    """Add the option ``--home``."""
    command.add_argument(
        "--home", metavar="DIR", help="folder of data sets and runs (default: $GALMASS_HOME)"
    )


def add_data(command: argparse.ArgumentParser) -> None:
    """Add ``DATA``, and ``--home``, where it is looked up by name."""
    command.add_argument(
        "data", metavar="DATA", help="data-set folder, or its name in the home folder"
    )
    add_home(command)


def add_stars(command: argparse.ArgumentParser) -> None:
    """Add the option ``--stars``."""
    command.add_argument(
        "--stars",
        type=int,
        metavar="N",
        help="thin every galaxy to N stars, as a control: maps of all stars reveal their number",
    )


def add_channels(command: argparse.ArgumentParser) -> None:
    """Add the option ``--channels``."""
    command.add_argument(
        "--channels",
        nargs="+",
        default=(),
        metavar="WORD",
        help="store what further maps are made from: populations (stellar mass, age, metallicity), "
        "shapes (h3, h4), gas (its V and σ), or all, two thirds more on disk (default: none)",
    )


def add_device(command: argparse.ArgumentParser) -> None:
    """Add the option ``--device``."""
    command.add_argument(
        "--device",
        default="auto",
        metavar="NAME",
        help="cpu, cuda ...; auto: a GPU if there is one",
    )


def add_variant_trainings(command: argparse.ArgumentParser, train_help: str) -> None:
    """Add the options of trainings on maps that are changed galaxy by galaxy.

    They are ``--train``, with its help, ``--repeats``, ``--epochs``, ``--seed``, ``--workers`` and
    ``--device``.
    """
    command.add_argument("--train", action="store_true", help=train_help)
    command.add_argument(
        "--repeats",
        type=positive,
        default=3,
        metavar="K",
        help="training seeds of --train (default 3); with one, the noise of training is not known",
    )
    command.add_argument(
        "--epochs", type=positive, metavar="N", help="of each training (default 30)"
    )
    command.add_argument(
        "--seed",
        type=seed,
        default=0,
        metavar="N",
        help="of what is drawn, and of the split of --train (default: 0)",
    )
    command.add_argument(
        "--workers",
        type=positive,
        default=os.cpu_count(),
        metavar="N",
        help="processes that read galaxies again (default: all); results do not depend on it",
    )
    add_device(command)


def add_scheduler(command: argparse.ArgumentParser) -> None:
    """Add the option ``--scheduler``."""
    command.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="run on the workers of this Dask scheduler, such as tcp://host:8786, which see the "
        "same files; local: on --workers processes that Dask starts here",
    )


@contextmanager
def cluster_client(scheduler: str | None, workers: int) -> Iterator["Client | None"]:
    """Connect to a cluster and print the address of its dashboard; None without a scheduler."""
    if scheduler is None:
        yield None
        return
    from galmass_core.cluster import connect, dashboard_link

    with connect(scheduler, workers) as client:
        if link := dashboard_link(client):
            print(f"Dask's dashboard: {link}", file=sys.stderr)
        yield client


def add_split(command: argparse.ArgumentParser, *, folds: bool, both: bool = False) -> None:
    """Add ``--split`` and ``--seed``; ``folds`` and ``both`` for commands that can do these."""
    kinds = {
        "galaxy": "lines of sight stay together (default)",
        "paper": "samples at random",
        "folds": "five-fold cross-validation by galaxy",
        "both": "by galaxy, and what the paper's changes, with its error",
    }
    choices = ["galaxy", "paper", *["folds"] * folds, *["both"] * both]
    description = "; ".join(f"{kind}: {kinds[kind]}" for kind in choices)
    command.add_argument("--split", choices=choices, default="galaxy", help=description)
    command.add_argument(
        "--seed", type=seed, default=0, metavar="N", help="of the split (default: 0)"
    )


def add_run(command: argparse.ArgumentParser) -> None:
    """Add ``RUN``, and ``--home``, where it is looked up by name."""
    command.add_argument("model", metavar="RUN", help="a run's folder, or its name")
    add_home(command)


def add_features(command: argparse.ArgumentParser) -> None:
    """Add the option ``--features``."""
    command.add_argument(
        "--features",
        type=lambda text: tuple(split_columns(text)),
        metavar="A,B",
        help="input columns, separated by commas; names that are no plain words in backticks "
        "(default: those of the paper's Table 1)",
    )
