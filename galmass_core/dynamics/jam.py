"""Solve the axisymmetric Jeans equations by JamPy, where the user has installed it.

JamPy's licence is not free: galmass neither installs nor contains it. Light, haloes, bins and the
fit are those of `axisymmetric`. JamPy 9 has velocity ellipsoids along the radius (Cappellari 2020,
MNRAS 494, 4819), with β = 1 - σ_θ²/σ_r².
"""

import sys
from importlib import import_module
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from galmass_core.dynamics.axisymmetric import Solver
from galmass_core.dynamics.light import NoFitError
from galmass_core.dynamics.oblate import Gaussians

_DISTANCE = 180 * 3600 / np.pi / 1e6  # Mpc, at which 1 pc is 1 arcsec
_MASS = 1e10  # Msun inside R_hsm, for numbers that are usual to JamPy
ANISOTROPIES = np.array([-0.2, 0.1, 0.4])


def require_jampy() -> ModuleType:
    """Return the package jampy.

    Raises
    ------
    ValueError
        If it cannot be imported.
    """
    try:
        return import_module("jampy")
    except (ImportError, SyntaxError) as error:
        python = ".".join(map(str, sys.version_info[:2]))
        msg = (
            "JAM needs the package jampy 9 (pip install jampy; its licence is not free), which "
            f"cannot be imported by Python 3.11; Python {python} here says: {error}"
        )
        raise ValueError(msg) from error


def solve_by_jampy(
    light: Gaussians, masses: list[Gaussians], x: NDArray, y: NDArray, squared_sine: float
) -> NDArray:
    """Return what `axisymmetric.solve` does, for JamPy's β of `ANISOTROPIES`.

    Raises
    ------
    NoFitError
        If JamPy raises an error.
    """
    jam = require_jampy()
    facts = {
        "model_lum_proj": _projected(light, squared_sine),
        "inc": float(np.degrees(np.arcsin(np.sqrt(squared_sine)))),
        "mbh": 0.0,
        "distance": _DISTANCE,
        "xbin": x,
        "ybin": y,
        "ml": 1.0,
        "plot": False,
        "quiet": True,
    }
    found = np.empty((len(ANISOTROPIES), len(masses), len(x)))
    for one, beta in enumerate(ANISOTROPIES):
        for other, mass in enumerate(masses):
            heavy = mass._replace(totals=_MASS * mass.totals)
            pull = _projected(heavy, squared_sine)
            try:
                model = jam.axi.proj(**facts, model_pot_proj=pull, beta=float(beta)).model
            except (ValueError, AssertionError, ArithmeticError) as error:
                msg = f"JamPy says: {error}"
                raise NoFitError(msg) from error
            found[one, other] = model**2 / (1000 * _MASS)  # 1 kpc is 1000 times as wide as 1 pc
    if not (np.isfinite(found) & (found >= 0)).all():
        msg = "JamPy has no velocity at some places"
        raise NoFitError(msg)
    return found * light.brightness(x, y, squared_sine)


def _projected(gaussians: Gaussians, squared_sine: float) -> tuple[NDArray, NDArray, NDArray]:
    """Return peak surface densities, dispersions and axis ratios on the sky."""
    ratios = gaussians.seen(squared_sine)
    return gaussians.totals / (2 * np.pi * gaussians.sizes**2 * ratios), gaussians.sizes, ratios


JAM = Solver(solve_by_jampy, ANISOTROPIES, 2)
