"""Learning curves: trainings on some of the galaxies of a training set, and what they show.

The runs are in a folder of their own under the home folder, so that no table or page takes one of
them for a training on the whole training set. A curve is derived from these folders: the runs of
one experiment on one data set and split, that differ in the number of galaxies and in the training
seed, which also draws the galaxies.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.folders import home_folder
from galmass_core.learning.experiments import (
    Experiment,
    default_features,
    experiment,
    missing_columns,
    require_columns,
)
from galmass_core.learning.learning_curves import PAPER_SAMPLES, CurveFit, fit_curve
from galmass_core.learning.metrics import Estimate
from galmass_core.learning.splits import BOOSTING_SIZES, NETWORK_SIZES, split_samples
from galmass_core.learning.uncertainty import measure_group
from galmass_core.networks.presets import TrainingConfig
from galmass_core.training.groups import count_training, experiment_key
from galmass_core.training.model_runs import usable_samples, with_profiles
from galmass_core.training.runs import Run, tested_rows
from galmass_core.training.several import Training

SIZES = 6  # of a curve, by default
LEAST = 20  # galaxies in the smallest training set
_NO_FLOOR = 5e-4  # dex, below which a floor is 0 in print
_WIDEST = 32  # the largest over the smallest, by default


@dataclass(frozen=True)
class LearningCurve:
    """The finished runs of a learning curve.

    Attributes
    ----------
    runs : dict of int to tuple of Run
        By number of training galaxies, ascending; the trainings of each by seed.
    """

    runs: dict[int, tuple[Run, ...]]

    @property
    def first(self) -> Run:
        """A run of the largest training set."""
        return self.runs[max(self.runs)][0]

    @property
    def name(self) -> str:
        """Experiment, data set and seed of the split, and of networks the number of epochs."""
        config, data = self.first.config, self.first.record["dataset"]["name"]
        seed = config["split"]["seed"]
        parts = [config["experiment"], data, *[f"seed {seed}"] * bool(seed)]
        return " · ".join([*parts, *_epochs(config)])


def curves_folder() -> Path:
    """Return the folder of the runs of learning curves, in the home folder."""
    return home_folder() / "curves"


def curve_features(samples: pd.DataFrame, wanted: Experiment) -> tuple[str, ...] | None:
    """Return the columns that trees learn from: of Table 1, as far as a table has them.

    None for networks, and for formulas, which need all of theirs.
    """
    if wanted.method != "trees" or not missing_columns(samples, wanted.features):
        return None
    without = () if "abs_mag_r" in wanted.features else ("abs_mag_r",)
    return tuple(key for key in default_features(samples) if key not in without)


def count_galaxies(
    dataset: DataSet, wanted: Experiment, features: Sequence[str] | None = None, *, seed: int = 0
) -> int:
    """Count the galaxies in the training set of an experiment, split by galaxy."""
    if features is not None:
        wanted = replace(wanted, features=tuple(features))
    dataset, wanted = with_profiles(dataset, wanted)
    require_columns(wanted, dataset.samples)
    sizes = NETWORK_SIZES if wanted.maps else BOOSTING_SIZES
    parts = split_samples(dataset.samples, sizes=sizes, seed=seed)
    usable, _ = usable_samples(dataset.samples, wanted)
    return int(dataset.samples["name"][usable & (parts == "train")].nunique())


def curve_sizes(largest: int) -> list[int]:
    """Return numbers of training galaxies in a geometric series, up to all."""
    least = max(LEAST, largest / _WIDEST)
    return sorted({round(size) for size in np.geomspace(min(least, largest), largest, SIZES)})


def curve_trainings(
    dataset: DataSet,
    name: str,
    *,
    sizes: Sequence[int] | None = None,
    repeats: int = 3,
    seed: int = 0,
    features: Sequence[str] | None = None,
    network: TrainingConfig | None = None,
) -> list[Training]:
    """Return the trainings of a learning curve.

    Parameters
    ----------
    dataset : DataSet
    name : str
        Of the experiment.
    sizes : sequence of int, optional
        Numbers of training galaxies; by default six in a geometric series.
    repeats : int
        Trainings of each size: with seeds 0, 1, ..., which draw the galaxies and the weights. All
        galaxies are drawn in one way only, so that trees are trained on them once.
    seed : int
        Of the split by galaxy.
    features : sequence of str, optional
        Instead of the experiment's own.
    network : TrainingConfig, optional
        Hyper-parameters of a network.

    Returns
    -------
    list of Training
        The smallest first.

    Raises
    ------
    ValueError
        If the experiment is unknown, the data set lacks a column or maps, or a size is not from 1
        to the number of galaxies in the training set.
    """
    wanted = experiment(name)
    features = curve_features(dataset.samples, wanted) if features is None else features
    largest = count_galaxies(dataset, wanted, features, seed=seed)
    sizes = curve_sizes(largest) if sizes is None else sorted(set(sizes))
    if wrong := [size for size in sizes if not 1 <= size <= largest]:
        msg = f"sizes must be from 1 to the {largest:,} training galaxies, got {wrong[0]}"
        raise ValueError(msg)
    return [
        Training(
            experiment=wanted.name,
            seed=seed,
            training_seed=own,
            features=None if features is None else tuple(features),
            network=None if network is None else replace(network, seed=own),
            galaxies=size,
        )
        for size in sizes
        for own in range(repeats if wanted.maps or size < largest else 1)
    ]


def learning_curves(runs: Iterable[Run]) -> list[LearningCurve]:
    """Group the finished runs of learning curves.

    Parameters
    ----------
    runs : iterable of Run
        Of `curves_folder`, the newest first.

    Returns
    -------
    list of LearningCurve
        Those with two sizes at least, the newest first.
    """
    curves: dict[tuple[object, ...], dict[int, dict[int, Run]]] = {}
    for run in runs:
        if run.state == "finished" and (galaxies := run.config["split"].get("galaxies")):
            trainings = curves.setdefault(_curve_key(run), {}).setdefault(galaxies, {})
            trainings.setdefault(run.config["split"]["draw"], run)
    return [
        LearningCurve(
            {size: tuple(sizes[size][own] for own in sorted(sizes[size])) for size in sorted(sizes)}
        )
        for sizes in curves.values()
        if len(sizes) > 1
    ]


def measure_curve(curve: LearningCurve) -> list[dict[str, Any]]:
    """Measure a learning curve and fit it.

    Returns
    -------
    list of dict
        One for each target: ``experiment``, ``target``, ``method``, ``features`` (None of
        networks), ``source`` (name of the data set), ``points``, and ``fit``. A point has
        ``galaxies``, ``n_train``, ``training_seeds``, ``std`` with its test-sampling error,
        ``spread`` between trainings, ``fitted``, and ``n`` and ``n_galaxies`` of the test set. The
        fit has ``floor``, ``exponent``, ``p_value``, ``galaxies`` and ``samples`` to which it is
        continued, ``extrapolated`` (None where it cannot be), ``reasons``, and ``line``: fitted σ
        along ``galaxies``. Errors in dex.
    """
    first = curve.first
    return [
        {
            "experiment": first.config["experiment"],
            "target": target,
            "method": first.config["method"],
            "features": first.config.get("features"),
            "source": first.record["dataset"]["name"],
            **_measure(curve, target),
        }
        for target in first.config["targets"]
    ]


def _measure(curve: LearningCurve, target: str) -> dict[str, Any]:
    """Measure one target."""
    tables = [
        [tested_rows(run.predictions(), target) for run in trainings]
        for trainings in curve.runs.values()
    ]
    points = []
    for (galaxies, trainings), own in zip(curve.runs.items(), tables, strict=True):
        measured = measure_group(own)
        points.append(
            {
                "galaxies": galaxies,
                "n_train": round(np.mean([count_training(run)[0] for run in trainings])),
                "training_seeds": [run.config["split"]["draw"] for run in trainings],
                "std": asdict(measured.errors["std"]),
                "spread": measured.spread,
                "n": len(own[0]),
                "n_galaxies": int(own[0]["name"].nunique()),
            }
        )
    fit = fit_curve(list(curve.runs), tables)
    for point, estimate in zip(points, fit.at(list(curve.runs)), strict=True):
        point["fitted"] = asdict(estimate)
    return {"points": points, "fit": _described(fit, points)}


def _described(fit: CurveFit, points: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a fit for JSON; its line reaches as far as the curve may be continued."""
    first, last = (points[place]["galaxies"] for place in (0, -1))
    end = last if fit.extrapolated is None else max(fit.galaxies, last)
    along = np.geomspace(first, end, 40)
    return {
        "floor": asdict(fit.floor),
        "exponent": asdict(fit.exponent),
        "p_value": None if np.isnan(fit.p_value) else fit.p_value,
        "galaxies": fit.galaxies,
        "samples": PAPER_SAMPLES,
        "extrapolated": None if fit.extrapolated is None else asdict(fit.extrapolated),
        "reasons": list(fit.reasons),
        "line": [
            {"galaxies": round(float(galaxies), 1), **asdict(estimate)}
            for galaxies, estimate in zip(along, fit.at(along), strict=True)
        ],
    }


def fit_text(fit: Mapping[str, Any]) -> str:
    """Return floor and exponent of a fit, as `measure_curve` gives them."""
    floor, exponent = Estimate(**fit["floor"]), Estimate(**fit["exponent"])
    known = f"floor {floor} dex" if floor.high >= _NO_FLOOR else "no floor seen"
    return f"{known}, exponent {exponent.value:.2f} ± {exponent.error:.2f}"


def extrapolation_text(fit: Mapping[str, Any]) -> str:
    """Return what a curve, as `measure_curve` fits it, says about the paper's training set."""
    there = f"{fit['galaxies']:,} galaxies ({fit['samples']:,} samples along three axes)"
    if fit["extrapolated"] is None:
        return f"cannot be continued to {there}: {'; '.join(fit['reasons'])}"
    return f"continued to {there}: σ = {Estimate(**fit['extrapolated'])} dex"


def _curve_key(run: Run) -> tuple[object, ...]:
    """Return what the runs of a curve have in common."""
    data, split = run.record.get("dataset") or {}, run.config["split"]
    return (experiment_key(run), data.get("sha256"), split["kind"], split["seed"])


def _epochs(config: Mapping[str, Any]) -> list[str]:
    """Return the number of epochs of a network, and its width, as text."""
    if "training" not in config:
        return []
    return [f"{config['training']['epochs']} epochs, width {config['training']['width']:g}"]
