"""Measure Table 4: errors of networks on maps, compared with the published numbers.

A row is a dict for JSON. It is measured on the run of its experiment, or of another network with
the same maps whose targets include the row's; the row names the run.
"""

import shlex
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from galmass_core.learning.experiments import Experiment, experiment
from galmass_core.learning.fitting import score
from galmass_core.learning.metrics import Estimate
from galmass_core.paper.derived import derive_target, early_types
from galmass_core.paper.published import published_table, published_target
from galmass_core.paper.tables import align
from galmass_core.quantities import OCCUPANCY, TARGETS, has_kinematics, quantity
from galmass_core.training.pairing import RunPredictions, choose_run, run_predictions_on

if TYPE_CHECKING:
    from galmass_core.datasets.dataset import DataSet
    from galmass_core.training.runs import Run

CONTROLS = (OCCUPANCY, "thinned")  # controls of networks that use kinematics
_HEADING = (
    "row",
    "experiment",
    "of",
    "published: bias, σ",
    "bias [dex]",
    "σ [dex]",
    "N",
    *CONTROLS,
    "run",
)


def table_4(
    dataset: "DataSet", runs: Iterable["Run"], split: str = "galaxy"
) -> list[dict[str, Any]]:
    """Measure the 24 rows of Table 4 on runs.

    Parameters
    ----------
    dataset : DataSet
    runs : iterable of Run
        Runs that are not finished networks, or cannot predict this data set, are ignored.
    split : str
        ``galaxy`` or ``paper``: only runs of this split are used.

    Returns
    -------
    list of dict
        ``row``, ``experiment``, ``target``, ``subset`` (``test`` or ``early types``), ``published``
        (mean and std) and ``status``: ``measured``, ``not trained`` (then ``command`` trains it),
        or ``not available: `` and the reason. Where measured, ``run``, ``learned`` (the run's own
        experiment), ``joint`` (whether its targets differ from those of the paper's network),
        ``width`` and ``pixels`` of the network, ``split``, ``clipped`` (predictions of f_DM below
        the least) and the entries of `fitting.score`. Rows whose network saw kinematic maps have
        ``controls``: scores of the same targets learned from ``occupancy``, and from the same maps
        of ``thinned`` galaxies; None where not trained. Rows of M*/L have ``from_mass``: the score
        of predicted projected M* over true light; None likewise.
    """
    candidates = run_predictions_on(runs, dataset, split)
    return [_row(line, dataset, candidates, split) for line in published_table(4).itertuples()]


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
    predictions, clipped = predictions_of(candidate.predictions, target, samples)
    if only_early:
        names = samples["name"][early_types(samples)]
        predictions = predictions[predictions["name"].isin(names)]
    if predictions.empty:
        msg = f"no {'early type' if only_early else 'sample'} among those predicted has {target}"
        raise ValueError(msg)
    return {"clipped": clipped, **score(predictions)}


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
    return "\n".join([align([_HEADING, *map(_cells, rows)]), "", *_remarks(rows)])


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
        row |= _measure(candidate, wanted, row, dataset.samples)
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
    candidate: RunPredictions, wanted: Experiment, row: dict[str, Any], samples: pd.DataFrame
) -> dict[str, Any]:
    """Return the result of a run for a row, and how its network differs from the paper's."""
    config = candidate.run.config
    result = {
        "run": candidate.run.name,
        "learned": config["experiment"],
        "joint": set(config["targets"]) != set(wanted.targets),
        "width": config["training"]["width"],
        "pixels": candidate.pixels,
        "split": candidate.run.record["split"],
    }
    try:
        return result | {"status": "measured"} | _score(candidate, row, samples)
    except ValueError as error:
        return result | {"status": f"not available: {error}"}


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


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells of one row."""
    published = f"{row['published']['mean']:+.2f}, {row['published']['std']:.2f}"
    subset = "*" if row["subset"] == "early types" else ""
    symbol = quantity(row["target"]).symbol + subset
    first = (str(row["row"]), row["experiment"], symbol, published)
    others = [_sigma(row.get("controls", {}).get(name)) for name in CONTROLS]
    if row["status"] != "measured":
        return (*first, row["status"].partition(":")[0], "", "", *others, row.get("run", ""))
    mean = Estimate(**row["mean"])
    bias = f"{mean.value:+.3f} ± {mean.error:.3f}"
    return (*first, bias, _sigma(row), str(row["n"]), *others, row["run"])


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
    if row["pixels"] != experiment(row["experiment"]).pixels:
        lines.append(f"from images of {row['pixels']}² pixels")
    if row["width"] != 1:
        lines.append(f"by a network {row['width']:g} times as wide as the paper's")
    if row["status"] != "measured":
        lines.append(row["status"])
    elif row["clipped"]:
        lines.append(f"{row['clipped']} predictions of f_DM were below 0.001 and set to it")
    for name, control in row.get("controls", {}).items():
        if control and control["n"] != row.get("n"):
            lines.append(f"σ of {name} is of {control['n']} samples")
    if row.get("from_mass"):
        lines.append(f"predicted M* over true light has σ {_sigma(row['from_mass'])}")
    return lines
