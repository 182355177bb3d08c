"""Substitute fields that a file lacks: initial masses, neutral hydrogen, kernel radii.

Each function returns values and, unless they are the file's own, a description of the method.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from galmass_core.photometry import surviving_fraction

HYDROGEN_FRACTION = 0.76  # primordial
NEUTRAL_STAND_IN = "hydrogen is neutral in gas that forms stars"  # of the note
_COLD = 1e4  # K; hydrogen is neutral below
_PROTON_MASS_OVER_BOLTZMANN = 1.67262192e-24 / 1.380649e-16 * 1e10  # K / (km/s)^2
_CELL_RADII = 2.5  # support radius of a gas cell in radii of a sphere of its volume
_SAMPLE = 64  # stars whose smoothing lengths are checked

Columns = Mapping[str, NDArray]


def initial_masses(stars: Columns, ages: NDArray) -> tuple[NDArray, str]:
    """Return masses at birth; (N,), Msun."""
    if "initial_masses" in stars:
        return stars["initial_masses"], ""
    substitute = "birth masses are the current ones over the surviving fraction"
    return stars["masses"] / surviving_fraction(ages), substitute


def smoothing_lengths(stars: Columns) -> tuple[NDArray | None, str]:
    """Return the file's distance from each star to its 32nd neighbour; (N,), kpc.

    SUBFIND counts 32 +- 1 stars, including those of other subhaloes. The column is used if the
    median star of a random sample of 64 has 30 to 34 other stars of the galaxy within; None
    otherwise.
    """
    if "smoothing_lengths" not in stars:
        return None, ""
    lengths, positions = stars["smoothing_lengths"], stars["positions"]
    from galmass_core.imaging.smoothing import NEIGHBOURS, neighbours_within

    few = np.random.default_rng(0).integers(len(lengths), size=_SAMPLE)
    reached = np.median(neighbours_within(positions, lengths, few).astype(float))
    if abs(reached - NEIGHBOURS) <= 2:
        return lengths, ""
    return None, f"reaches {reached:.0f} other stars, not {NEIGHBOURS}: searched for instead"


def neutral_hydrogen_masses(gas: Columns) -> tuple[NDArray, str]:
    """Return the mass of neutral hydrogen in each cell; (N,), Msun."""
    hydrogen = gas["masses"] * gas.get("hydrogen_fractions", HYDROGEN_FRACTION)
    if "neutral_fractions" in gas:
        return hydrogen * gas["neutral_fractions"], ""
    if "atomic_fractions" in gas:  # HI and H2 per hydrogen nucleus, of a chemical network
        molecules = gas.get("molecular_fractions", 0.0)
        return hydrogen * np.clip(gas["atomic_fractions"] + 2 * molecules, 0.0, 1.0), ""
    substitute = f"{NEUTRAL_STAND_IN} or is colder than {_COLD:.0f} K"
    neutral = _gas_temperatures(gas) < _COLD
    if "star_formation_rates" in gas:
        neutral |= gas["star_formation_rates"] > 0
    return np.where(neutral, hydrogen, 0.0), substitute


def _gas_temperatures(gas: Columns) -> NDArray:
    """Return T = 2/3 u mu m_p / k [K], mu = 4 / (1 + 3 X + 4 X n_e/n_H); inf if unknown."""
    if "temperatures" in gas:
        return gas["temperatures"]
    if not {"internal_energies", "electron_abundances"} <= set(gas):
        return np.full(len(gas["masses"]), np.inf)
    electrons = 4 * HYDROGEN_FRACTION * gas["electron_abundances"]
    molecular_weight = 4 / (1 + 3 * HYDROGEN_FRACTION + electrons)
    return 2 / 3 * gas["internal_energies"] * molecular_weight * _PROTON_MASS_OVER_BOLTZMANN


def support_radii(gas: Columns) -> tuple[NDArray, str]:
    """Return the radius of the kernel that spreads each cell; (N,), kpc."""
    if "support_radii" in gas:
        return gas["support_radii"], ""
    if "densities" in gas:
        volumes = gas["masses"] / gas["densities"]
        substitute = f"gas cells are spread over {_CELL_RADII} cell radii"
        return _CELL_RADII * np.cbrt(3 * volumes / (4 * np.pi)), substitute
    if not len(gas["masses"]):
        return gas["masses"], ""
    from galmass_core.imaging import smoothing

    substitute = f"gas cells are spread to their {smoothing.NEIGHBOURS}nd neighbour"
    return smoothing.smoothing_lengths(gas["positions"]), substitute
