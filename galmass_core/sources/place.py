"""Say where the galaxies of a simulation's directory are, and which of its snapshots to read."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """Directory of a simulation, and what to read of it.

    Attributes
    ----------
    directory : Path
    snapshot : int or None
        The latest by default.
    groups : Path or None
        Folder or file of the catalogue, if it is not in the directory.
    """

    directory: Path
    snapshot: int | None = None
    groups: Path | None = None
