"""Queue the trainings of a home folder, one at a time, and stop or resume them.

Every waiting process checks the run folders itself, so that no queue server is needed.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

from galmass_core.datasets.dataset import DataSet, open_dataset
from galmass_core.networks.presets import TrainingConfig
from galmass_core.networks.ranks import ranks_of_process
from galmass_core.storage.lock import clear_lock, is_locked, stop_owner, update_heartbeat
from galmass_core.training.model_runs import train_run
from galmass_core.training.run_files import RECORD
from galmass_core.training.run_writer import RunWriter
from galmass_core.training.runs import ACTIVE, Run, runs_folder

LOOK_EVERY = 1.0  # s


def wait_for_turn(writer: RunWriter) -> None:
    """Wait until no other run of the user is training and none has waited longer.

    Runs whose process died are ignored.

    Parameters
    ----------
    writer : RunWriter
        Of the waiting run, as passed by `runs.write_run`.
    """
    while any(_is_before(folder, writer) for folder in runs_folder().glob("*/")):
        update_heartbeat(writer.path)
        time.sleep(LOOK_EVERY)


def stop_run(run: Run) -> None:
    """Request the process of a run to stop; it keeps its last checkpoint.

    Parameters
    ----------
    run : Run

    Raises
    ------
    ValueError
        If the run is not active, or is on another machine.
    """
    if run.state not in ACTIVE:
        msg = f"run {run.name} must be queued or running to be stopped, but it is {run.state}"
        raise ValueError(msg)
    stop_owner(run.path)


def resume_run(
    run: Run, *, device: str = "auto", wait: Callable[[RunWriter], None] | None = None
) -> tuple[Run, DataSet]:
    """Resume a training that was stopped, failed or died; a finished one is returned as it is.

    Parameters
    ----------
    run : Run
    device : str
        Device for training a network.
    wait : function of RunWriter, optional
        As in `model_runs.train_run`.

    Returns
    -------
    Run
        The run after training.
    DataSet
        The data set of the run.

    Raises
    ------
    ValueError
        If the run is active, or its data set has changed or cannot be opened.
    """
    first = ranks_of_process().first  # of several processes it may have begun already
    if first and run.state in ACTIVE:
        msg = f"run {run.name} must be stopped, failed or died to be resumed, but it is {run.state}"
        raise ValueError(msg)
    config, dataset = run.config, open_dataset(run.record["dataset"]["path"])
    if not run.is_of(dataset):
        msg = (
            f"{dataset.path}: must be as it was when run {run.name} began, but it has changed; "
            "start a new training"
        )
        raise ValueError(msg)
    if run.state == "finished":
        clear_lock(run.path)
        return run, dataset
    ended = train_run(
        dataset,
        config["experiment"],
        split=config["split"]["kind"],
        seed=config["split"]["seed"],
        training_seed=config["split"].get("draw", run.training_seed),
        galaxies=config["split"].get("galaxies"),
        features=config.get("features"),
        training=TrainingConfig(**config["training"]) if "training" in config else None,
        device=device,
        path=run.path,
        wait=wait,
    )
    return ended, dataset


def _is_before(folder: Path, writer: RunWriter) -> bool:
    """Return whether the run of a folder is training, or precedes the waiting one."""
    if not is_locked(folder) or folder.samefile(writer.path):
        return False
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:  # it has just been created
        return True
    place = (record.get("queued", ""), folder.name)
    return record["state"] != "queued" or place < (writer.record["queued"], writer.path.name)
