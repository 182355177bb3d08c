"""Trainings that are requested here: the command line of galmass, in a process of its own.

A run's folder has its progress, also for a server that was started later; what is kept here is only
which processes were started to resume runs, until their folders say so.
"""

import json
import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from galmass_app import processes
from galmass_app.address import train_link
from galmass_core.datasets.capabilities import lacks
from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.filter_syntax import quoted
from galmass_core.datasets.folders import home_folder
from galmass_core.learning.experiments import FEATURES, default_features, experiment
from galmass_core.storage.lock import identity, is_alive
from galmass_core.training import queue
from galmass_core.training.curves import curves_folder
from galmass_core.training.run_files import RECORD
from galmass_core.training.runs import ACTIVE, LOG, list_runs, new_run_folder, open_run, runs_folder
from galmass_core.transfers.records import transfers_folder

_PATIENCE = 300.0  # s, for an estimate
# Process that was last started to resume a run, by the run's folder and when it had ended
_resuming: dict[tuple[Path, str | None], dict[str, Any]] = {}


@dataclass(frozen=True, kw_only=True)
class Order:
    """A training as it is requested."""

    data: Path  # folder of the data set
    experiment: str  # name, with its pixels where they are not the preset's
    preset: str
    # Hyper-parameters that are not as in the preset, by their names in `TrainingConfig`
    changes: tuple[tuple[str, Any], ...] = ()
    split: str = "galaxy"  # ``galaxy`` or ``paper``
    seed: int = 0  # of the split
    training_seed: int | None = None  # as that of the split, if None
    repeats: int = 1  # trainings, with consecutive seeds

    @property
    def arguments(self) -> list[str]:
        """The arguments of ``galmass train``."""
        arguments = [_shortest(self.data), "--experiment", self.experiment, *self.settings]
        arguments += ["--split", self.split] * (self.split != "galaxy")
        arguments += ["--seed", str(self.seed)] * (self.seed != 0)
        if self.training_seed is not None:
            arguments += ["--training-seed", str(self.training_seed)]
        return arguments + ["--repeats", str(self.repeats)] * (self.repeats != 1)

    @property
    def curve(self) -> tuple[str, ...]:
        """The arguments of ``galmass curve`` for a network trained so, split by galaxy."""
        seed = ["--seed", str(self.seed)] * (self.seed != 0)
        return (_shortest(self.data), self.experiment, *self.settings, *seed)

    @property
    def settings(self) -> list[str]:
        """The options of hyper-parameters."""
        arguments = ["--preset", self.preset]
        for name, value in self.changes:
            flag = name.replace("_", "-")
            if isinstance(value, bool):
                arguments.append(f"--{flag}" if value else f"--no-{flag}")
            else:
                arguments += [f"--{flag}", str(value)]
        return arguments

    def trainings(self) -> "list[Order]":
        """Return an order for each training."""
        if self.repeats == 1:
            return [self]
        first = self.seed if self.training_seed is None else self.training_seed
        seeds = range(first, first + self.repeats)
        return [replace(self, training_seed=seed, repeats=1) for seed in seeds]

    @property
    def command(self) -> str:
        """The command line that does the same."""
        return shlex.join(["galmass", "train", *self.arguments, "--queue"])


def start(order: Order) -> str:
    """Put the trainings of an order in the queue, each a process of its own.

    Returns
    -------
    str
        Name of the first run; its folder is there, its record follows when the process has come up.
    """
    names = []
    for one in order.trainings():
        path = new_run_folder(experiment(order.experiment).name)
        processes.detach(path / LOG, "train", *one.arguments, "--queue", "--out", str(path))
        names.append(path.name)
    return names[0]


def resume(name: str) -> None:
    """Put a run that was stopped, failed or died in the queue again; a second call does nothing."""
    run = open_run(name)
    ended = run.path, run.record.get("ended")
    is_coming = ended in _resuming and is_alive({"age": math.inf} | _resuming[ended])
    if run.state not in ACTIVE and not is_coming:
        process = processes.detach(run.path / LOG, "resume", str(run.path), "--queue")
        _resuming[ended] = identity(process)


def trees_command(data: DataSet, name: str) -> str:
    """Return the command line that trains trees on those of the ten features that data have."""
    here = default_features(data.samples)
    chosen = [] if here == list(FEATURES) else ["--features", ",".join(map(quoted, here))]
    return shlex.join(["galmass", "train", _shortest(data.path), "--experiment", name, *chosen])


def first_training(data: DataSet) -> dict[str, str]:
    """Return the way to a first training, or why there is none, for ``train_first``."""
    why = lacks(data)
    return {
        "command": "" if why.training else trees_command(data, "mstar/features"),
        "link": train_link(data, "mstar/any"),
        "why": why.training,
        "no_maps": why.maps,
    }


def transfer_command(train: Path, test: Path, adapt: str) -> str:
    """Return the command line that measures a transfer."""
    return shlex.join(["galmass", "transfer", *_transfer_arguments(train, test, adapt)])


def start_transfer(train: Path, test: Path, adapt: str) -> None:
    """Measure a transfer; its records follow when the process has come up."""
    folder = transfers_folder()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / LOG).unlink(missing_ok=True)
    processes.detach(folder / LOG, "transfer", *_transfer_arguments(train, test, adapt))


def curve_of_trees(data: Path, name: str, features: Sequence[str] | None) -> tuple[str, ...]:
    """Return the arguments of ``galmass curve`` for trees; ``features`` if not the experiment's."""
    chosen = [] if features is None else ["--features", ",".join(map(quoted, features))]
    return (_shortest(data), name, *chosen)


def curve_command(arguments: Sequence[str]) -> str:
    """Return the command line that measures a learning curve."""
    return shlex.join(["galmass", "curve", *arguments])


def start_curve(arguments: Sequence[str]) -> None:
    """Measure a learning curve; its runs follow when the process has come up."""
    folder = curves_folder()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / LOG).unlink(missing_ok=True)
    processes.detach(folder / LOG, "curve", *arguments)


def stop_curve() -> None:
    """Stop measuring learning curves; the same command resumes."""
    for run in list_runs(curves_folder()):
        if run.state in ACTIVE:
            queue.stop_run(run)


def curve_trouble() -> str:
    """Return why the last learning curve that was started here failed; empty if it did not."""
    return processes.last_words(curves_folder() / LOG)


def stop(name: str) -> None:
    """Stop a run that is queued or running; one that has ended stays as it is.

    Raises
    ------
    ValueError
        If it is so on another machine.
    """
    run = open_run(name)
    if run.state in ACTIVE:
        queue.stop_run(run)


def trouble(name: str) -> str:
    """Return why a run that was requested never began; empty if it did, or still may."""
    folder = runs_folder() / name
    return "" if (folder / RECORD).exists() else processes.last_words(folder / LOG)


def transfer_trouble() -> str:
    """Return why the last transfer that was started here failed; empty if it did not."""
    return processes.last_words(transfers_folder() / LOG)


@lru_cache(maxsize=256)
def estimate(order: Order) -> dict[str, Any]:
    """Have a few steps timed by a process of its own.

    Returns
    -------
    dict
        As `estimates.estimate_run` gives it.

    Raises
    ------
    ValueError
        If it cannot be estimated; the message is the command's.
    """
    try:
        text = processes.answer(
            "train", *order.arguments, "--estimate", "--json", patience=_PATIENCE
        )
    except TimeoutError as error:
        msg = f"a few steps took more than {_PATIENCE:.0f} s"
        raise ValueError(msg) from error
    return json.loads(text)["rows"][0]


def _transfer_arguments(train: Path, test: Path, adapt: str) -> list[str]:
    """Return the arguments of ``galmass transfer``."""
    arguments = []
    for side, folder in (("--train", train), ("--test", test)):
        arguments += [side, _shortest(folder)]
    return [*arguments, "--adapt", adapt]


def _shortest(folder: Path) -> str:
    """Return the name of a data set in the home folder, or the folder of any other."""
    return folder.name if folder.parent == home_folder().resolve() else str(folder)
