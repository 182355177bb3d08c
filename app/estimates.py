"""All that is said of the masses of one sample: the truth, runs, the power law of light, dynamics.

Made by workers, a `Strip` for each target.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from galmass_app import services
from galmass_app.comparison import BASELINE, Split, experiment_of, title
from galmass_app.predictions import (
    LIMITS,
    NOT_CALIBRATED,
    UNTESTED,
    SamplePrediction,
    best_runs,
    limits_of,
    predictions_of,
    true_value,
)
from galmass_app.run_index import run_index
from galmass_core.datasets.capabilities import LEAST_TO_TEST
from galmass_core.datasets.dataset import DataSet
from galmass_core.dynamics.annuli import kinematic_axis
from galmass_core.dynamics.comparison import AXISYMMETRIC, ESTIMATORS, R_HSM
from galmass_core.dynamics.estimates import estimate_one
from galmass_core.dynamics.inclination import image_axes
from galmass_core.learning.experiments import experiment, missing_columns, usable_rows
from galmass_core.learning.fitting import Model, fit, predict
from galmass_core.learning.intervals import LEVELS, Calibration, calibrate, limit_names
from galmass_core.learning.splits import NETWORK_SIZES, split_samples
from galmass_core.quantities import TARGETS, quantity

MOST_RUNS = 5  # of different inputs, for each target
_METHODS = {
    "virial": "Half of 5 σ_e² R_e / G (Cappellari et al. 2006), from the r image, V and σ.",
    "Wolf": "4 σ² R_e / G (Wolf et al. 2010): the mass inside 4/3 R_e, from the r image, V and σ.",
    "Jeans": "Fit of spherical Jeans models with an NFW halo to the r image, V and σ.",
    "Jeans, inclined": "The same fit, with velocities as if the galaxy were seen edge-on.",
    AXISYMMETRIC: "Fit of oblate Jeans models (Cappellari 2008) with an NFW halo to the same maps.",
}
_NO_ROTATION = 30.0  # degrees: an error of the axis above which there is none
_NORMAL = {0.68: 0.994, 0.9: 1.645}  # half-width of an interval in standard deviations


class Estimate(NamedTuple):
    """What one method says of a target of a sample, in the unit in which the target is shown."""

    by: str  # inputs of a run, in symbols, or a method
    name: str  # of the run; empty of a method
    about: str  # a sentence
    part: str  # of the split that the sample was in; empty of dynamics
    value: float  # NaN if there is none
    limits: dict[str, float]  # by `LIMITS`
    why_not: str  # why there is no value, or no interval


@dataclass(frozen=True, kw_only=True)
class Strip:
    """Estimates of a target of a sample beside the truth.

    Attributes
    ----------
    target : str
        Column.
    true : float
        NaN where it is not known. A fraction is no logarithm, here and in ``estimates``.
    estimates : tuple of Estimate
    """

    target: str
    true: float
    estimates: tuple[Estimate, ...]


def estimates_of(data: DataSet, galaxy: str, los: str) -> list[Strip]:
    """Return what is said of a sample, by target: those of runs, and those that dynamics has."""
    found: dict[str, list[Estimate]] = {}
    for prediction in predictions_of(data, galaxy, los, MOST_RUNS):
        found.setdefault(prediction.target, []).append(of_run(prediction))
    for target in list(found):
        found[target] += _of_power_law(data, galaxy, los, target)
    if data.has_maps:
        for target, estimate in _of_dynamics(dynamics_of(data, galaxy, los)):
            if target not in found:
                found[target] = [*_of_power_law(data, galaxy, los, target)]
            found[target].append(estimate)
    return [
        strip_of(data, galaxy, los, target, found[target]) for target in TARGETS if target in found
    ]


def strip_of(
    data: DataSet, galaxy: str, los: str, target: str, estimates: Sequence[Estimate]
) -> Strip:
    """Return estimates of a target of a sample beside the truth."""
    true = shown_value(target, true_value(data, galaxy, los, target))
    return Strip(target=target, true=true, estimates=tuple(estimates))


@lru_cache(maxsize=256)
def dynamics_of(data: DataSet, galaxy: str, los: str) -> dict[str, Any]:
    """Return the dynamical masses of a sample, as `estimates.estimate_one` has them."""
    return estimate_one(services.maps(data, galaxy, los))


@lru_cache(maxsize=256)
def axes_of(data: DataSet, galaxy: str, los: str) -> str:
    """Say how a sample with maps is turned on the sky, as half a sentence."""
    maps = services.maps(data, galaxy, los)
    ratio, light = image_axes(maps)
    motion, error = kinematic_axis(maps)
    words = [f"b/a {ratio:.2f}, PA of its light {light:.0f}°"] * bool(np.isfinite(ratio))
    if error <= _NO_ROTATION:
        words.append(f"receding side at {motion:.0f} ± {error:.0f}°")
    elif np.isfinite(error):
        words.append("no axis of rotation found")
    if np.isfinite(inclination := float(data.row(galaxy, los).get("inclination", np.nan))):
        words.append(f"inclination {inclination:.0f}°")
    return ", ".join(words)


def shown_value(target: str, value: float) -> float:
    """Return a decimal logarithm in the unit of a target: as it is, or the number of a fraction."""
    return value if quantity(target).log else float(10**value)


def of_run(prediction: SamplePrediction) -> Estimate:
    """Return the estimate of a run."""
    target, limits = prediction.target, prediction.limits
    if np.isnan(prediction.predicted):
        why_not = UNTESTED.get(prediction.part, "no prediction")
    else:
        why_not = NOT_CALIBRATED * (not limits)
    return Estimate(
        by=title(experiment_of(prediction.run)),
        name=prediction.run.name,
        about=f"{quantity(target).name}, predicted by the run {prediction.run.name}",
        part=prediction.part,
        value=shown_value(target, prediction.predicted),
        limits={name: shown_value(target, each) for name, each in limits.items()},
        why_not=why_not,
    )


def _of_power_law(data: DataSet, galaxy: str, los: str, target: str) -> Iterator[Estimate]:
    """Yield the estimate of the power law of light, if it can be fitted."""
    index = run_index(data)
    runs = best_runs(index).get(target)
    split = runs[0].config["split"] if runs else {"kind": "galaxy", "seed": 0}
    sizes = split.get("sizes", NETWORK_SIZES)
    law = _power_law(data, target, Split(split["kind"], split["seed"], tuple(sizes.items())))
    if law is None:
        return
    row = data.row(galaxy, los)
    part = law.parts.get((galaxy, str(row["los"])), "")
    value, limits = np.nan, {}
    if part not in UNTESTED and usable_rows(row.to_frame().T, law.model.features)[0].all():
        value = float(law.model.predict(row.to_frame().T)[0])
        limits = limits_of(law.calibration, value) if law.calibration else {}
    yield Estimate(
        by=title(experiment(f"{TARGETS[target].word}/{BASELINE}")),
        name="",
        about="A straight line in logarithms, fitted to the training set.",
        part=part,
        value=shown_value(target, value),
        limits={name: shown_value(target, each) for name, each in limits.items()},
        why_not=UNTESTED.get(part, "" if limits else "no interval: too few galaxies"),
    )


class _PowerLaw(NamedTuple):
    """A power law, the part of each sample, and its calibration; None of too few galaxies."""

    model: Model
    parts: dict[tuple[str, str], str]
    calibration: Calibration | None


@lru_cache(maxsize=64)
def _power_law(data: DataSet, target: str, split: Split) -> _PowerLaw | None:
    """Fit the power law to the training set of a split; its validation set calibrates it."""
    wanted = experiment(f"{TARGETS[target].word}/{BASELINE}")
    if missing_columns(data.samples, (*wanted.features, target)):
        return None
    samples = data.samples[usable_rows(data.samples, wanted.features, [target])[0]]
    if samples["name"].nunique() < LEAST_TO_TEST:
        return None
    parts = split_samples(samples, split.kind, sizes=dict(split.sizes), seed=split.seed)
    model = fit(wanted, samples[parts == "train"])
    validation = samples[parts == "validation"]
    calibration = None
    if len(validation):
        calibration = calibrate(predict(model, target, validation, "validation"))
    keys = zip(samples["name"], samples["los"], strict=True)
    return _PowerLaw(model, dict(zip(keys, parts.tolist(), strict=True)), calibration)


def _of_dynamics(found: dict[str, Any]) -> Iterator[tuple[str, Estimate]]:
    """Yield targets and the estimates of dynamics of masses inside R_hsm."""
    for each in ESTIMATORS:
        if each.inside != R_HSM:
            continue
        value, error = found[each.column], found[f"{each.column}_error"]
        limits = {}
        if np.isfinite(value) and np.isfinite(error):
            for level in LEVELS:
                ends = value - _NORMAL[level] * error, value + _NORMAL[level] * error
                limits |= dict(zip(limit_names(level), map(float, ends), strict=True))
        failure = "failure_axisymmetric" if each.method == AXISYMMETRIC else "failure"
        why_not = "" if limits else found[failure] or "no estimate"
        about = _METHODS[each.method]
        yield each.truth, Estimate(each.method, "", about, "", float(value), limits, why_not)


def as_table(strips: list[Strip]) -> pd.DataFrame:
    """Return estimates, a row for each; decimal logarithms, and fractions as they are."""
    rows = [
        {
            "target": strip.target,
            "by": estimate.name or estimate.by,
            "part": estimate.part,
            "y_true": strip.true,
            "y_pred": estimate.value,
            **{name: estimate.limits.get(name, np.nan) for name in LIMITS},
        }
        for strip in strips
        for estimate in strip.estimates
    ]
    return pd.DataFrame(rows)
