"""Fit the Jeans models of a grid to the root mean square velocities of a galaxy.

Models differ in the anisotropy, the scale radius of the halo, and the halo's share of the mass
inside R_hsm, each equally likely a priori (the scale radius in its logarithm, as the mass). For
each of them the mean square velocities are proportional to the mass, so that the best mass and its
error are known in closed form. Results are means and standard deviations over all models, each
counted by its likelihood. What a sphere is wrong about is not in these errors.

The error of a mean square of n Gaussian velocities is √(2/n) of it. To it is added `FLOOR`, as a
galaxy is no sphere; where even the best model does worse than the errors say, all are scaled up
until its χ² is that of the degrees of freedom.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from galmass_core.dynamics import light
from galmass_core.dynamics.annuli import MeanSquares, Profile
from galmass_core.dynamics.jeans import ANISOTROPIES, Tables, halo_mass, unit_moments
from galmass_core.dynamics.light import NoFitError

HALO_SHARES = (np.arange(20) + 0.5) / 20  # of the mass inside R_hsm
FLOOR = 0.05  # of a mean square velocity
FEWEST_STARS = 10  # in an annulus that counts
FEWEST_ANNULI = 5  # one more than the model has parameters
_SHORTEST = 1e-12  # of the mean square velocity, below which stars do not move


@dataclass(frozen=True, kw_only=True)
class JeansFit:
    """Masses of a galaxy; logarithms are decimal, and errors are standard deviations.

    Attributes
    ----------
    log_total, log_total_error : float
        Mass inside R_hsm, Msun.
    log_stars, log_stars_error : float
        Stellar mass inside R_hsm, Msun.
    dark, dark_error : float
        The halo's share of the mass inside R_hsm.
    log_total_other, log_total_other_error : float
        Mass inside another radius, Msun.
    dark_other : float
        The halo's share there.
    anisotropy, anisotropy_error : float
    chi_square : float
        Of the best model, over the degrees of freedom.
    model : (A,) float, (km/s)²
        Mean square velocities of the best model.
    """

    log_total: float
    log_total_error: float
    log_stars: float
    log_stars_error: float
    dark: float
    dark_error: float
    log_total_other: float
    log_total_other_error: float
    dark_other: float
    anisotropy: float
    anisotropy_error: float
    chi_square: float
    model: NDArray


@dataclass(frozen=True, kw_only=True)
class Models:
    """A grid of models of a unit mass inside R_hsm, either of stars or of a halo.

    Attributes
    ----------
    stars : (B, A) float
        Mean square velocities where all mass is of stars, (km/s)² / Msun; B anisotropies.
    halo : (S, B, A) float
        Where all mass is of a halo; S scale radii.
    anisotropies : (B,) float
    within : (B,) float
        Stellar mass inside another radius over that inside R_hsm.
    chances : (B,) float
        A priori, up to a factor.
    """

    stars: NDArray
    halo: NDArray
    anisotropies: NDArray
    within: NDArray
    chances: NDArray


def fit_jeans(
    profile: Profile,
    amplitudes: NDArray,
    known: Tables,
    *,
    half_mass_radius: float,
    other_radius: float = 1.0,
) -> JeansFit:
    """Fit all spherical models of the grid.

    Parameters
    ----------
    profile : Profile
    amplitudes : (I,) float
        Light of each Gaussian, from `light.fit_light`.
    known : Tables
        Of the frame.
    half_mass_radius : float, kpc
        R_hsm.
    other_radius : float, R_hsm
        Of the sphere of ``log_total_other`` and ``dark_other``.

    Returns
    -------
    JeansFit

    Raises
    ------
    NoFitError
        As of `fit_models`.
    """
    stars_BA, halo_SBA = unit_moments(amplitudes, known)
    within, whole = light.enclosed(np.array([other_radius, 1.0])).T @ amplitudes
    same = np.ones(len(ANISOTROPIES))
    models = Models(
        stars=stars_BA / half_mass_radius,
        halo=halo_SBA / half_mass_radius,
        anisotropies=ANISOTROPIES,
        within=within / whole * same,
        chances=same,
    )
    return fit_models(profile, models, other_radius)


def fit_models(measured: MeanSquares, models: Models, other_radius: float) -> JeansFit:
    """Fit the mass of each model, and average over all of them.

    Parameters
    ----------
    measured : MeanSquares
    models : Models
    other_radius : float, R_hsm
        As of `fit_jeans`.

    Returns
    -------
    JeansFit

    Raises
    ------
    NoFitError
        If too few annuli have enough stars, or stars do not move.
    """
    usable = (measured.counted >= FEWEST_STARS) & (models.stars > 0).all(axis=0)
    if np.count_nonzero(usable) < FEWEST_ANNULI:
        msg = f"fewer than {FEWEST_ANNULI} annuli have {FEWEST_STARS} stars"
        raise NoFitError(msg)
    data = measured.squares[usable]
    if not (data > _SHORTEST).all():
        msg = "all stars of an annulus have the same velocity"
        raise NoFitError(msg)
    weights = 1 / (data**2 * (2 / measured.stars[usable] + FLOOR**2))
    halo = HALO_SHARES.reshape(-1, 1, 1, 1)
    whole = (1 - halo) * models.stars + halo * models.halo  # (F, S, B, A)
    shapes = whole[..., usable]
    squared, product = (shapes**2) @ weights, shapes @ (weights * data)
    mass, chi = product / squared, (data**2) @ weights - product**2 / squared
    freedom = len(data) - 4
    least = max(float(chi.min()), 0.0)
    scale = max(1.0, least / freedom)
    chances = models.chances * np.exp(-0.5 * (chi - chi.min()) / scale)
    chances /= chances.sum()
    own = scale / squared / mass**2 / np.log(10) ** 2  # variance of log M of one model
    best = np.unravel_index(chi.argmin(), chi.shape)
    shares = np.broadcast_to(halo[..., 0], chi.shape)
    dark = shares * halo_mass(np.array([other_radius]))  # inside the other radius, as is `other`
    other = dark + (1 - shares) * models.within
    return JeansFit(
        **_moments("log_total", np.log10(mass), chances, own),
        **_moments("log_stars", np.log10((1 - shares) * mass), chances, own),
        **_moments("dark", shares, chances),
        **_moments("log_total_other", np.log10(mass * other), chances, own),
        dark_other=float((chances * dark / other).sum()),
        **_moments("anisotropy", np.broadcast_to(models.anisotropies, chi.shape), chances),
        chi_square=least / freedom,
        model=mass[best] * whole[best],
    )


def _moments(
    name: str, values: NDArray, chances: NDArray, own: NDArray | float = 0.0
) -> dict[str, float]:
    """Return mean and standard deviation over models, each with a variance of its own."""
    mean = float((chances * values).sum())
    variance = float((chances * ((values - mean) ** 2 + own)).sum())
    return {name: mean, f"{name}_error": variance**0.5}
