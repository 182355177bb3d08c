"""Fit axisymmetric Jeans models to the mean square velocities of a galaxy on the sky.

An oblate galaxy of Gaussians, of stars of one M*/L in a spherical NFW halo, is seen at an
inclination that its image leaves open: the same image is that of a thin disc seen from further
above, or of a thicker body. Models differ in that thickness, in the anisotropy
β_z = 1 - σ_z²/σ_R², in the scale radius of the halo and in its share. Galaxies are as likely to
be of any thickness, and to be seen from any direction, before the fit. Where no axis of rotation is
found, the galaxy is taken to be as thick as its image: slow rotators are nearly spheres (Cappellari
2016, ARA&A 54, 597), and what the noise of an image flattens would become a disc seen from above.

Lengths are in R_hsm. Shape suffixes: S halo radii, B anisotropies, A bins, P places.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from galmass_core.dynamics.annuli import kinematic_axis
from galmass_core.dynamics.ellipses import ROUND, Ellipses, Image, Motion, measure_motion
from galmass_core.dynamics.fit import JeansFit, Models, fit_models
from galmass_core.dynamics.inclination import image_axes
from galmass_core.dynamics.jeans import halo_mass
from galmass_core.dynamics.light import NoFitError, inside_sphere
from galmass_core.dynamics.oblate import Gaussians, second_moments
from galmass_core.imaging.maps import GalaxyMaps

ANISOTROPIES = np.linspace(-0.4, 0.6, 11)  # β_z
_EDGE_ON = [(1.0, 1.0)]  # sin² of the inclination, and how likely it is
_THINNEST = 0.06  # axis ratio of the light in space
_THINNEST_PART = 0.04  # of one Gaussian
_THICKNESSES = 6
_LEAST = 0.05  # of sin² i
_SURE = 10.0  # degrees: error of the axis of rotation of a galaxy that rotates
_HALO_SIZES = np.geomspace(0.01, 150.0, 18)


def solve(
    light: Gaussians, masses: list[Gaussians], x: NDArray, y: NDArray, squared_sine: float
) -> NDArray:
    """Return surface brightness times mean square velocity for each β_z of `ANISOTROPIES`.

    Parameters
    ----------
    light, x, y, squared_sine
        As of `oblate.second_moments`.
    masses : list of Gaussians
        Sums of Gaussians, M of them.

    Returns
    -------
    (B, M, P) float
    """
    every = Gaussians(*map(np.concatenate, zip(*masses, strict=True)))
    starts = np.cumsum([0, *(len(each.totals) for each in masses[:-1])])
    parts = second_moments(light, every, x, y, squared_sine)
    first, second = np.add.reduceat(parts, starts, axis=1)
    return first + second / (1 - ANISOTROPIES[:, None, None])


class Solver(NamedTuple):
    """What solves the Jeans equations.

    Attributes
    ----------
    solve : function
        As `solve`.
    anisotropies : (B,) float
    step : int
        1: all inclinations of an image are tried; 2: every other.
    """

    solve: Callable[[Gaussians, list[Gaussians], NDArray, NDArray, float], NDArray]
    anisotropies: NDArray
    step: int


OURS = Solver(solve, ANISOTROPIES, 1)


def fit_axisymmetric(maps: GalaxyMaps, other_radius: float, solver: Solver = OURS) -> JeansFit:
    """Fit all models of the grid to one galaxy.

    Parameters
    ----------
    maps : GalaxyMaps
    other_radius : float, R_hsm
        Of a second sphere, as of `fit.fit_jeans`.
    solver : Solver

    Returns
    -------
    JeansFit
        ``anisotropy`` is that of the solver, β_z of ours.

    Raises
    ------
    NoFitError
        If the light has no axes or no fit, or too few parts of ellipses have light or stars.
    """
    ratio, position_angle = image_axes(maps)
    if not np.isfinite(ratio):
        msg = "the r image has no axes"
        raise NoFitError(msg)
    receding, error = kinematic_axis(maps)
    rotates = error < _SURE
    if ratio > ROUND and rotates:
        position_angle = receding
    half_width = float(maps.half_width / maps.half_mass_radius)
    ellipses = Ellipses(ratio=ratio, position_angle=position_angle, half_width=half_width)
    motion, image = measure_motion(maps, ellipses), Image(maps, ellipses)
    grid = [
        _models(motion, image, solver, seen, other_radius)
        for seen in (inclinations(ratio)[:: solver.step] if rotates else _EDGE_ON)
    ]
    axes = {"stars": 0, "halo": 1, "anisotropies": 0, "within": 0, "chances": 0}
    whole = {key: np.concatenate([each[key] for each in grid], axes[key]) for key in axes}
    for key in ("stars", "halo"):
        whole[key] /= maps.half_mass_radius
    return fit_models(motion.measured, Models(**whole), other_radius)


def inclinations(ratio: float) -> list[tuple[float, float]]:
    """Return sin² of inclinations at which an oblate galaxy may have an axis ratio on the sky.

    Of galaxies of the thickness q from all directions, the share seen at the ratio q' is
    ``dq' q' / √((1 - q²)(q'² - q²))``; with ``q = q' sin t``, thicknesses are taken evenly in t.

    Parameters
    ----------
    ratio : float
        q', at most 1.

    Returns
    -------
    list of (float, float)
        sin² i, and how likely it is, up to a factor.
    """
    ends = np.geomspace(np.arcsin(min(_THINNEST / ratio, 0.9)), np.pi / 2, _THICKNESSES + 1)
    thickness = ratio * np.sin(np.sqrt(ends[1:] * ends[:-1]))
    sines = np.maximum((1 - ratio**2) / (1 - thickness**2), _LEAST)
    chances = np.diff(ends) / thickness / np.sqrt(1 - thickness**2)
    return list(zip(sines.tolist(), chances.tolist(), strict=True))


def _models(
    motion: Motion, image: Image, solver: Solver, seen: tuple[float, float], other_radius: float
) -> dict[str, NDArray]:
    """Return the fields of `fit.Models` at one inclination, as of `inclinations`; per R_hsm."""
    squared_sine, chance = seen
    depth2 = (image.ratios**2 - (1 - squared_sine)) / squared_sine
    fitted = image.fit(depth2 > _THINNEST_PART**2)
    used = fitted > 0
    light = Gaussians(fitted[used], image.sizes[used], np.sqrt(depth2[used]))
    mass = Gaussians(light.totals / light.enclosed(1.0), light.sizes, light.ratios)
    whole = solver.solve(light, [mass, *_haloes()], motion.x, motion.y, squared_sine)
    whole /= light.brightness(motion.x, motion.y, squared_sine)
    parts = whole @ motion.shares.T  # (B, 1 + S, A)
    same = np.ones(len(solver.anisotropies))
    return {
        "stars": parts[:, 0],
        "halo": parts[:, 1:].swapaxes(0, 1),
        "anisotropies": solver.anisotropies,
        "within": mass.enclosed(other_radius) * same,
        "chances": chance * same,
    }


@lru_cache(maxsize=1)
def _haloes() -> list[Gaussians]:
    """Return the Gaussians that add up to each halo of unit mass inside R_hsm."""
    radii = np.geomspace(0.02, 30.0, 60)
    shares = inside_sphere(radii[:, None] / _HALO_SIZES)
    found = []
    for masses in halo_mass(radii):
        amplitudes, _ = nnls(shares / masses[:, None], np.ones(len(radii)), maxiter=1000)
        amplitudes /= amplitudes @ inside_sphere(1 / _HALO_SIZES)
        used = amplitudes > 0
        sizes = _HALO_SIZES[used]
        found.append(Gaussians(amplitudes[used], sizes, np.ones(len(sizes))))
    return found
