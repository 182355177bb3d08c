"""Sum stars on the sky in circles, rings and pixels; compiled, see `machine_code`."""
# ruff: noqa: ANN001 (numba infers the types)

import math

from numba import njit

from galmass_core.translation import OPTIONS

_BLOCK = 4096  # stars that are summed by themselves, so that rounding errors stay small

_compiled = njit(**OPTIONS)


@_compiled
def sum_circles(radii, limits, masses, light, velocities, part, sums) -> None:
    """Sum m, l_g, l_r, l_r v and l_r v² of the stars between neighbouring circles.

    Velocities are relative to that of the first star.

    Parameters
    ----------
    radii : (N,) float64
    limits : (A,) float64
        Radii of the circles, increasing. A star on a circle is inside.
    masses : (N,) float64
    light : (2, N) float64
    velocities : (N,) float64
    part : (A + 1, 5) float64
        Work space.
    sums : (A + 1, 5) float64
        Result; zero before.
    """
    for first in range(0, len(radii), _BLOCK):
        last = first + _BLOCK if first + _BLOCK < len(radii) else len(radii)
        part[:] = 0.0
        for i in range(first, last):
            place = 0
            for k in range(len(limits)):
                place += radii[i] > limits[k]
            weight, velocity = light[1, i], velocities[i] - velocities[0]
            part[place, 0] += masses[i]
            part[place, 1] += light[0, i]
            part[place, 2] += weight
            part[place, 3] += weight * velocity
            part[place, 4] += weight * velocity * velocity
        for place in range(len(part)):
            for k in range(5):
                sums[place, k] += part[place, k]


@_compiled
def sum_rings(radii, bits, light, edges, shift, least, places, most, counts, sums) -> None:
    """Count stars and sum their light in rings.

    The leading bits of a radius, which are about its logarithm, tell where the edges are that it
    must be compared with.

    Parameters
    ----------
    radii : (N,) float64
    bits : (N,) int64
        The same numbers in memory.
    light : (N,) float64
    edges : (E + 1,) float64
        Increasing radii, and NaN. A star on an edge is outside of it.
    shift, least : int
        Bits that are dropped, and the rest of the first radius that ``places`` is about.
    places : (P + 1,) int64
        Number of edges below the least radius with each rest, and E for all that is larger, or NaN.
    most : int
        Edges, at most, between radii with the same rest.
    counts, sums : (E + 1,) float64
        Result, from the inside of the first edge outwards; zero before.
    """
    last = len(places) - 1
    for i in range(len(radii)):
        key = (bits[i] >> shift) - least
        key = key if key > 0 else 0
        place = places[key if key < last else last]
        for _ in range(most):
            place += radii[i] >= edges[place]
        counts[place] += 1.0
        sums[place] += light[i]


@_compiled
def sum_pixels(x, y, light, velocities, half_width, sums) -> None:
    """Count stars and sum l, l v and l v² in the pixels of a frame.

    Parameters
    ----------
    x, y, light, velocities : (N,) float64
    half_width : float
        Half of the side of the frame.
    sums : (P, P, 4) float64
        Result, [row, column]; zero before.
    """
    side, scale = len(sums), len(sums) / (2 * half_width)
    for i in range(len(x)):
        column, row = (
            math.floor((x[i] + half_width) * scale),
            math.floor((y[i] + half_width) * scale),
        )
        if 0 <= column < side and 0 <= row < side:
            moment = light[i] * velocities[i]
            sums[row, column, 0] += 1.0
            sums[row, column, 1] += light[i]
            sums[row, column, 2] += moment
            sums[row, column, 3] += light[i] * (velocities[i] * velocities[i])
