"""What galmass measures beyond the paper: a table for each question, from the runs that exist.

Each section is a function of a `Subject`, listed in `SECTIONS`. It trains no network: what needs
runs that are not there names the command that makes them. Trees are trained for it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import inputs_of
from galmass_core.learning.intervals import LEVELS
from galmass_core.learning.metrics import Estimate
from galmass_core.learning.uncertainty import compare_groups, measure_group
from galmass_core.paper.table_four import table_4
from galmass_core.paper.table_four_text import cohort_marks, cohort_notes, number_trained
from galmass_core.paper.tables import align, table_5
from galmass_core.training.coverage import coverage_of_run, coverage_table
from galmass_core.training.curves import (
    curves_folder,
    extrapolation_text,
    learning_curves,
    measure_curve,
)
from galmass_core.training.groups import count_training, draws_nothing, group_of
from galmass_core.training.leakage import leakage_notes, leakage_value
from galmass_core.training.profile_runs import is_profile
from galmass_core.training.runs import Run, list_runs, shipped_runs, tested_rows
from galmass_core.training.slices import slices_of_run, slices_of_trees
from galmass_core.training.switches import compare_switches, goal_note, switches_folder


@dataclass(frozen=True)
class Subject:
    """A data set and the runs about it.

    Attributes
    ----------
    dataset : DataSet
    """

    dataset: DataSet

    @cached_property
    def runs(self) -> list[Run]:
        """The user's finished runs on this data set, the newest first."""
        return self._own(list_runs())

    @cached_property
    def curves(self) -> list[Run]:
        """The finished runs of learning curves on this data set, the newest first."""
        return self._own(list_runs(curves_folder()))

    @cached_property
    def switches(self) -> list[Run]:
        """The finished runs with and without switches on this data set, the newest first."""
        return self._own(list_runs(switches_folder()))

    @cached_property
    def networks(self) -> list[dict[str, Any]]:
        """The rows of Table 4, with leakage."""
        return table_4(self.dataset, [*list_runs(), *shipped_runs()], "both")

    def command(self, words: str) -> str:
        """Return a command line of galmass about this data set."""
        return f"galmass {words.format(self.dataset.path.name)}"

    def _own(self, runs: Sequence[Run]) -> list[Run]:
        """Return the finished runs that were trained on this data set."""
        checksum = self.dataset.checksum
        return [
            run
            for run in runs
            if run.state == "finished"
            and (run.record.get("dataset") or {}).get("sha256") == checksum
        ]


@dataclass(frozen=True)
class Table:
    """What a section has measured.

    Attributes
    ----------
    rows : list of dict
        For JSON.
    lines : list of tuple of str
        The same for a terminal, the heading first.
    notes : list of str
    """

    rows: list[dict[str, Any]]
    lines: Sequence[tuple[str, ...]]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Section:
    """A question beyond the paper.

    Attributes
    ----------
    number : int
    title : str
    measure : function of Subject
        Returns a `Table`; without rows if there are no runs to measure.
    command : str
        What makes the runs, with ``{}`` in the place of the data set.
    """

    number: int
    title: str
    measure: Callable[[Subject], Table]
    command: str


def measure_beyond(dataset: DataSet) -> list[dict[str, Any]]:
    """Measure every section, for JSON.

    Parameters
    ----------
    dataset : DataSet

    Returns
    -------
    list of dict
        ``section``, ``title``, ``status`` (``measured``, ``no runs``, or ``not available: `` and
        the reason), ``command`` that makes the runs, ``rows``, ``notes``, and ``text``, the rows
        as a table for a terminal.
    """
    return list(iterate_beyond(dataset))


def iterate_beyond(dataset: DataSet) -> Iterator[dict[str, Any]]:
    """Measure section by section, as `measure_beyond`."""
    subject = Subject(dataset)
    for section in SECTIONS:
        entry = {
            "section": section.number,
            "title": section.title,
            "command": subject.command(section.command),
        }
        try:
            table = section.measure(subject)
        except ValueError as error:
            table, status = Table([], []), f"not available: {error}"
        else:
            status = "measured" if table.rows else "no runs"
        text = align(table.lines) if table.rows else ""
        yield entry | {"status": status, "rows": table.rows, "notes": table.notes, "text": text}


def format_section(entry: dict[str, Any]) -> str:
    """Return a section, as `measure_beyond` gives it, for a terminal."""
    lines = [f"{entry['section']}. {entry['title']}"]
    if entry["rows"]:
        lines += [entry["text"], *entry["notes"]]
    elif entry["status"] == "no runs":
        lines.append(f"no runs; {entry['command']}")
    else:
        lines.append(entry["status"])
    return "\n".join(lines)


def _training_noise(subject: Subject) -> Table:
    """Measure σ of groups of trainings, and the spread between them."""
    rows, seen = [], set[str]()
    for run in subject.runs:
        group = group_of(run, subject.runs)
        if run.name in seen or len(group) < 2 or draws_nothing(run):
            continue
        seen |= {one.name for one in group}
        rows += [_group_row(group, target) for target in run.config["targets"]]
    lines = [("experiment", "target", "trainings", "N_train", "σ [dex]", "spread [dex]")]
    lines += [
        (
            row["experiment"],
            row["target"],
            str(len(row["training_seeds"])),
            f"{row['n_train']:,}",
            _estimate(row["std"]),
            f"{row['spread']:.3f}",
        )
        for row in rows
    ]
    return Table(rows, lines)


def _group_row(group: Sequence[Run], target: str) -> dict[str, Any]:
    """Measure a group in a target."""
    tables = _tables(group, target)
    measured = measure_group(tables)
    return {
        "experiment": group[0].config["experiment"],
        "target": target,
        "training_seeds": [run.training_seed for run in group],
        "runs": [run.name for run in group],
        "n_train": count_training(group[0])[0],
        "n": len(tables[0]),
        "std": vars(measured.errors["std"]),
        "spread": measured.spread,
    }


def _tables(runs: Sequence[Run], target: str) -> list[pd.DataFrame]:
    """Return the predictions of a target for the test set, of each run."""
    return [tested_rows(run.predictions(), target) for run in runs]


def _cohorts(subject: Subject) -> Table:
    """Measure the rows of Table 4 that have runs, each with its training set."""
    rows = [row for row in subject.networks if row["status"] == "measured"]
    marks = cohort_marks(rows)
    lines = [("row", "experiment", "target", "σ [dex]", "N_train", "run")]
    lines += [
        (
            str(row["row"]),
            row["experiment"],
            row["target"],
            _estimate(row["std"]),
            number_trained(row, marks),
            row["run"],
        )
        for row in rows
    ]
    keys = ["row", "experiment", "target", "subset", "cohort", "n_train", "preset"]
    keys += ["training_seeds", "run", "std", "mean", "spread", "n"]
    return Table([{key: row[key] for key in keys} for row in rows], lines, cohort_notes(rows))


def _every_set(subject: Subject) -> Table:
    """Compare networks for every set of maps with networks of one set, on the same split."""
    expanded = [each for run in subject.runs for each in run.with_each_inputs()]
    whole = [run for run in expanded if "subsets" in run.config]
    rows = []
    for run in whole:
        group = group_of(run, whole)
        if group[0] is run:  # once for each group
            rows += [_set_row(group, expanded, target) for target in run.config["targets"]]
    lines = [("maps", "target", "trainings", "σ [dex]", "one set alone [dex]", "difference")]
    lines += [
        (
            row["inputs"],
            row["target"],
            str(len(row["runs"])),
            _estimate(row["std"]),
            _estimate(row["alone"]["std"]) if row["alone"] else "not trained",
            _difference(row["alone"]),
        )
        for row in rows
    ]
    return Table(rows, lines, _noise_notes([row["alone"] for row in rows]))


def _set_row(group: Sequence[Run], runs: Sequence[Run], target: str) -> dict[str, Any]:
    """Measure one set of maps and target, beside the newest network that learned these alone."""
    config = group[0].config
    alike = [
        run
        for run in runs
        if "subsets" not in run.config
        and run.config.get("maps") == config["maps"]
        and run.config["pixels"] == config["pixels"]
        and target in run.config["targets"]
        and _hyperparameters(run) == _hyperparameters(group[0])
    ]
    row = {"inputs": inputs_of(config["maps"]), **_group_row(group, target)}
    return row | {"alone": _beside(group_of(alike[0], alike), group, target) if alike else None}


def _beside(reference: Sequence[Run], group: Sequence[Run], target: str) -> dict[str, Any]:
    """Measure a reference, and how much more the group scatters."""
    found = compare_groups(_tables(reference, target), _tables(group, target))
    return {
        **_group_row(reference, target),
        "difference": asdict(found.difference),
        "low95": found.low95,
        "high95": found.high95,
        "has_training_noise": found.has_training_noise,
        "verdict": found.verdict,
    }


def _difference(beside: dict[str, Any] | None) -> str:
    """Return a difference of σ with its error as text."""
    if beside is None:
        return ""
    return f"{Estimate(**beside['difference']).signed} {beside['verdict']}".rstrip()


def _noise_notes(beside: Sequence[dict[str, Any] | None]) -> list[str]:
    """Say where the noise of training is not in a difference."""
    missing = any(one and not one["has_training_noise"] for one in beside)
    return ["differences of single trainings do not include the noise of training"] * missing


def _intervals(subject: Subject) -> Table:
    """Measure the coverage of intervals, of trees and of networks."""
    networks = [run for run in subject.runs if not is_profile(run)]
    entries = coverage_table(subject.dataset, runs=networks)
    levels = [f"{level:.2f}" for level in LEVELS]
    heads = [f"inside {100 * level:.0f} % [%]" for level in LEVELS]
    lines = [("experiment", "run", "target", *heads, "CRPS [dex]", "N")]
    for entry in entries:
        for row in entry.get("rows", ())[:1]:
            shares = [row["coverage"][level] for level in levels]
            lines.append(
                (
                    entry["experiment"],
                    entry["run"] or "trees",
                    entry["target"],
                    *(f"{100 * each['value']:.1f} ± {100 * each['error']:.1f}" for each in shares),
                    f"{row['crps']:.4f}",
                    str(row["n"]),
                )
            )
    return Table(entries, lines, ["by predicted mass: galmass coverage"])


def _slices(subject: Subject) -> Table:
    """Measure where predictions fail: those of trees for M*, and of the newest network."""
    entries = slices_of_trees(subject.dataset, "mstar/features")
    networks = [run for run in subject.runs if run.config["method"] == "network"]
    entries += [entry for run in networks[:1] for entry in slices_of_run(run, subject.dataset)]
    lines: list[tuple[str, ...]] = [
        ("experiment", "property", "slice", "σ [dex]", "bias [dex]", "inside 68 % [%]", "N")
    ]
    for entry in entries:
        for row in entry["rows"]:
            inside = (row["coverage"] or {}).get("0.68")
            title = "" if row["by"] == "all" else row["title"]
            lines.append(
                (
                    entry["experiment"],
                    title,
                    row["slice"],
                    *("" if row[key] is None else _estimate(row[key]) for key in ("std", "mean")),
                    f"{100 * inside['value']:.1f} ± {100 * inside['error']:.1f}" if inside else "",
                    str(row["n"]),
                )
            )
    return Table(entries, lines, ["the worst first, and other targets: galmass slices"])


def _profiles(subject: Subject) -> Table:
    """Measure mass profiles radius by radius: scatter, and coverage of their bands."""
    entries = [
        entry | {"std": run.record["metrics"][entry["target"]]["std"]}
        for run in [run for run in subject.runs if is_profile(run)][:1]
        for entry in coverage_of_run(subject.dataset, run)
    ]
    lines = [("experiment", "target", "σ [dex]", "inside 68 % [%]", "inside 90 % [%]", "N")]
    for entry in entries:
        row = entry["rows"][0]
        shares = [row["coverage"][f"{level:.2f}"] for level in LEVELS]
        lines.append(
            (
                entry["experiment"],
                entry["target"],
                _estimate(entry["std"]),
                *(f"{100 * each['value']:.1f} ± {100 * each['error']:.1f}" for each in shares),
                str(row["n"]),
            )
        )
    return Table(entries, lines)


def _hyperparameters(run: Run) -> tuple[object, ...]:
    """Return how a network was trained, but for the seed, and on which split."""
    training = run.config["training"]
    split = (run.record.get("split") or {}).get("hash")
    kept = [(key, training[key]) for key in sorted(training) if key != "seed"]
    return (split, *kept)


def _learning_curves(subject: Subject) -> Table:
    """Measure learning curves, and continue them to the paper's training set."""
    rows = [row for curve in learning_curves(subject.curves) for row in measure_curve(curve)]
    lines = [("experiment", "target", "galaxies", "σ [dex]", "floor [dex]", "exponent")]
    notes = []
    for row in rows:
        first, last = row["points"][0], row["points"][-1]
        lines.append(
            (
                row["experiment"],
                row["target"],
                f"{first['galaxies']:,} to {last['galaxies']:,}",
                f"{_estimate(first['std'])} to {_estimate(last['std'])}",
                _estimate(row["fit"]["floor"]),
                _estimate(row["fit"]["exponent"]),
            )
        )
        notes.append(f"{row['experiment']}, {row['target']}: {extrapolation_text(row['fit'])}")
    return Table(rows, lines, notes)


def _leakage(subject: Subject) -> Table:
    """Measure what the paper's split lowers σ by, of trees and of networks."""
    trees = [("5", row) for row in table_5(subject.dataset, "both")]
    rows = [
        {
            "table": table,
            **{key: row[key] for key in ("row", "experiment", "target", "std", "leakage")},
        }
        for table, row in (*trees, *(("4", row) for row in subject.networks))
        if row.get("leakage")
    ]
    lines = [
        (
            "table",
            "row",
            "experiment",
            "target",
            "σ, split by galaxy",
            "paper split − galaxy split [dex]",
        )
    ]
    lines += [
        (
            row["table"],
            str(row["row"]),
            row["experiment"],
            row["target"],
            _estimate(row["std"]),
            leakage_value(row["leakage"]),
        )
        for row in rows
    ]
    return Table(rows, lines, leakage_notes([row["leakage"] for row in rows]))


def _switches(subject: Subject) -> Table:
    """Measure what augmentation, scalars, ensembles ... are worth."""
    rows = compare_switches(subject.dataset, subject.switches)
    lines = [("experiment", "target", "switch", "σ without [dex]", "with", "ratio", "Δσ, 95 %", "")]
    lines += [
        (
            row["experiment"],
            row["target"],
            row["switch"],
            f"{row['without']:.4f}",
            f"{row['with']:.4f}",
            f"{row['ratio']:.3f}",
            f"{row['low95']:+.4f} to {row['high95']:+.4f}",
            row["verdict"],
        )
        for row in rows
    ]
    return Table(rows, lines, [goal_note(rows)] if rows else [])


def _estimate(entry: dict[str, float]) -> str:
    """Return a number with its error as text."""
    return str(Estimate(**entry))


SECTIONS = (
    Section(
        1,
        "Noise of training: groups of trainings that differ in their seed",
        _training_noise,
        "train {} --experiment mstar/r --preset laptop --repeats 3",
    ),
    Section(
        2,
        "One cohort per table: networks and their training sets",
        _cohorts,
        "train {} --experiment all",
    ),
    Section(
        3,
        "One network for every set of maps, beside networks of one set",
        _every_set,
        "train {} --experiment mstar,mtot,ml/any --preset laptop",
    ),
    Section(4, "Intervals that hold: coverage on test galaxies", _intervals, "coverage {}"),
    Section(5, "Slices: where predictions fail", _slices, "slices {}"),
    Section(
        6,
        "Mass profiles: scatter and coverage at each radius",
        _profiles,
        "train {} --experiment profile/features",
    ),
    Section(
        7,
        "Learning curves: σ against the number of training galaxies",
        _learning_curves,
        "curve {} mstar/features",
    ),
    Section(
        8,
        "Leakage: what siblings in training lower σ by in the paper's split",
        _leakage,
        "table 5 {} --split both",
    ),
    Section(
        9,
        "Better at the same data: what each switch gains",
        _switches,
        "switches {} --repeats 3",
    ),
)
