"""Estimate the masses of all galaxies of a data set by stellar dynamics.

Estimates see what networks see: the r image, V and σ in a frame of ±3 R_hsm. The radius R_hsm, by
which the frame is chosen and inside which masses are compared, is the simulation's truth; masses
inside R_e of the r image stand beside them.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from galmass_core.datasets.capabilities import require_maps
from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.observed_columns import masses_at
from galmass_core.datasets.shards import PROFILE_COLUMNS
from galmass_core.dynamics.annuli import Profile, measure_profile, velocity_annuli
from galmass_core.dynamics.axisymmetric import fit_axisymmetric
from galmass_core.dynamics.fit import JeansFit, fit_jeans
from galmass_core.dynamics.inclination import axis_ratio, seen_edge_on
from galmass_core.dynamics.jam import JAM, require_jampy
from galmass_core.dynamics.jeans import tables
from galmass_core.dynamics.light import NoFitError, fit_light, half_light_radius
from galmass_core.dynamics.virial import mean_square, virial_mass, wolf_mass
from galmass_core.imaging.maps import GalaxyMaps
from galmass_core.learning.experiments import missing_columns
from galmass_core.measurements.targets import HALF_LIGHT
from galmass_core.quantities.targets import decimal_log

Progress = Callable[[int, int, int], None]  # samples done, in total, failed
COLUMNS = {
    "re": "R_e of the r image, kpc",
    "sigma_e": "root of the mean of V² + σ² inside R_e, km/s",
    "log_mtot_virial": "half of the virial mass, Msun",
    "log_mtot_virial_error": "its error from few stars, dex",
    "log_mtot_wolf": "mass of Wolf et al. (2010), Msun",
    "log_mtot_wolf_error": "its error from few stars, dex",
    "log_mtot_jeans": "mass inside R_hsm, Msun",
    "log_mtot_jeans_error": "dex",
    "log_mstar_jeans": "stellar mass inside R_hsm, Msun",
    "log_mstar_jeans_error": "dex",
    "f_dm_jeans": "the halo's share of the mass inside R_hsm",
    "f_dm_jeans_error": "",
    "log_mtot_jeans_re": "mass inside the sphere of R_e, Msun",
    "log_mtot_jeans_re_error": "dex",
    "f_dm_jeans_re": "the halo's share there",
    "axis_ratio": "of the r image",
    "log_mtot_inclined": "Jeans mass inside R_hsm from velocities as if seen edge-on, Msun",
    "log_mtot_inclined_error": "dex",
    "log_mstar_inclined": "stellar mass of that fit, Msun",
    "log_mstar_inclined_error": "dex",
    "f_dm_inclined": "the halo's share of that fit",
    "f_dm_inclined_error": "",
    "log_mtot_axisymmetric": "mass inside R_hsm of axisymmetric Jeans models, Msun",
    "log_mtot_axisymmetric_error": "dex",
    "log_mstar_axisymmetric": "stellar mass of that fit, Msun",
    "log_mstar_axisymmetric_error": "dex",
    "f_dm_axisymmetric": "the halo's share of that fit",
    "f_dm_axisymmetric_error": "",
    "log_mtot_axisymmetric_re": "mass of that fit inside the sphere of R_e, Msun",
    "log_mtot_axisymmetric_re_error": "dex",
    "f_dm_axisymmetric_re": "the halo's share there",
    "beta_z": "its anisotropy, 1 - σ_z²/σ_R²",
    "beta_z_error": "",
    "chi_square_axisymmetric": "of the best of these models over the degrees of freedom",
    "beta": "anisotropy",
    "beta_error": "",
    "chi_square": "of the best Jeans model over the degrees of freedom",
}
FAILURES = {  # why there is no mass
    "failure": "of spherical models",
    "failure_axisymmetric": "of axisymmetric ones",
}
JAM_COLUMNS = {  # where JamPy is asked for
    "log_mtot_jam": "mass inside R_hsm of JamPy's models, Msun",
    "log_mtot_jam_error": "dex",
    "log_mstar_jam": "stellar mass of that fit, Msun",
    "log_mstar_jam_error": "dex",
    "f_dm_jam": "the halo's share of that fit",
    "f_dm_jam_error": "",
}
FAILURE_JAM = "failure_jam"
TRUTH = ("log_mtot_1rhsm", "log_mstar_1rhsm", "f_dm_1rhsm")
INSIDE_OTHER = ("log_mtot_re", "f_dm_re", "log_mtot_half_light")  # true, from profiles


def estimate_masses(
    dataset: DataSet,
    rows: ArrayLike | None = None,
    *,
    progress: Progress | None = None,
    jam: bool = False,
) -> pd.DataFrame:
    """Estimate masses of samples, each from its own maps.

    Parameters
    ----------
    dataset : DataSet
    rows : (B,) int, optional
        Rows of `DataSet.samples`; all by default.
    progress : function, optional
        Called with the number of samples done, in total, and failed so far.
    jam : bool
        Also fit by JamPy, if the user has it: seconds for each sample.

    Returns
    -------
    pandas.DataFrame
        ``name``, ``los``, ``half_mass_radius``; `COLUMNS`; `FAILURES`, why there is no Jeans mass,
        or empty; with ``jam`` `JAM_COLUMNS` and `FAILURE_JAM`; and the true values `TRUTH` and
        `INSIDE_OTHER` with ``true_`` before their names, NaN where they are not known.

    Raises
    ------
    ValueError
        If the data set has no maps, or jampy cannot be imported.
    """
    require_maps(dataset, "stellar dynamics")
    if jam:
        require_jampy()
    rows = np.arange(len(dataset)) if rows is None else np.asarray(rows)
    found: list[dict[str, Any]] = [{} for _ in rows]
    failed = 0
    for done, (place, maps) in enumerate(dataset.read_maps(rows), 1):
        found[place] = estimate_one(maps)
        if jam:
            found[place] |= estimate_by_jampy(maps, found[place])
        failed += bool(found[place]["failure"])
        if progress is not None:
            progress(done, len(rows), failed)
    samples = dataset.samples.iloc[rows].reset_index(drop=True)
    table = samples[["name", "los", "half_mass_radius"]].copy()
    columns = [*COLUMNS, *FAILURES, *([*JAM_COLUMNS, FAILURE_JAM] if jam else [])]
    table = table.join(pd.DataFrame(found, columns=columns))
    for key in TRUTH:
        known = not missing_columns(samples, [key])
        table[f"true_{key}"] = samples[key].to_numpy(float) if known else np.nan
    return table.assign(**_truth_inside(dataset, rows, table["re"].to_numpy(float)))


def estimate_one(maps: GalaxyMaps) -> dict[str, Any]:
    """Estimate the masses of one galaxy along one line of sight.

    Parameters
    ----------
    maps : GalaxyMaps

    Returns
    -------
    dict
        `COLUMNS`, NaN where there is no estimate, and `FAILURES`.
    """
    row: dict[str, Any] = dict.fromkeys(COLUMNS, np.nan) | dict.fromkeys(FAILURES, "")
    radius = float(maps.half_mass_radius)
    if not 0 < radius < np.inf:
        return row | dict.fromkeys(FAILURES, "R_hsm is not known")
    half_width = round(float(maps.half_width / radius), 6)
    side, pixels = maps.moments_CHW.shape[-1], maps.flux_CHW.shape[-1]
    profile = measure_profile(maps)
    try:
        amplitudes = fit_light(profile.light, half_width, pixels)
        effective = half_light_radius(amplitudes)
        row |= _simple(profile, half_width, side, effective, radius)
        row |= {"axis_ratio": axis_ratio(maps)}
        edge_on = seen_edge_on(profile.squares, profile.rotation, row["axis_ratio"])
        known = tables(half_width, side)
        sizes = {"half_mass_radius": radius, "other_radius": effective}
        seen = fit_jeans(profile, amplitudes, known, **sizes)
        turned = fit_jeans(replace(profile, squares=edge_on), amplitudes, known, **sizes)
    except NoFitError as error:
        return row | dict.fromkeys(FAILURES, str(error))
    try:
        row |= _axisymmetric(fit_axisymmetric(maps, effective))
    except NoFitError as error:
        row |= {"failure_axisymmetric": str(error)}
    inside = {
        "log_mtot_jeans_re": seen.log_total_other,
        "log_mtot_jeans_re_error": seen.log_total_other_error,
        "f_dm_jeans_re": seen.dark_other,
        "beta": seen.anisotropy,
        "beta_error": seen.anisotropy_error,
        "chi_square": seen.chi_square,
    }
    return row | inside | _masses(seen, "jeans") | _masses(turned, "inclined")


def estimate_by_jampy(maps: GalaxyMaps, known: dict[str, Any]) -> dict[str, Any]:
    """Estimate the masses of one galaxy by JamPy.

    Parameters
    ----------
    maps : GalaxyMaps
    known : dict
        From `estimate_one`.

    Returns
    -------
    dict
        `JAM_COLUMNS`, NaN where there is no estimate, and `FAILURE_JAM`.
    """
    row: dict[str, Any] = dict.fromkeys(JAM_COLUMNS, np.nan)
    if known["failure_axisymmetric"]:
        return row | {FAILURE_JAM: known["failure_axisymmetric"]}
    try:
        return _masses(fit_axisymmetric(maps, 1.0, JAM), "jam") | {FAILURE_JAM: ""}
    except NoFitError as error:
        return row | {FAILURE_JAM: str(error)}


def _axisymmetric(fit: JeansFit) -> dict[str, float]:
    """Return what is known of a fit of axisymmetric models."""
    return _masses(fit, "axisymmetric") | {
        "log_mtot_axisymmetric_re": fit.log_total_other,
        "log_mtot_axisymmetric_re_error": fit.log_total_other_error,
        "f_dm_axisymmetric_re": fit.dark_other,
        "beta_z": fit.anisotropy,
        "beta_z_error": fit.anisotropy_error,
        "chi_square_axisymmetric": fit.chi_square,
    }


def _masses(fit: JeansFit, kind: str) -> dict[str, float]:
    """Return the masses inside R_hsm of a fit."""
    return {
        f"log_mtot_{kind}": fit.log_total,
        f"log_mtot_{kind}_error": fit.log_total_error,
        f"log_mstar_{kind}": fit.log_stars,
        f"log_mstar_{kind}_error": fit.log_stars_error,
        f"f_dm_{kind}": fit.dark,
        f"f_dm_{kind}_error": fit.dark_error,
    }


def _simple(
    profile: Profile, half_width: float, side: int, effective: float, radius: float
) -> dict[str, float]:
    """Return size, dispersion, and the masses of both."""
    annuli = velocity_annuli(half_width, side)
    inside, inside_error = mean_square(profile, annuli, effective)
    whole, whole_error = mean_square(profile, annuli, half_width)
    size = effective * radius
    return {
        "re": size,
        "sigma_e": inside**0.5,
        "log_mtot_virial": float(decimal_log(virial_mass(inside, size))),
        "log_mtot_virial_error": inside_error,
        "log_mtot_wolf": float(decimal_log(wolf_mass(whole, size))),
        "log_mtot_wolf_error": whole_error,
    }


def _truth_inside(dataset: DataSet, rows: NDArray, sizes: NDArray) -> dict[str, NDArray]:
    """Return true values inside R_e and inside the sphere of half of the light, from profiles."""
    places = {int(row): place for place, row in enumerate(rows)}
    values = np.full((len(INSIDE_OTHER), len(rows)), np.nan)
    for read, profiles in dataset.read_profiles():
        for row, profile in zip(read, profiles.astype(float), strict=True):
            if (place := places.get(int(row))) is not None:
                values[:, place] = _inside(profile, sizes[place])
    return {f"true_{key}": each for key, each in zip(INSIDE_OTHER, values, strict=True)}


def _inside(profile: NDArray, size: float) -> tuple[float, float, float]:
    """Return `INSIDE_OTHER` of one galaxy for R_e [kpc]; NaN outside the profile."""
    columns = dict(zip(PROFILE_COLUMNS, profile, strict=True))
    places = np.array([size, HALF_LIGHT * size])
    total, half = masses_at(places, columns["radius"], columns["mtot"])
    dark, _ = masses_at(places, columns["radius"], columns["mdm"])
    return float(total), float(10 ** (dark - total)), float(half)
