"""Iterate the shape of mass in space and of light on the sky; compiled, see `machine_code`."""
# ruff: noqa: ANN001, ANN202 (numba infers the types)

import math

import numba

from galmass_core.translation import OPTIONS

_SWEEPS = 6  # of Jacobi's method, which squares the error in each

_compiled = numba.njit(**OPTIONS)
_summed = numba.njit(fastmath=True, **OPTIONS)


@_compiled
def ellipsoids(places, masses, limit, fewest, tolerance, plane, steps) -> None:
    """Find the ellipsoid of the reduced tensor of the masses inside it, from a sphere on.

    Parameters
    ----------
    places : (3, N) float64
    masses : (N,) float64
    limit : float
        Squared semi-major axis.
    fewest : int
        Of masses inside, for another step.
    tolerance : float
        The last step changes both ratios by less.
    plane : float
        Least ratio that is not 0.
    steps : (S, 2) float64
        Intermediate and minor over major axis after each step that is taken.
    """
    xx, yy, zz, xy, xz, yz = 1.0, 1.0, 1.0, 0.0, 0.0, 0.0  # of the squared radius
    middle = least = 1.0
    for step in range(len(steps)):
        xx, yy, zz, xy, xz, yz, number = _in_space(places, masses, limit, xx, yy, zz, xy, xz, yz)
        if number < fewest:
            return
        a, b, c = _eigenvalues(xx, yy, zz, xy, xz, yz)
        longest = max(a, b, c)
        before, flatter = middle, least
        least = math.sqrt(max(min(a, b, c), 0.0) / longest)
        middle = math.sqrt(max(a + b + c - longest - min(a, b, c), 0.0) / longest)
        least = 0.0 if least < plane else least
        steps[step, 0], steps[step, 1] = middle, least
        if least == 0.0 or max(abs(middle - before), abs(least - flatter)) < tolerance:
            return
        p, q, r = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy  # longest over the tensor
        stretch = longest / (xx * p + xy * q + xz * r)
        s, t, u = xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy
        xx, yy, zz = stretch * p, stretch * s, stretch * u
        xy, xz, yz = stretch * q, stretch * r, stretch * t


@_summed
def _in_space(places, masses, limit, xx, yy, zz, xy, xz, yz):
    """Return the reduced tensor of the masses inside an ellipsoid, and their number.

    One at the very centre has no direction.
    """
    x, y, z = places[0], places[1], places[2]
    s0 = s1 = s2 = s3 = s4 = s5 = number = 0.0
    for i in range(len(masses)):
        a, b, c = x[i], y[i], z[i]
        square = xx * a * a + yy * b * b + zz * c * c + 2 * (xy * a * b + xz * a * c + yz * b * c)
        weight = masses[i] / square if 0.0 < square < limit else 0.0
        number += 1.0 if 0.0 < square < limit else 0.0
        s0, s1, s2 = s0 + weight * a * a, s1 + weight * b * b, s2 + weight * c * c
        s3, s4, s5 = s3 + weight * a * b, s4 + weight * a * c, s5 + weight * b * c
    return s0, s1, s2, s3, s4, s5, number


@_compiled
def _eigenvalues(xx, yy, zz, xy, xz, yz):
    """Return the eigenvalues of a symmetric tensor, by Jacobi's method."""
    for _ in range(_SWEEPS):
        xx, yy, xz, yz = _rotated(xx, yy, xy, xz, yz)
        xx, zz, xy, yz = _rotated(xx, zz, xz, 0.0, yz)
        yy, zz, xy, xz = _rotated(yy, zz, yz, xy, 0.0)
        yz = 0.0
    return xx, yy, zz


@_compiled
def _rotated(pp, qq, pq, rp, rq):
    """Return the parts pp, qq, rp and rq of a tensor in axes in which its part pq is 0."""
    if pq == 0.0:
        return pp, qq, rp, rq
    half = (qq - pp) / (2 * pq)
    tangent = math.copysign(1.0, half) / (abs(half) + math.sqrt(half * half + 1.0))
    cosine = 1.0 / math.sqrt(tangent * tangent + 1.0)
    sine = tangent * cosine
    return pp - tangent * pq, qq + tangent * pq, cosine * rp - sine * rq, sine * rp + cosine * rq


@_compiled
def ellipse(x, y, light, limit, least, line, tolerance, most, tensor) -> None:
    """Find the ellipse of the reduced tensor of the light inside it, from a circle on.

    Parameters
    ----------
    x, y, light : (N,) float64
    limit, least : float
        Squared semi-major axis, and a squared radius that none falls below.
    line : float
        Part of the tensor across a line, by rounding.
    tolerance : float
        The last step changes the axis ratio by less than this part of it.
    most : int
        Steps.
    tensor : (3,) float64
        xx, yy and xy after the last step.
    """
    xx, yy, xy, ratio = 1.0, 1.0, 0.0, 1.0
    for _ in range(most):
        xx, yy, xy = _on_sky(x, y, light, limit, least, xx, yy, xy)
        tensor[0], tensor[1], tensor[2] = xx, yy, xy
        mean, half = 0.5 * (xx + yy), math.sqrt(0.25 * (xx - yy) * (xx - yy) + xy * xy)
        if not mean - half > line * mean:
            return
        before, ratio = ratio, math.sqrt((mean - half) / (mean + half))
        if abs(ratio - before) < tolerance * ratio:
            return
        stretch = 1.0 / (mean - half)  # the major axis over the tensor
        xx, yy, xy = stretch * yy, stretch * xx, -stretch * xy


@_summed
def _on_sky(x, y, light, limit, least, xx, yy, xy):
    """Return the reduced tensor of the light inside an ellipse."""
    s0 = s1 = s2 = 0.0
    for i in range(len(light)):
        a, b = x[i], y[i]
        square = xx * a * a + yy * b * b + 2 * xy * a * b
        square = least if square < least else square
        weight = light[i] / square if square < limit else 0.0
        s0, s1, s2 = s0 + weight * a * a, s1 + weight * b * b, s2 + weight * a * b
    return s0, s1, s2
