"""Hand a galaxy, its maps and its mass profile to other packages, and take galaxies from them.

Each function imports its package when it is called (``pip install -e ".[bridges]"``), and returns
what that package takes: arguments for one of its functions, as a dictionary, or an object of its
own. Nothing is smoothed, shifted or given noise.
"""

from galmass_core.bridges.images import to_mgefit, to_photutils, to_statmorph
from galmass_core.bridges.particles import to_pynbody, to_yt
from galmass_core.bridges.potentials import to_gala, to_galpy
from galmass_core.bridges.snapshots import from_pynbody, from_swiftgalaxy, from_yt
from galmass_core.bridges.swift import to_swiftsimio
from galmass_core.bridges.velocities import (
    receding_side,
    to_jampy,
    to_pafit,
    to_powerbin,
    to_spectral_cube,
)

__all__ = [
    "from_pynbody",
    "from_swiftgalaxy",
    "from_yt",
    "receding_side",
    "to_gala",
    "to_galpy",
    "to_jampy",
    "to_mgefit",
    "to_pafit",
    "to_photutils",
    "to_powerbin",
    "to_pynbody",
    "to_spectral_cube",
    "to_statmorph",
    "to_swiftsimio",
    "to_yt",
]
