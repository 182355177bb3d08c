"""Measure Table 5 and the baselines, compared with the published numbers.

A row is a dict for JSON. Rows that cannot be measured state the reason.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from galmass_core.learning.experiments import (
    EXPERIMENTS,
    Experiment,
    default_features,
    experiment,
    missing_columns,
)
from galmass_core.learning.fitting import Outcome, evaluate_alike, score
from galmass_core.learning.metrics import Estimate
from galmass_core.learning.uncertainty import NO_NOISE
from galmass_core.paper.published import published_table
from galmass_core.training.leakage import BOTH, leakage_notes, leakage_value, measure_leakage

if TYPE_CHECKING:
    from galmass_core.datasets.dataset import DataSet
    from galmass_core.training.labels import Labels
    from galmass_core.training.runs import Run

SCHEMA = 1  # version of the JSON envelope
_INPUTS = {"default10": "features", "default10_minus_Mr": "no-magnitude"}
_SHORT = {wanted.target: name.split("/")[0] for name, wanted in EXPERIMENTS.items()}
_MOST_LISTED = 6  # scatters of a run
_BASELINES = ("constant", "power-law", "virial", "ridge", "light+dispersion")


def table_5(
    dataset: "DataSet",
    plan: str = "galaxy",
    *,
    features: Sequence[str] | None = None,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Measure the nine rows of Table 5: boosted trees on summary features.

    All rows use the same samples: those that have every target of the table.

    Parameters
    ----------
    dataset : DataSet
    plan : str
        ``galaxy``, ``paper`` or ``folds`` (see `fitting.evaluate`), or ``both``: rows are of the
        split by galaxy and have the paper's beside them.
    features : sequence of str, optional
        Columns to learn from; by default those of Table 1, or their substitutes in catalogues, that
        the table has; each row lists which it lacks. Rows without M_r leave ``abs_mag_r`` out.
    seed : int

    Returns
    -------
    list of dict
        ``row``, ``experiment``, ``target``, ``features``, ``lacking``, ``truth_level``,
        ``redefined`` (what features hold instead of what they mean, as of a catalogue),
        ``published`` (mean and std), ``status`` (``measured``, or ``not available: `` and the
        reason) and where measured ``left_out``, ``source`` (name of the data set), ``preset``,
        ``training_seeds``, ``n_train`` and the entries of `fitting.score`, of which ``n`` counts
        test samples. The split is the same for all rows (`splits.describe_split`). With ``both``
        also ``paper_split`` (``n_train`` and the entries of `fitting.score`) and ``leakage``
        (`leakage.measure_leakage`).

    Raises
    ------
    ValueError
        If the table lacks a feature, or ``plan`` is unknown.
    """
    if features is None:
        features = default_features(dataset.samples)
    elif missing := missing_columns(dataset.samples, features):
        msg = f"features must be columns of the data set, which lacks {', '.join(missing)}"
        raise ValueError(msg)
    published = published_table(5)
    targets = [str(key) for key in published["target"].unique()]
    absent = missing_columns(dataset.samples, targets)
    needed = [key for key in targets if key not in absent]
    wanted = [_row_experiment(line, features) for line in published.itertuples()]
    rows = _measure(dataset, wanted, plan, seed, needed)
    return [
        {"row": line.row, "published": {"mean": line.mean_dex, "std": line.sigma_dex}, **row}
        for line, row in zip(published.itertuples(), rows, strict=True)
    ]


def baseline_table(
    dataset: "DataSet", plan: str = "galaxy", *, seed: int = 0
) -> list[dict[str, Any]]:
    """Measure every baseline on every target; rows as in `table_5`, without ``published``."""
    names = [f"{short}/{inputs}" for short in _SHORT.values() for inputs in _BASELINES]
    wanted = [EXPERIMENTS[name] for name in names if name in EXPERIMENTS]
    return [row for each in wanted for row in _measure(dataset, [each], plan, seed, [each.target])]


def format_rows(rows: Sequence[dict[str, Any]]) -> str:
    """Return rows of `table_5` or `baseline_table` as text, aligned for a terminal.

    Parameters
    ----------
    rows : sequence of dict

    Returns
    -------
    str
        σ and bias with their 68 % errors, in dex, with the published values if there are any.
    """
    heading: tuple[str, ...] = (
        "experiment",
        "published σ",
        "σ [dex]",
        "bias [dex]",
        "NMAD",
        "|d|>0.2",
        "N_train",
        "N",
    )
    if any("leakage" in row for row in rows):
        heading = (*heading, "paper split − galaxy split")
    return "\n".join(
        [align([heading, *(_cells(row, len(heading)) for row in rows)]), "", *_remarks(rows)]
    )


def format_runs(runs: Sequence["Run"], labels: Sequence["Labels"] = ()) -> str:
    """Return a list of runs for a terminal; with the tags and notes of each, if any has some."""
    labels = labels if any(each.tags or each.notes for each in labels) else ()
    heads = ("run", "state", "experiment", "split", "σ [dex]")
    lines: list[tuple[str, ...]] = [heads + ("tags", "notes") * bool(labels)]
    for run, label in zip_longest(runs, labels):
        row = run.summary()
        errors = [Estimate(**each["std"]) for each in (row["metrics"] or {}).values()]
        scatter = [str(each) for each in errors]
        if len(errors) > _MOST_LISTED:  # a profile
            values = [each.value for each in errors]
            scatter = [f"{min(values):.3f} to {max(values):.3f} at all radii"]
        split = row["split"]["kind"] if row["split"] else ""
        result = ", ".join(scatter) or row["reason"] or ""
        own = (", ".join(label.tags), " ".join(label.notes.split())) if label else ()
        lines.append((row["run"], row["state"], row["experiment"], split, result, *own))
    return align(lines)


def align(lines: Sequence[Sequence[str]]) -> str:
    """Return rows of cells as aligned text."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def describe_cohort(dataset: "DataSet", split: dict[str, Any]) -> str:
    """Return a sentence on what a table is measured on, as a heading.

    Parameters
    ----------
    dataset : DataSet
    split : dict
        As returned by `splits.describe_split`, or only its ``kind``.

    Returns
    -------
    str
        Data set, whether its galaxies are synthetic, and the split with its siblings.
    """
    columns = dataset.samples
    made = bool(columns["synthetic"].any()) if "synthetic" in columns else False
    made |= bool(columns["name"].str.startswith("synthetic/").any())
    kinds = {
        "galaxy": "split by galaxy",
        "paper": "split at random, as in the paper",
        "folds": "five-fold cross-validation by galaxy",
        "both": "split by galaxy, and beside it at random, as in the paper",
    }
    parts = [dataset.path.name, *["synthetic galaxies, not TNG100's"] * made, kinds[split["kind"]]]
    if "siblings" in split:
        which = "test samples" + " of the latter" * (split["kind"] == BOTH)
        parts.append(f"{100 * split['siblings']:.0f} % of {which} have a sibling in training")
    seed = f" (seed {split['seed']})" if "seed" in split else ""
    return f"{parts[0]}: {'; '.join(parts[1:])}{seed}"


def envelope(
    dataset: "DataSet", rows: Sequence[dict[str, Any]], split: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return rows with their metadata, for JSON.

    Parameters
    ----------
    dataset : DataSet
    rows : sequence of dict
    split : dict, optional
        As returned by `splits.describe_split`.

    Returns
    -------
    dict
        ``schema``, ``source``, ``simulations`` (such as `TNG/TNG100-1`, the only one comparable to
        the paper), ``split``, ``n`` and ``rows``.
    """
    names = dataset.samples["name"].str.rsplit("/", n=2).str[0]
    return {
        "schema": SCHEMA,
        "source": str(dataset.path),
        "simulations": sorted(names.unique()),
        "split": split,
        "n": len(dataset),
        "rows": list(rows),
    }


def _row_experiment(line: Any, features: Sequence[str]) -> Experiment:  # noqa: ANN401
    """Return the experiment of a published row for these features."""
    wanted = experiment(f"{_SHORT[line.target]}/{_INPUTS[line.inputs]}")
    without = ("abs_mag_r",) if wanted.name.endswith("no-magnitude") else ()
    return replace(wanted, features=tuple(key for key in features if key not in without))


def _measure(
    dataset: "DataSet", wanted: Sequence[Experiment], plan: str, seed: int, needed: Sequence[str]
) -> list[dict[str, Any]]:
    """Return a row of each experiment: target, features and errors."""
    rows = [_describe(dataset, each) for each in wanted]
    alike: dict[tuple[str, ...], list[int]] = {}
    for number, (each, row) in enumerate(zip(wanted, rows, strict=True)):
        if "status" not in row:
            alike.setdefault(each.features, []).append(number)
    kinds = ("galaxy", "paper") if plan == BOTH else (plan,)
    for numbers in alike.values():
        some = [wanted[number] for number in numbers]
        outcomes = (
            evaluate_alike(some, dataset.samples, kind, seed=seed, needed=needed) for kind in kinds
        )
        for number, (outcome, *paper) in zip(numbers, zip(*outcomes, strict=True), strict=True):
            rows[number] |= {
                "status": "measured",
                "left_out": outcome.left_out,
                "source": dataset.path.name,
                "preset": "paper",
                "training_seeds": [seed],
                "n_train": outcome.n_train,
                **score(outcome.predictions),
                **(_beside(outcome, *paper) if paper else {}),
            }
    return rows


def _describe(dataset: "DataSet", wanted: Experiment) -> dict[str, Any]:
    """Return the entries of a row that need no training; a ``status`` if there can be none."""
    row = {
        "experiment": wanted.name,
        "target": wanted.target,
        "features": list(wanted.features),
        "lacking": [key for key in experiment(wanted.name).features if key not in wanted.features],
        "truth_level": list(wanted.truth_level),
        "redefined": dataset.redefined(wanted.features),
    }
    if missing := missing_columns(dataset.samples, (*wanted.features, wanted.target)):
        why = dataset.info.get("not_available", {})
        reasons = [f"{key} ({why[key]})" if key in why else key for key in missing]
        return row | {"status": f"not available: the data lack {', '.join(reasons)}"}
    return row


def _beside(galaxy: Outcome, paper: Outcome) -> dict[str, Any]:
    """Return what the paper's split gives beside the split by galaxy; trees have no noise."""
    tables = ([galaxy.predictions], [paper.predictions])
    return {
        "paper_split": {"n_train": paper.n_train, **score(paper.predictions)},
        "leakage": measure_leakage(*tables, noise=NO_NOISE),
    }


def _cells(row: dict[str, Any], columns: int) -> tuple[str, ...]:
    """Return the cells of one row, as many as the heading has."""
    published = f"{row['published']['std']:.2f}" if "published" in row else ""
    leakage = [leakage_value(row["leakage"])] if "leakage" in row else []
    if row["status"] != "measured":
        return (row["experiment"], published, "not available", *[""] * (columns - 3))
    std, mean = (Estimate(**row[name]) for name in ("std", "mean"))
    return (
        row["experiment"],
        published,
        str(std),
        f"{mean.value:+.3f} ± {mean.error:.3f}",
        f"{row['nmad']['value']:.3f}",
        f"{100 * row['outliers']['value']:.1f} %",
        f"{row['n_train']}",
        f"{row['n']}",
        *leakage,
    )


def _remarks(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return the footnotes of the table, without repetitions."""
    lines: dict[str, None] = {}
    for seed in sorted({seed for row in rows for seed in row.get("training_seeds", ())}):
        lines[f"training seed {seed}: any other gives the same models, so there is no noise"] = None
    for row in rows:
        if row["lacking"]:
            lines["learned without " + ", ".join(row["lacking"])] = None
        if row["truth_level"]:
            lines["no telescope measures " + ", ".join(row["truth_level"])] = None
        for key, text in row.get("redefined", {}).items():
            lines[f"{key} is another quantity here: {text}"] = None
        if row["status"] != "measured":
            lines[f"{row['experiment']} {row['status']}"] = None
        for reason, count in row.get("left_out", {}).items():
            lines[f"{count} samples left out: {reason}"] = None
    return [*lines, *leakage_notes([row["leakage"] for row in rows if "leakage" in row])]
