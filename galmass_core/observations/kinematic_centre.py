"""Find the centre of rotation of a velocity field, for files that have no image of light.

The centre is where the velocity field of `rotation.fit_rotation` fits best. A field that rotates
like a solid body has no such place: its centre is that of the field, along the line of the nodes.
"""

import numpy as np
from numpy.typing import NDArray

from galmass_core.observations.rotation import misfit

_START = 0.15  # of the field's radius: size of the first steps
_CLOSE = 1e-2  # of the mean side of a spaxel


def rotation_centre(
    x: NDArray, y: NDArray, velocities: NDArray, errors: NDArray, bins: NDArray, side: float
) -> tuple[float, float]:
    """Return the centre of rotation.

    Parameters
    ----------
    x, y, velocities, errors, bins
        As of `rotation.fit_rotation`.
    side : float, arcsec
        Of a spaxel.

    Returns
    -------
    float, float, arcsec
    """
    from scipy.optimize import minimize

    known = np.isfinite(velocities)
    start = np.array([np.mean(x[known]), np.mean(y[known])])
    radius = float(np.hypot(np.std(x[known]), np.std(y[known])))
    step = max(_START * radius, side)

    def cost(centre: NDArray) -> float:
        if np.hypot(*(centre - start)) > 2 * radius:
            return np.inf
        return misfit(x - centre[0], y - centre[1], velocities, errors, bins)

    simplex = start + step * np.array([[0, 0], [1, 0.3], [-0.3, 1]])
    options = {"initial_simplex": simplex, "xatol": _CLOSE * side, "fatol": 1e-6, "maxiter": 120}
    found = minimize(cost, start, method="Nelder-Mead", options=options)
    return float(found.x[0]), float(found.x[1])
