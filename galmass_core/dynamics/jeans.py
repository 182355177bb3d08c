"""Solve the Jeans equation of a sphere for all models of a grid at once.

A tracer of density ν and constant anisotropy β = 1 - σ_θ²/σ_r² in the potential of the mass M(<r)
has the projected second moment (Mamon & Lokas 2005, MNRAS 363, 705, Eqs. A15 and A16)

    Σ <v²>(R) = 2 G ∫ K(r/R) ν(r) M(r) dr/r  from R to infinity,
    K(u) = u^(2β-1) ∫ (1 - β/x²) x^(1-2β) / √(x²-1) dx  from 1 to u.

The light is a sum of Gaussians (`light`), the mass is light times M*/L plus a halo of Navarro,
Frenk & White (1997), and all lengths are in R_hsm: so the integrals of each pair of Gaussians, and
of each Gaussian with each halo, are the same for all galaxies. They are tabulated once, and the
moments of a galaxy are sums over them.

Shape suffixes: I Gaussians, S halo radii, B anisotropies, A annuli, J rings, Q nodes.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from galmass_core.dynamics import light
from galmass_core.dynamics.annuli import velocity_annuli
from galmass_core.galaxy import G

ANISOTROPIES = np.linspace(-1.0, 0.5, 13)
HALO_RADII = np.geomspace(0.7, 40.0, 8)  # scale radii of haloes, R_hsm
_OUTERMOST = 6.0  # dispersions of the widest Gaussian, beyond which no light is
_NODES = 64
_INNER_NODES = 40


@dataclass(frozen=True, kw_only=True)
class Tables:
    """Integrals of a frame, for unit light, unit M*/L and haloes of unit mass inside R_hsm.

    Attributes
    ----------
    stars : (I, I, B, A) float
        Σ <v²> / G in each annulus, of the light of one Gaussian in the mass of another; 1/R_hsm³.
    halo : (I, S, B, A) float
        The same in the mass of a halo.
    light : (I, A) float
        Surface brightness of each Gaussian; 1/R_hsm².
    """

    stars: NDArray
    halo: NDArray
    light: NDArray


def halo_mass(radii: NDArray) -> NDArray:
    """Return the mass of each NFW halo inside a sphere, over that inside R_hsm; (S, ...)."""
    scale = HALO_RADII.reshape(-1, *[1] * np.ndim(radii))

    def shape(x: NDArray) -> NDArray:
        small = x < 1e-3  # where the difference would lose digits
        series = x**2 * (0.5 - x * (2 / 3 - 0.75 * x))
        return np.where(small, series, np.log1p(x) - x / (1 + x))

    return shape(radii / scale) / shape(1 / scale)


def kernel(tau: NDArray, beta: float) -> NDArray:
    """Return K(cosh τ); with x = cosh t its integrand is smooth.

    Parameters
    ----------
    tau : (...) float
        At least 0.
    beta : float
        Anisotropy, below 1.

    Returns
    -------
    (...) float
    """
    nodes, weights = np.polynomial.legendre.leggauss(_INNER_NODES)
    half = 0.5 * np.asarray(tau)[..., None]
    cosh = np.cosh(half * (1 + nodes))
    inner = (half * weights * (1 - beta / cosh**2) * cosh ** (1 - 2 * beta)).sum(axis=-1)
    return np.cosh(tau) ** (2 * beta - 1) * inner


def quadrature(radii: NDArray, betas: NDArray) -> tuple[NDArray, NDArray]:
    """Return nodes and weights of the projection on the sky.

    ``Σ <v²>(R_j) = G Σ_q weights[b, j, q] ν(r_jq) M(r_jq)``, with u = cosh τ.

    Parameters
    ----------
    radii : (J,) float, R_hsm
        On the sky, positive.
    betas : (B,) float

    Returns
    -------
    (J, Q) float, R_hsm
    (B, J, Q) float
    """
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    longest = np.arccosh(np.maximum(_OUTERMOST * light.GAUSSIANS[-1] / radii, 2.0))
    tau_JQ = 0.5 * longest[:, None] * (1 + nodes)
    step_JQ = 0.5 * longest[:, None] * weights
    kernels = np.stack([kernel(tau_JQ, beta) for beta in betas])
    return radii[:, None] * np.cosh(tau_JQ), 2 * kernels * np.tanh(tau_JQ) * step_JQ


@lru_cache(maxsize=4)
def tables(half_width: float, pixels: int) -> Tables:
    """Return the integrals for the annuli of a frame; a second of computing for each frame.

    Parameters
    ----------
    half_width : float, R_hsm
        Half the side of the frame.
    pixels : int
        Side of the maps of velocities.

    Returns
    -------
    Tables
    """
    annuli = velocity_annuli(half_width, pixels)
    used = annuli.shares.any(axis=0)
    middles = (0.5 * (annuli.edges[1:] + annuli.edges[:-1]))[used]
    r_JQ, weights_BJQ = quadrature(middles, ANISOTROPIES)
    # the mean over annuli of the moments of every kind of light in every kind of mass
    spread = np.einsum("aj,bjq->bajq", annuli.shares[:, used], weights_BJQ)
    flat = spread.reshape(len(ANISOTROPIES) * len(annuli.radii), -1)
    density = light.densities(r_JQ).reshape(len(light.GAUSSIANS), -1)

    def moments(masses: NDArray) -> NDArray:
        masses = masses.reshape(len(masses), -1)
        found = np.stack([(masses * own) @ flat.T for own in density])
        return found.reshape(*found.shape[:2], len(ANISOTROPIES), len(annuli.radii))

    return Tables(
        stars=moments(light.enclosed(r_JQ)),
        halo=moments(halo_mass(r_JQ)),
        light=light.mean_brightness(annuli),
    )


def unit_moments(amplitudes: NDArray, known: Tables) -> tuple[NDArray, NDArray]:
    """Return the mean square velocities of a galaxy whose mass inside R_hsm is 1.

    Parameters
    ----------
    amplitudes : (I,) float
        Light of each Gaussian.
    known : Tables

    Returns
    -------
    (B, A) float
        Where all mass follows the light; (km/s)² for 1 Msun and an R_hsm of 1 kpc.
    (S, B, A) float
        Where all mass is of a halo. Both are 0 in annuli without light.
    """
    share = amplitudes / amplitudes.sum()
    brightness = share @ known.light
    stars = np.einsum("i,k,ikba->ba", share, share, known.stars, optimize=True)
    halo = np.tensordot(share, known.halo, 1)
    per_light = np.divide(G, brightness, out=np.zeros_like(brightness), where=brightness > 0)
    return stars * per_light / (share @ light.enclosed(1.0)), halo * per_light
