"""The frame of maps: how far they reach, in R_hsm, in R_e of the r image, or in kpc.

R_hsm, which the paper takes, is the simulation's truth. An observer has R_e, or kpc.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

R_HSM, R_E, KPC = "R_hsm", "R_e", "kpc"
UNITS = {  # columns of a data set that hold the unit [kpc]
    R_HSM: "half_mass_radius",
    R_E: "effective_radius_image",
    KPC: "",
}
WRITTEN = {"rhsm": R_HSM, "re": R_E, "kpc": KPC}  # units by what commands call them
_WIDEST = 1e3  # of either unit


@dataclass(frozen=True)
class Frame:
    """A square around the centre of a galaxy; the default is the paper's.

    Attributes
    ----------
    half_width : float
        Half of its side, in ``unit``.
    unit : str
        `R_HSM`, `R_E` or `KPC`.
    """

    half_width: float = 3.0
    unit: str = R_HSM

    @classmethod
    def parse(cls, text: str) -> "Frame":
        """Read a frame as it is written in commands, ``3rhsm``, ``1.5re`` or ``10kpc``, or here.

        Raises
        ------
        ValueError
            If it is none.
        """
        word = re.sub(r"[±_\s]", "", text.lower())
        match = re.fullmatch(r"(\d+\.?\d*|\.\d+)(rhsm|re|kpc)", word)
        if match is None or not 0 < float(match[1]) <= _WIDEST:
            msg = f"frame must be half of its side, as in 3rhsm, 1.5re or 10kpc, got {text!r}"
            raise ValueError(msg)
        return cls(float(match[1]), WRITTEN[match[2]])

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Frame":
        """Return the frame of the settings of maps of a data set; older ones have no unit."""
        return cls(float(settings["half_width"]), settings.get("unit", R_HSM))

    def __str__(self) -> str:
        """Return such as ``±3 R_hsm``, with all digits: `parse` returns the same frame."""
        digits = np.format_float_positional(self.half_width, trim="-")
        return f"±{digits} {self.unit}"

    def half_widths(self, sizes: Mapping[str, ArrayLike]) -> NDArray[np.float64]:
        """Return half of the side of galaxies [kpc].

        Parameters
        ----------
        sizes : mapping of str to (N,) float, kpc
            Columns of a data set, of `UNITS`.
        """
        column = UNITS[self.unit]
        return self.half_width * np.asarray(sizes[column] if column else 1.0, dtype=float)


PAPER = Frame()
