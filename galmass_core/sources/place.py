"""Say where the galaxies of a simulation are, and which of its snapshots to read."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """Directory or snapshot file of a simulation, and what to read of it.

    Attributes
    ----------
    directory : Path
        May be a file: one snapshot, or a chunk of it.
    snapshot : int or None
        The latest by default.
    groups : Path or None
        Folder or file of the catalogue, if it is not where the layout has it.
    """

    directory: Path
    snapshot: int | None = None
    groups: Path | None = None

    @property
    def folder(self) -> Path:
        """The directory, or that of the snapshot file."""
        return self.directory.parent if self.directory.is_file() else self.directory
