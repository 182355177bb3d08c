"""Compute the fraction of each star's light that is transmitted by dust of the galaxy.

Dust follows metals and neutral hydrogen (Xu et al. 2017, MNRAS 469, 1824; as in model C of Nelson
et al. 2018, MNRAS 475, 624). Effective optical depth in band b:

    tau_b = k_b (1 + z)^-0.5 (Z_gas / 0.02)^1.6 N_H / (2.1e21 cm^-2)

with Z_gas the mean over the whole galaxy, N_H the neutral hydrogen along the whole line of sight,
and k_b the extinction curve, reduced by scattered light that still reaches the observer. Stars
and dust are mixed: a fraction (1 - e^-tau)/tau escapes.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import Galaxy, Gas, sky_axes
from galmass_core.imaging.rendering import deposit
from galmass_core.machine_code import Kernel
from galmass_core.photometry import BANDS

DUST_MODELS = ("xu17", "none")
WAVELENGTHS = {"g": 4702.0, "r": 6176.0}  # pivots of the SDSS filters, Angstrom
SOLAR_METALLICITY = 0.02
HALF_WIDTH = 3.0  # half side of the frame of N_H, R_hsm
PIXELS = 100  # its side
COLUMN_PER_SURFACE_DENSITY = 1.24789e14  # hydrogen atoms per cm^2 in 1 Msun/kpc^2
_INTERPOLATE = Kernel(
    "galmass_core.imaging.interpolation",
    "interpolate",
    "f8[:, ::1], f8[::1], f8[::1], f8, f8[::1]",
)


def dust_transmission(galaxy: Galaxy, line_of_sight: str, dust: str) -> NDArray:
    """Return the fraction of each star's light that escapes.

    Parameters
    ----------
    galaxy : Galaxy
    line_of_sight : str
        ``x``, ``y`` or ``z``.
    dust : str
        ``xu17`` (Chu et al. 2024) or ``none``.

    Returns
    -------
    (2, N) float in (0, 1]
        In the bands g and r; 1 for stars outside the frame of ±3 R_hsm, without neutral gas, and
        where the galaxy's source holds no gas.

    Raises
    ------
    ValueError
        If ``line_of_sight`` or ``dust`` is unknown.
    """
    right, up, _ = sky_axes(line_of_sight)
    if dust not in DUST_MODELS:
        msg = f"dust must be one of {', '.join(DUST_MODELS)}, got {dust!r}"
        raise ValueError(msg)
    stars, gas = galaxy.stars, galaxy.gas
    if dust == "none" or gas is None or not gas.neutral_hydrogen_masses.any():
        return np.ones((len(BANDS), len(stars)))
    half_width = HALF_WIDTH * galaxy.half_mass_radius
    column = sample_image(
        hydrogen_column(gas, galaxy.half_mass_radius, line_of_sight),
        stars.coordinates[right].values,
        stars.coordinates[up].values,
        half_width,
    )
    return transmission(optical_depth(column, gas.metallicity, galaxy.redshift))


def hydrogen_column(gas: Gas, half_mass_radius: float, line_of_sight: str) -> NDArray:
    """Map the neutral hydrogen in front of and behind the stars.

    Parameters
    ----------
    gas : Gas
    half_mass_radius : float, kpc
        R_hsm of the galaxy.
    line_of_sight : str
        ``x``, ``y`` or ``z``.

    Returns
    -------
    (100, 100) float32, atoms per cm^2
        Over ±3 R_hsm; [row = y upwards, column = x].
    """
    right, up, _ = sky_axes(line_of_sight)
    half_width, neutral = HALF_WIDTH * half_mass_radius, gas.neutral
    mass = deposit(
        neutral.positions[:, right],
        neutral.positions[:, up],
        neutral.smoothing_lengths,
        neutral.neutral_hydrogen_masses[None],
        half_width=half_width,
        pixels=PIXELS,
    )[0]
    return mass * (COLUMN_PER_SURFACE_DENSITY / (2 * half_width / PIXELS) ** 2)


def optical_depth(column: NDArray, metallicity: float, redshift: float = 0.0) -> NDArray:
    """Return the effective optical depth of a column of neutral gas in g and r.

    Parameters
    ----------
    column : (...) float, atoms per cm^2
    metallicity : float, mass fraction
        Of the gas.
    redshift : float

    Returns
    -------
    (2, ...) float
    """
    dust_to_gas = (metallicity / SOLAR_METALLICITY) ** 1.6 / np.sqrt(1.0 + redshift)
    constants = [attenuation_constant(WAVELENGTHS[band]) for band in BANDS]
    return np.multiply.outer(constants, np.asarray(column) * (dust_to_gas / 2.1e21))


def transmission(depth: NDArray) -> NDArray:
    """Return the fraction (1 - e^-tau)/tau that escapes from mixed stars and dust."""
    depth = np.minimum(-depth, -np.finfo(float).tiny)  # negative; not 0, which has the limit 1
    return np.expm1(depth) / depth


@cache
def attenuation_constant(wavelength: float) -> float:
    """Return k: extinction relative to V, less the light scattered towards the observer.

    k = (A/A_V) [h sqrt(1 - w) + (1 - h)(1 - w)] with albedo w and fraction h of forward scattering
    (Calzetti, Kinney & Storchi-Bergmann 1994, ApJ 429, 582).

    Parameters
    ----------
    wavelength : float, Angstrom
        3460 to 7000.
    """
    w, h = albedo(wavelength), forward_scattering(wavelength)
    return extinction(wavelength) * (h * np.sqrt(1 - w) + (1 - h) * (1 - w))


def extinction(wavelength: float) -> float:
    """Return A/A_V of the Milky Way at R_V = 3.1 (Cardelli, Clayton & Mathis 1989, Eq. 3).

    Parameters
    ----------
    wavelength : float, Angstrom
        3030 to 9090.
    """
    y = 1e4 / wavelength - 1.82  # inverse micrometres
    a = np.polyval(
        [0.32999, -0.77530, 0.01979, 0.72085, -0.02427, -0.50447, 0.17699, 1.0],
        y,
    )
    b = np.polyval(
        [-2.09002, 5.30260, -0.62251, -5.38434, 1.07233, 2.28305, 1.41338, 0.0],
        y,
    )
    return float(a + b / 3.1)


def albedo(wavelength: float) -> float:
    """Return the fraction of extinction that is scattering (Calzetti et al. 1994).

    Parameters
    ----------
    wavelength : float, Angstrom
        3460 to 7000.
    """
    return 2.41 - 0.48 * float(np.log10(wavelength))


def forward_scattering(wavelength: float) -> float:
    """Return the fraction of scattering that is forward (Calzetti et al. 1994).

    Parameters
    ----------
    wavelength : float, Angstrom
        1200 to 7000.
    """
    return 1.0 - 0.561 * float(np.exp(-(abs(np.log10(wavelength) - 3.3112) ** 2.2) / 0.17))


def sample_image(image: NDArray, x: NDArray, y: NDArray, half_width: float) -> NDArray:
    """Interpolate an image bilinearly between its pixel centres.

    Parameters
    ----------
    image : (P, P) float
        Over ±``half_width``; [row = y upwards, column = x].
    x, y : (N,) float, kpc
    half_width : float, kpc

    Returns
    -------
    (N,) float
        Zero outside the frame.
    """
    values = np.empty(len(x))
    arrays = (np.ascontiguousarray(each, dtype=float) for each in (image, x, y))
    _INTERPOLATE(*arrays, half_width, values)
    return values
