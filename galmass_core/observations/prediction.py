"""Predict masses of observed galaxies with networks that learned from simulated ones.

Nothing guarantees that this works: a network has never seen a point-spread function, noise, a field
that ends, or a real galaxy. Predictions say so.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from galmass_core.imaging.frames import KPC
from galmass_core.imaging.maps import MapConfig
from galmass_core.learning.experiments import inputs_of
from galmass_core.learning.intervals import with_intervals
from galmass_core.learning.out_of_distribution import OOD
from galmass_core.observations import Options, read_observations
from galmass_core.observations.features import FEATURES, HALF_MASS, observed_features
from galmass_core.observations.field import KINEMATIC, Through, look_through
from galmass_core.observations.frame import ObservedMaps, frame_maps
from galmass_core.observations.kept import keep_observation
from galmass_core.observations.observation import Observation, ObservationError
from galmass_core.observations.report import row_of
from galmass_core.observations.unusual import OOD_MAPS, Unusual, how_unusual, percentile
from galmass_core.training.profile_runs import is_profile
from galmass_core.training.run_predictions import run_calibrations
from galmass_core.training.runs import Run, open_run, shipped_run

OUTSIDE = (
    "outside the training domain: the network learned from simulated galaxies, in maps without "
    "noise, point-spread function or an end of the field; its intervals hold for those, not for "
    "these galaxies"
)
OUTSIDE_FIELD = (
    "outside the training domain: predictions and intervals are those of simulated galaxies seen "
    "through the same field, in maps without noise or point-spread function; for real galaxies "
    "nothing guarantees them"
)
_MIDDLE = 1e-6  # level of the interval that is the median
NO_RADIUS = "no prediction: the file has no half-light radius; give it with --re"


def observe(
    files: Sequence[str | Path],
    options: Options | None = None,
    run: str = "",
    *,
    keep: bool = False,
) -> list[dict[str, Any]]:
    """Read observed galaxies, and predict those whose half-light radius is known.

    Parameters
    ----------
    files : sequence of str or Path
        As of `read_observations`.
    options : Options, optional
    run : str
        As of `predict_observation`.
    keep : bool
        Whether galaxies are kept for pages to show (`kept`): all of them, once each could be read
        and predicted.

    Returns
    -------
    list of dict
        Rows of `report.row_of`, with ``prediction``.

    Raises
    ------
    FileNotFoundError
        If a file does not exist.
    ObservationError
        If a file cannot be used; with ``run`` or ``keep``, also if a galaxy cannot be predicted.
    ValueError
        If there is no such run, it is not finished, or it is no network on maps alone.
    """
    rows, observations = [], read_observations(files, options)
    for observation in observations:
        row = row_of(observation)
        if run or keep or np.isfinite(observation.effective_radius):
            row["prediction"] = predict_observation(observation, run)
            row["notes"] = [*row["notes"], *_contradiction(row["prediction"]["predictions"])]
        else:
            row |= {"prediction": None, "notes": [*row["notes"], NO_RADIUS]}
        rows.append(row)
    for observation, row in zip(observations, rows, strict=True) if keep else ():
        keep_observation(observation, row)
    return rows


def _contradiction(predictions: Sequence[dict[str, Any]]) -> list[str]:
    """Return a sentence if stars would have more mass than all matter."""
    found = {row["target"]: row["y_pred"] for row in predictions}
    stars, total = (found.get(f"{mass}_1rhsm") for mass in ("log_mstar", "log_mtot"))
    if stars is None or total is None or not total < stars:
        return []
    excess = f"{stars - total:.2f} dex"
    return [f"M_tot is predicted {excess} below M*, which cannot be: at least one of them is wrong"]


def predict_observation(observation: Observation, run: str = "") -> dict[str, Any]:
    """Predict the masses of an observed galaxy.

    Parameters
    ----------
    observation : Observation
    run : str
        A network's run, its folder or its name; by default the network that ships for the maps
        of V and σ that the observation has, or for g−r if it has neither.

    Returns
    -------
    dict
        ``run``; ``maps``, those used; ``half_mass_radius`` of the frame [arcsec]; ``covered``, the
        share of it that was observed; ``for_field``, whether predictions and intervals are those
        of simulated galaxies seen through the same field (`field.look_through`); ``outside``, what
        must be said with it; and ``predictions``: ``target``, ``y_pred``, ``y_alone`` (what the
        network says without that), ``low_68`` to ``high_90`` (decimal logarithms) and
        ``ood_percentile`` of each target, as `api.predict` returns them, and
        ``ood_maps_percentile`` (`unusual.Unusual`).

    Raises
    ------
    ObservationError
        If the observation has no half-light radius, or lacks a map that the network needs.
    ValueError
        If there is no such run, it is not finished, or it is no network on maps alone.
    """
    path = observation.paths[0]
    if not np.isfinite(observation.effective_radius):
        msg = f"{path}: must be given with --re, the half-light radius in arcsec, to predict"
        raise ObservationError(msg)
    chosen = _open(run, observation) if run else _shipped(observation)
    frame = chosen.frame
    if frame.unit == KPC:
        msg = f"run {chosen.name} needs maps of {frame}, but no file says how many arcsec a kpc is"
        raise ValueError(msg)
    maps = frame_maps(observation, MapConfig().with_frame(frame))
    if not maps.covered > 0:
        msg = f"{path}: must have valid elements within the frame of {frame}, got none"
        raise ObservationError(msg)
    table, is_for_field = _predict(chosen, maps, observation)
    return {
        "run": chosen.name,
        "used": list(chosen.config["maps"]),
        "half_mass_radius": HALF_MASS * observation.effective_radius,
        "covered": maps.covered,
        "for_field": is_for_field,
        "outside": OUTSIDE_FIELD if is_for_field else OUTSIDE,
        "predictions": [_plain(row) for row in table.to_dict("records")],
    }


def _shipped(observation: Observation) -> Run:
    """Return the run that ships for the maps of an observation: of V and σ, if it has any.

    Raises
    ------
    ObservationError
        If there is none.
    """
    kinematic = [key for key in observation.maps if key in KINEMATIC]
    inputs = inputs_of(kinematic or observation.maps)
    if (run := shipped_run(inputs)) is not None:
        return run
    msg = (
        f"{observation.paths[0]}: must have maps that a shipped network learned from, got {inputs}"
    )
    raise ObservationError(msg)


def _open(name: str, observation: Observation) -> Run:
    """Return a run; of a network for every set of maps, that for the maps of an observation.

    Raises
    ------
    ObservationError
        If the observation lacks a map.
    ValueError
        If it is no finished network on maps alone, or predicts mass profiles.
    """
    run = open_run(name)
    if is_profile(run):
        msg = f"run {run.name} must predict masses inside R_hsm, got mass profiles"
        raise ValueError(msg)
    if run.state != "finished" or run.config["method"] != "network":
        msg = f"run {run.name} must be a finished network on maps to predict observed galaxies"
        raise ValueError(msg)
    inputs = inputs_of(observation.maps)
    if not run.inputs and inputs in run.config.get("subsets", ()):
        return run.with_inputs(inputs)
    if lacking := [key for key in run.config["maps"] if key not in observation.maps]:
        why = "; r needs a distance, which no file says" if "r" in lacking else ""
        rule = f"must have the maps {', '.join(run.config['maps'])} of run {run.name}"
        msg = f"{observation.paths[0]}: {rule}, but lacks {', '.join(lacking)}{why}"
        raise ObservationError(msg)
    return run


def _predict(run: Run, maps: ObservedMaps, observation: Observation) -> tuple[pd.DataFrame, bool]:
    """Return the predictions of a run, a row for each target; whether for the observed field."""
    from galmass_core.training.network_model import NetworkModel

    run.check_model()
    model = NetworkModel.load(run.path, run.config)
    if model.features:
        needed = ", ".join(model.features)
        msg = f"run {run.name} must predict from maps alone, but needs {needed}"
        raise ValueError(msg)
    alone = model.predict_maps([maps])[0]
    table = pd.DataFrame({"target": list(model.targets), "y_pred": alone, "y_alone": alone})
    through = look_through(run, model, maps, observed_features(observation))
    if through is None:
        unusual = how_unusual(run, model, maps, observation)
        table = with_intervals(table, run_calibrations(run))
    else:
        unusual = _unusual_through(through)
        table = with_intervals(table, through.calibrations)
        middles = [
            through.calibrations[target].interval([value], _MIDDLE)[0][0]
            for target, value in zip(model.targets, alone, strict=True)
        ]
        table = table.assign(y_pred=middles)
    scores = {OOD: unusual.features, OOD_MAPS: unusual.maps}
    return table.assign(**scores), through is not None


def _unusual_through(through: Through) -> Unusual:
    """Return how unusual a galaxy is among simulated ones seen through the same field."""
    summary = [key for key in FEATURES if np.isfinite(through.own[key]).all()]
    seen = [key for key in map(str, through.own) if key.startswith("seen_")]
    return Unusual(*(percentile(through.table, through.own, keys) for keys in (summary, seen)))


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    """Return a row for JSON: None where a number is not known."""
    return {
        str(key): None if isinstance(value, float) and not np.isfinite(value) else value
        for key, value in row.items()
    }
