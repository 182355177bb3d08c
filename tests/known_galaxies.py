"""Maps of galaxies in equilibrium whose mass inside R_hsm is known."""

import numpy as np

from galmass_core.galaxy import Galaxy
from galmass_core.imaging.maps import render_maps
from galmass_core.synthetic.equilibrium import Potential, sample_spheroid
from galmass_core.synthetic.model import sample_galaxy, showcase_models
from galmass_core.synthetic.profiles import hernquist_bulge, nfw_halo

MASS, SIZE = 1e11, 3.0  # Msun, kpc: of the sphere


def sphere(halo_mass=0.0, seed=1):
    """Return maps of an isotropic Hernquist sphere, its R_hsm, and the mass inside."""
    stars = hernquist_bulge(MASS, SIZE, 1000.0)
    radii = np.geomspace(1e-3 * SIZE, 2000.0, 512)
    halo = nfw_halo(halo_mass, 8.0, 1000.0) if halo_mass else None
    masses = stars.enclosed_mass(radii) + (halo.enclosed_mass(radii) if halo else 0)
    places, velocities = sample_spheroid(
        Potential(radii, masses), stars.density(radii), 40_000, np.random.default_rng(seed)
    )
    galaxy = Galaxy.from_arrays(
        stars={"positions": places, "velocities": velocities, "masses": MASS / 40_000},
        gas={},
        centre=np.zeros(3),
    )
    true = float(np.interp(galaxy.half_mass_radius, radii, masses))
    return render_maps(galaxy, "z"), true


def inclined(subhalo, degrees, turned=0.0):
    """Return maps of a galaxy of stars, gas and dark matter, and its mass inside R_hsm.

    It is seen ``degrees`` from above its plane, and turned on the sky by ``turned`` degrees.
    """
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    cosine, sine = np.cos(np.radians(turned)), np.sin(np.radians(turned))
    turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]) @ turn
    made = sample_galaxy(showcase_models()[subhalo], 3, orientation=turn)
    known = ("positions", "velocities", "masses", "ages", "metallicities")
    galaxy = Galaxy.from_arrays(
        stars={key: made["stars"][key] for key in known},
        dark_matter={key: made["dark_matter"][key] for key in ("positions", "masses")},
        gas={},
        centre=np.zeros(3),
    )
    size = galaxy.half_mass_radius
    kinds = (made[kind] for kind in ("stars", "gas", "dark_matter"))
    inside = (each["masses"][np.linalg.norm(each["positions"], axis=1) < size] for each in kinds)
    return render_maps(galaxy, "z"), sum(masses.sum() for masses in inside)
