"""Sum stars and gas cells in pixels, nearest grid point (Chu et al. 2024, Sec. 2.2).

Sums are additive: those of a coarser pixel are the sums of its parts. Shape suffixes: C channels, H
rows, W columns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import Galaxy, sky_axes
from galmass_core.imaging.projection import SkyStars
from galmass_core.machine_code import Kernel
from galmass_core.photometry import BANDS

_SUM = Kernel(
    "galmass_core.imaging.sky_sums",
    "sum_pixels",
    "f8[::1], f8[::1], f8[::1], f8[::1], f8, f8[:, :, ::1]",
)


@dataclass(frozen=True)
class Deposit:
    """Which pixel of a frame each of N particles is in.

    Attributes
    ----------
    inside : (N,) bool
        Whether it is in the frame.
    pixel : (M,) int
        Of those inside, in the order of rows.
    side : int
        Number of pixels along a side.
    """

    inside: NDArray[np.bool_]
    pixel: NDArray[np.int64]
    side: int

    @classmethod
    def of(cls, x: NDArray, y: NDArray, half_width: float, side: int) -> "Deposit":
        """Find the pixels of particles at x and y in a frame of ± ``half_width``, all in kpc."""
        column = np.floor((x + half_width) * (side / (2 * half_width))).astype(np.int64)
        row = np.floor((y + half_width) * (side / (2 * half_width))).astype(np.int64)
        inside = (column >= 0) & (column < side) & (row >= 0) & (row < side)
        return cls(inside, (row * side + column)[inside], side)

    def sums(self, terms: Iterable[NDArray | None]) -> NDArray[np.float32]:
        """Sum terms of the particles inside, (M,) each, in each pixel; None counts them, (C, H, W).

        NaN in a pixel with a particle whose term is not known.
        """
        number = self.side * self.side
        sums = [np.bincount(self.pixel, term, minlength=number) for term in terms]
        return np.stack(sums).reshape(len(sums), self.side, self.side).astype(np.float32)


def kinematic_moments(sky: SkyStars, half_width: float, side: int) -> NDArray[np.float32]:
    """Sum the stars of each pixel of a frame of ± ``half_width`` [kpc].

    Returns
    -------
    (4, side, side) float32
        In the order of `quantities.MOMENTS`.
    """
    columns = sky.x, sky.y, sky.luminosities[BANDS.index("r")], sky.velocities
    sums = np.zeros((side, side, 4))
    _SUM(*(np.ascontiguousarray(each, dtype=float) for each in columns), half_width, sums)
    return np.moveaxis(sums, 2, 0).astype(np.float32, order="C")


def further_sums(
    galaxy: Galaxy, sky: SkyStars, channels: Sequence[str], half_width: float, side: int
) -> dict[str, NDArray[np.float32]]:
    """Sum what further maps are made from.

    Parameters
    ----------
    galaxy : Galaxy
    sky : SkyStars
        Its stars as they are seen, in the same order.
    channels : sequence of str
        Of `quantities.CHANNELS`.
    half_width : float, kpc
    side : int
        Number of pixels along a side.

    Returns
    -------
    dict of (C, side, side) float32
        In the order of `quantities.CHANNELS`; NaN where the galaxy's source lacks what is summed.
    """
    found = {}
    if {"populations", "shapes"} & set(channels):
        stars, weight, velocity = _stars(sky, half_width, side)
        if "populations" in channels:
            age, metals = (
                np.full(len(weight), np.nan)
                if galaxy.assumes(name)
                else getattr(galaxy.stars, name)[stars.inside]
                for name in ("ages", "metallicities")
            )
            mass = sky.masses[stars.inside]
            found["populations"] = stars.sums([mass, weight * age, weight * metals])
        if "shapes" in channels:
            found["shapes"] = stars.sums([weight * velocity**3, weight * velocity**4])
    if "gas" in channels:
        found["gas"] = _gas_sums(galaxy, sky.line_of_sight, half_width, side)
    return found


def _stars(sky: SkyStars, half_width: float, side: int) -> tuple[Deposit, NDArray, NDArray]:
    """Return which pixels stars are in, and r light and velocity of those in the frame, (M,)."""
    stars = Deposit.of(sky.x, sky.y, half_width, side)
    weight = sky.luminosities[BANDS.index("r")][stars.inside]
    return stars, weight, sky.velocities[stars.inside]


def _gas_sums(
    galaxy: Galaxy, line_of_sight: str, half_width: float, side: int
) -> NDArray[np.float32]:
    """Sum the cells with neutral hydrogen, weighted by its mass: what is seen at 21 cm and in CO.

    All gas of the halo that is in front of the galaxy and behind would hide its motion.
    """
    if galaxy.gas is None:
        return np.full((4, side, side), np.nan, dtype=np.float32)
    right, up, away = sky_axes(line_of_sight)
    gas = galaxy.gas.neutral
    cells = Deposit.of(gas.positions[:, right], gas.positions[:, up], half_width, side)
    mass = gas.neutral_hydrogen_masses[cells.inside]
    velocity = gas.velocities[cells.inside, away]
    return cells.sums([None, mass, mass * velocity, mass * velocity**2])
