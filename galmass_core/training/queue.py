"""Trainings of one home folder -> one at a time, in the order they were asked for; stop, go on.

Every process that waits sees for itself whose turn it is, so that nobody must keep a queue.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

from galmass_core.datasets.dataset import DataSet, open_dataset
from galmass_core.networks.presets import TrainingConfig
from galmass_core.storage.lock import is_locked, show_life, stop_owner
from galmass_core.training.model_runs import train_run
from galmass_core.training.runs import ACTIVE, RECORD, Run, RunWriter, runs_folder

_LOOK_EVERY = 1.0  # s


def wait_for_turn(writer: RunWriter) -> None:
    """Return when no other run of the user's trains, and none has waited longer.

    One whose process died keeps nobody waiting.

    Parameters
    ----------
    writer : RunWriter
        Of the run that waits, as `runs.write_run` hands it over.
    """
    while any(_is_before(folder, writer) for folder in runs_folder().glob("*/")):
        show_life(writer.path)
        time.sleep(_LOOK_EVERY)


def stop_run(run: Run) -> None:
    """Tell the process of a run to stop; it will keep what it has.

    Parameters
    ----------
    run : Run

    Raises
    ------
    ValueError
        If the run is not under way, or is so on another machine.
    """
    if run.state not in ACTIVE:
        msg = f"run {run.name} must be queued or running to be stopped, but it is {run.state}"
        raise ValueError(msg)
    stop_owner(run.path)


def resume_run(
    run: Run, *, device: str = "auto", wait: Callable[[RunWriter], None] | None = None
) -> tuple[Run, DataSet]:
    """Go on with a training that was stopped, failed or died.

    Parameters
    ----------
    run : Run
    device : str
        That a network learns on.
    wait : function of RunWriter, optional
        As in `model_runs.train_run`.

    Returns
    -------
    Run
        As it is at the end.
    DataSet
        That it learned from.

    Raises
    ------
    ValueError
        If the run is finished or under way, or its data set has changed or cannot be opened.
    """
    if run.state in (*ACTIVE, "finished"):
        msg = f"run {run.name} must be stopped, failed or died to go on, but it is {run.state}"
        raise ValueError(msg)
    known, config = run.record["dataset"], run.config
    dataset = open_dataset(known["path"])
    if dataset.checksum != known["sha256"]:
        msg = (
            f"{dataset.path}: must be as it was when run {run.name} began, but it has changed; "
            "train anew"
        )
        raise ValueError(msg)
    ended = train_run(
        dataset,
        config["experiment"],
        split=config["split"]["kind"],
        seed=config["split"]["seed"],
        features=config.get("features"),
        training=TrainingConfig(**config["training"]) if "training" in config else None,
        device=device,
        path=run.path,
        wait=wait,
    )
    return ended, dataset


def _is_before(folder: Path, writer: RunWriter) -> bool:
    """Whether the run of a folder trains, or came before the one that waits."""
    if not is_locked(folder) or folder.samefile(writer.path):
        return False
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:  # it came in this moment, who knows when
        return True
    place = (record.get("queued", ""), folder.name)
    return record["state"] != "queued" or place < (writer.record["queued"], writer.path.name)
