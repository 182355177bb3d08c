"""Check that size and mass of what was read are those of a galaxy."""

import numpy as np

from galmass_core.galaxy import Galaxy, GalaxyFileError

HALF_MASS_RADII = (0.05, 200.0)  # kpc
STELLAR_MASSES = (1e5, 1e13)  # Msun
FARTHEST_MEDIAN = 5.0  # R_hsm, distance of half of the stars from the centre
OFF_CENTRE = 4.0  # that distance over that from the stars' own middle
_ENOUGH = 5_000  # stars for medians that are compared with limits far beyond any galaxy


def check_plausible(galaxy: Galaxy) -> None:
    """Raise GalaxyFileError unless a galaxy has a possible size and mass about its centre.

    Wrong units, a catalogue entry of another object, and a file of several galaxies violate one of
    the rules, which are far beyond any galaxy.

    Parameters
    ----------
    galaxy : Galaxy

    Raises
    ------
    GalaxyFileError
        If R_hsm is not 0.05 to 200 kpc, the stellar mass is not 1e5 to 1e13 Msun, half of the
        stars are more than 5 R_hsm from the centre, or the centre is not among the stars, such as a
        black hole far from them.
    """
    radius, mass = galaxy.half_mass_radius, float(galaxy.stars.masses.sum())
    some = slice(None, None, 1 + len(galaxy.stars) // _ENOUGH)
    distance = float(np.median(galaxy.stars.radii[some]))
    positions = galaxy.stars.positions[some]
    offsets = positions - np.median(positions, axis=0)
    spread = float(np.sqrt(np.median(np.einsum("ij,ij->i", offsets, offsets))))
    rules = {
        "the half-mass radius of the stars must be 0.05 to 200 kpc": (radius, HALF_MASS_RADII),
        "the stellar mass must be 1e5 to 1e13 Msun": (mass, STELLAR_MASSES),
        f"half of the stars must be within {FARTHEST_MEDIAN:g} R_hsm of the centre": (
            distance,
            (0.0, FARTHEST_MEDIAN * radius),
        ),
        "the centre must be among the stars": (distance, (0.0, OFF_CENTRE * spread)),
    }
    for rule, (value, (lowest, highest)) in rules.items():
        if not lowest <= value <= highest:
            found = f"R_hsm = {radius:.4g} kpc, M* = {mass:.4g} Msun, median star at {distance:.4g}"
            msg = f"{galaxy.source}: {rule}, got {found} kpc: check units, centre and content"
            raise GalaxyFileError(msg)
