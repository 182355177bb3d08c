"""Measure dynamical masses beside the predictions of networks and trees, on the same galaxies."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from galmass_core.datasets.dataset import DataSet
from galmass_core.dynamics.estimates import FAILURE_JAM, Progress, estimate_masses
from galmass_core.dynamics.jam import require_jampy
from galmass_core.learning.metrics import measure_errors
from galmass_core.learning.uncertainty import compare_groups
from galmass_core.paper.derived import derive_target
from galmass_core.quantities import TARGETS
from galmass_core.training.pairing import predictions_on
from galmass_core.training.runs import Run

R_HSM, R_E, HALF_LIGHT = "R_hsm", "R_e", "4/3 R_e"  # spheres
AXISYMMETRIC = "Jeans, axisymmetric"
_SHOWN = ("r+2V", "2V", "r")  # of a network for every set of maps
_FRACTION = "f_dm_1rhsm"
_KEYS = ["name", "los"]


class Estimator(NamedTuple):
    """A column of `estimates.COLUMNS`, and the truth that it is compared with."""

    method: str
    column: str
    truth: str
    target: str
    inside: str


ESTIMATORS = tuple(
    Estimator(*each)
    for each in (
        ("virial", "log_mtot_virial", "log_mtot_1rhsm", "log_mtot", R_HSM),
        ("Wolf", "log_mtot_wolf", "log_mtot_1rhsm", "log_mtot", R_HSM),
        ("Jeans", "log_mtot_jeans", "log_mtot_1rhsm", "log_mtot", R_HSM),
        ("Jeans, inclined", "log_mtot_inclined", "log_mtot_1rhsm", "log_mtot", R_HSM),
        (AXISYMMETRIC, "log_mtot_axisymmetric", "log_mtot_1rhsm", "log_mtot", R_HSM),
        ("Wolf", "log_mtot_wolf", "log_mtot_half_light", "log_mtot", HALF_LIGHT),
        ("Jeans", "log_mtot_jeans_re", "log_mtot_re", "log_mtot", R_E),
        (AXISYMMETRIC, "log_mtot_axisymmetric_re", "log_mtot_re", "log_mtot", R_E),
        ("Jeans", "log_mstar_jeans", "log_mstar_1rhsm", "log_mstar", R_HSM),
        ("Jeans, inclined", "log_mstar_inclined", "log_mstar_1rhsm", "log_mstar", R_HSM),
        (AXISYMMETRIC, "log_mstar_axisymmetric", "log_mstar_1rhsm", "log_mstar", R_HSM),
        ("Jeans", "f_dm_jeans", "f_dm_1rhsm", "f_dm", R_HSM),
        ("Jeans, inclined", "f_dm_inclined", "f_dm_1rhsm", "f_dm", R_HSM),
        (AXISYMMETRIC, "f_dm_axisymmetric", "f_dm_1rhsm", "f_dm", R_HSM),
        ("Jeans", "f_dm_jeans_re", "f_dm_re", "f_dm", R_E),
        (AXISYMMETRIC, "f_dm_axisymmetric_re", "f_dm_re", "f_dm", R_E),
    )
)
JAM_ESTIMATORS = (
    Estimator("JAM", "log_mtot_jam", "log_mtot_1rhsm", "log_mtot", R_HSM),
    Estimator("JAM", "log_mstar_jam", "log_mstar_1rhsm", "log_mstar", R_HSM),
    Estimator("JAM", "f_dm_jam", "f_dm_1rhsm", "f_dm", R_HSM),
)
TARGETS_SHOWN = tuple(dict.fromkeys(each.target for each in ESTIMATORS))


def runs_shown(run: Run) -> list[Run]:
    """Return a run, or of a network for every set of maps those of velocities and of the image."""
    if run.inputs or "subsets" not in run.config:
        return [run]
    known = [inputs for inputs in _SHOWN if inputs in run.config["subsets"]]
    return [run.with_inputs(inputs) for inputs in known]


def run_values(run: Run, dataset: DataSet) -> dict[str, pd.DataFrame]:
    """Return what a run predicts for galaxies that it did not learn from, by target.

    Parameters
    ----------
    run : Run
    dataset : DataSet

    Returns
    -------
    dict of pandas.DataFrame
        ``name``, ``los``, ``y_true``, ``y_pred``: decimal logarithms of masses inside R_hsm, and
        f_DM itself, from both masses where the run does not predict it.

    Raises
    ------
    ValueError
        If the run is not finished, or predicts none of these targets for such galaxies.
    """
    predictions = predictions_on(run, dataset)
    known = set(predictions["target"])
    found = {
        target: predictions[predictions["target"] == f"{target}_1rhsm"]
        for target in TARGETS_SHOWN
        if f"{target}_1rhsm" in known
    }
    derivable = set(TARGETS[_FRACTION].derived_from_columns) <= known
    if "f_dm" not in found and derivable and _FRACTION in dataset.samples:
        found["f_dm"], _ = derive_target(predictions, dataset.samples, TARGETS[_FRACTION])
    if "f_dm" in found:
        linear = 10 ** found["f_dm"][["y_true", "y_pred"]]
        found["f_dm"] = found["f_dm"].assign(**linear)
    if not found:
        msg = (
            f"run {run.name} must predict M_tot, M* or f_DM inside R_hsm for galaxies of "
            f"{dataset.path} that it did not learn from, and does not"
        )
        raise ValueError(msg)
    return {target: table[[*_KEYS, "y_true", "y_pred"]] for target, table in found.items()}


def compare_estimates(
    table: pd.DataFrame, networks: Sequence[tuple[str, dict[str, pd.DataFrame]]] = ()
) -> list[dict[str, Any]]:
    """Measure estimates against the truth, and against predictions.

    Parameters
    ----------
    table : pandas.DataFrame
        From `estimates.estimate_masses`.
    networks : sequence of (str, dict)
        Name of each run and its `run_values`. The scatter of all others
        is compared with that of the first.

    Returns
    -------
    list of dict
        For JSON: ``method``, ``target``, ``inside``, ``unit`` (dex, or empty for f_DM); ``n``
        samples of ``n_galaxies`` with estimate and truth; ``failed``, samples with truth but
        without estimate; ``mean``, ``std`` and ``half_width`` (half of 16-84 %) of estimate minus
        truth, each with ``value``, ``low`` and ``high`` (68 %), or None where n is 0; and
        ``difference`` of ``std`` from that of the first network on the samples of both, with
        ``low95``, ``high95`` and ``n``, or None.
    """
    rows = []
    first = networks[0][1] if networks else {}
    for each in (*ESTIMATORS, *(JAM_ESTIMATORS if FAILURE_JAM in table else ())):
        own = pd.DataFrame(
            {
                **{key: table[key] for key in _KEYS},
                "y_true": table[f"true_{each.truth}"],
                "y_pred": table[each.column],
            }
        ).dropna(subset="y_true")
        facts = {"method": each.method, "target": each.target, "inside": each.inside}
        other = first.get(each.target) if each.inside == R_HSM else None
        rows.append(facts | _measure(own, other))
    for place, (name, values) in enumerate(networks):
        for target, own in values.items():
            other = first.get(target) if place else None
            facts = {"method": name, "target": target, "inside": R_HSM}
            rows.append(facts | _measure(own, other))
    return rows


def _measure(own: pd.DataFrame, other: pd.DataFrame | None) -> dict[str, Any]:
    """Measure errors of predictions, and the difference of their scatter from that of others."""
    known = own[np.isfinite(own["y_pred"])]
    row: dict[str, Any] = {
        "n": len(known),
        "n_galaxies": int(known["name"].nunique()),
        "failed": len(own) - len(known),
        "difference": None,
    }
    if known.empty:
        return row | dict.fromkeys(("mean", "std", "half_width"))
    errors = measure_errors(known["y_pred"] - known["y_true"], known["name"])
    row |= {key: asdict(errors[key]) for key in ("mean", "std", "half_width")}
    if other is not None and len(known.merge(other, on=_KEYS)):
        # the truth may be stored with fewer digits than it is computed with
        same = other.drop(columns="y_true").merge(known[[*_KEYS, "y_true"]], on=_KEYS)
        found = compare_groups([same], [known])
        ends = {"low95": found.low95, "high95": found.high95, "n": found.n_samples}
        row["difference"] = asdict(found.difference) | ends
    return row


def failures(table: pd.DataFrame) -> dict[str, int]:
    """Return the number of samples without a Jeans mass by reason, the most frequent first.

    Reasons of axisymmetric models alone, and of JamPy alone, say so.
    """
    spherical, oblate = table["failure"], table["failure_axisymmetric"]
    reasons = [
        spherical[spherical != ""],
        "axisymmetric models alone: " + oblate[(oblate != "") & (spherical == "")],
    ]
    if FAILURE_JAM in table:
        other = table[FAILURE_JAM]
        reasons.append("JAM alone: " + other[(other != "") & (oblate == "")])
    counts = pd.concat(reasons).value_counts()
    return {str(reason): int(count) for reason, count in counts.items()}


def measure_dynamics(
    dataset: DataSet,
    runs: Sequence[Run] = (),
    *,
    progress: Progress | None = None,
    jam: bool = False,
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Estimate masses by dynamics, and measure them beside runs.

    Parameters
    ----------
    dataset : DataSet
    runs : sequence of Run
        Only galaxies that all of them predict, and learned nothing from, are measured then; of a
        network for every set of maps it is that of r+2V, 2V and r.
    progress, jam
        As of `estimates.estimate_masses`.

    Returns
    -------
    dict
        For JSON: ``rows`` of `compare_estimates`, ``runs`` (their names), ``frame`` of the maps,
        and ``failures``.
    pandas.DataFrame
        From `estimates.estimate_masses`.

    Raises
    ------
    ValueError
        If the data set has no maps, jampy cannot be imported, or no galaxy is in the test set of
        all runs; or as of `run_values`.
    """
    if jam:
        require_jampy()
    shown = [each for run in runs for each in runs_shown(run)]
    values = [(run.name, run_values(run, dataset)) for run in shown]
    index = pd.MultiIndex.from_frame(dataset.samples[_KEYS])
    common = np.ones(len(dataset), dtype=bool)
    for _, tables in values:
        common &= index.isin(pd.MultiIndex.from_frame(pd.concat(tables.values())[_KEYS]))
    if not common.any():
        msg = f"{dataset.path}: runs must have a galaxy in common that none learned from, have none"
        raise ValueError(msg)
    table = estimate_masses(dataset, np.flatnonzero(common), progress=progress, jam=jam)
    values = [
        (name, {target: own.merge(table[_KEYS], on=_KEYS) for target, own in tables.items()})
        for name, tables in values
    ]
    result = {
        "rows": compare_estimates(table, values),
        "runs": [name for name, _ in values],
        "frame": str(dataset.frame),
        "failures": failures(table),
    }
    return result, table
