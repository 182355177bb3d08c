"""Fit a learning curve: the scatter of predictions against the number of training galaxies.

With N_max the largest number of training galaxies, the curve is a power law above a floor,

    σ(N) = c + a (N / N_max)^-b,    a, c >= 0,    0.05 <= b <= 2

as errors of many models follow (Hestness et al. 2017, arXiv:1712.00409; Rosenfeld et al. 2020,
arXiv:1909.12673). The fit minimises relative deviations from the mean σ of each size's trainings.
All sizes have the same test galaxies, whose choice moves the points together, so that a weight
holds only what moves them apart: the part of the bootstrap over galaxies that differs from the
mean over sizes, and the noise of training. That noise comes from the weights of networks and from
the draw of training galaxies; its relative variance is one number v, pooled over all sizes with
several trainings (as components of variance, see `uncertainty`).

Errors of the fit are the spread of fits to draws: of test galaxies, common to all sizes, and of
noise v / K for each size of K trainings, Student's with the degrees of freedom of v.

An extrapolation is refused where the curve cannot support it; `CurveFit.reasons` says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from galmass_core.learning.metrics import Estimate
from galmass_core.learning.splits import NETWORK_SIZES
from galmass_core.learning.uncertainty import common_errors, draw_scatters, noise_of

PAPER_SAMPLES = NETWORK_SIZES["train"]  # Sec. 2.2
PAPER_GALAXIES = PAPER_SAMPLES // 3  # as many galaxies along three axes give those samples
_PARAMETERS = 3
_EXPONENTS = np.geomspace(0.05, 2, 60)
_FARTHEST = 10  # times the largest training set, up to which a curve is continued
_LEAST_P = 0.01  # below, a power law with a floor does not describe the points
_LARGEST_ERROR = 1 / 3  # of the extrapolated σ
_ONE_SIGMA, _TWO_SIGMA = (0.16, 0.84), (0.025, 0.975)


@dataclass(frozen=True)
class CurveFit:
    """A power law above a floor, fitted to a learning curve.

    Attributes
    ----------
    floor : Estimate, dex
        σ with galaxies without end; its lower end is often 0.
    exponent : Estimate
        b; meaningless where the curve is flat.
    p_value : float
        Probability of deviations as large, if the curve were such a power law; NaN where nothing
        is left to deviate.
    galaxies : int
        Number of training galaxies to which it is continued.
    extrapolated : Estimate or None, dex
        σ there; None where the curve does not support it.
    reasons : tuple of str
        Why it does not; empty where it does.
    """

    floor: Estimate
    exponent: Estimate
    p_value: float
    galaxies: int
    extrapolated: Estimate | None
    reasons: tuple[str, ...]
    _largest: int = field(repr=False)
    _draws: NDArray = field(repr=False, compare=False)  # (1 + B, 3): a, b, c of fit and draws

    def at(self, galaxies: ArrayLike) -> list[Estimate]:
        """Return the fitted σ for some numbers of training galaxies, with its error."""
        return _estimates(_curve(self._draws, np.asarray(galaxies, dtype=float) / self._largest))


def fit_curve(
    sizes: Sequence[int],
    trainings: Sequence[Sequence[pd.DataFrame]],
    *,
    galaxies: int = PAPER_GALAXIES,
    resamples: int = 1000,
    seed: int = 0,
) -> CurveFit:
    """Fit a learning curve and continue it, if it supports that.

    Parameters
    ----------
    sizes : sequence of int
        Numbers of training galaxies, ascending.
    trainings : sequence of sequence of pandas.DataFrame
        For each size the predictions of its trainings for the same test samples, columns as in
        `uncertainty.measure_group`.
    galaxies : int
        Number of training galaxies to continue it to.
    resamples : int
        Number of draws.
    seed : int

    Returns
    -------
    CurveFit

    Raises
    ------
    ValueError
        If there are fewer than two sizes, no common test sample, or true values differ.
    """
    from scipy.special import fdtrc

    if len(sizes) < 2:
        msg = f"a learning curve must have two sizes at least, got {len(sizes)}"
        raise ValueError(msg)
    errors_NK, names = common_errors([table for tables in trainings for table in tables])
    draws_BK, scatters_K = draw_scatters(errors_NK, names, resamples, seed), errors_NK.std(axis=0)
    counts = np.array([len(tables) for tables in trainings])
    parts = np.split(np.arange(counts.sum()), np.cumsum(counts)[:-1])
    sigma = np.array([scatters_K[part].mean() for part in parts])
    drawn = np.stack([draws_BK[:, part].mean(axis=1) for part in parts], axis=1) / sigma
    noise, freedom = _pooled_noise(scatters_K, draws_BK, parts)
    apart = (drawn - drawn.mean(axis=1, keepdims=True)).var(axis=0)
    variances = np.maximum(apart + (noise or 0.0) / counts, 1e-12)
    drawn = drawn + _noise_draws((noise or 0.0) / counts, freedom, resamples, seed)
    relative = np.array(sizes) / sizes[-1]
    draws, chi2 = _fit(relative, sigma, np.vstack([np.ones(len(sizes)), drawn]), variances)
    left = len(sizes) - _PARAMETERS
    p_value = float(fdtrc(left, freedom or np.inf, chi2[0] / left)) if left > 0 else np.nan
    there = _estimates(_curve(draws, np.array([galaxies / sizes[-1]])))[0]
    fall = _fall(sigma, drawn)
    reasons = tuple(_reasons(sizes, noise, fall, p_value, galaxies, there))
    exponent, floor = _estimates(draws[:, 1:])
    return CurveFit(
        floor=floor,
        exponent=exponent,
        p_value=p_value,
        galaxies=galaxies,
        extrapolated=None if reasons else there,
        reasons=reasons,
        _largest=sizes[-1],
        _draws=draws,
    )


def _pooled_noise(
    scatters_K: NDArray, draws_BK: NDArray, parts: Sequence[NDArray]
) -> tuple[float | None, float]:
    """Return the relative variance of σ between trainings and its degrees of freedom."""
    several = [part for part in parts if len(part) > 1]
    if not several:
        return None, 0.0
    known = [noise_of(scatters_K[part], draws_BK[:, part]) for part in several]
    weights = [one.freedom for one in known]
    relative = [
        one.variance / scatters_K[part].mean() ** 2
        for one, part in zip(known, several, strict=True)
    ]
    return float(np.average(relative, weights=weights)), float(np.sum(weights))


def _noise_draws(variances: NDArray, freedom: float, resamples: int, seed: int) -> NDArray:
    """Return draws of the noise of training of each size, relative to σ, (B, sizes)."""
    if not freedom:
        return np.zeros((resamples, len(variances)))
    generator = np.random.default_rng((seed, 1))  # other numbers than the draws of galaxies
    stretch = np.sqrt(freedom / generator.chisquare(freedom, size=(resamples, 1)))
    return stretch * np.sqrt(variances) * generator.standard_normal((resamples, len(variances)))


def _fit(
    sizes: NDArray, sigma: NDArray, drawn: NDArray, variances: NDArray
) -> tuple[NDArray, NDArray]:
    """Fit curves to draws of σ, (B, sizes) in units of ``sigma``; return (B, 3) and χ², (B,)."""
    weights = 1 / (variances * sigma**2)
    targets = drawn * sigma
    best, chi2 = np.empty((len(drawn), _PARAMETERS)), np.full(len(drawn), np.inf)
    for exponent in _EXPONENTS:
        power = sizes**-exponent
        amplitude, floor = _line(power, targets, weights)
        deviations = targets - floor[:, None] - amplitude[:, None] * power
        found = (weights * deviations**2).sum(axis=1)
        better = found < chi2 - 1e-9
        best[better] = np.stack([amplitude, np.full_like(floor, exponent), floor], axis=1)[better]
        chi2 = np.where(better, found, chi2)
    return best, chi2


def _line(power: NDArray, targets: NDArray, weights: NDArray) -> tuple[NDArray, NDArray]:
    """Return slope and intercept of weighted straight lines, neither below 0, (B,) each."""
    share = weights / weights.sum()
    mean_x, mean_y = share @ power, targets @ share
    slope = (targets - mean_y[:, None]) @ (share * (power - mean_x))
    slope = np.maximum(slope / (share @ (power - mean_x) ** 2), 0)
    floor = mean_y - slope * mean_x
    without = targets @ (share * power) / (share @ power**2)
    return np.where(floor < 0, without, slope), np.maximum(floor, 0)


def _curve(parameters: NDArray, sizes: NDArray) -> NDArray:
    """Return σ of each curve, (B, sizes), at sizes relative to the largest."""
    amplitude, exponent, floor = parameters.T[:, :, None]
    return floor + amplitude * sizes**-exponent


def _estimates(values: NDArray) -> list[Estimate]:
    """Return estimates of columns, (1 + B, n), whose first row is the value."""
    low, high = np.quantile(values[1:], _ONE_SIGMA, axis=0)
    return [Estimate(*map(float, each)) for each in zip(values[0], low, high, strict=True)]


def _fall(sigma: NDArray, drawn: NDArray) -> tuple[float, float, float]:
    """Return σ of the largest over that of the smallest training set, with its 95 % interval."""
    low, high = np.quantile(drawn[:, -1] / drawn[:, 0], _TWO_SIGMA) * sigma[-1] / sigma[0]
    return float(sigma[-1] / sigma[0]), float(low), float(high)


def _reasons(
    sizes: Sequence[int],
    noise: float | None,
    fall: tuple[float, float, float],
    p_value: float,
    galaxies: int,
    there: Estimate,
) -> list[str]:
    """Say why a curve cannot be continued; nothing where it can."""
    first, last = sizes[0], sizes[-1]
    reasons = []
    if len(sizes) <= _PARAMETERS:
        reasons.append(f"{_PARAMETERS + 1} sizes are needed to check the fit, got {len(sizes)}")
    if noise is None:
        reasons.append("no size has two trainings, so the noise of training is not known")
    if not fall[2] < 1:
        reasons.append(
            f"σ does not fall: with {last:,} training galaxies it is {fall[0]:.2f} times that "
            f"with {first:,} (95 %: {fall[1]:.2f} to {fall[2]:.2f})"
        )
    if p_value < _LEAST_P:
        reasons.append(f"a power law with a floor does not describe the curve (p = {p_value:.1g})")
    if galaxies > _FARTHEST * last:
        reasons.append(
            f"{galaxies:,} galaxies are {galaxies / last:.0f} times the largest training set, "
            f"which is farther than {_FARTHEST} times"
        )
    if there.error > _LARGEST_ERROR * there.value:
        reasons.append(f"σ there would be {there}: the error is more than a third of it")
    return reasons
