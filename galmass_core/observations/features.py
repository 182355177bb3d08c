"""Measure the summary features of an observed galaxy that its maps show.

They are defined as those of simulated galaxies (`measurements.features`), with elements in place of
stars. Only g−r is that of the light inside the half-light radius: farther out are other objects.
"""

import numpy as np

from galmass_core.measurements.targets import HALF_LIGHT
from galmass_core.observations.observation import Observation
from galmass_core.quantities import feature_key

HALF_MASS = HALF_LIGHT  # R_hsm in half-light radii on the sky: light is taken to follow mass
_SIGMA, _LAMBDA, _COLOUR = feature_key("sigma_v", 1), feature_key("lambda_r", 1), "g_minus_r"
FEATURES = (_SIGMA, _LAMBDA, _COLOUR)
_LEAST_COVERED = 0.5  # of the circle that features are measured in


def observed_features(observation: Observation) -> dict[str, float]:
    """Measure σ_v [km/s] and λ_R inside R_hsm, and g−r [mag].

    Parameters
    ----------
    observation : Observation
        With an effective radius.

    Returns
    -------
    dict
        Column of `quantities` to value; NaN where the maps do not show it, or cover less than half
        of the circle. Of λ_R, errors are subtracted from V² in the numerator, as the scatter of
        stars is from that of simulated galaxies.
    """
    found = dict.fromkeys(FEATURES, np.nan) | {_COLOUR: observation.colour}
    radius = HALF_MASS * observation.effective_radius
    radii = np.hypot(observation.x, observation.y)
    v, sigma, light = observation.velocities, observation.dispersions, observation.flux
    inside = (radii <= radius) & np.isfinite(v) & np.isfinite(sigma) & (light > 0)
    if not observation.areas[inside].sum() > _LEAST_COVERED * np.pi * radius**2:
        return found
    v, sigma, light, radii = (each[inside] for each in (v, sigma, light, radii))
    errors = np.nan_to_num(observation.velocity_errors[inside])
    mean = np.average(v, weights=light)
    found[_SIGMA] = float(np.sqrt(np.average((v - mean) ** 2 + sigma**2, weights=light)))
    rotation = np.sqrt(np.maximum(v**2 - errors**2, 0.0))
    motion = np.sum(light * radii * np.sqrt(v**2 + sigma**2))
    found[_LAMBDA] = float(np.sum(light * radii * rotation) / motion)
    return found
