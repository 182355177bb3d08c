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
from galmass_core.learning.metrics import Estimate
from galmass_core.learning.uncertainty import measure_group
from galmass_core.paper.derived import derive_target
from galmass_core.paper.published import published_table, published_target
from galmass_core.paper.tables import align
from galmass_core.quantities import OCCUPANCY, TARGETS, has_kinematics, quantity
from galmass_core.training.groups import (
    cohort_of,
    count_training,
    group_of,
    is_alike,
    preset_of,
)
from galmass_core.training.leakage import BOTH, leakage_notes, leakage_text, measure_leakage
from galmass_core.training.pairing import RunPredictions, choose_run, run_predictions_on

if TYPE_CHECKING:
    from galmass_core.datasets.dataset import DataSet
    from galmass_core.training.runs import Run

_SPLITS = {"galaxy": "split by galaxy", "paper": "split at random, as in the paper"}
CONTROLS = (OCCUPANCY, "thinned")  # controls of networks that use kinematics
_HEADING = (
    "row",
    "experiment",
    "of",
    "published: bias, σ",
    "bias [dex]",
    "σ [dex]",
    "N_train",
    "N",
    *CONTROLS,
    "run",
)


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


def format_table_4(rows: Sequence[dict[str, Any]]) -> str:
    """Return rows of `table_4` for a terminal: σ and bias with their 68 % errors, in dex."""
    marks = cohort_marks(rows)
    lines = [_HEADING, *(_cells(row, marks) for row in rows)]
    known = [row["leakage"] for row in rows if row.get("leakage")]
    notes = [*cohort_notes(rows), *_remarks(rows), *leakage_notes(known)]
    return "\n".join([align(lines), "", *notes])


def cohort_marks(rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Return the letter of each training set of a table; empty letters if there is one only."""
    cohorts = list(dict.fromkeys(row["cohort"] for row in rows if "cohort" in row))
    letters = "abcdefghijklmnopqrstuvwxyz"
    return {
        cohort: letters[number % 26] * (len(cohorts) > 1) for number, cohort in enumerate(cohorts)
    }


def cohort_notes(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Say of each training set of a table what it is, with a warning if there are several."""
    marks, notes = cohort_marks(rows), []
    for cohort, mark in marks.items():
        own = [row for row in rows if row.get("cohort") == cohort]
        split = own[0]["split"]
        numbers = " to ".join(f"{n:,}" for n in _ends([row["n_train"] for row in own]))
        presets = ", ".join(dict.fromkeys(row["preset"] for row in own))
        seeds = sorted({seed for row in own for seed in row["training_seeds"]})
        notes.append(
            f"{mark}{': ' * bool(mark)}trained on {cohort} ({own[0]['source']}), "
            f"{_SPLITS[split['kind']]} (seed {split['seed']}), "
            f"{split['siblings']:.0%} of test samples have a sibling in training, "
            f"N_train {numbers}, preset {presets}, "
            f"training seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"
        )
    if len(marks) > 1:
        notes.append(
            "! rows of different training sets are not comparable: σ falls with N_train; "
            "galmass table 4 --cohort keeps one"
        )
    return notes


def number_trained(row: dict[str, Any], marks: dict[str, str]) -> str:
    """Return the number of training samples of a row, with the letter of its training set."""
    about = "" if row["n_train_exact"] else "≈"
    return f"{about}{row['n_train']:,} {marks[row['cohort']]}".rstrip()


def _ends(numbers: Sequence[int]) -> list[int]:
    """Return the smallest and the largest number; one if they are equal."""
    return sorted({min(numbers), max(numbers)})


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


def _cells(row: dict[str, Any], marks: dict[str, str]) -> tuple[str, ...]:
    """Return the cells of one row."""
    published = f"{row['published']['mean']:+.2f}, {row['published']['std']:.2f}"
    subset = "*" if row["subset"] == "early types" else ""
    symbol = quantity(row["target"]).symbol + subset
    first = (str(row["row"]), row["experiment"], symbol, published)
    others = [_sigma(row.get("controls", {}).get(name)) for name in CONTROLS]
    if row["status"] != "measured":
        return (*first, row["status"].partition(":")[0], "", "", "", *others, row.get("run", ""))
    mean = Estimate(**row["mean"])
    bias = f"{mean.value:+.3f} ± {mean.error:.3f}"
    trained = number_trained(row, marks)
    return (*first, bias, _sigma(row), trained, str(row["n"]), *others, row["run"])


def _sigma(measured: dict[str, Any] | None) -> str:
    """Return a scatter as text; empty if there is none."""
    return str(Estimate(**measured["std"])) if measured else ""


def _remarks(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return the footnotes of the table, without repetitions."""
    rows_by_remark: dict[str, list[str]] = {}
    for row in rows:
        for remark in _row_remarks(row):
            rows_by_remark.setdefault(remark, []).append(str(row["row"]))
    return [
        "occupancy, thinned: σ of the same target learned only from which pixels have a star, "
        "and from galaxies thinned to the same number of stars",
        "* early types: sSFR < 1e-11/yr and n > 2.5 along every line of sight; the paper's are "
        "those of Wang et al. (2020)",
        *(f"row {', '.join(numbers)}: {remark}" for remark, numbers in rows_by_remark.items()),
    ]


def _row_remarks(row: dict[str, Any]) -> list[str]:
    """Return the differences between a row and the paper's."""
    if row["status"] == "not trained":
        return [f"not trained; {row['command']}"]
    lines = []
    if row["joint"]:
        lines.append(f"by a network that learned {row['learned']}")
    if row["any"]:
        lines.append("by one network for every set of maps, the paper's being for these alone")
    if row.get("spread") is not None:
        lines.append(
            f"mean of {len(row['training_seeds'])} trainings, between which σ varies by "
            f"{row['spread']:.3f}"
        )
    if row["pixels"] != experiment(row["experiment"]).pixels:
        lines.append(f"from images of {row['pixels']}² pixels")
    if row["width"] != 1:
        lines.append(f"by a network {row['width']:g} times as wide as the paper's")
    if row["status"] != "measured":
        lines.append(row["status"])
    elif row["clipped"]:
        lines.append(f"{row['clipped']} predictions of f_DM were below 0.001 and set to it")
    if "leakage" in row:
        lines.append(_leakage_remark(row))
    for name, control in row.get("controls", {}).items():
        if control and control["n"] != row.get("n"):
            lines.append(f"σ of {name} is of {control['n']} samples")
    if row.get("from_mass"):
        lines.append(f"predicted M* over true light has σ {_sigma(row['from_mass'])}")
    return lines


def _leakage_remark(row: dict[str, Any]) -> str:
    """Say how much leaks in the paper's split, or what would show it."""
    if row["leakage"] is None:
        return (
            f"leakage not measured: no run of {row['learned']} with these settings is split as in "
            "the paper; galmass train --split paper makes one"
        )
    return f"{leakage_text(row['leakage'])} (run {row['leakage']['run']})"
