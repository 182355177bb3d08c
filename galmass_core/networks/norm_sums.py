"""Batch normalisation and its gradient; compiled, see `machine_code`.

An array with channels last is one of rows of all samples, with the channels of each column in
turn. Each place in a row has a sum of its own in 64-bit floats: places are added side by side.

Shape suffixes: R rows, F columns times channels, C channels, N samples, P pixels, M maxima.
"""

import math

import numba
import numpy as np
from numpy.typing import NDArray

from galmass_core.translation import OPTIONS

_compiled = numba.njit(**OPTIONS)
MEAN, RSTD, SLOPE, SHIFT = 0, 1, 2, 3  # rows of facts


@_compiled
def measure(
    x: NDArray,
    weight: NDArray,
    bias: NDArray,
    sign: NDArray,
    eps: float,
    momentum: float,
    running_mean: NDArray,
    running_var: NDArray,
    work: NDArray,
    facts: NDArray,
) -> None:
    """Find mean, 1 / standard deviation, slope and shift of each channel; change running means.

    Parameters
    ----------
    x : (R, F) float32
    weight, bias : (C,) float32
    sign : (C,) float32
        1, or -1 where ``x`` is the negative of what running means are of.
    eps, momentum : float
    running_mean, running_var : (C,) float32
        Changed in place.
    work : (2, F) float64
    facts : (4, C) float64
    """
    channels = len(weight)
    count = x.size // channels
    _clear(work)
    for row in range(len(x)):
        values, sums, squares = x[row], work[0], work[1]
        for f in range(len(values)):
            value = np.float64(values[f])
            sums[f] += value
            squares[f] += value * value
    _sum_columns(work, channels)
    for c in range(channels):
        mean = work[0, c] / count
        variance = max(work[1, c] / count - mean * mean, 0.0)
        rstd = 1 / math.sqrt(variance + eps)
        slope = weight[c] * rstd
        facts[MEAN, c], facts[RSTD, c] = mean, rstd
        facts[SLOPE, c], facts[SHIFT, c] = slope, bias[c] - mean * slope
        unbiased = variance * count / max(count - 1, 1)
        running_mean[c] += momentum * (mean * sign[c] - running_mean[c])
        running_var[c] += momentum * (unbiased - running_var[c])


@_compiled
def scale(
    x: NDArray, around: NDArray, facts: NDArray, low: float, work: NDArray, y: NDArray
) -> None:
    """Write ``shift + slope x + around``, or ``low`` where that is less.

    Parameters
    ----------
    x, y : (R, F) float32
    around : (R, F) or (0, F) float32
    facts : (4, C) float64
        From `measure`.
    low : float
    work : (2, F) float32
    """
    _expand(facts[SLOPE], work[0])
    _expand(facts[SHIFT], work[1])
    least = np.float32(low)
    for row in range(len(x)):
        values, out, slope, shift = x[row], y[row], work[0], work[1]
        if len(around):
            more = around[row]
            for f in range(len(values)):
                value = shift[f] + slope[f] * values[f] + more[f]
                out[f] = least if value < least else value
        else:
            for f in range(len(values)):
                value = shift[f] + slope[f] * values[f]
                out[f] = least if value < least else value


@_compiled
def sum_gradient(
    g: NDArray,
    y: NDArray,
    x: NDArray,
    facts: NDArray,
    low: float,
    work: NDArray,
    passed: NDArray,
    sums: NDArray,
) -> None:
    """Pass the gradient of `scale` on where ``y`` is above ``low``; find those of bias and weight.

    Parameters
    ----------
    g, y, x, passed : (R, F) float32
    facts : (4, C) float64
    low : float
    work : (2, F) float64
    sums : (2, C) float64
    """
    channels = sums.shape[1]
    _clear(work)
    least = np.float32(low)
    for row in range(len(x)):
        given, above, values, left = g[row], y[row], x[row], passed[row]
        total, along = work[0], work[1]
        for f in range(len(values)):  # loops of few arrays each, or LLVM takes one place at a time
            left[f] = np.float32(0) if above[f] <= least else given[f]
        for f in range(len(values)):
            value = np.float64(left[f])
            total[f] += value
            along[f] += value * np.float64(values[f])
    _sum_columns(work, channels)
    for c in range(channels):
        sums[0, c] = work[0, c]
        sums[1, c] = (work[1, c] - facts[MEAN, c] * work[0, c]) * facts[RSTD, c]


@_compiled
def spread_gradient(
    passed: NDArray, x: NDArray, facts: NDArray, sums: NDArray, work: NDArray, dx: NDArray
) -> None:
    """Write the gradient of ``x``, from that which `sum_gradient` passed on.

    Parameters
    ----------
    passed : (R, F) or (0, F) float32
        With no rows that part is left out, for `add_maxima`.
    x, dx : (R, F) float32
    facts : (4, C) float64
    sums : (2, C) float64
    work : (3, F) float32
    """
    channels = sums.shape[1]
    count = x.size // channels
    for f in range(x.shape[1]):
        c = f % channels
        along = -facts[SLOPE, c] * facts[RSTD, c] * sums[1, c] / count
        work[0, f] = facts[SLOPE, c]
        work[1, f] = along
        work[2, f] = -facts[SLOPE, c] * sums[0, c] / count - along * facts[MEAN, c]
    for row in range(len(x)):
        values, out, slope, along, shift = x[row], dx[row], work[0], work[1], work[2]
        if len(passed):
            left = passed[row]
            for f in range(len(values)):
                out[f] = shift[f] + along[f] * values[f] + slope[f] * left[f]
        else:
            for f in range(len(values)):
                out[f] = shift[f] + along[f] * values[f]


@_compiled
def add_maxima(passed: NDArray, places: NDArray, facts: NDArray, dx: NDArray) -> None:
    """Add the gradient of the largest values of windows to the pixels that they are of.

    Parameters
    ----------
    passed : (N, M, C) float32
    places : (N, M, C) int64
        Of the pixels.
    facts : (4, C) float64
    dx : (N, P, C) float32
    """
    for sample in range(len(passed)):
        for window in range(passed.shape[1]):
            for c in range(passed.shape[2]):
                value = np.float32(facts[SLOPE, c]) * passed[sample, window, c]
                dx[sample, places[sample, window, c], c] += value


@_compiled
def _clear(work: NDArray) -> None:
    """Set all sums to 0."""
    for k in range(len(work)):
        for f in range(work.shape[1]):
            work[k, f] = 0.0


@_compiled
def _sum_columns(work: NDArray, channels: int) -> None:
    """Add the sums of each channel in all columns to those of the first."""
    for k in range(len(work)):
        for f in range(channels, work.shape[1]):
            work[k, f % channels] += work[k, f]


@_compiled
def _expand(values: NDArray, repeated: NDArray) -> None:
    """Write the values of channels for each column."""
    for f in range(len(repeated)):
        repeated[f] = values[f % len(values)]
