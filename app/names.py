"""Names of data sets that are made here: of fetches and of builds."""

import re

from galmass_app import services
from galmass_core.datasets.folders import home_folder
from galmass_core.fetch.status import fetches_folder

BUILDS = "builds"  # folder of `galmass_app.builds`
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_RESERVED = (
    "cache",
    "fetches",
    "runs",
    "subsets",
    "transfers",
    BUILDS,
)  # of the home folder itself


def new_name(stem: str) -> str:
    """Return a name that is not taken: ``stem``, or with a number behind it."""
    names = (stem, *(f"{stem}-{number}" for number in range(2, 1000)))
    return next(name for name in names if not is_taken(name))


def check_name(name: str) -> None:
    """Raise ValueError, in one sentence, unless a new data set can have a name."""
    if not _NAME.fullmatch(name) or name in _RESERVED:
        got = name or "none"
        msg = f"The name must be of letters, digits, dots, dashes and underscores, got {got}."
        raise ValueError(msg)
    if is_taken(name):
        raise ValueError(taken(name))


def taken(name: str) -> str:
    """Return the sentence for a name that something else has."""
    return f"The name {name} is taken; choose another."


def is_taken(name: str) -> bool:
    """Whether there is a data set, a fetch or a build of this name."""
    home = home_folder()
    there = name in services.catalogue() or (home / name).exists()
    return there or (fetches_folder() / name).exists() or (home / BUILDS / name).exists()
