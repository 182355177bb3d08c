"""Describe the light of a galaxy by Gaussians, whose spheres are known in closed form.

A multi-Gaussian expansion (Emsellem, Monnet & Bacon 1994, A&A 285, 723; Cappellari 2002, MNRAS 333,
400) of the surface brightness in circular annuli, with fixed dispersions and amplitudes that are
not negative. A sphere whose projection is ``exp(-R²/2s²) / 2πs²`` has the density
``exp(-r²/2s²) / (2πs²)^(3/2)``.

Lengths are in R_hsm. Shape suffixes: I Gaussians, A annuli, J rings.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, nnls
from scipy.special import erf

from galmass_core.dynamics.annuli import Annuli, light_annuli

FEWEST_ANNULI = 10  # with light
GAUSSIANS = np.geomspace(0.02, 4.5, 18)  # dispersions, R_hsm


class NoFitError(ValueError):
    """There is no dynamical mass of a galaxy; the message says why, and can be counted."""


def densities(radii: ArrayLike) -> NDArray:
    """Return the density of each Gaussian of unit light; (I, ...), 1/R_hsm³."""
    scale, radius = _against(radii)
    return np.exp(-0.5 * (radius / scale) ** 2) / ((2 * np.pi) ** 1.5 * scale**3)


def enclosed(radii: ArrayLike) -> NDArray:
    """Return the share of each Gaussian inside a sphere; (I, ...)."""
    scale, radius = _against(radii)
    return inside_sphere(radius / scale)


def inside_sphere(radii: NDArray) -> NDArray:
    """Return the share of a Gaussian sphere inside radii in units of its dispersion; (...)."""
    x = radii / 2**0.5
    return erf(x) - 2 / np.pi**0.5 * x * np.exp(-(x**2))


def inside_circle(radii: ArrayLike) -> NDArray:
    """Return the share of each Gaussian inside a circle on the sky; (I, ...)."""
    scale, radius = _against(radii)
    return -np.expm1(-0.5 * (radius / scale) ** 2)


def mean_brightness(annuli: Annuli) -> NDArray:
    """Return the mean surface brightness of each Gaussian in annuli; (I, A), 1/R_hsm²."""
    ring_IJ = np.diff(inside_circle(annuli.edges), axis=1) / (np.pi * np.diff(annuli.edges**2))
    return ring_IJ @ annuli.shares.T


def _against(radii: ArrayLike) -> tuple[NDArray, NDArray]:
    radius = np.asarray(radii, dtype=float)
    return GAUSSIANS.reshape(-1, *[1] * radius.ndim), radius


@lru_cache(maxsize=4)
def _matrix(half_width: float, pixels: int) -> NDArray:
    """Return `mean_brightness` in an image's annuli."""
    return mean_brightness(light_annuli(half_width, pixels))


def fit_light(light: NDArray, half_width: float, pixels: int) -> NDArray:
    """Fit Gaussians to the surface brightness of an image, each annulus with the same weight.

    Parameters
    ----------
    light : (A,) float, Lsun / R_hsm²
        As of `annuli.measure_profile`; dark annuli do not count.
    half_width : float, R_hsm
        Of the frame.
    pixels : int
        Side of the image.

    Returns
    -------
    (I,) float, Lsun

    Raises
    ------
    NoFitError
        If fewer than `FEWEST_ANNULI` annuli have light.
    """
    lit = light > 0
    if np.count_nonzero(lit) < FEWEST_ANNULI:
        msg = f"fewer than {FEWEST_ANNULI} annuli of the r image have light"
        raise NoFitError(msg)
    matrix_AI = _matrix(half_width, pixels).T[lit] / light[lit, None]
    amplitudes, _ = nnls(matrix_AI, np.ones(np.count_nonzero(lit)))
    return amplitudes


def half_light_radius(amplitudes: NDArray) -> float:
    """Return the radius of the circle with half of the light of all Gaussians; R_hsm."""
    half = 0.5 * amplitudes.sum()
    ends = 1e-3 * GAUSSIANS[0], 10 * GAUSSIANS[-1]
    return float(brentq(lambda radius: amplitudes @ inside_circle(radius) - half, *ends))
