"""Measure how stars move at each radius on the sky: rotation, dispersion, V/σ and λ_R.

Rotation is the amplitude along the kinematic axis, as if seen in slits; what pixels of few stars
scatter by is no rotation, and λ_R of the model ``V = A(R) cos(angle)`` does not depend on their
number.

Shape suffixes: H rows, W columns.
"""

import numpy as np
import pandas as pd

from galmass_core.dynamics.annuli import rotation_of, velocity_annuli
from galmass_core.imaging.maps import GalaxyMaps, pixel_centres

FEWEST_STARS = 10  # in an annulus that is measured


def motion_profile(maps: GalaxyMaps) -> pd.DataFrame:
    """Measure motions in annuli of the maps, with velocities relative to their mean.

    The dispersion is that inside pixels, of those with two stars at least, by which it does not
    contain the rotation.

    Parameters
    ----------
    maps : GalaxyMaps

    Returns
    -------
    pandas.DataFrame
        A row for each annulus of 10 stars at least: ``radius`` [kpc], ``stars``, ``v`` and
        ``sigma`` [km/s], ``v_over_sigma``, and ``lambda_r`` inside this radius (Emsellem et al.
        2007, MNRAS 379, 401); NaN where no pixel has two stars.
    """
    half_width = maps.half_width / maps.half_mass_radius
    count_HW, light_HW, momenta_HW, squares_HW = maps.moments_CHW.astype(float)
    annuli = velocity_annuli(half_width, len(light_HW))
    total = light_HW.sum()
    if not total > 0:
        return pd.DataFrame(columns=["radius", "stars", *_COLUMNS], dtype=float)
    mean = momenta_HW.sum() / total
    squares_HW = squares_HW - 2 * mean * momenta_HW + mean**2 * light_HW
    momenta_HW = momenta_HW - mean * light_HW
    rotation, along_HW = rotation_of(annuli, momenta_HW, light_HW)
    several_HW = (count_HW > 1) & (light_HW > 0)
    safe_HW = np.where(several_HW, light_HW, 1.0)
    spread_HW = np.where(several_HW, squares_HW - momenta_HW**2 / safe_HW, 0.0)  # light times σ²
    spread_HW = spread_HW * count_HW / np.maximum(count_HW - 1, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = annuli.sum(spread_HW) / annuli.sum(light_HW * several_HW)
        ratio = np.abs(rotation) / np.sqrt(variance)
    stars = annuli.sum(count_HW)
    place_HW = np.minimum(annuli.of_pixels, len(rotation) - 1)
    x, y = np.meshgrid(*2 * (pixel_centres(len(light_HW), maps.half_width),))
    lever_HW = light_HW * np.hypot(x, y)
    model_HW = rotation[place_HW] * along_HW
    lever_HW = lever_HW * np.isfinite(variance)[place_HW]  # elsewhere the motion is not known
    ordered = annuli.sum(lever_HW * np.abs(model_HW))
    all_motion = annuli.sum(lever_HW * np.sqrt(model_HW**2 + np.nan_to_num(variance)[place_HW]))
    grown = np.cumsum(all_motion)
    spin = np.divide(np.cumsum(ordered), grown, out=np.full(len(grown), np.nan), where=grown > 0)
    table = pd.DataFrame(
        {
            "radius": annuli.radii * maps.half_mass_radius,
            "stars": stars,
            "v": np.abs(rotation),
            "sigma": np.sqrt(variance),
            "v_over_sigma": ratio,
            "lambda_r": np.where(np.isfinite(variance), spin, np.nan),
        }
    )
    return table[stars >= FEWEST_STARS].reset_index(drop=True)


_COLUMNS = ("v", "sigma", "v_over_sigma", "lambda_r")
