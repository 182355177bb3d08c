"""Look at simulated galaxies through the field in which a galaxy was observed.

A network takes pixels without stars for what they are in a simulation: the end of a galaxy. Where a
field ends, it predicts too little, by more than its intervals. So simulated galaxies whose masses
are known, and which it has not learned from, are cut to the field; what the network then predicts
of them says by how much it is wrong. The field is the convex hull of the pixels that were observed:
empty pixels inside it are those of the galaxy, as simulated galaxies have theirs.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.assets import asset
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import input_maps, missing_columns
from galmass_core.learning.intervals import Calibration, calibrate
from galmass_core.observations.features import FEATURES
from galmass_core.observations.frame import ObservedMaps
from galmass_core.quantities import map_spec
from galmass_core.storage.parquet import read_table, write_table
from galmass_core.training.runs import Run, is_shipped
from galmass_core.training.training_sets import training_dataset

if TYPE_CHECKING:
    from galmass_core.training.network_model import NetworkModel

REFERENCES = 300  # galaxies at most: percentiles to 0.3
KINEMATIC = input_maps("2V")
MAPS = "reference/kinematics.npz"
_BATCH = 64  # maps in memory at a time
_EMPTY = -32768  # in files of maps


class Reference(NamedTuple):
    """Simulated galaxies: a table, and their maps [km/s], (N, 48, 48), NaN in empty pixels.

    The table has ``name``, ``los``, those of `FEATURES` that are known, and the decimal logarithm
    of the true value of each target of the network.
    """

    table: pd.DataFrame
    maps: Mapping[str, NDArray]


class Through(NamedTuple):
    """Simulated galaxies as a network sees them through a field, and the observed one.

    ``table`` and ``own`` have `FEATURES`, ``name``, ``los``, and what the network sees before its
    last layer as ``seen_0`` ...; ``calibrations`` are those of each target.
    """

    table: pd.DataFrame
    own: pd.DataFrame
    calibrations: dict[str, Calibration]


def draw_galaxies(samples: pd.DataFrame) -> pd.DataFrame:
    """Return one line of sight of each galaxy, drawn by chance, of at most `REFERENCES`."""
    return samples.sample(frac=1, random_state=0).drop_duplicates("name").head(REFERENCES)


def shipped_table(run: Run) -> pd.DataFrame | None:
    """Return the table of the reference that ships for a run; None if there is none."""
    try:
        return read_table(asset(f"reference/{run.path.name}.parquet"))
    except FileNotFoundError:
        return None


def reference_table(
    dataset: DataSet, truth: pd.DataFrame, keys: tuple[str, ...] = KINEMATIC
) -> Reference:
    """Return a reference of a data set: one line of sight of each galaxy, drawn by chance.

    Parameters
    ----------
    dataset : DataSet
    truth : pandas.DataFrame
        ``name``, ``los``, and a column of true values for each target, of the galaxies to choose
        from.
    keys : tuple of str
        Of maps.
    """
    drawn = draw_galaxies(truth)
    known = [key for key in FEATURES if not missing_columns(dataset.samples, [key])]
    own = dataset.samples[["name", "los", *known]].reset_index(names="place")
    table = own.merge(drawn, on=["name", "los"]).sort_values("place")
    maps = {key: np.empty((len(table), *2 * (map_spec(key).pixels,))) for key in keys}
    for number, each in dataset.read_maps(table["place"].to_numpy()):
        for key in keys:
            maps[key][number] = each.view(key)
    return Reference(table.drop(columns="place").reset_index(drop=True), maps)


def write_reference(reference: Reference, maps: Path, table: Path) -> None:
    """Write a reference that ships: maps in whole km/s, and the table."""
    codes = {
        key: np.where(np.isfinite(each), np.rint(each), _EMPTY).astype(np.int16)
        for key, each in reference.maps.items()
    }
    np.savez_compressed(maps, allow_pickle=False, **codes)
    write_table(table, reference.table)


def reference_of(run: Run) -> Reference | None:
    """Return galaxies that a run's network has not learned from; None if there are none at hand.

    Of a network that ships, 300 of the universe that it learned from; of another, those that
    calibrate it, if its data set is there.
    """
    if is_shipped(run):
        table, maps = shipped_table(run), _shipped_maps()
        return None if table is None or maps is None else Reference(table, maps)
    dataset, errors = training_dataset(run), run.calibration()
    if dataset is None or not dataset.has_maps or errors.empty:
        return None
    truth = errors.pivot(index=["name", "los"], columns="target", values="y_true").dropna()
    return reference_table(dataset, truth.reset_index(), tuple(run.config["maps"]))


def _shipped_maps() -> dict[str, NDArray] | None:
    """Return the maps of the reference that ships; None if they are not installed."""
    try:
        with np.load(asset(MAPS)) as codes:
            return {key: np.where(codes[key] == _EMPTY, np.nan, codes[key]) for key in codes}
    except FileNotFoundError:
        return None


def look_through(
    run: Run, model: "NetworkModel", maps: ObservedMaps, features: Mapping[str, float]
) -> Through | None:
    """Cut simulated galaxies to the observed field, and let a network predict them.

    Parameters
    ----------
    run : Run
    model : NetworkModel
        Of the run.
    maps : ObservedMaps
    features : mapping of str to float
        Of the observed galaxy (`features.observed_features`).

    Returns
    -------
    Through or None
        None if the network learned from images, or with σ of single stars masked, as a reference
        does not count stars; or if no reference is at hand.
    """
    able = set(model.maps) <= set(KINEMATIC) and not model.mask_sparse
    reference = reference_of(run) if able else None
    if reference is None or not set(model.targets) <= set(reference.table):
        return None
    own = {key: maps.view(key)[None] for key in model.maps}
    fields = {key: field_of(np.isfinite(own[key][0])) for key in model.maps}
    cut = {key: np.where(fields[key], reference.maps[key], np.nan) for key in model.maps}
    seen_NF, predicted_NT = _see(model, cut)
    own_1F, _ = _see(model, own)
    names = [f"seen_{number}" for number in range(seen_NF.shape[1])]
    table = pd.concat([reference.table, pd.DataFrame(seen_NF, columns=names)], axis=1)
    row = pd.DataFrame([{"name": "observed", "los": "", **features}])
    calibrations = {
        target: calibrate(
            pd.DataFrame(
                {
                    "name": table["name"],
                    "y_true": table[target].astype(float),
                    "y_pred": predicted_NT[:, number],
                }
            )
        )
        for number, target in enumerate(model.targets)
    }
    return Through(
        table, pd.concat([row, pd.DataFrame(own_1F, columns=names)], axis=1), calibrations
    )


def field_of(observed_HW: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels inside the convex hull of those that were observed, (H, W)."""
    from scipy.spatial import Delaunay, QhullError

    points = np.argwhere(observed_HW)
    try:
        hull = Delaunay(points)
    except (QhullError, ValueError):  # fewer than three, or in a line
        return observed_HW
    every = np.argwhere(np.ones_like(observed_HW))
    return (hull.find_simplex(every) >= 0).reshape(observed_HW.shape) | observed_HW


def _see(model: "NetworkModel", views: Mapping[str, NDArray]) -> tuple[NDArray, NDArray]:
    """Return what a network sees in maps before its last layer, and what it predicts of them."""
    import torch

    from galmass_core.networks.stacks import MapStack, encode_map

    codes = {key: encode_map(key, np.nan_to_num(each)) for key, each in views.items()}
    seen, outputs = [], []
    with torch.no_grad():
        for start in range(0, len(next(iter(codes.values()))), _BATCH):
            parts = {key: each[start : start + _BATCH] for key, each in codes.items()}
            inputs = {
                key: model.scaling.maps(MapStack(key, part), torch.from_numpy(part))
                for key, part in parts.items()
            }
            features = model.network.features(inputs)
            seen.append(features.numpy())
            outputs.append(model.network.fc(features).numpy())
    return np.concatenate(seen), model.scaling.unscaled(np.concatenate(outputs))
