"""What the panels of the Compare page show: predictions of runs, of groups, and of the baseline.

A panel of the Compare page has a key: the name of a set of inputs (`inputs_of`),
``run:`` and the name of a run, ``mean:`` and the name of one of a group of trainings, whose
predictions are averaged (an ensemble), or `BASELINE`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import pandas as pd

from galmass_app import services
from galmass_app.run_index import RunIndex, run_index
from galmass_core.datasets.capabilities import LEAST_TO_TEST, lacking, lacks
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import (
    ANY,
    Experiment,
    experiment,
    input_maps,
    inputs_of,
    missing_columns,
    usable_rows,
)
from galmass_core.learning.fitting import evaluate
from galmass_core.learning.intervals import SCALE, Calibration, calibrate, with_intervals
from galmass_core.learning.metrics import Estimate
from galmass_core.learning.splits import BOOSTING_SIZES, sibling_share, split_samples
from galmass_core.learning.uncertainty import (
    NO_NOISE,
    Comparison,
    GroupErrors,
    TrainingNoise,
    compare_groups,
    measure_group,
)
from galmass_core.paper.table_four import CONTROLS, predictions_of, table_4
from galmass_core.quantities import (
    OCCUPANCY,
    TARGETS,
    has_kinematics,
    map_keys,
    quantity,
    symbol_of,
)
from galmass_core.training.ensembles import mean_predictions
from galmass_core.training.groups import draws_nothing, group_of, is_alike
from galmass_core.training.leakage import BOTH
from galmass_core.training.pairing import choose_run
from galmass_core.training.runs import Run

BASELINE = "power-law"
RUN = "run:"
MEAN = "mean:"
MOST = 6  # panels
RESAMPLES = 400  # of galaxies, for errors while someone waits
_METHODS = {"power-law": "power law in", "virial": "virial estimate from", "ridge": "ridge on"}


class Split(NamedTuple):
    """How samples are split; the arguments of `splits.split_samples`."""

    kind: str
    seed: int
    sizes: tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """Predictions of a run, with its group, or the baseline, of samples it was not trained on."""

    title: str  # the inputs, in symbols
    experiment: Experiment  # what it was trained for
    run: Run | None  # None of the baseline
    # Of one target: ``name``, ``los``, ``y_true`` and ``y_pred`` (decimal logarithms)
    predictions: pd.DataFrame
    # Of each training of the group; the run's own alone if it has no other
    tables: tuple[pd.DataFrame, ...]
    measured: GroupErrors  # of all trainings of the group
    split: Split
    # Share of the samples whose galaxy is in the training set along another line of sight
    siblings: float
    newer: str = ""  # name of the run that would be shown if this one were not pinned
    derived: bool = False  # whether the target is derived from what it was trained for
    group: tuple[Run, ...] = ()  # the trainings, by seed; none of the baseline
    ensemble: bool = False  # whether the predictions are the mean of the group's
    # Noise of training, from the group or from another of the same experiment and size
    noise: TrainingNoise | None = NO_NOISE

    @property
    def errors(self) -> dict[str, Estimate]:
        """Errors as `metrics.measure_errors` gives them; σ is the mean of the trainings'."""
        return self.measured.errors


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A panel that cannot be shown."""

    title: str
    why: str  # as half a sentence
    experiment: str = ""  # name of the experiment to be trained; empty if training would not help


def other_panels(data: DataSet, target: str) -> dict[str, str]:
    """Return what else can be a panel: a description -> its key; the baseline, and all groups."""
    index = run_index(data)
    named, seen = {}, set()
    for name, targets in index.targets.items():
        if name in seen or target not in targets:
            continue
        run = index.runs[name]
        group = [one.name for one in group_of(run, index.runs.values())]
        seen.update(group)
        trainings = f", {len(group)} trainings" * (len(group) > 1)
        inputs = title(experiment_of(run))
        named[f"{inputs} · {name}{trainings}"] = RUN + name
        if trainings and not draws_nothing(run):
            named[f"{inputs} · {name}, mean of {len(group)} trainings"] = MEAN + name
    return {title(experiment(f"{TARGETS[target].word}/{BASELINE}")): BASELINE, **named}


def answers(
    data: DataSet, target: str, keys: Sequence[str], split: str, pinned: Sequence[str] = ()
) -> list[Result | Missing]:
    """Return the result for each panel's key.

    Parameters
    ----------
    split : str
        ``galaxy`` or ``paper``: of the runs that answer for inputs.
    pinned : sequence of str
        Names of runs that answer for inputs as long as they can.

    Returns
    -------
    list of Result or Missing
        For inputs, of a pinned run, or else of that which `pairing.choose_run` prefers.
    """
    index = run_index(data)
    kept = tuple(pinned)
    results = {key: _answer(index, target, key, split, kept) for key in keys if key != BASELINE}
    if BASELINE in keys:
        results[BASELINE] = baseline(data, target, split)
    return [results[key] for key in keys]


def controls(data: DataSet, target: str, result: Result) -> dict[str, Result | Missing]:
    """Return the controls of a network trained on motions: star counts trace mass, too.

    Returns
    -------
    dict
        ``occupancy``: the same learned from which pixels have stars, alone; ``thinned``: from the
        same maps of galaxies that all have as many stars. Empty if it saw no motion.
    """
    if not has_kinematics(result.experiment.maps):
        return {}
    index, split = run_index(data), result.split.kind
    inputs = inputs_of(result.experiment.maps)
    answers = (
        _of_inputs(index, target, OCCUPANCY, split),
        _of_inputs(index, target, inputs, split, thinned=True),
    )
    return dict(zip(CONTROLS, answers, strict=True))


@lru_cache(maxsize=64)
def baseline(data: DataSet, target: str, split: str) -> Result | Missing:
    """Fit the power law of light and test it, as ``galmass table baselines`` does."""
    wanted = experiment(f"{TARGETS[target].word}/{BASELINE}")
    named = {"title": title(wanted)}
    if missing := missing_columns(data.samples, (*wanted.features, target)):
        lacking = ", ".join(quantity(key).symbol for key in missing)
        return Missing(**named, why=f"this data set has no {lacking}")
    usable, _ = usable_rows(data.samples, wanted.features, [target])
    if data.samples.loc[usable, "name"].nunique() < LEAST_TO_TEST:
        return Missing(**named, why="there are too few galaxies to fit it to")
    return Result(
        **named,
        experiment=wanted,
        run=None,
        split=Split(split, 0, tuple(BOOSTING_SIZES.items())),
        siblings=sibling_share(data.samples, split_samples(data.samples, split)),
        **with_errors([evaluate(wanted, data.samples, split).predictions]),
    )


@lru_cache(maxsize=16)
def rows_of_table(index: RunIndex, split: str) -> list[dict[str, Any]]:
    """Return our rows of Table 4, as `table_four.table_4` gives them, with leakage."""
    both = table_4(index.data, index.runs.values(), BOTH)
    if split == "galaxy":
        return both
    leakage = {row["row"]: {"leakage": row["leakage"]} for row in both if row.get("leakage")}
    rows = table_4(index.data, index.runs.values(), split)
    return [row | leakage.get(row["row"], {}) for row in rows]


@lru_cache(maxsize=256)
def compare(reference: Result, other: Result) -> Comparison | None:
    """Compare the scatter of two results on the samples of both; None if there is none."""
    first, second = reference.predictions, other.predictions
    if set(first["name"].unique()).isdisjoint(second["name"].unique()):
        return None
    noise = (reference.noise, other.noise)
    return compare_groups(reference.tables, other.tables, noise=noise, resamples=1000)


@lru_cache(maxsize=256)
def with_limits(result: Result, target: str) -> pd.DataFrame:
    """Return the predictions of a result with the limits of their intervals.

    NaN for the baseline, for what is derived from other targets, and for runs that are not
    calibrated.
    """
    table = result.predictions.assign(target=target)
    return with_intervals(table, _calibrations(result, target)).drop(columns="target")


def _calibrations(result: Result, target: str) -> dict[str, Calibration]:
    """Return the distribution of a result's errors by target; empty if it is not calibrated."""
    if result.run is None or result.derived:
        return {}
    runs = result.group if result.ensemble else (result.run,)
    errors = mean_predictions([run.calibration() for run in runs])
    rows = errors[errors["target"] == target]
    return {target: calibrate(rows)} if len(rows) else {}


def title(wanted: Experiment) -> str:
    """Return the inputs of an experiment, in symbols."""
    if wanted.maps == (OCCUPANCY,):
        return "star occupancy"
    if wanted.maps:
        return " + ".join(symbol_of(key) for key in wanted.maps)
    symbols = ", ".join(symbol_of(key) for key in wanted.features) or "nothing"
    if wanted.method == "trees":
        return f"trees on {len(wanted.features)} numbers"
    return f"{_METHODS[wanted.method]} {symbols}"


def experiment_of(run: Run) -> Experiment:
    """Return the experiment of a run."""
    config = run.config
    return Experiment(
        name=config["experiment"],
        targets=tuple(config["targets"]),
        method=config["method"],
        features=tuple(config.get("features", ())),
        maps=tuple(config.get("maps", ())),
        pixels=config.get("pixels", 300),
    )


def _answer(
    index: RunIndex, target: str, key: str, split: str, pinned: tuple[str, ...]
) -> Result | Missing:
    """Return the result for the key of a run or of a set of inputs."""
    if input_maps(key):
        return _of_inputs(index, target, key, split, pinned)
    name = services.name_of_run(key.removeprefix(RUN).removeprefix(MEAN))
    if target in index.targets.get(name, ()):
        return (ensemble_of if key.startswith(MEAN) else result_of)(index, name, target)
    return Missing(title=name, why=f"has no prediction of {quantity(target).symbol} here")


@lru_cache(maxsize=512)
def _of_inputs(
    index: RunIndex,
    target: str,
    inputs: str,
    split: str,
    pinned: tuple[str, ...] = (),
    *,
    thinned: bool = False,
) -> Result | Missing:
    """Return the result for inputs: of a network for the target, or for what it derives from."""
    ways = [experiment(f"{names}/{inputs}") for names in _ways(target)]
    networks = index.networks[split]
    kept = [one for one in networks if one.run.name in pinned]
    chosen, own = (
        [choose_run(those, wanted, thinned=thinned, prefer_any=True) for wanted in ways]
        for those in (networks, kept)
    )
    best = next((one for one in chosen if one), None)
    if best:
        shown = next((one for one in own if one), best)
        result = result_of(index, shown.run.name, target)
        same = best.run.name in [run.name for run in result.group]
        return result if same else replace(result, newer=best.run.name)
    named = {"title": title(ways[0])}
    if why := lacks(index.data).network or lacking(index.data, ways[-1].maps):
        return Missing(**named, why=f"not trained, and cannot be on this data set: {why}")
    trained = ANY if {*ways[-1].maps} <= {*map_keys()} else inputs
    name = f"{_ways(target)[-1]}/{trained}"
    return Missing(**named, why="not trained", experiment=experiment(name).name)


@lru_cache(maxsize=256)
def result_of(index: RunIndex, name: str, target: str) -> Result:
    """Return the predictions of a run for a target, evaluated once."""
    run, wanted = index.runs[name], experiment_of(index.runs[name])
    group = group_of(run, index.runs.values())
    others = [one for one in group if one.name != name]
    tables = [
        predictions_of(index.predictions[one.name], target, index.data.samples)[0]
        for one in (run, *others)
    ]
    split, errors = run.config["split"], with_errors(tables)
    return Result(
        title=title(wanted),
        experiment=wanted,
        run=run,
        split=Split(split["kind"], split["seed"], tuple(split["sizes"].items())),
        siblings=run.record["split"]["siblings"],
        derived=target not in wanted.targets,
        group=(run, *others),
        noise=_noise(index, run, target, errors["measured"]),
        **errors,
    )


@lru_cache(maxsize=256)
def ensemble_of(index: RunIndex, name: str, target: str) -> Result | Missing:
    """Return the mean of the predictions of a run's group for a target.

    Its noise of training is taken to be that of one of its trainings, which is more than it has.
    """
    single = result_of(index, name, target)
    count = len(single.group)
    named = f"{single.title} (mean of {count})"
    if count < 2:
        return Missing(title=named, why="the other trainings of this run are gone")
    mean = mean_predictions([table.assign(target=target) for table in single.tables])
    return replace(single, title=named, ensemble=True, **with_errors([mean]))


def _noise(index: RunIndex, run: Run, target: str, measured: GroupErrors) -> TrainingNoise | None:
    """Return the noise of training: the group's own, or of another of the same experiment."""
    if draws_nothing(run):
        return NO_NOISE
    if measured.noise:
        return measured.noise
    for other in index.runs.values():
        if is_alike(run, other) and len(group_of(other, index.runs.values())) > 1:
            return result_of(index, other.name, target).measured.noise
    return None


def with_errors(tables: Sequence[pd.DataFrame]) -> dict[str, Any]:
    """Return predictions of trainings and their errors, as a Result holds them."""
    columns = ["name", "los", "y_true", "y_pred", SCALE]
    rows = tuple(table.filter(columns).reset_index(drop=True) for table in tables)
    measured = measure_group(rows, resamples=RESAMPLES)
    return {"predictions": rows[0], "tables": rows, "measured": measured}


def _ways(target: str) -> list[str]:
    """Return the words of the targets whose prediction gives a target."""
    learned = ",".join(TARGETS[key].word for key in TARGETS[target].derived_from_columns)
    return [TARGETS[target].word, *[learned] * bool(learned)]
