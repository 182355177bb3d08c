"""Measure Table 4: errors of networks on maps, compared with the published numbers.

A row is a dict for JSON. It is measured on the run of its experiment, or of another network with
the same maps whose targets include the row's, or of one for every set of maps; the row names the
run.
"""

import shlex
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from galmass_core.learning.experiments import Experiment, experiment
from galmass_core.learning.fitting import score
from galmass_core.learning.galaxy_types import early_types
from galmass_core.learning.uncertainty import measure_group
from galmass_core.paper.derived import derive_target
from galmass_core.paper.published import published_table, published_target
from galmass_core.quantities import OCCUPANCY, TARGETS, has_kinematics
from galmass_core.training.groups import (
    cohort_of,
    count_training,
    group_of,
    is_alike,
    preset_of,
)
from galmass_core.training.leakage import BOTH, measure_leakage
from galmass_core.training.pairing import RunPredictions, choose_run, run_predictions_on

if TYPE_CHECKING:
    from galmass_core.datasets.dataset import DataSet
    from galmass_core.training.runs import Run

CONTROLS = (OCCUPANCY, "thinned")  # controls of networks that use kinematics


def table_4(
    dataset: "DataSet", runs: Iterable["Run"], split: str = "galaxy", *, cohort: str | None = None
) -> list[dict[str, Any]]:
    """Measure the 24 rows of Table 4 on runs.

    Parameters
    ----------
    dataset : DataSet
    runs : iterable of Run
        Runs that are not finished networks, or cannot predict this data set, are ignored.
    split : str
        ``galaxy`` or ``paper``: only runs of this split are used; ``both``: rows are of the
        split by galaxy, and have the paper's beside them.
    cohort : str, optional
        Only runs whose training set has a name that begins so (`groups.cohort_of`) are used.

    Returns
    -------
    list of dict
        ``row``, ``experiment``, ``target``, ``subset`` (``test`` or ``early types``), ``published``
        (mean and std) and ``status``: ``measured``, ``not trained`` (then ``command`` trains it),
        or ``not available: `` and the reason. Where measured, ``run``, ``learned`` (the run's own
        experiment), ``joint`` (whether its targets differ from those of the paper's network),
        ``any`` (whether it is one network for every set of maps),
        ``width`` and ``pixels`` of the network, ``split``, ``clipped`` (predictions of f_DM below
        the least), ``source`` (name of the data set of training), ``cohort``, ``n_train`` and
        whether it is ``n_train_exact``, ``preset``, ``training_seeds``, and the entries of
        `fitting.score`, of which ``n`` counts test samples. Of several trainings σ is their mean,
        ``spread`` its standard deviation between them. Rows whose network saw kinematic maps have
        ``controls``: scores of the same targets learned from ``occupancy``, and from the same maps
        of ``thinned`` galaxies; None where not trained. Rows of M*/L have ``from_mass``: the score
        of predicted projected M* over true light; None likewise. With ``both`` measured rows have
        ``leakage`` (`leakage.measure_leakage`, and ``run`` of the paper's split); None where no run
        of the paper's split is as that of the row (`groups.is_alike`, on the same data set).

    Raises
    ------
    ValueError
        If no run has such a cohort.
    """
    kind, runs = "galaxy" if split == BOTH else split, list(runs)
    candidates = run_predictions_on(runs, dataset, kind)
    if cohort is not None:
        candidates = _of_cohort(candidates, cohort)
    rows = [_row(line, dataset, candidates, kind) for line in published_table(4).itertuples()]
    if split == BOTH:
        others = run_predictions_on(runs, dataset, "paper")
        for row in rows:
            if row["status"] == "measured":
                row["leakage"] = _leakage(row, candidates, others, dataset.samples)
    return rows


def network_leakage(
    trainings: Sequence[RunPredictions],
    others: Sequence[RunPredictions],
    target: str,
    samples: pd.DataFrame,
    *,
    only_early: bool = False,
) -> dict[str, Any] | None:
    """Measure what the paper's split lowers the scatter of a network by.

    Parameters
    ----------
    trainings : sequence of RunPredictions
        Of a group that was split by galaxy.
    others : sequence of RunPredictions
        Of the paper's split, the newest first. The first counts, with its group, that is as those.
    target, samples, only_early
        As in `measure_target`.

    Returns
    -------
    dict or None
        As of `leakage.measure_leakage`, with ``run``, the name of the one of the paper's split;
        None if there is none.
    """
    run = trainings[0].run
    data = run.record["dataset"]["sha256"]
    alike = [
        one
        for one in others
        if is_alike(run, one.run) and one.run.record["dataset"]["sha256"] == data
    ]
    if not alike:
        return None
    group = {one.name for one in group_of(alike[0].run, [one.run for one in alike])}
    paper = [one for one in alike if one.run.name in group]
    tables = [
        [_tested(one, target, samples, only_early=only_early)[0] for one in side]
        for side in (trainings, paper)
    ]
    return {"run": alike[0].run.name, **measure_leakage(*tables)}


def measure_target(
    candidate: RunPredictions, target: str, samples: pd.DataFrame, *, only_early: bool = False
) -> dict[str, Any]:
    """Measure the errors of a network in a predicted or derived target.

    Parameters
    ----------
    candidate : RunPredictions
    target : str
        A column that it predicts, or f_DM if it predicts M* and M_tot, or M*/L if it predicts the
        projected M*.
    samples : pandas.DataFrame
        Of the data set of the candidate.
    only_early : bool
        Whether to use early types only.

    Returns
    -------
    dict
        ``clipped`` and the entries of `fitting.score`.

    Raises
    ------
    ValueError
        If the table lacks a column or no sample is left.
    """
    predictions, clipped = _tested(candidate, target, samples, only_early=only_early)
    return {"clipped": clipped, **score(predictions)}


def measure_trainings(
    trainings: Sequence[RunPredictions], target: str, samples: pd.DataFrame, *, only_early: bool
) -> dict[str, Any]:
    """Measure the errors of a group of trainings, as `measure_target`; σ is their mean.

    Returns
    -------
    dict
        As of `measure_target`, of the first, with ``std`` of all and ``spread``, its standard
        deviation between trainings; None of a single one.
    """
    first = measure_target(trainings[0], target, samples, only_early=only_early)
    if len(trainings) == 1:
        return first | {"spread": None}
    tables = [_tested(each, target, samples, only_early=only_early)[0] for each in trainings]
    measured = measure_group(tables)
    return first | {
        **{name: asdict(estimate) for name, estimate in measured.errors.items()},
        "spread": measured.spread,
    }


def _tested(
    candidate: RunPredictions, target: str, samples: pd.DataFrame, *, only_early: bool
) -> tuple[pd.DataFrame, int]:
    """Return predictions of a target, of early types only if wanted, as `predictions_of`."""
    predictions, clipped = predictions_of(candidate.predictions, target, samples)
    if only_early:
        names = samples["name"][early_types(samples)]
        predictions = predictions[predictions["name"].isin(names)]
    if predictions.empty:
        msg = f"no {'early type' if only_early else 'sample'} among those predicted has {target}"
        raise ValueError(msg)
    return predictions, clipped


def _of_cohort(candidates: Sequence[RunPredictions], name: str) -> list[RunPredictions]:
    """Return the candidates of a cohort; raise ValueError if there is none."""
    known = sorted({cohort_of(each.run) for each in candidates})
    if not any(each.startswith(name) for each in known):
        msg = f"cohort must be one of {', '.join(known) or 'none'}, or its beginning, got {name!r}"
        raise ValueError(msg)
    return [each for each in candidates if cohort_of(each.run).startswith(name)]


def predictions_of(
    predictions: pd.DataFrame, target: str, samples: pd.DataFrame
) -> tuple[pd.DataFrame, int]:
    """Return predictions of a target, direct or derived (see `derived`).

    Parameters
    ----------
    predictions : pandas.DataFrame
        Of one run, with the columns of `runs.Run.predictions`.
    target : str
        A column that it predicts, or f_DM if it predicts M* and M_tot, or M*/L if it predicts the
        projected M*.
    samples : pandas.DataFrame
        Of the data set of the predictions.

    Returns
    -------
    pandas.DataFrame
        The same columns for the target alone.
    int
        Number of clipped predictions of f_DM.

    Raises
    ------
    ValueError
        If it cannot be derived, or the table lacks the truth.
    """
    direct = predictions[predictions["target"] == target]
    if len(direct):
        return direct, 0
    known = TARGETS.get(target)
    if known is None or known.derive is None:
        msg = f"predictions must hold {target}, which does not follow from other targets"
        raise ValueError(msg)
    return derive_target(predictions, samples, known)


def _row(
    line: Any,  # noqa: ANN401
    dataset: "DataSet",
    candidates: Sequence[RunPredictions],
    split: str,
) -> dict[str, Any]:
    """Return one row; ``line`` is the published row."""
    wanted = _experiment_of(line)
    row = {
        "row": int(line.row),
        "experiment": wanted.name,
        "target": line.target,
        "subset": "early types" if line.subset == "test_ETG" else "test",
        "published": {"mean": line.mean_dex, "std": line.sigma_dex},
    }
    candidate = choose_run(candidates, wanted)
    if candidate is None:
        row |= {"status": "not trained", "command": _command(dataset, wanted, split)}
    else:
        row |= _measure(candidate, candidates, wanted, row, dataset.samples)
    if has_kinematics(wanted.maps):
        row["controls"] = _controls(candidates, wanted, row, dataset.samples)
    if TARGETS[line.target].beside_truth:
        row["from_mass"] = _from_mass(candidates, wanted, row, dataset.samples)
    return row


def _experiment_of(line: Any) -> Experiment:  # noqa: ANN401
    """Return the experiment of a published row."""
    names = line.train_targets.split(",")
    targets = ",".join(published_target(name, line.aperture).word for name in names)
    return experiment(f"{targets}/{line.inputs}")


def _measure(
    candidate: RunPredictions,
    candidates: Sequence[RunPredictions],
    wanted: Experiment,
    row: dict[str, Any],
    samples: pd.DataFrame,
) -> dict[str, Any]:
    """Return the result of a group for a row, and how its network differs from the paper's."""
    config, run = candidate.run.config, candidate.run
    trainings = trainings_of(candidate, candidates)
    n_train, exact = count_training(run)
    result = {
        "run": candidate.run.name,
        "learned": config["experiment"],
        "joint": set(config["targets"]) != set(wanted.targets),
        "any": candidate.from_any,
        "width": config["training"]["width"],
        "pixels": candidate.pixels,
        "split": run.record["split"],
        "source": run.record["dataset"]["name"],
        "cohort": cohort_of(run),
        "n_train": n_train,
        "n_train_exact": exact,
        "preset": preset_of(run),
        "training_seeds": sorted(one.run.training_seed or 0 for one in trainings),
    }
    try:
        early = row["subset"] == "early types"
        measured = measure_trainings(trainings, row["target"], samples, only_early=early)
        return result | {"status": "measured"} | measured
    except ValueError as error:
        return result | {"status": f"not available: {error}"}


def trainings_of(
    candidate: RunPredictions, candidates: Sequence[RunPredictions]
) -> list[RunPredictions]:
    """Return the trainings of a candidate's group among all candidates, itself first."""
    others = {each.run.name: each for each in candidates}
    group = group_of(candidate.run, [each.run for each in candidates])
    return [candidate, *(others[one.name] for one in group if one.name != candidate.run.name)]


def _leakage(
    row: dict[str, Any],
    candidates: Sequence[RunPredictions],
    others: Sequence[RunPredictions],
    samples: pd.DataFrame,
) -> dict[str, Any] | None:
    """Measure the leakage of a measured row; None if it cannot be."""
    candidate = next(one for one in candidates if one.run.name == row["run"])
    early = row["subset"] == "early types"
    with suppress(ValueError):  # the paper's split may have no early type to test
        return network_leakage(
            trainings_of(candidate, candidates), others, row["target"], samples, only_early=early
        )
    return None


def _score(candidate: RunPredictions, row: dict[str, Any], samples: pd.DataFrame) -> dict[str, Any]:
    """Measure the errors of a run for a row."""
    only_early = row["subset"] == "early types"
    return measure_target(candidate, row["target"], samples, only_early=only_early)


def _controls(
    candidates: Sequence[RunPredictions],
    wanted: Experiment,
    row: dict[str, Any],
    samples: pd.DataFrame,
) -> dict[str, dict[str, Any] | None]:
    """Measure the controls: networks on star counts alone, and on thinned galaxies."""
    targets = wanted.name.split("/")[0]
    chosen = (
        choose_run(candidates, experiment(f"{targets}/{OCCUPANCY}")),
        choose_run(candidates, wanted, thinned=True),
    )
    measured = (_measure_other(candidate, row, samples) for candidate in chosen)
    return dict(zip(CONTROLS, measured, strict=True))


def _from_mass(
    candidates: Sequence[RunPredictions],
    wanted: Experiment,
    row: dict[str, Any],
    samples: pd.DataFrame,
) -> dict[str, Any] | None:
    """Measure M*/L from predicted projected M* and true light."""
    words = ",".join(TARGETS[key].word for key in TARGETS[wanted.target].derived_from_columns)
    mass = experiment(f"{words}/{wanted.name.partition('/')[2]}")
    return _measure_other(choose_run(candidates, mass), row, samples)


def _measure_other(
    candidate: RunPredictions | None, row: dict[str, Any], samples: pd.DataFrame
) -> dict[str, Any] | None:
    """Measure another run for a row; None if there is none or it cannot be measured."""
    if candidate is None:
        return None
    try:
        return {"run": candidate.run.name, **_score(candidate, row, samples)}
    except ValueError:
        return None


def _command(dataset: "DataSet", wanted: Experiment, split: str) -> str:
    """Return the command line that trains a row."""
    command = ["galmass", "train", str(dataset.path), "--experiment", wanted.name, "--split", split]
    return shlex.join(command)
