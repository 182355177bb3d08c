"""Train several experiments, each in a run's folder: one after another, or on a Dask cluster.

A training's folder follows from what determines its result. The same call therefore skips what is
finished and resumes what is not, also where workers were lost, or run a training a second time.
"""

import hashlib
import json
import platform
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from galmass_core import __version__
from galmass_core.cluster import map_as_completed
from galmass_core.datasets.dataset import DataSet, open_dataset
from galmass_core.networks.presets import TrainingConfig
from galmass_core.storage.lock import clear_lock, is_locked
from galmass_core.training.model_runs import train_run
from galmass_core.training.run_files import RECORD
from galmass_core.training.runs import open_run

if TYPE_CHECKING:
    from distributed import Client

_LOOK_EVERY = 1.0  # s
_ONE_AT_A_TIME = Lock()  # for workers of several threads

Progress = Callable[[int, int, int], None]  # trainings done, total, failed so far


@dataclass(frozen=True, kw_only=True)
class Training:
    """One of several trainings.

    Attributes
    ----------
    experiment : str
        Full name.
    split : str
        ``galaxy`` or ``paper``.
    seed, training_seed : int
        Of the split, and of the training.
    features : tuple of str or None
        Instead of the experiment's own; not for networks.
    network : TrainingConfig or None
        Hyper-parameters of a network.
    galaxies : int or None
        As many galaxies of the training set; all if None.
    """

    experiment: str
    split: str = "galaxy"
    seed: int = 0
    training_seed: int = 0
    features: tuple[str, ...] | None = None
    network: TrainingConfig | None = None
    galaxies: int | None = None

    def path(self, folder: Path, checksum: str) -> Path:
        """Return the run's folder for a data set of this checksum: one for each result."""
        settings = asdict(self)
        if self.galaxies is None:  # the folders of whole training sets have their old names
            del settings["galaxies"]
        if self.network is not None:
            settings["network"] = self.network.settings()
        content = json.dumps([settings, checksum], sort_keys=True)
        digest = hashlib.sha256(content.encode()).hexdigest()[:8]
        name = self.experiment.replace("/", "-")
        return folder / f"{name}-seed{self.training_seed}-{digest}"


@dataclass(frozen=True, kw_only=True)
class TrainingTask:
    """Everything that a worker needs for a training.

    Attributes
    ----------
    training : Training
    data : Path
        Absolute path of the data set.
    checksum : str
        Of the data set.
    path : Path
        Absolute path of the run's folder.
    device : str
    version : str
        Of galmass.
    """

    training: Training
    data: Path
    checksum: str
    path: Path
    device: str
    version: str = __version__


def train_several(
    dataset: DataSet,
    trainings: Sequence[Training],
    folder: Path,
    *,
    device: str = "auto",
    client: "Client | None" = None,
    progress: Progress | None = None,
) -> dict[Path, str]:
    """Train several experiments; a failure of one does not stop the others.

    Parameters
    ----------
    dataset : DataSet
    trainings : sequence of Training
    folder : Path
        Of the runs' folders.
    device : str
        Device for training a network: ``auto``, ``cpu``, ``cuda`` ...
    client : distributed.Client, optional
        Train on this Dask cluster, a training for each task; its workers must see the data set and
        ``folder`` under the same paths.
    progress : function, optional
        Called with the trainings done, in total, and failed so far.

    Returns
    -------
    dict of Path to str
        For each run's folder, in the order of the trainings, why it failed; empty if it finished.

    Raises
    ------
    ConnectionError
        If the connection to the cluster's scheduler is lost; the same call resumes.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    paths = {training.path(folder, dataset.checksum): training for training in trainings}
    tasks = [
        TrainingTask(
            training=training,
            data=dataset.path,
            checksum=dataset.checksum,
            path=path,
            device=device,
        )
        for path, training in paths.items()
    ]
    reasons: dict[Path, str] = {}
    with closing(_results(tasks, client)) as results:
        for number, result in results:
            reasons[tasks[number].path] = str(result)
            if progress is not None:
                progress(len(reasons), len(tasks), sum(map(bool, reasons.values())))
    return {path: reasons[path] for path in paths}


def _results(
    tasks: Sequence[TrainingTask], client: "Client | None"
) -> Generator[tuple[int, str | Exception], None, None]:
    """Yield the number of each task, and why it failed."""
    if client is None:
        yield from enumerate(map(run_training, tasks))
    else:
        yield from map_as_completed(run_training, tasks, client, lambda: None)


def run_training(task: TrainingTask) -> str:
    """Train, in this process or on a worker that shares the file system, unless it is done.

    Another process that is still training in the run's folder, such as a worker that the scheduler
    has lost, is waited for.

    Returns
    -------
    str
        Why it failed; empty if it finished.
    """
    try:
        dataset = _checked_dataset(task)
        while not is_finished(task.path):
            if is_locked(task.path):
                time.sleep(_LOOK_EVERY)
            else:
                _train(task, dataset)
        clear_lock(task.path)
    except Exception as error:  # one training must not stop the others
        known = isinstance(error, ValueError | OSError | MemoryError)
        return str(error) if known else f"{type(error).__name__}: {error}"
    return ""


def _checked_dataset(task: TrainingTask) -> DataSet:
    """Open the data set; raise ValueError unless this process can train as the client would."""
    here = f"the Dask worker on {platform.node()}"
    if task.version != __version__:
        msg = f"{here} must have galmass {task.version}, as the client, got {__version__}"
        raise ValueError(msg)
    if not task.path.parent.is_dir():
        msg = f"{task.path.parent}: must be a folder that {here} shares, but it sees none"
        raise ValueError(msg)
    dataset = open_dataset(task.data)
    if dataset.checksum != task.checksum:
        msg = f"{task.data}: must be a data set that {here} shares, but it sees another"
        raise ValueError(msg)
    return dataset


def is_finished(path: Path) -> bool:
    """Return whether there is a finished run."""
    return (path / RECORD).exists() and open_run(path).state == "finished"


def _train(task: TrainingTask, dataset: DataSet) -> None:
    """Train, unless another process has begun at the same moment."""
    training = task.training
    try:
        with _ONE_AT_A_TIME:
            train_run(
                dataset,
                training.experiment,
                split=training.split,
                seed=training.seed,
                training_seed=training.training_seed,
                galaxies=training.galaxies,
                features=training.features,
                training=training.network,
                device=task.device,
                path=task.path,
            )
    except ValueError:
        if not is_locked(task.path):
            raise
