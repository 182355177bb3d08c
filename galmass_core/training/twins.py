"""Find twins: galaxies that a network can hardly distinguish, and whose masses differ most.

What two galaxies of nearly the same maps differ by in mass, no estimate from these maps can know.
Similarity is measured by the distance in the features of a network's branches, from which its last
layer predicts: the mean over all symmetries of the maps, so that how a galaxy is turned does not
matter, each divided by its standard deviation in the data set. The twin of a sample is the nearest
sample of another galaxy. Of these pairs the closer half is kept.

Shape suffixes: N samples, D features.
"""

from copy import deepcopy
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.spatial import KDTree

from galmass_core.datasets.capabilities import require_maps
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import input_maps, input_sets, missing_columns
from galmass_core.learning.metrics import Estimate, measure_errors
from galmass_core.networks.network import MultibranchResNet
from galmass_core.networks.symmetry import AveragedBranch, average_symmetries
from galmass_core.networks.training import feature_rows, pick_device
from galmass_core.quantities import with_minus
from galmass_core.training.network_model import NetworkModel
from galmass_core.training.run_predictions import load_model
from galmass_core.training.runs import Run, is_shipped, list_runs, shipped_runs

TARGET = "log_mtot_1rhsm"
BESIDE = ("log_mstar_1rhsm", "log_mdm_1rhsm")  # whose differences stand beside that of the target
_CLOSE = 0.5  # share of the pairs that is kept
_FEWEST = 2  # pairs of which a scatter has an error
_FIRST = 8  # neighbours that are looked at first; those of the same galaxy are no twins


def find_twins(
    dataset: DataSet, inputs: str = "r", *, count: int = 10, device: str = "auto"
) -> dict[str, Any]:
    """List pairs of galaxies of nearly the same maps and the most different total mass.

    Parameters
    ----------
    dataset : DataSet
        With maps.
    inputs : str
        Set of maps in which twins are alike, such as ``r`` or ``g,r+2V``.
    count : int
        Number of pairs.
    device : str
        Of the network.

    Returns
    -------
    dict
        For JSON: ``inputs``, ``target``, ``run``; ``rows``, the pairs, the most different first;
        ``n`` pairs that are close, of ``n_galaxies``; and ``std``, the scatter of one of two twins
        [dex], which is that of their differences over √2, with ``value``, ``low``, ``high`` (68 %).
        A row has ``names``, ``lines_of_sight``, ``percentile`` (share of all samples whose twin is
        closer), ``values`` and ``difference`` of the target, ``predicted`` (its difference as the
        network predicts it, None if it does not), and ``differences`` of `BESIDE`.

    Raises
    ------
    ValueError
        If the data set has no maps, no total masses or no values of what the network sees beside
        maps, or there is no network for these maps. Single samples without are left out.
    """
    require_maps(dataset, "twins")
    if missing_columns(dataset.samples, [TARGET]):
        msg = f"{dataset.path}: must have {TARGET} for twins"
        raise ValueError(msg)
    run = twin_network(dataset, inputs)
    model = load_model(run)
    assert isinstance(model, NetworkModel)  # it is a run on maps
    if lacking := missing_columns(dataset.samples, model.features):
        msg = f"{dataset.path}: must have {', '.join(lacking)} for twins by {run.name}"
        raise ValueError(msg)
    features_ND, predicted_N = _features(dataset, model, device)
    truth_N = dataset.samples[TARGET].to_numpy(float)
    known = np.flatnonzero(np.isfinite(truth_N) & np.isfinite(features_ND).all(axis=1))
    places, distances = nearest_others(features_ND[known], dataset.galaxy_numbers[known])
    pairs = _closest(known, places, distances, dataset.galaxy_numbers)
    pairs["difference"] = truth_N[pairs["second"]] - truth_N[pairs["first"]]
    first = dataset.samples["name"].to_numpy()[pairs["first"]]
    both = np.outer([1, -1], pairs["difference"]).ravel()  # either is the twin of the other
    errors = measure_errors(both / 2**0.5, np.tile(first, 2))
    order = pairs["difference"].abs().sort_values(ascending=False, kind="stable").index
    return {
        "inputs": inputs,
        "target": TARGET,
        "run": run.name,
        "rows": [
            _row(dataset, pair, predicted_N) for pair in pairs.loc[order[:count]].itertuples()
        ],
        "n": len(pairs),
        "n_galaxies": int(pd.unique(first).size),
        "std": asdict(errors["std"]),
    }


def twin_network(dataset: DataSet, inputs: str) -> Run:
    """Return a network for a set of maps: of this data set, else one that ships.

    Raises
    ------
    ValueError
        If it is no set of maps, or there is none; the message says how to train one.
    """
    if not input_maps(inputs):
        msg = f"inputs must be one of {', '.join(input_sets())}, got {inputs!r}"
        raise ValueError(msg)
    maps = list(input_maps(inputs))
    known = [*list_runs(), *shipped_runs()]
    able = [
        each
        for run in known
        if run.state == "finished" and run.config["method"] == "network" and run.sees_as(dataset)
        for each in run.with_each_inputs()
        if each.config["maps"] == maps
    ]
    own = [each for each in able if each.is_of(dataset)]
    shipped = [each for each in able if is_shipped(each)]
    if not own + shipped:
        msg = (
            f"{dataset.path}: must have a finished network for {inputs}, found none: run galmass "
            f"train {dataset.path.name} --experiment mtot/{inputs} --preset laptop"
        )
        raise ValueError(msg)
    return (own + shipped)[0]


def _features(
    dataset: DataSet, model: NetworkModel, device: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return features of all samples, (N, D), and the target as predicted from them, (N,)."""
    where, rows = pick_device(device), np.arange(len(dataset))
    network = averaged_network(model).to(where)
    features_ND = feature_rows(network, model.feed(dataset, where), rows)
    predicted_N = np.full(len(rows), np.nan)
    if TARGET in model.targets:
        with torch.no_grad():
            outputs_NT = network.fc.cpu()(torch.from_numpy(features_ND)).numpy()
        predicted_N = model.scaling.unscaled(outputs_NT)[:, model.targets.index(TARGET)]
    return features_ND.astype(float), predicted_N


def averaged_network(model: NetworkModel) -> MultibranchResNet:
    """Return a copy of a model's network whose branches average over all symmetries of the maps."""
    network = deepcopy(model.network)
    return network if _is_averaged(network) else average_symmetries(network)


def _is_averaged(network: torch.nn.Module) -> bool:
    """Return whether a network averages over symmetries already."""
    return any(isinstance(part, AveragedBranch) for part in network.modules())


def nearest_others(features_ND: NDArray, galaxies_N: NDArray) -> tuple[NDArray, NDArray]:
    """Return the nearest sample of another galaxy of each sample, and its distance.

    Parameters
    ----------
    features_ND : (N, D) float
        Divided by their standard deviations here; those that do not vary do not count.
    galaxies_N : (N,) int

    Returns
    -------
    (N,) int
    (N,) float

    Raises
    ------
    ValueError
        If all samples are of one galaxy.
    """
    if len(np.unique(galaxies_N)) < 2:
        msg = "twins must be of two galaxies, got samples of fewer"
        raise ValueError(msg)
    scaled_ND = _scaled(features_ND)
    tree, asked = KDTree(scaled_ND), _FIRST
    while True:
        asked = min(asked, len(galaxies_N))
        distances_NK, places_NK = tree.query(scaled_ND, asked)
        others_NK = galaxies_N[places_NK] != galaxies_N[:, None]
        if others_NK.any(axis=1).all():
            break
        asked *= 2
    first_N1 = others_NK.argmax(axis=1)[:, None]
    return tuple(np.take_along_axis(each, first_N1, 1)[:, 0] for each in (places_NK, distances_NK))  # type: ignore[return-value]


def rank_alike(features_ND: NDArray, galaxies_N: NDArray, place: int) -> pd.DataFrame:
    """Rank all other galaxies by their similarity to a sample.

    Parameters
    ----------
    features_ND, galaxies_N
        As of `nearest_others`.
    place : int
        Of the sample.

    Returns
    -------
    pandas.DataFrame
        A row for each other galaxy, the most alike first: ``place`` of its sample that is most
        alike, ``distance``, and ``percentile``, the share of all samples whose nearest sample of
        another galaxy is closer than that.

    Raises
    ------
    ValueError
        If all samples are of one galaxy.
    """
    _, nearest = nearest_others(features_ND, galaxies_N)
    scaled_ND = _scaled(features_ND)
    distances = np.sqrt(((scaled_ND - scaled_ND[place]) ** 2).sum(axis=1))
    percentiles = 100 * np.searchsorted(np.sort(nearest), distances) / len(nearest)
    found = pd.DataFrame(
        {"place": np.arange(len(distances)), "distance": distances, "percentile": percentiles}
    )
    others = found[galaxies_N != galaxies_N[place]].sort_values("distance", kind="stable")
    first = ~pd.Series(galaxies_N[others["place"]]).duplicated().to_numpy()
    return others[first].reset_index(drop=True)


def _scaled(features_ND: NDArray) -> NDArray:
    """Return features divided by their standard deviations, without those that do not vary."""
    spreads_D = features_ND.std(axis=0)
    return features_ND[:, spreads_D > 0] / spreads_D[spreads_D > 0]


def _closest(
    known: NDArray, places: NDArray, distances: NDArray, galaxies: NDArray
) -> pd.DataFrame:
    """Return the closer half of the pairs, each two galaxies once, with rows of the data set."""
    ranks = np.argsort(np.argsort(distances, kind="stable"), kind="stable")
    pairs = pd.DataFrame(
        {
            "first": known,
            "second": known[places],
            "distance": distances,
            "percentile": 100 * ranks / len(ranks),
        }
    )
    two = np.sort(np.stack([galaxies[pairs["first"]], galaxies[pairs["second"]]], axis=1), axis=1)
    pairs[["one", "other"]] = two
    pairs = pairs.sort_values("distance", kind="stable").head(max(1, round(_CLOSE * len(pairs))))
    return pairs.drop_duplicates(["one", "other"]).reset_index(drop=True)


def _row(dataset: DataSet, pair: Any, predicted_N: NDArray) -> dict[str, Any]:  # noqa: ANN401
    """Return a pair for JSON."""
    rows = dataset.samples.iloc[[pair.first, pair.second]]
    values = rows[TARGET].astype(float).tolist()
    guessed = float(predicted_N[pair.second] - predicted_N[pair.first])
    return {
        "names": rows["name"].tolist(),
        "lines_of_sight": rows["los"].tolist(),
        "percentile": float(pair.percentile),
        "values": values,
        "difference": values[1] - values[0],
        "predicted": guessed if np.isfinite(guessed) else None,
        "differences": {
            key: float(rows[key].iloc[1] - rows[key].iloc[0])
            for key in BESIDE
            if key in rows and rows[key].notna().all()
        },
    }


def twin_lines(result: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return the pairs as the cells of a table, the heading first."""
    heads = ("galaxy", "along", "its twin", "along", "closer than", "M_tot", "of the twin", "Δ")
    lines: list[tuple[str, ...]] = [(*heads, "Δ predicted", "ΔM*", "ΔM_DM")]
    for row in result["rows"]:
        pairs = zip(row["names"], row["lines_of_sight"], strict=True)
        beside = [row["differences"].get(key) for key in BESIDE]
        differences = [row["difference"], row["predicted"], *beside]
        lines.append(
            (
                *(word for pair in pairs for word in pair),
                f"{100 - row['percentile']:.0f} %",
                *(f"{value:.2f}" for value in row["values"]),
                *(_signed(value) for value in differences),
            )
        )
    return lines


def _signed(value: float | None) -> str:
    return "–" if value is None else with_minus(f"{value:+.2f}")


def twin_sentence(result: dict[str, Any]) -> str:
    """Say in one sentence by how much the masses of twins differ."""
    std = Estimate(**result["std"])
    if result["n"] < _FEWEST:
        return f"{result['n']} pair of galaxies is too few to measure how twins scatter."
    return (
        f"{result['n']:,} pairs of galaxies look alike in {result['inputs']} to {result['run']} "
        f"(the closer half of all nearest pairs): M_tot of one of two scatters by {std} dex, which "
        f"maps this similar cannot distinguish."
    )
