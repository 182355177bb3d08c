"""Tables of samples whose truth follows from their features by a rule that a test can check."""

import numpy as np
import pandas as pd

from galmass_core.datasets.dataset_tables import write_tables
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


def make_relations(n_galaxies, simulation="TNG/TNG100-1", seed=3):
    """Return a table of three samples a galaxy with all columns that the page draws."""
    random = np.random.default_rng(seed)

    def per_galaxy(values):
        return np.repeat(values, 3)

    mass = random.uniform(9.7, 11.7, n_galaxies)
    return pd.DataFrame(
        {
            "name": per_galaxy([f"{simulation}/99/{number}" for number in range(n_galaxies)]),
            "los": np.tile(["x", "y", "z"], n_galaxies),
            "is_central": per_galaxy(np.arange(n_galaxies) % 3 > 0),
            "host_group": 0,
            "log_mstar": per_galaxy(mass),
            "half_mass_radius": per_galaxy(10 ** random.normal(0.5, 0.2, n_galaxies)),
            "g_minus_r": random.uniform(0.3, 0.8, 3 * n_galaxies),
            "abs_mag_r": per_galaxy(-2 * mass),
            "sigma_v": 10 ** random.normal(2, 0.1, 3 * n_galaxies),
            "f_dm_1rhsm": per_galaxy(random.uniform(0.2, 0.8, n_galaxies)),
            "sfr_1gyr": per_galaxy(np.where(np.arange(n_galaxies) % 4, 10.0 ** (mass - 10), 0.0)),
        }
    )


def make_dataset(folder, samples, **description):
    """Write a data set without maps."""
    return write_tables(folder, samples, description)


def make_simulation(folder, seed, **description):
    """Write a data set of 60 galaxies whose names have the folder's."""
    samples = make_samples(60, seed=seed)
    samples["name"] = samples["name"].str.replace("table", folder.name)
    samples["log_mstar"] = samples.groupby("name")["log_mstar_1rhsm"].transform("mean")
    return make_dataset(folder, samples.assign(synthetic=True), **description)
