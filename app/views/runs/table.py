"""All runs as rows of a table, each alone or with the other seeds of its group."""

from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Any

from galmass_app import services
from galmass_app.views import run_summary
from galmass_app.views.standing import MARKS, moment
from galmass_core.training.groups import seed_groups
from galmass_core.training.runs import Run

BEGAN = -9  # place of the time among the headings, from 1; negative: the newest first
LONGEST = 60  # letters of notes in a cell
HEADS = (  # text, help, whether it is a number
    ("experiment", "What is learned from what. A click opens the run.", False),
    ("state", "How the training stands.", False),
    ("data set", "What it learned from, and the first letters of its SHA-256 checksum.", False),
    ("split", "By galaxy, or at random as in the paper; with its seed.", False),
    ("seed", "Of the training: initial weights, order of samples, augmentation.", True),
    ("trainings", "Which of the runs that differ in this seed only.", False),
    ("σ [dex]", "Scatter on the test set; sorted by that of the first target.", True),
    ("tags and notes", "What people wrote on it.", False),
    ("began", "When the training began.", False),
)


def run_rows(runs: Sequence[Run], *, grouped: bool) -> list[dict[str, Any]]:
    """Return the rows of `DataTable` for runs, the newest first.

    Parameters
    ----------
    runs : sequence of Run
    grouped : bool
        Whether the seeds of a group share a row, whose key is that of the newest.
    """
    groups = seed_groups(runs)
    if grouped:
        return [_group_row(group) for group in groups]
    places = {
        run.name: (place, len(group))
        for group in groups
        for place, run in enumerate(sorted(group, key=lambda run: run.training_seed or 0), start=1)
    }
    return [_row(run, *places[run.name]) for run in runs]


def group_with(name: str, runs: Sequence[Run]) -> list[str]:
    """Return the names of the runs that share a row with one, by seed."""
    for group in seed_groups(runs):
        if name in (names := [run.name for run in sorted(group, key=_seed)]):
            return names
    return []


def _row(run: Run, place: int, count: int) -> dict[str, Any]:
    """Return the row of one run."""
    seed, scatter = run.training_seed, run.scatter(run.config["targets"][0])
    known = scatter < float("inf")
    training = f"{place} of {count}" if count > 1 else ""
    return _cells(
        run,
        [
            ("–" if seed is None else str(seed), seed),
            (training, training or None),
            (run_summary.scatters(run) if known else "–", scatter if known else None),
        ],
    )


def _group_row(group: Sequence[Run]) -> dict[str, Any]:
    """Return the row of all seeds of a group: mean σ, and its spread from seed to seed."""
    newest = group[0]
    if len(group) == 1:
        return _row(newest, 1, 1)
    scatters = [each.scatter(newest.config["targets"][0]) for each in group]
    known = [each for each in scatters if each < float("inf")]
    mean = fmean(known) if known else None
    spread = f" ± {stdev(known):.4f} from seed to seed" if len(known) > 1 else ""
    seeds = ", ".join(str(each.training_seed) for each in sorted(group, key=_seed))
    row = _cells(
        newest,
        [
            (seeds, float(len(group))),
            (f"{len(group)} seeds", f"{len(group)}"),
            ("–" if mean is None else f"{mean:.4f}{spread}", mean),
        ],
    )
    row["words"] += " " + " ".join(_words(each) for each in group)
    return row


def _cells(run: Run, middle: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a row from what is of the run alone, and what may be of its group."""
    labels, data = services.labels_of(run), run.record.get("dataset") or {}
    split, began = run.config["split"], run.record["started"]
    notes = " ".join(labels.notes.split())
    short = f"{notes[: LONGEST - 1]}…" if len(notes) > LONGEST else notes
    written = " · ".join(filter(None, (", ".join(labels.tags), short)))
    name, checksum = data.get("name", ""), data.get("sha256", "")[:8]
    experiment = run.config["experiment"]
    columns = [
        (experiment, experiment),
        (f"{MARKS[run.state]} {run.state}", run.state),
        (f"{name} {checksum}".strip() or "–", name),
        (f"{split['kind']}, {split['seed']}", f"{split['kind']} {split['seed']}"),
        *middle,
        (written, written or None),
        (moment(began), began),
    ]
    cells, values = zip(*columns, strict=True)
    return {
        "key": run.name,
        "cells": list(cells),
        "values": list(values),
        "words": f"{_words(run)} {data.get('sha256', '')}",
    }


def _words(run: Run) -> str:
    """Return what a run is found by besides its cells."""
    labels = services.labels_of(run)
    return " ".join((run.name, *labels.tags, labels.notes))


def _seed(run: Run) -> int:
    return run.training_seed or 0
