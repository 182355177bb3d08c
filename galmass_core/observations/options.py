"""What a file of an observation does not say itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from galmass_core.observations.observation import ObservationError

DIRECTIONS = {"east": (1.0, 0.0), "west": (-1.0, 0.0), "north": (0.0, 1.0), "south": (0.0, -1.0)}

if TYPE_CHECKING:
    from galmass_core.observations.fits_input import FitsFile


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is said on the command line, for files that do not say it.

    Attributes
    ----------
    x_axis, y_axis : str
        One of `sky.DIRECTIONS`: where the first and the second axis grow to; empty if it is not
        said, which is north for the second.
    pixel : float or None, arcsec
        Side of a pixel.
    effective_radius : float or None, arcsec
        Half-light radius, in place of the file's.
    velocity, sigma, image : str
        Which maps to read, as of `planes.chosen_plane`; empty if their names say it.
    """

    x_axis: str = ""
    y_axis: str = ""
    pixel: float | None = None
    effective_radius: float | None = None
    velocity: str = ""
    sigma: str = ""
    image: str = ""

    @property
    def names_maps(self) -> bool:
        """Whether it says which maps to read."""
        return bool(self.velocity or self.sigma or self.image)

    @staticmethod
    def one_of(files: "Sequence[FitsFile]") -> "tuple[FitsFile]":
        """Return the only file of an observation; raise ObservationError if there are more."""
        if len(files) != 1:
            names = ", ".join(str(file.path) for file in files)
            msg = f"{files[0].path}: must be given once, got {names}"
            raise ObservationError(msg)
        return (files[0],)

    def directions(self, file: "FitsFile", column: str) -> NDArray:
        """Return where a step along the first and the second axis leads to, in such steps.

        Returns
        -------
        (2, 2) float
            Rows: east, north.

        Raises
        ------
        ObservationError
            If the first is not said, or both are not at right angles.
        """
        if not self.x_axis:
            rule = f"the direction of {column} must be given, as the file does not say it"
            msg = f"{file.path}: {rule}: --x-axis east or --x-axis west"
            raise ObservationError(msg)
        second = self.y_axis or "north"
        matrix = np.column_stack([DIRECTIONS[self.x_axis], DIRECTIONS[second]])
        if not np.linalg.det(matrix):
            rule = "--x-axis and --y-axis must be at right angles"
            msg = f"{file.path}: {rule}, got {self.x_axis} and {second}"
            raise ObservationError(msg)
        return matrix

    def state_own_direction(self, file: "FitsFile") -> None:
        """Raise ObservationError if a direction or scale is said of a file that says its own."""
        if self.x_axis or self.y_axis or self.pixel:
            given = "--x-axis" if self.x_axis else "--y-axis" if self.y_axis else "--pixel"
            msg = f"{file.path}: says itself where its columns grow to: leave out {given}"
            raise ObservationError(msg)
