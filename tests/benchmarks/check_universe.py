"""Does the embedded universe have TNG100's shape? Marginals and correlations, column by column.

    python tests/benchmarks/check_universe.py --galaxies 3000 CATALOGUE DISC_FRACTIONS

Galaxies go through particles in TNG's layout and back through the reader; their columns are those
of a group catalogue. Asked for: Kolmogorov-Smirnov distance of each column at most 0.07, each
Pearson and Spearman correlation inside the catalogue's 99 % bootstrap limits or within 0.07.
Zeros of gas and star formation count as the floors below.
"""

import argparse
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp

from galmass_core.galaxy import Galaxy
from galmass_core.measurements.targets import measure_targets
from galmass_core.sources import find_galaxies
from galmass_core.synthetic.snapshot_writer import write_directory
from galmass_core.synthetic.universe import draw_demands, place_galaxies
from galmass_core.synthetic.universe_fit import select

CENTRALS = 40  # on disk at a time, with their satellites
GAS_FLOOR, SFR_FLOOR = 1e6, 1e-4  # Msun, Msun/yr
LIMIT = 0.07
RESAMPLES = 200


def measure(galaxy: Galaxy) -> dict[str, float]:
    """Columns of a galaxy by the catalogue's definitions."""
    targets = measure_targets(galaxy)
    stars, gas = galaxy.stars, galaxy.gas
    near = gas.radii <= 2 * galaxy.half_mass_radius
    keys = [key for key in targets if key.startswith(("log_m", "f_")) and "30kpc" not in key]
    row = {key: targets[key] for key in keys}
    for key in ("log_mgas", "log_mgas_1rhsm", "log_mgas_2rhsm"):
        row[key] = np.fmax(row[key], np.log10(GAS_FLOOR))
    momenta = np.cross(stars.positions, stars.velocities)
    axis = stars.masses @ momenta
    return row | {
        "log_half_mass_radius": np.log10(targets["half_mass_radius"]),
        "abs_mag_r": targets["abs_mag_r_intrinsic"],
        "g_minus_r": targets["g_minus_r_intrinsic"],
        "log_sfr": np.log10(max(gas.star_formation_rates[near].sum(), SFR_FLOOR)),
        "log_metallicity": np.log10(np.average(stars.metallicities, weights=stars.masses)),
        "disc_fraction": 1 - 2 * stars.masses[momenta @ axis < 0].sum() / stars.masses.sum(),
        "is_central": galaxy.is_central,
    }


def catalogue_columns(subhaloes: pd.DataFrame) -> pd.DataFrame:
    """The same columns of the catalogue."""
    table = pd.DataFrame(index=subhaloes.index)
    for suffix in ("", "_1rhsm", "_2rhsm"):
        for species, floor in (("star", 0), ("dm", 0), ("gas", GAS_FLOOR), ("tot", 0)):
            mass = subhaloes[f"m{species}{suffix}"]
            table[f"log_m{species}{suffix}"] = np.log10(np.maximum(mass, floor))
        if suffix:
            total = subhaloes[f"mtot{suffix}"]
            table[f"f_star{suffix}"] = subhaloes[f"mstar{suffix}"] / total
            table[f"f_dm{suffix}"] = subhaloes[f"mdm{suffix}"] / total
    return table.assign(
        log_half_mass_radius=np.log10(subhaloes["half_mass_radius"]),
        abs_mag_r=subhaloes["magnitude_r"],
        g_minus_r=subhaloes["magnitude_g"] - subhaloes["magnitude_r"],
        log_sfr=np.log10(np.maximum(subhaloes["sfr_2rhsm"], SFR_FLOOR)),
        log_metallicity=np.log10(subhaloes["stellar_metallicity"]),
        disc_fraction=subhaloes["disc_fraction"],
        is_central=subhaloes["is_central"],
    )


def make_universe(galaxies: int, seed: int) -> pd.DataFrame:
    """Write the universe, read it back and measure it, a batch at a time."""
    demands, hosts = draw_demands(galaxies, seed)
    centrals = [i for i, demand in enumerate(demands) if demand.is_central]
    borders = [*centrals[::CENTRALS], len(demands)]
    rows = []
    for first, last in pairwise(borders):
        groups = [host - hosts[first] for host in hosts[first:last]]
        with tempfile.TemporaryDirectory() as folder:
            write_directory(folder, place_galaxies(demands[first:last], groups, seed + first))
            rows += [measure(ref.read()) for ref in find_galaxies([folder]).galaxies]
        print(f"{len(rows)} galaxies", flush=True)
    return pd.DataFrame(rows)


def compare(real: pd.DataFrame, ours: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """KS distance of each column, and the pairs whose correlation is out of limits."""
    columns = [column for column in real if column != "is_central"]
    distances = {name: ks_2samp(real[name], ours[name]).statistic for name in columns}
    marginals = pd.DataFrame(
        {
            "KS": distances,
            "median": real[columns].median(),
            "ours": ours[columns].median(),
        }
    )
    out = []
    for method in ("pearson", "spearman"):
        there, here = (table[columns].corr(method).to_numpy() for table in (real, ours))
        resampled = [
            real[columns].sample(frac=1, replace=True, random_state=i).corr(method).to_numpy()
            for i in range(RESAMPLES)
        ]
        low, high = np.percentile(resampled, [0.5, 99.5], axis=0)
        near = np.abs(here - there) <= LIMIT
        for i, j in zip(*np.nonzero(~near & ((here < low) | (here > high))), strict=True):
            if i < j:
                out.append((method, columns[i], columns[j], there[i, j], here[i, j]))
    return marginals, pd.DataFrame(out, columns=["method", "column", "other", "real", "ours"])


def main() -> None:
    """Make, measure, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("disc_fractions", type=Path)
    parser.add_argument("--galaxies", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    real = catalogue_columns(select(arguments.catalogue, arguments.disc_fractions))
    ours = make_universe(arguments.galaxies, arguments.seed)
    for central, name in ((True, "centrals"), (False, "satellites")):
        there, here = (table[table["is_central"] == central] for table in (real, ours))
        marginals, pairs = compare(there, here)
        count = len(marginals) * (len(marginals) - 1)
        print(f"\n{name}: {len(there)} in the catalogue, {len(here)} of ours")
        print(marginals.round(3).to_string())
        print(f"KS above {LIMIT}: {(marginals['KS'] > LIMIT).sum()} of {len(marginals)}")
        print(f"correlations out of limits: {len(pairs)} of {count} (Pearson and Spearman)")
        print(pairs.round(2).to_string())


if __name__ == "__main__":
    main()
