"""What galmass measures beyond the paper: a table for each question, from the runs that exist.

Each section is a function of a `Subject`, listed in `SECTIONS`. It trains no network: what needs
runs that are not there names the command that makes them. Trees are trained for it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from galmass_core import beyond_text
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import inputs_of
from galmass_core.learning.uncertainty import compare_groups, measure_group
from galmass_core.paper.table_four import table_4
from galmass_core.paper.tables import align, table_5
from galmass_core.training.coverage import coverage_of_run, coverage_table
from galmass_core.training.curves import curves_folder, learning_curves, measure_curve
from galmass_core.training.groups import count_training, draws_nothing, group_of
from galmass_core.training.profile_runs import is_profile
from galmass_core.training.runs import Run, list_runs, shipped_runs, tested_rows
from galmass_core.training.slices import slices_of_run, slices_of_trees
from galmass_core.training.switches import compare_switches, switches_folder


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

    def tested(self, runs: Sequence[Run], target: str) -> list[pd.DataFrame]:
        """Return the predictions of a target for the test set, of each run; a file is read once."""
        tables = []
        for run in runs:
            if run.path not in self._predictions:
                self._predictions[run.path] = run.by_inputs(run.whole_predictions())
            inputs = inputs_of(run.config.get("maps", ()))
            tables.append(tested_rows(self._predictions[run.path][inputs], target))
        return tables

    @cached_property
    def _predictions(self) -> dict[Path, dict[str, pd.DataFrame]]:
        """What has been read, by folder and set of inputs."""
        return {}

    def command(self, words: str) -> str:
        """Return a command line of galmass about this data set."""
        return f"galmass {words.format(self.dataset.path.name)}"

    def _own(self, runs: Sequence[Run]) -> list[Run]:
        """Return the finished runs that were trained on this data set."""
        return [run for run in runs if run.state == "finished" and run.is_of(self.dataset)]


@dataclass(frozen=True)
class Section:
    """A question beyond the paper.

    Attributes
    ----------
    number : int
    title : str
    measure : function of Subject
        Returns the rows, for JSON; none if there are no runs to measure.
    lay_out : function of the rows
        Returns lines and notes for a terminal.
    command : str
        What makes the runs, with ``{}`` in the place of the data set.
    """

    number: int
    title: str
    measure: Callable[[Subject], list[dict[str, Any]]]
    lay_out: Callable[[beyond_text.Rows], beyond_text.Layout]
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
        rows: list[dict[str, Any]] = []
        try:
            rows = section.measure(subject)
        except ValueError as error:
            status = f"not available: {error}"
        else:
            status = "measured" if rows else "no runs"
        lines, notes = section.lay_out(rows) if rows else ([], [])
        text = align(lines) if rows else ""
        yield entry | {"status": status, "rows": rows, "notes": notes, "text": text}


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


def _training_noise(subject: Subject) -> list[dict[str, Any]]:
    """Measure σ of groups of trainings, and the spread between them."""
    rows, seen = [], set[str]()
    for run in subject.runs:
        group = group_of(run, subject.runs)
        if run.name in seen or len(group) < 2 or draws_nothing(run):
            continue
        seen |= {one.name for one in group}
        rows += [_group_row(subject, group, target) for target in run.config["targets"]]
    return rows


def _group_row(subject: Subject, group: Sequence[Run], target: str) -> dict[str, Any]:
    """Measure a group in a target."""
    tables = subject.tested(group, target)
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


def _cohorts(subject: Subject) -> list[dict[str, Any]]:
    """Measure the rows of Table 4 that have runs, each with its training set."""
    keys = ["row", "experiment", "target", "subset", "cohort", "source", "split", "n_train"]
    keys += ["n_train_exact", "preset", "training_seeds", "run", "std", "mean", "spread", "n"]
    rows = [row for row in subject.networks if row["status"] == "measured"]
    return [{key: row[key] for key in keys} for row in rows]


def _every_set(subject: Subject) -> list[dict[str, Any]]:
    """Compare networks for every set of maps with networks of one set, on the same split."""
    masses = [run for run in subject.runs if not is_profile(run)]  # profiles have a section
    expanded = [each for run in masses for each in run.with_each_inputs()]
    whole = [run for run in expanded if "subsets" in run.config]
    rows = []
    for run in whole:
        group = group_of(run, whole)
        if group[0] is run:  # once for each group
            rows += [_set_row(subject, group, expanded, t) for t in run.config["targets"]]
    return rows


def _set_row(
    subject: Subject, group: Sequence[Run], runs: Sequence[Run], target: str
) -> dict[str, Any]:
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
    alone = _beside(subject, group_of(alike[0], alike), group, target) if alike else None
    row = {"inputs": inputs_of(config["maps"]), **_group_row(subject, group, target)}
    return row | {"alone": alone}


def _beside(
    subject: Subject, reference: Sequence[Run], group: Sequence[Run], target: str
) -> dict[str, Any]:
    """Measure a reference, and how much more the group scatters."""
    found = compare_groups(subject.tested(reference, target), subject.tested(group, target))
    return {
        **_group_row(subject, reference, target),
        "difference": asdict(found.difference),
        "low95": found.low95,
        "high95": found.high95,
        "has_training_noise": found.has_training_noise,
        "verdict": found.verdict,
    }


def _hyperparameters(run: Run) -> tuple[object, ...]:
    """Return how a network was trained, but for the seed, and on which split."""
    training = run.config["training"]
    split = (run.record.get("split") or {}).get("hash")
    kept = [(key, training[key]) for key in sorted(training) if key != "seed"]
    return (split, *kept)


def _intervals(subject: Subject) -> list[dict[str, Any]]:
    """Measure the coverage of intervals, of trees and of networks."""
    networks = [run for run in subject.runs if not is_profile(run)]
    return coverage_table(subject.dataset, runs=networks)


def _slices(subject: Subject) -> list[dict[str, Any]]:
    """Measure where predictions fail: those of trees for M*, and of the newest network."""
    entries = slices_of_trees(subject.dataset, "mstar/features")
    networks = [run for run in subject.runs if run.config["method"] == "network"]
    return entries + [each for run in networks[:1] for each in slices_of_run(run, subject.dataset)]


def _profiles(subject: Subject) -> list[dict[str, Any]]:
    """Measure mass profiles radius by radius: scatter, and coverage of their bands.

    Of each experiment, such as from features and from maps, the newest run counts.
    """
    return [
        entry | {"std": run.record["metrics"][entry["target"]]["std"]}
        for run in _newest_by_experiment([run for run in subject.runs if is_profile(run)])
        for entry in coverage_of_run(subject.dataset, run)
    ]


def _newest_by_experiment(runs: Sequence[Run]) -> list[Run]:
    """Return one run of each experiment, the first."""
    return list({run.config["experiment"]: run for run in reversed(runs)}.values())[::-1]


def _learning_curves(subject: Subject) -> list[dict[str, Any]]:
    """Measure learning curves, and continue them to the paper's training set."""
    return [row for curve in learning_curves(subject.curves) for row in measure_curve(curve)]


def _leakage(subject: Subject) -> list[dict[str, Any]]:
    """Measure what the paper's split lowers σ by, of trees and of networks."""
    keys = ("row", "experiment", "target", "std", "leakage")
    trees = [("5", row) for row in table_5(subject.dataset, "both")]
    return [
        {"table": table, **{key: row[key] for key in keys}}
        for table, row in (*trees, *(("4", row) for row in subject.networks))
        if row.get("leakage")
    ]


def _switches(subject: Subject) -> list[dict[str, Any]]:
    """Measure what augmentation, scalars, ensembles ... are worth."""
    return compare_switches(subject.dataset, subject.switches)


SECTIONS = (
    Section(
        1,
        "Noise of training: groups of trainings that differ in their seed",
        _training_noise,
        beyond_text.training_noise,
        "train {} --experiment mstar/r --preset laptop --repeats 3",
    ),
    Section(
        2,
        "One cohort per table: networks and their training sets",
        _cohorts,
        beyond_text.cohorts,
        "train {} --experiment all",
    ),
    Section(
        3,
        "One network for every set of maps, beside networks of one set",
        _every_set,
        beyond_text.every_set,
        "train {} --experiment mstar,mtot,ml/any --preset laptop",
    ),
    Section(
        4,
        "Intervals that hold: coverage on test galaxies",
        _intervals,
        beyond_text.intervals,
        "coverage {}",
    ),
    Section(5, "Slices: where predictions fail", _slices, beyond_text.slices, "slices {}"),
    Section(
        6,
        "Mass profiles: scatter and coverage at each radius",
        _profiles,
        beyond_text.profiles,
        "train {} --experiment profile/features",
    ),
    Section(
        7,
        "Learning curves: σ against the number of training galaxies",
        _learning_curves,
        beyond_text.learning_curves,
        "curve {} mstar/features",
    ),
    Section(
        8,
        "Leakage: what siblings in training lower σ by in the paper's split",
        _leakage,
        beyond_text.leakage,
        "table 5 {} --split both",
    ),
    Section(
        9,
        "Better at the same data: what each switch gains",
        _switches,
        beyond_text.switches,
        "switches {} --repeats 3",
    ),
)
