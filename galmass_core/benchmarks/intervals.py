"""Measure whether the intervals of trees hold, on many galaxies of the embedded universe.

``python -m galmass_core.benchmarks.intervals`` draws 60,000 galaxies, of which 20,000 are tested:
so many that 68 % is known to 0.3 points in all, and to 0.6 in each of four bins of mass. Their
masses, sizes, light, colours and disc fractions are those that the demo's particles are made of
(`draw_demands`). The ten features are not measured on particles, which would take hours, but follow
from these numbers by formula, with the inclination of each line of sight, and with noise that is
larger in galaxies of few stars. So these scatters are nobody's; only whether intervals hold can be
read from them.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from galmass_core.galaxy import LINES_OF_SIGHT, G
from galmass_core.learning.coverage import measure_coverage
from galmass_core.learning.experiments import TABLE_5_TARGETS, experiment
from galmass_core.learning.out_of_fold import evaluate_intervals
from galmass_core.photometry import SUN_AB
from galmass_core.synthetic.universe import draw_demands

_FEW_STARS = 2000.0  # stars at which relative noise has doubled
_STAR_MASS = 1.4e6  # Msun, TNG100's


def embedded_catalogue(galaxies: int, seed: int = 0) -> pd.DataFrame:
    """Draw galaxies of the embedded universe, and their features without particles.

    Parameters
    ----------
    galaxies : int
    seed : int

    Returns
    -------
    pandas.DataFrame
        A row for each galaxy and line of sight: ``name``, ``los``, the ten features of Table 1 and
        the targets inside R_hsm, in the units of a data set.
    """
    drawn = pd.DataFrame(map(asdict, draw_demands(galaxies, seed)[0]))
    rng, lines = np.random.default_rng((seed, 2)), len(LINES_OF_SIGHT)
    names = [f"synthetic/embedded-{seed}-{galaxies}/99/{number}" for number in range(galaxies)]
    axes = rng.normal(size=(galaxies, 3))
    cosines = np.abs(axes / np.linalg.norm(axes, axis=1, keepdims=True)).ravel()
    table = drawn.loc[drawn.index.repeat(lines)].reset_index(drop=True)
    columns = _targets(table) | _features(table, cosines, rng)
    keys = {"name": np.repeat(names, lines), "los": list(LINES_OF_SIGHT) * galaxies}
    return pd.DataFrame(keys | columns)


def _targets(table: pd.DataFrame) -> dict[str, Any]:
    """Return the true values inside R_hsm."""
    stars, dark = 0.5 * table["mstar"], table["mdm_1rhsm"]
    total = stars + dark + table["mgas_1rhsm"]
    return {
        "log_mstar_1rhsm": np.log10(stars),
        "log_mdm_1rhsm": np.log10(dark),
        "log_mtot_1rhsm": np.log10(total),
        "f_star_1rhsm": stars / total,
        "f_dm_1rhsm": dark / total,
        "log_ml_r_1rhsm": table["log_mass_to_light"],
    }


def _features(table: pd.DataFrame, cosine: Any, rng: np.random.Generator) -> dict[str, Any]:  # noqa: ANN401
    """Return what is observed along each line of sight, at a cosine to the disc's axis."""
    disc, sine = table["disc_fraction"], np.sqrt(1 - cosine**2)
    total = 0.5 * table["mstar"] + table["mdm_1rhsm"] + table["mgas_1rhsm"]
    circular = np.sqrt(G * total / table["half_mass_radius"])
    spread = 1 + np.sqrt(_FEW_STARS * _STAR_MASS / table["mstar"])

    def noisy(values: Any, size: float) -> Any:  # noqa: ANN401
        """Add noise that grows where stars are few."""
        return values + size * spread * rng.standard_normal(len(table))

    dust = 0.3 * disc * (1 - cosine) * (table["star_formation_rate"] > 0)
    light = np.log10(table["mstar"]) - table["log_mass_to_light"]
    motion = np.hypot(0.55, 0.35 * disc * sine) * circular
    return {
        "abs_mag_r": noisy(SUN_AB["r"] - 2.5 * light + dust, 0.03),
        "g_minus_r": noisy(table["colour"] + 0.3 * dust, 0.01),
        "sfr_1gyr": table["star_formation_rate"] * 10 ** noisy(0.0, 0.1),
        "sersic_n": 10 ** noisy(0.6 - 0.6 * disc, 0.08),
        "c_over_a": noisy(0.2 * disc + table["bulge_axis_ratio"] * (1 - disc), 0.02),
        "sigma_v": 10 ** noisy(np.log10(motion), 0.02),
        "lambda_r": noisy(disc * sine, 0.03),
        "b_over_t": noisy(1 - disc, 0.04),
        "f_cold": noisy(0.8 * disc, 0.03),
        "f_hot": noisy(0.3 * (1 - disc), 0.02),
    }


def measure(
    galaxies: int, seed: int = 0, targets: Sequence[str] = TABLE_5_TARGETS
) -> Iterator[dict[str, Any]]:
    """Yield the coverage of trees' intervals for each target.

    Parameters
    ----------
    galaxies : int
        A third of them are tested.
    seed : int
    targets : sequence of str
        Words of experiments.

    Yields
    ------
    dict
        ``target``, and ``rows`` as of `coverage.measure_coverage`.
    """
    samples = embedded_catalogue(galaxies, seed)
    for word in targets:
        wanted = experiment(f"{word}/features")
        scored = evaluate_intervals(wanted, samples, seed=seed)
        yield {"target": wanted.target, "rows": measure_coverage(scored)}


def report(entry: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of one target: coverage less its level, in points, with binomial errors."""
    for number, row in enumerate(entry["rows"]):
        place = f"{row['low']:6.2f} to {row['high']:6.2f}" if number else "all"
        shares = "  ".join(
            f"{level} {100 * (share['value'] - float(level)):+.2f} ± {100 * share['error']:.2f}"
            for level, share in row["coverage"].items()
        )
        yield f"{entry['target']:16} {place:17} {row['n_galaxies']:7,}  {shares}"


def main() -> None:
    """Print the coverage of each target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--galaxies", type=int, default=60_000, help="a third of them are tested")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print as JSON, one target a line")
    args = parser.parse_args()
    for entry in measure(args.galaxies, args.seed):
        lines = [json.dumps(entry)] if args.json else report(entry)
        sys.stdout.writelines(f"{line}\n" for line in lines)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
