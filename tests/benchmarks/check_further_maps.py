"""What further maps add to V and σ: paired errors of trees that see rings of the maps.

``python tests/benchmarks/check_further_maps.py DATA``, with a data set that was built with
``--channels all``. Each map is summed up in seven rings: mean and scatter, of odd maps root mean
square and largest value. Boosted trees predict galaxies out of fold, split in five by galaxy.
"""

import argparse
from collections.abc import Iterator
from itertools import pairwise

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.datasets.dataset import DataSet, open_dataset
from galmass_core.imaging.maps import GalaxyMaps, pixel_centres
from galmass_core.learning.metrics import galaxy_moments, spread_of
from galmass_core.networks.stacks import map_of
from galmass_core.quantities import MAPS, further_keys

EDGES = (0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3)  # of rings, R_hsm
FOLDS, DRAWS = 5, 400
TARGETS = ("log_mtot_1rhsm", "log_mstar_1rhsm")
BASE = ("V", "sigma")
ADDED = (*((key,) for key in further_keys()[:4]), ("h3", "h4"), ("V_gas", "sigma_gas"))
PAPER, MASKED = "σ of one star is 0", "σ of one star is masked"  # as networks see V and σ
SETS = {"V, σ": BASE} | {" + ".join(("V, σ", *keys)): (*BASE, *keys) for keys in ADDED}
SETS |= {"V, σ + all": (*BASE, *further_keys()), PAPER: (PAPER,), MASKED: (MASKED,)}


def rings_of(map_HW: NDArray, *, odd: bool, summed: bool) -> Iterator[float]:
    """Yield what trees see of a map in each ring; NaN where nothing is known."""
    places = pixel_centres(len(map_HW), 3)
    radii_HW = np.hypot(*np.meshgrid(places, places))
    for low, high in pairwise(EDGES):
        values = map_HW[(radii_HW >= low) & (radii_HW < high)]
        known = values[np.isfinite(values)].astype(float)
        if summed:
            yield np.log10(known.sum() + 1)
        elif not known.size:
            yield from (np.nan, np.nan)
        elif odd:
            yield from (np.sqrt(np.mean(known**2)), np.abs(known).max())
        else:
            yield from (known.mean(), known.std())


def features_of(maps: GalaxyMaps) -> dict[str, list[float]]:
    """Return what trees see of a sample, by map, and of V and σ in both readings of networks."""
    seen = {
        key: list(rings_of(maps.view(key), odd=MAPS[key].odd, summed=MAPS[key].per_pixel))
        for key in (*BASE, *further_keys())
    }
    for name, masked in ((PAPER, False), (MASKED, True)):
        filled = [map_of(maps, key, 48, mask_sparse=masked) for key in BASE]
        pairs = zip(filled, (True, False), strict=True)
        seen[name] = [each for one, odd in pairs for each in rings_of(one, odd=odd, summed=False)]
    return seen


def errors(features: NDArray, truth: NDArray, folds: NDArray) -> NDArray:
    """Return the errors of samples out of fold."""
    found = np.empty(len(truth))
    for fold in range(FOLDS):
        new = folds == fold
        trees = lightgbm.LGBMRegressor(
            n_estimators=500, num_leaves=5, learning_rate=0.05, n_jobs=1, verbose=-1
        ).fit(features[~new], truth[~new])
        found[new] = trees.predict(features[new]) - truth[new]
    return found


def compare(data: DataSet, features: dict[str, NDArray], target: str) -> Iterator[dict[str, str]]:
    """Yield the scatter with each set of maps, and its change, with errors by galaxy."""
    rng, galaxies, groups = np.random.default_rng(0), len(data.galaxy_names), data.galaxy_numbers
    folds = (rng.permutation(galaxies) % FOLDS)[groups]
    draws = [np.ones(galaxies), *rng.multinomial(galaxies, np.ones(galaxies) / galaxies, DRAWS)]
    truth, before = data.samples[target].to_numpy(float), {}
    for name, keys in SETS.items():
        delta = errors(np.hstack([features[key] for key in keys]), truth, folds)
        number, first, second, _ = galaxy_moments(delta, groups, galaxies).T @ np.transpose(draws)
        before[name] = scatter = spread_of(number, first, second)
        change = 100 * (scatter / before[PAPER if name == MASKED else "V, σ"] - 1)
        yield {
            "maps": name,
            f"σ of {target} [dex]": f"{scatter[0]:.4f} ± {scatter[1:].std():.4f}",
            "change": f"{change[0]:+.1f} ± {change[1:].std():.1f} %",
        }


def main() -> None:
    """Print a table for each target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    data = open_dataset(parser.parse_args().data)
    rows: list[dict[str, list[float]]] = [{}] * len(data)
    for place, maps in data.read_maps(range(len(data))):
        rows[place] = features_of(maps)
    features = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    for target in TARGETS:
        print(pd.DataFrame(compare(data, features, target)).to_string(index=False), flush=True)


if __name__ == "__main__":
    main()
