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
