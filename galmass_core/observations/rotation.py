"""Measure how a galaxy rotates on the sky: systemic velocity, and where its receding side lies.

Rings of the model rotate by amounts of their own about one axis: ``V = V_sys + a(R) cos(angle -
PA)``, with ``a`` zero in the centre and linear between a few radii. For each PA the rest is a
linear fit; the PA with the least sum of squares is the one. Angles run from north through east.

Errors are from a jackknife over sectors of the field: neighbouring spectra share light and
residuals, and count as one for it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_RINGS = 4
_FLOOR = 5.0  # km/s, added to errors in quadrature: no model is better than that
_STEP = 0.5  # degrees
_CLIPPED = 4.0  # robust standard deviations, beyond which a velocity is not fitted
_ROUNDS = 3
_SECTORS = 12
_AROUND = 30.0  # degrees on each side of the angle, in which those without a sector are searched
_TINY = 1e-9
FEWEST = 24  # spectra, of which a fit makes sense


class Rotation(NamedTuple):
    """What `fit_rotation` returns.

    ``systemic`` and its error [km/s], in the file's velocities; ``position_angle`` of the receding
    side and its error [degrees], NaN of fewer than 24 spectra; ``fitted``, the spectra used.
    """

    systemic: float
    systemic_error: float
    position_angle: float
    position_angle_error: float
    fitted: int


class _Spectra(NamedTuple):
    """Velocities [km/s] with weights, and the terms that the fit is linear in.

    Terms are 1, the weight of each of K rings times the cosine of the angle from north, and the
    same with the sine.
    """

    velocities: NDArray  # (N,)
    weights: NDArray  # (N,)
    angles: NDArray  # (N,), radians
    terms: NDArray  # (N, 1 + 2 K)

    def only(self, used: NDArray) -> "_Spectra":
        return _Spectra(*(each[used] for each in self))


def fit_rotation(
    x: NDArray, y: NDArray, velocities: NDArray, errors: NDArray, bins: NDArray
) -> Rotation:
    """Fit systemic velocity and position angle to the velocities that are not missing.

    Parameters
    ----------
    x, y : (N,) float, arcsec
        To the east and to the north of the centre.
    velocities : (N,) float, km/s
        NaN where missing; at least one is not.
    errors : (N,) float, km/s
        NaN where not known.
    bins : (N,) int
        Elements of the same number have one spectrum, and count once; -1 for no bin.

    Returns
    -------
    Rotation
        Errors are 68 %. That of the angle is at most 90: the field does not rotate.
    """
    spectra = _spectra(x, y, velocities, errors, bins)
    if len(spectra.velocities) < FEWEST:
        known = spectra.velocities
        return Rotation(float(np.median(known)), float(np.std(known)), np.nan, np.nan, len(known))
    every = np.arange(0, 180, _STEP)
    spread = _limit(spectra.velocities, 3 * _CLIPPED)
    used = np.abs(spectra.velocities - np.median(spectra.velocities)) <= spread
    for _ in range(_ROUNDS):
        _, values = _fit(spectra.only(used), every)
        residuals = spectra.velocities - spectra.terms @ values
        used = np.abs(residuals) <= _limit(residuals[used], _CLIPPED)
    kept = spectra.only(used)
    angle, values = _fit(kept, every)
    along, across = np.split(values[1:], 2)
    speeds = along * np.cos(np.radians(angle)) + across * np.sin(np.radians(angle))
    systemic_error, angle_error = _jackknife(kept, angle)
    return Rotation(
        systemic=float(values[0]),
        systemic_error=systemic_error,
        position_angle=(angle + (180 if speeds.sum() < 0 else 0)) % 360,
        position_angle_error=angle_error,
        fitted=len(kept.velocities),
    )


def misfit(x: NDArray, y: NDArray, velocities: NDArray, errors: NDArray, bins: NDArray) -> float:
    """Return how badly the best velocity field fits: the weighted sum of squares.

    Parameters are as of `fit_rotation`; a residual counts at most as `_CLIPPED` deviations.
    """
    spectra = _spectra(x, y, velocities, errors, bins)
    spread = _limit(spectra.velocities, 3 * _CLIPPED)
    used = np.abs(spectra.velocities - np.median(spectra.velocities)) <= spread
    _, values = _fit(spectra.only(used), np.arange(0, 180, _STEP))
    residuals = spectra.velocities - spectra.terms @ values
    capped = np.minimum(np.abs(residuals), _limit(residuals[used], _CLIPPED))
    return float(np.sum(spectra.weights * capped**2))


def _spectra(
    x: NDArray, y: NDArray, velocities: NDArray, errors: NDArray, bins: NDArray
) -> _Spectra:
    """Return the spectra that have a velocity, each at its mean position."""
    known = np.isfinite(velocities)
    x, y, velocities, errors, bins = (each[known] for each in (x, y, velocities, errors, bins))
    alone = -1 - np.arange(len(bins))
    _, first, own, counts = np.unique(
        np.where(bins < 0, alone, bins), return_index=True, return_inverse=True, return_counts=True
    )
    mean_x, mean_y = (np.bincount(own, each) / counts for each in (x, y))
    weights = 1 / (np.nan_to_num(errors[first]) ** 2 + _FLOOR**2)
    rings, angles = _rings(np.hypot(mean_x, mean_y)), np.arctan2(mean_x, mean_y)
    turned = [rings * part[:, None] for part in (np.cos(angles), np.sin(angles))]
    terms = np.column_stack([np.ones(len(angles)), *turned])
    return _Spectra(velocities[first], weights, angles, terms)


def _rings(radii: NDArray) -> NDArray:
    """Return the weight of each ring at each radius, linear between them and 0 in the centre."""
    knots = np.unique([0.0, *np.quantile(radii, np.arange(1, _RINGS + 1) / _RINGS)])
    shapes = np.eye(len(knots))[1:] if len(knots) > 1 else np.zeros((1, 1))
    return np.stack([np.interp(radii, knots, shape) for shape in shapes], axis=1)


def _fit(spectra: _Spectra, angles: NDArray) -> tuple[float, NDArray]:
    """Return the best of A position angles [degrees], and the values of `_Spectra.terms`.

    All angles share the sums over spectra: the terms of one are combinations of the same terms.
    """
    weighted = spectra.terms * spectra.weights[:, None]
    matrix, vector = weighted.T @ spectra.terms, weighted.T @ spectra.velocities
    rings, turn = (len(vector) - 1) // 2, np.radians(angles)
    combined = np.zeros((len(angles), len(vector), 1 + rings))
    combined[:, 0, 0] = 1.0
    for ring in range(rings):
        combined[:, 1 + ring, 1 + ring] = np.cos(turn)
        combined[:, 1 + rings + ring, 1 + ring] = np.sin(turn)
    small = np.swapaxes(combined, 1, 2) @ matrix @ combined
    small += _TINY * np.trace(matrix) * np.eye(1 + rings)  # a ring may have no spectrum
    wanted = np.swapaxes(combined, 1, 2) @ vector
    values = np.linalg.solve(small, wanted[..., None])[..., 0]
    best = int(np.argmax(np.sum(values * wanted, axis=1)))  # what is taken off the sum of squares
    return float(angles[best]), combined[best] @ values[best]


def _jackknife(spectra: _Spectra, angle: float) -> tuple[float, float]:
    """Return the errors of systemic velocity and angle: by fits without one sector each."""
    number = np.floor((spectra.angles + np.pi) * (_SECTORS / (2 * np.pi))).astype(int)
    around = angle + np.arange(-_AROUND, _AROUND + _STEP, _STEP)
    fits = [_fit(spectra.only(number != sector), around) for sector in np.unique(number)]
    factor = np.sqrt(len(fits) - 1)
    systemic, angles = np.std([values[0] for _, values in fits]), np.std([one for one, _ in fits])
    resolved = np.hypot(angles * factor, _STEP / np.sqrt(12))  # the grid's own
    return float(factor * systemic), float(min(resolved, 90.0))


def _limit(values: NDArray, deviations: float) -> float:
    """Return some robust standard deviations of values, at least of `_FLOOR`."""
    scatter = 1.4826 * float(np.median(np.abs(values - np.median(values))))
    return deviations * max(scatter, _FLOOR)
