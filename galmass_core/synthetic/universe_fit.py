"""Fit the distribution that `universe` draws from to TNG100's catalogue and disc fractions.

``python -m galmass_core.synthetic.universe_fit CATALOGUE DISC_FRACTIONS OUT`` writes it as JSON:
for each kind of galaxy quantiles of every column and a mixture of normals for their correlations,
about 2,000 numbers, none of an individual galaxy. DISC_FRACTIONS is the FITS table of Jagvaral et
al. (2022, MNRAS 509, 1764).
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.sample import catalogue_cuts
from galmass_core.sources.group_catalogue import read_group_catalogue

_RANKS = (0.0, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 1.0)  # of the quantiles kept
_KINDS = {  # is it a central, does it form stars, has it gas: components of the mixture
    "star-forming central": (True, True, True, 2),
    "quiescent central": (True, False, True, 2),
    "star-forming satellite": (False, True, True, 4),
    "quiescent satellite with gas": (False, False, True, 2),
    "satellite without gas": (False, False, False, 3),
}
_LEAST_GAS = 1e6  # Msun; less than a cell
_STARTS, _STEPS = 6, 300  # of the fit of a mixture
_FLOOR = 1e-3  # added to each variance, in units of the scores'
_SUN_R = 4.65


def fit_universe(catalogue: str | Path, disc_fractions: str | Path) -> dict[str, object]:
    """Fit the paper's sample (Chu et al. 2024, Sec. 2.1) in a group catalogue.

    Parameters
    ----------
    catalogue : str or Path
        Folder of the catalogue's chunks.
    disc_fractions : str or Path
        FITS table with ``gal_id`` and ``f_disk_2d``.

    Returns
    -------
    dict
        Content of ``assets/universe.json``.

    Raises
    ------
    FileNotFoundError
        If no chunk or table is found.
    GalaxyFileError
        If a chunk is damaged.
    """
    galaxies = select(catalogue, disc_fractions)
    table = describe(galaxies)
    kinds = []
    for name, (central, forming, gas, components) in _KINDS.items():
        members = (galaxies["is_central"] == central) & ((galaxies["sfr_2rhsm"] > 0) == forming)
        if not central and not forming:
            members &= (galaxies["mgas_2rhsm"] > 0) == gas
        columns = [
            column
            for column in table
            if (forming or column != "log_sfr") and (gas or not str(column).startswith("log_mgas"))
        ]
        kind = _fit_kind(table.loc[members, columns].dropna(), components)
        kinds.append(
            {"name": name, "is_central": central, "share": members.mean(), "n": int(members.sum())}
            | kind
        )
    return {
        "source": "TNG100-1 z=0 group catalogue (Nelson et al. 2019, IllustrisTNG public release), "
        "disc fractions of Jagvaral et al. (2022); the galaxies of Chu et al. (2024) in the "
        "chunks that were there",
        "n": len(galaxies),
        "ranks": _RANKS,
        "kinds": kinds,
    }


def select(catalogue: str | Path, disc_fractions: str | Path) -> pd.DataFrame:
    """Return the paper's sample with ``disc_fraction``; raises as `fit_universe`."""
    from astropy.table import Table

    subhaloes = read_group_catalogue(catalogue).subhaloes
    chosen = subhaloes[(catalogue_cuts(subhaloes) == "") & (subhaloes["mdm_1rhsm"] > 0)]
    fits = Table.read(disc_fractions)
    fractions = pd.Series(np.asarray(fits["f_disk_2d"], float), np.asarray(fits["gal_id"], int))
    return (
        chosen.astype({name: float for name in chosen if chosen[name].dtype == np.float32})
        .assign(disc_fraction=fractions.reindex(chosen.index).to_numpy())
        .dropna()
    )


def describe(galaxies: pd.DataFrame) -> pd.DataFrame:
    """Transform a catalogue into columns without steep relations between them.

    Parameters
    ----------
    galaxies : pandas.DataFrame
        Of `select`.

    Returns
    -------
    pandas.DataFrame
        One row per galaxy; NaN where gas or star formation is negligible.
    """
    log_mstar = np.log10(galaxies["mstar"])
    gas = galaxies.loc[galaxies["mgas"] > 0, ["mgas", "mgas_1rhsm", "mgas_2rhsm"]]
    log_gas = np.log10(gas.clip(_LEAST_GAS))
    return pd.DataFrame(
        {
            "log_mstar": log_mstar,
            "log_half_mass_radius": np.log10(galaxies["half_mass_radius"]),
            "log_mstar_2rhsm_share": np.log10(galaxies["mstar_2rhsm"]) - log_mstar,
            "log_mdm_1rhsm_ratio": np.log10(galaxies["mdm_1rhsm"]) - log_mstar,
            "log_mdm_2rhsm_growth": np.log10(galaxies["mdm_2rhsm"] / galaxies["mdm_1rhsm"]),
            "log_mdm_growth": np.log10(galaxies["mdm"] / galaxies["mdm_2rhsm"]),
            "log_mgas": log_gas["mgas"],
            "log_mgas_2rhsm_share": log_gas["mgas_2rhsm"] - log_gas["mgas"],
            "log_mgas_1rhsm_share": log_gas["mgas_1rhsm"] - log_gas["mgas_2rhsm"],
            "log_sfr": np.log10(galaxies["sfr_2rhsm"].where(galaxies["sfr_2rhsm"] > 0)),
            "colour": galaxies["magnitude_g"] - galaxies["magnitude_r"],
            "log_mass_to_light": log_mstar + 0.4 * (galaxies["magnitude_r"] - _SUN_R),
            "log_metallicity": np.log10(galaxies["stellar_metallicity"]),
            "disc_fraction": galaxies["disc_fraction"],
        }
    )


def _fit_kind(table: pd.DataFrame, components: int) -> dict[str, object]:
    """Fit quantiles of each column, and a mixture of normals in the normal scores."""
    from scipy.stats import norm

    ranks = table.rank(method="first").to_numpy()
    scores = norm.ppf((ranks - 0.5) / len(table))
    fits = (_fit_mixture(scores, components, start) for start in range(_STARTS))
    _, weights, means, covariances = max(fits, key=lambda fit: fit[0])
    lower = np.tril_indices(scores.shape[1])
    return {
        "columns": {name: np.quantile(table[name], _RANKS).round(4).tolist() for name in table},
        "weights": weights.round(4).tolist(),
        "means": means.round(3).tolist(),
        "choleskies": [np.linalg.cholesky(c)[lower].round(3).tolist() for c in covariances],
    }


def _fit_mixture(
    points: NDArray, components: int, seed: int
) -> tuple[float, NDArray, NDArray, NDArray]:
    """Return log-likelihood, weights, means and covariances by expectation-maximisation."""
    count, size = points.shape
    rng = np.random.default_rng(seed)
    nearest = points[rng.choice(count, components, replace=False)]
    closest = ((points[:, None] - nearest) ** 2).sum(axis=2).argmin(axis=1)
    shares = np.eye(components)[closest]
    for _ in range(_STEPS):
        weights = shares.sum(axis=0)
        means = shares.T @ points / weights[:, None]
        covariances = np.array(
            [
                ((points - mean).T * share) @ (points - mean) / weight + _FLOOR * np.eye(size)
                for mean, share, weight in zip(means, shares.T, weights, strict=True)
            ]
        )
        logs = np.empty((count, components))
        for k in range(components):
            factor = np.linalg.cholesky(covariances[k])
            normal = np.linalg.solve(factor, (points - means[k]).T)
            logs[:, k] = np.log(weights[k] / count) - 0.5 * (normal**2).sum(axis=0)
            logs[:, k] -= np.log(np.diag(factor)).sum()
        highest = logs.max(axis=1, keepdims=True)
        likelihood = np.exp(logs - highest)
        shares = likelihood / likelihood.sum(axis=1, keepdims=True)
    total = float((highest[:, 0] + np.log(likelihood.sum(axis=1))).mean())
    return total, weights / count, means, covariances


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("disc_fractions", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    fitted = fit_universe(arguments.catalogue, arguments.disc_fractions)
    arguments.out.write_text(json.dumps(fitted) + "\n")


if __name__ == "__main__":
    main()
