"""Tables of samples whose truth follows from their features by a rule that a test can check."""

import numpy as np
import pandas as pd

from galmass_core.datasets.dataset import write_tables
from galmass_core.learning.experiments import FEATURES

LINES_OF_SIGHT = ("x", "y", "z")


def make_samples(n_galaxies, *, seed=7):
    """Return three samples a galaxy, with the ten features and every target of Table 5.

    log M* is a straight line in M_r and g-r and scatters by 0.02 dex; M_tot adds log σ_v.
    """
    generator = np.random.default_rng([*b"samples", seed])
    rows = 3 * n_galaxies
    table = pd.DataFrame(
        {
            "name": np.repeat([f"synthetic/table/0/{number}" for number in range(n_galaxies)], 3),
            "los": np.tile(LINES_OF_SIGHT, n_galaxies),
            "is_central": True,
            "host_group": 0,
        }
    )
    table["abs_mag_r"] = np.repeat(generator.uniform(-23, -18, n_galaxies), 3)
    table["g_minus_r"] = generator.uniform(0.3, 0.9, rows)
    table["sigma_v"] = 10 ** (2 - 0.1 * (table["abs_mag_r"] + 20) + generator.normal(0, 0.03, rows))
    table["effective_radius"] = 10 ** generator.normal(0.6, 0.2, rows)
    for key in FEATURES:
        if key not in table:
            table[key] = generator.uniform(0.1, 0.9, rows)
    log_mstar = -0.4 * table["abs_mag_r"] + 1.5 * table["g_minus_r"] + 1.0
    table["log_mstar_1rhsm"] = log_mstar + generator.normal(0, 0.02, rows)
    table["f_star_1rhsm"] = 0.6 - 0.2 * (np.log10(table["sigma_v"]) - 2)
    table["f_dm_1rhsm"] = 0.95 - table["f_star_1rhsm"]
    table["log_mtot_1rhsm"] = table["log_mstar_1rhsm"] - np.log10(table["f_star_1rhsm"])
    table["log_mdm_1rhsm"] = table["log_mtot_1rhsm"] + np.log10(table["f_dm_1rhsm"])
    table["log_ml_r_1rhsm"] = 1.5 * table["g_minus_r"] - 0.8
    return table


def make_dataset(folder, samples, **description):
    """Write a data set without maps."""
    return write_tables(folder, samples, description)


def make_simulation(folder, seed, **description):
    """Write a data set of 60 galaxies whose names have the folder's."""
    samples = make_samples(60, seed=seed)
    samples["name"] = samples["name"].str.replace("table", folder.name)
    samples["log_mstar"] = samples.groupby("name")["log_mstar_1rhsm"].transform("mean")
    return make_dataset(folder, samples.assign(synthetic=True), **description)
