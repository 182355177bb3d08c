"""The paper's cuts on galaxies at their edges."""

import numpy as np
import pandas as pd

from galmass_core.sample import (
    NO_DARK_MATTER,
    NO_SIZE,
    NOT_COSMOLOGICAL,
    TOO_FEW_STARS,
    TOO_HEAVY,
    TOO_LIGHT,
    TOO_LIGHT_30KPC,
    catalogue_cuts,
    galaxy_cut,
)


def test_each_subhalo_is_left_out_for_the_first_reason():
    good = {"mstar": 6e9, "mtot": 9e13, "flag": True}
    good |= {"half_mass_radius": 3.0, "n_star": 100, "mdm_1rhsm": 1e9}
    changes = {
        "": {},
        TOO_LIGHT: {"mstar": 5e9, "flag": False},
        TOO_HEAVY: {"mtot": 1e14},
        NOT_COSMOLOGICAL: {"flag": False},
        NO_SIZE: {"half_mass_radius": 0.0},
        TOO_FEW_STARS: {"n_star": 99},
        NO_DARK_MATTER: {"mdm_1rhsm": 0.0},
    }
    subhaloes = pd.DataFrame([good | change for change in changes.values()])
    reasons = list(changes)
    assert catalogue_cuts(subhaloes).tolist() == reasons


def test_a_galaxy_must_have_mass_within_30_kpc_stars_and_dark_matter():
    good = {"log_mstar_30kpc": 9.8, "n_stars": 3500, "n_dm": 900, "log_mdm_1rhsm": 9.5}
    assert galaxy_cut(good) == ""
    assert galaxy_cut(good | {"log_mstar_30kpc": 9.69}) == TOO_LIGHT_30KPC
    assert galaxy_cut(good | {"n_stars": 99}) == TOO_FEW_STARS
    assert galaxy_cut(good | {"log_mdm_1rhsm": np.nan}) == NO_DARK_MATTER
