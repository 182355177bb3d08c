"""Why a model predicts what it does for a sample: networks map by map, trees by feature.

Networks run in a worker thread, where torch is imported for the first time; results are kept
for all sessions.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from galmass_app import services
from galmass_app.predictions import UNTESTED, limits_of, part_of, true_value
from galmass_app.training_distance import distance_of, unusual
from galmass_app.tree_models import FitRequest, distance_to_learned, learn
from galmass_app.workers import spare_a_core
from galmass_core.datasets.capabilities import further_maps
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import usable_rows
from galmass_core.learning.intervals import calibrate
from galmass_core.quantities import map_keys
from galmass_core.training.run_predictions import (
    load_model,
    require_predictable,
    run_calibrations,
)
from galmass_core.training.runs import Run, open_run, shipped_runs
from galmass_core.training.training_sets import training_dataset, training_samples

if TYPE_CHECKING:
    from torch import Tensor

    from galmass_core.training.network_model import NetworkModel
    from galmass_core.training.saliency import Explanation

OTHERS = 24  # galaxies whose maps replace those of the galaxy in view


@dataclass(frozen=True, kw_only=True)
class ExplanationRequest:
    """A network, and the prediction to be explained."""

    data: DataSet
    galaxy: str
    los: str
    run: Path  # folder
    inputs: str  # of a network for every set of maps, the set in use
    ended: str  # when the run ended: one that was trained again in the same folder is another
    target: str  # column


@dataclass(frozen=True, kw_only=True, eq=False)
class NetworkExplanation:
    """What a network's prediction for a sample depends on."""

    request: ExplanationRequest
    run: Run
    result: "Explanation"
    others: int  # galaxies whose maps replaced it
    trained: bool  # whether these are of the training set, as far as that is there
    true: float  # dex; NaN where the data set does not know
    # Which part of the run's split the sample was in, ``train`` and ``new`` among them; empty if
    # that is not known
    part: str
    unusual: float  # percentile of its distance to the training set; NaN if that is gone
    # Of the intervals of the prediction, dex, by `predictions.LIMITS`; empty if it has none
    limits: dict[str, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class TreeExplanation:
    """How trees come to their prediction for a sample."""

    request: FitRequest
    mean: float  # dex; mean prediction for the galaxies learned from
    # By feature, the largest step first: ``value`` of the sample, and ``step`` [dex]
    steps: pd.DataFrame
    true: float  # dex
    tested: bool  # whether the sample was tested, and not learned from
    unusual: float  # percentile of its distance to the training set
    # As of a network; calibrated on the other galaxies of the test set
    limits: dict[str, float]

    @property
    def predicted(self) -> float:
        """The prediction, dex."""
        return self.mean + float(self.steps["step"].sum())


def networks(data: DataSet) -> list[Run]:
    """Return the finished networks that can predict a data set, the best first.

    They see maps that the data set has and a person can look at, and learned from galaxies with as
    many stars in the same frame. Those that see most of the paper's maps come first, of these the
    one with the least scatter; a further map alone puts no network first.
    """
    if not data.has_maps:
        return []
    seen = {*map_keys(), *further_maps(data)}
    runs = [
        run
        for run in (*services.runs(), *shipped_runs())
        if run.state == "finished"
        and run.config["method"] == "network"
        and set(run.config["maps"]) <= seen
        and run.record["dataset"].get("stars") == data.info.get("stars")
        and run.sees_as(data)
    ]
    runs = [each for run in runs for each in run.with_each_inputs()]
    usual = set(map_keys())
    return sorted(runs, key=lambda run: (-len(usual & set(run.config["maps"])), _scatter(run)))


def request_for(data: DataSet, galaxy: str, los: str, run: Run, target: str) -> ExplanationRequest:
    """Return the request for an explanation by a network."""
    return ExplanationRequest(
        data=data,
        galaxy=galaxy,
        los=los,
        run=run.path,
        inputs=run.inputs,
        ended=run.record["ended"],
        target=target,
    )


@lru_cache(maxsize=64)
def explain_by_network(request: ExplanationRequest) -> NetworkExplanation:
    """Explain the prediction of a network.

    Raises
    ------
    ValueError
        If files of the run or of the maps are damaged, the maps do not fit the network, or there
        is no other galaxy to compare with.
    """
    from galmass_core.training.saliency import explain

    data, trained = request.data, (request.run, request.inputs, request.ended)
    run, model = _run(request.run, request.inputs), model_of(*trained)
    reference = reference_of(data, request.run, request.ended)
    own = [name == request.galaxy and reference.data is data for name, _ in reference.samples]
    rows = [row for row, is_own in enumerate(own) if not is_own][:OTHERS]
    if not rows:
        msg = f"{data.path.name} has no galaxy besides this one to compare it with"
        raise ValueError(msg)
    maps = services.maps(data, request.galaxy, request.los)
    row = data.row_number(request.galaxy, request.los)
    require_predictable(run, data.samples, model.features, row)
    sample = model.inputs([maps], data.samples.iloc[[row]])
    seen = _seen(reference, *trained)
    others = {key: maps[rows] for key, maps in seen.items()}
    true = true_value(data, request.galaxy, request.los, request.target)
    reach = round(float(maps.half_width / maps.half_mass_radius), 6)
    result = explain(model, sample, others, request.target, reach)
    part = part_of(run, data, request.galaxy, request.los, request.target, true)
    calibration = None if part in UNTESTED else run_calibrations(run).get(request.target)
    limits = limits_of(calibration, result.predicted) if calibration else {}
    return NetworkExplanation(
        request=request,
        run=run,
        result=result,
        others=len(rows),
        trained=reference.trained,
        true=true,
        part=part,
        limits=limits,
        unusual=unusual(
            distance_of(data, request.run, request.ended), data, request.galaxy, request.los
        ),
    )


def explain_by_trees(request: FitRequest, galaxy: str, los: str) -> TreeExplanation | str:
    """Explain the prediction of trees for a sample.

    Returns
    -------
    TreeExplanation or str
        Or why there are none, as `usable_rows` writes it.

    Raises
    ------
    ValueError
        If no usable sample is left to train or to test.
    """
    data, fit = request.data, learn(request)
    row = data.row(galaxy, los).to_frame().T
    usable, why = usable_rows(row, request.features)
    if not usable.all():
        return next(iter(why))
    shap = fit.model.contributions(row).iloc[0]
    order = shap.abs().sort_values(ascending=False).index
    own = fit.predictions["name"].eq(galaxy)
    tested = bool((own & fit.predictions["los"].eq(row["los"].item())).any())
    others, predicted = fit.predictions[~own], float(fit.model.predict(row)[0])
    return TreeExplanation(
        request=request,
        mean=float(predicted - shap.sum()),
        steps=pd.DataFrame({"value": row.iloc[0][order].astype(float), "step": shap[order]}),
        true=true_value(data, galaxy, los, request.target),
        tested=tested,
        limits=limits_of(calibrate(others), predicted) if tested and len(others) else {},
        unusual=unusual(distance_to_learned(request), data, galaxy, los),
    )


def _scatter(run: Run) -> float:
    return run.scatter(run.config["targets"][0])


def _run(folder: Path, inputs: str) -> Run:
    run = open_run(folder)
    return run.with_inputs(inputs) if inputs else run


@lru_cache(maxsize=4)
def model_of(folder: Path, inputs: str, _ended: str) -> "NetworkModel":
    """Load a network."""
    spare_a_core()
    return load_model(_run(folder, inputs))


class Reference(NamedTuple):
    """Samples of different galaxies, one more than are needed."""

    data: DataSet
    samples: tuple[tuple[str, str], ...]  # name and line of sight
    trained: bool  # whether they are of the training set


@lru_cache(maxsize=16)
def reference_of(data: DataSet, folder: Path, _ended: str) -> Reference:
    """Draw samples of a run's training set, always the same; of the data at hand if it is gone."""
    run = open_run(folder)
    known, source = training_samples(run, data), data
    if known is not None and not run.is_of(data):
        source = training_dataset(run)
    trained = known is not None and source is not None and source.has_maps
    if not trained:
        known, source = data.samples, data
    drawn = known[["name", "los"]].sample(frac=1, random_state=0).drop_duplicates("name")
    rows = drawn.head(OTHERS + 1).itertuples(index=False, name=None)
    return Reference(source, tuple(rows), trained)


@lru_cache(maxsize=4)
def _seen(reference: Reference, folder: Path, inputs: str, ended: str) -> "dict[str, Tensor]":
    """Return the maps of the galaxies that were drawn, as a network sees them."""
    data = reference.data
    maps = [services.maps(data, *sample) for sample in reference.samples]
    rows = pd.DataFrame([data.row(*sample) for sample in reference.samples])
    return model_of(folder, inputs, ended).inputs(maps, rows)
