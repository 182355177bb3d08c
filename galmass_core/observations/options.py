"""What a file of an observation does not say itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from galmass_core.observations.observation import ObservationError

if TYPE_CHECKING:
    from galmass_core.observations.fits_input import FitsFile


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is said on the command line, for files that do not say it.

    Attributes
    ----------
    x_axis : str
        ``east`` or ``west``: where the first axis grows to; empty if it is not said.
    effective_radius : float or None, arcsec
        Half-light radius, in place of the file's.
    """

    x_axis: str = ""
    effective_radius: float | None = None

    @staticmethod
    def one_of(files: "Sequence[FitsFile]") -> "tuple[FitsFile]":
        """Return the only file of an observation; raise ObservationError if there are more."""
        if len(files) != 1:
            names = ", ".join(str(file.path) for file in files)
            msg = f"{files[0].path}: must be given once, got {names}"
            raise ObservationError(msg)
        return (files[0],)

    def direction(self, file: "FitsFile", column: str) -> str:
        """Return where the first axis grows to.

        Raises
        ------
        ObservationError
            If it is not said.
        """
        if not self.x_axis:
            rule = f"the direction of {column} must be given, as the file does not say it"
            msg = f"{file.path}: {rule}: --x-axis east or --x-axis west"
            raise ObservationError(msg)
        return self.x_axis

    def state_own_direction(self, file: "FitsFile") -> None:
        """Raise ObservationError if a direction is said of a file that says its own."""
        if self.x_axis:
            msg = f"{file.path}: says itself where its columns grow to: leave out --x-axis"
            raise ObservationError(msg)
