"""Compute maps from stored channels.

Shape suffixes: C channels, H rows, W columns.
"""

import numpy as np
from numpy.typing import NDArray

from galmass_core.photometry import BANDS, SUN_AB
from galmass_core.quantities.map_definition import MOMENTS

LEAST_FOR_DISPERSION = 2  # stars, or gas cells, in a pixel
LEAST_FOR_SHAPE = 10  # stars; h3 and h4 of a Gaussian then scatter by 0.11 and 0.08


def r_light(flux_CHW: NDArray) -> NDArray:
    """Return the flux in r; (H, W) float32, Lsun/pixel, 0 where dark."""
    return flux_CHW[BANDS.index("r")]


def light_colour(flux_CHW: NDArray) -> NDArray:
    """Return g−r of each pixel from its flux in g and r; (H, W) float32, mag, NaN where dark."""
    g_HW, r_HW = flux_CHW
    lit = (g_HW > 0) & (r_HW > 0)
    ratio_HW = np.divide(g_HW, r_HW, out=np.full_like(r_HW, np.nan), where=lit)
    return -2.5 * np.log10(ratio_HW) + np.float32(SUN_AB["g"] - SUN_AB["r"])


def mean_velocity(moments_CHW: NDArray) -> NDArray:
    """Return the light-weighted mean velocity of each pixel (Sec. 2.2).

    Returns
    -------
    (H, W) float32, km/s
        NaN where no star is.
    """
    _, light_HW, light_v_HW, _ = moments_CHW.astype(np.float64)
    return _per_light(light_v_HW, light_HW).astype(np.float32)


def velocity_dispersion(moments_CHW: NDArray) -> NDArray:
    """Return the light-weighted velocity dispersion of each pixel (Sec. 2.2).

    Returns
    -------
    (H, W) float32, km/s
        NaN where no star is; a single star has dispersion 0.
    """
    count_HW, light_HW, light_v_HW, light_v2_HW = moments_CHW.astype(np.float64)
    mean = _per_light(light_v_HW, light_HW)
    square = _per_light(light_v2_HW, light_HW)
    variance = np.where(count_HW == 1, 0.0, np.maximum(square - mean**2, 0.0))
    return np.sqrt(np.where(light_HW > 0, variance, np.nan)).astype(np.float32)


def star_occupancy(moments_CHW: NDArray) -> NDArray:
    """Return 1 where a star is, else 0; (H, W) float32."""
    return (moments_CHW[MOMENTS.index("count")] > 0).astype(np.float32)


def star_count(moments_CHW: NDArray) -> NDArray:
    """Return the number of star particles in each pixel; (H, W) float32, 0 where none is."""
    return moments_CHW[MOMENTS.index("count")]


def stellar_mass(sums_CHW: NDArray) -> NDArray:
    """Return the mass of the stars in each pixel; (H, W) float32, Msun, 0 where none is."""
    return sums_CHW[len(MOMENTS)]


def mean_age(sums_CHW: NDArray) -> NDArray:
    """Return the light-weighted mean age; (H, W) float32, Gyr, NaN where no star is."""
    return _per_light(sums_CHW[len(MOMENTS) + 1], sums_CHW[1]).astype(np.float32)


def mean_metallicity(sums_CHW: NDArray) -> NDArray:
    """Return the light-weighted mean metal fraction; (H, W) float32, NaN where no star is."""
    return _per_light(sums_CHW[len(MOMENTS) + 2], sums_CHW[1]).astype(np.float32)


def velocity_h3(sums_CHW: NDArray) -> NDArray:
    """Return h3 of the velocities in each pixel from their skewness.

    ``h3 = <(v - V)^3> / (4 sqrt(3) sigma^3)``, light-weighted: to first order the coefficient of a
    Gauss-Hermite series (van der Marel & Franx 1993, ApJ 407, 525). Unlike a fitted
    coefficient it follows from sums, which coarser pixels add up.

    Returns
    -------
    (H, W) float32
        NaN where there are fewer than `LEAST_FOR_SHAPE` stars.
    """
    variance, third, _ = _central_moments(sums_CHW)
    return (third / variance**1.5 / (4 * np.sqrt(3))).astype(np.float32)


def velocity_h4(sums_CHW: NDArray) -> NDArray:
    """Return h4 of the velocities in each pixel from their kurtosis.

    ``h4 = (<(v - V)^4> / sigma^4 - 3) / (8 sqrt(6))``; see `velocity_h3`.

    Returns
    -------
    (H, W) float32
        NaN where there are fewer than `LEAST_FOR_SHAPE` stars.
    """
    variance, _, fourth = _central_moments(sums_CHW)
    return ((fourth / variance**2 - 3) / (8 * np.sqrt(6))).astype(np.float32)


def gas_dispersion(gas_CHW: NDArray) -> NDArray:
    """Return the spread of the velocities of neutral gas in each pixel.

    Of the motion of cells: without the width that temperature gives a line.

    Returns
    -------
    (H, W) float32, km/s
        NaN where there are fewer than two cells with neutral hydrogen.
    """
    count_HW, mass_HW, momentum_HW, square_HW = gas_CHW.astype(np.float64)
    variance = _per_light(square_HW, mass_HW) - _per_light(momentum_HW, mass_HW) ** 2
    known = np.where(count_HW >= LEAST_FOR_DISPERSION, np.maximum(variance, 0.0), np.nan)
    return np.sqrt(known).astype(np.float32)


def _central_moments(sums_CHW: NDArray) -> tuple[NDArray, ...]:
    """Return the second to fourth central moments; NaN where stars are too few.

    Sums in float32 leave h4 an error of some 1e-8 (V / sigma)^4: 0.01 at V = 30 sigma.
    """
    count_HW, *sums = sums_CHW.astype(np.float64)
    mean, square, cube, fourth = (_per_light(each, sums[0]) for each in sums[1:])
    variance = square - mean**2
    enough = (count_HW >= LEAST_FOR_SHAPE) & (variance > 0)
    return (
        np.where(enough, variance, np.nan),
        cube - 3 * mean * square + 2 * mean**3,
        fourth - 4 * mean * cube + 6 * mean**2 * square - 3 * mean**4,
    )


def _per_light(sum_HW: NDArray, light_HW: NDArray) -> NDArray:
    """Divide a weighted sum by the sum of weights, such as light; NaN where there is none."""
    return np.divide(sum_HW, light_HW, out=np.full_like(light_HW, np.nan), where=light_HW > 0)
