"""Arguments that several commands share."""

import argparse


def add_home(command: argparse.ArgumentParser) -> None:
    """Describe ``--home``."""
    command.add_argument(
        "--home", metavar="DIR", help="where data sets live by name (default: $GALMASS_HOME)"
    )


def add_data(command: argparse.ArgumentParser) -> None:
    """Describe ``DATA``, and ``--home``, where it is looked up by name."""
    command.add_argument("data", metavar="DATA", help="data-set folder, or its name under the home")
    add_home(command)


def add_stars(command: argparse.ArgumentParser) -> None:
    """Describe ``--stars``."""
    command.add_argument(
        "--stars",
        type=int,
        metavar="N",
        help="thin every galaxy to N stars, a control: maps of all stars tell their number",
    )


def add_split(command: argparse.ArgumentParser, *, folds: bool) -> None:
    """Describe ``--split`` and ``--seed``; ``folds`` where there may be more than one model."""
    kinds = {
        "galaxy": "lines of sight stay together (default)",
        "paper": "samples at random",
        "folds": "five-fold cross-validation by galaxy",
    }
    choices = list(kinds) if folds else list(kinds)[:2]
    words = "; ".join(f"{kind}: {kinds[kind]}" for kind in choices)
    command.add_argument("--split", choices=choices, default="galaxy", help=words)
    command.add_argument("--seed", type=int, default=0, metavar="N", help="default: 0")


def add_features(command: argparse.ArgumentParser) -> None:
    """Describe ``--features``."""
    command.add_argument(
        "--features",
        type=lambda text: tuple(text.split(",")),
        metavar="A,B",
        help="columns to learn from, by commas (default: those of the paper's Table 1)",
    )
