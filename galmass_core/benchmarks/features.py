"""Part ``features``: summary features of a galaxy along three lines of sight, and each alone."""

from collections.abc import Iterator

from galmass_core.benchmarks.galaxies import median_galaxy
from galmass_core.benchmarks.timing import OURS, Figure, compare
from galmass_core.galaxy import LINES_OF_SIGHT
from galmass_core.imaging.projection import project
from galmass_core.measurements.circularity import orbit_fractions
from galmass_core.measurements.features import (
    SHAPE_APERTURE,
    measure_galaxy_features,
    measure_sky_features,
)
from galmass_core.measurements.rotation import spin_parameter
from galmass_core.measurements.sersic import sersic_index
from galmass_core.measurements.shape import axis_ratios
from galmass_core.photometry import BANDS
from galmass_core.quantities import APERTURES

SIZES = (1_000, 10_000, 100_000, 1_000_000)
PEERS: dict[str, str] = {}


def measure(size: int, *, peers: bool) -> Iterator[Figure]:
    """Time the features of a galaxy.

    Parameters
    ----------
    size : int
        Number of stars.
    peers : bool
        Ignored: there are no peers.

    Yields
    ------
    Figure
    """
    galaxy = median_galaxy(size)
    stars, r_hsm = galaxy.stars, galaxy.half_mass_radius
    skies = [project(galaxy, line_of_sight) for line_of_sight in LINES_OF_SIGHT]
    r_band = BANDS.index("r")
    tasks = {
        "all features, 3 lines of sight": lambda: [
            measure_galaxy_features(galaxy),
            *(measure_sky_features(sky, galaxy) for sky in skies),
        ],
        "axis ratios": lambda: axis_ratios(stars.positions, stars.masses, SHAPE_APERTURE * r_hsm),
        "circularities": lambda: orbit_fractions(galaxy, [radius * r_hsm for radius in APERTURES]),
        "Sersic indices, 3 lines of sight": lambda: [
            sersic_index(sky.radii, sky.luminosities[r_band], r_hsm) for sky in skies
        ],
        "lambda_R, 3 lines of sight": lambda: [
            spin_parameter(sky, radius * r_hsm) for sky in skies for radius in APERTURES
        ],
    }
    for task, call in tasks.items():
        yield from compare(task, size, {OURS: call})
