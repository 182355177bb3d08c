"""Delete runs so that they can be restored: their folders move to ``runs/.deleted``."""

from pathlib import Path

from galmass_core.training.runs import ACTIVE, Run, read_runs, runs_folder


def deleted_folder() -> Path:
    """Return the folder of deleted runs, on the disk of the others; it can be emptied by hand."""
    return runs_folder() / ".deleted"


def delete_run(run: Run) -> None:
    """Delete one of the user's runs until `restore_run`.

    Raises
    ------
    ValueError
        If it is still in the queue or training, is no run of the home folder, or one of its name
        was deleted before.
    """
    if run.path.resolve().parent != runs_folder().resolve():
        msg = f"run {run.name} must be in {runs_folder()} to be deleted, but it is {run.path}"
        raise ValueError(msg)
    if run.state in ACTIVE:
        msg = f"run {run.name} must be stopped before it is deleted, but it is {run.state}"
        raise ValueError(msg)
    deleted_folder().mkdir(exist_ok=True)
    _move(run.path, deleted_folder() / run.path.name)


def restore_run(name: str) -> None:
    """Bring a deleted run back.

    Raises
    ------
    ValueError
        If none of that name was deleted, or there is another of that name by now.
    """
    known = [run.path.name for run in deleted_runs()]
    if name not in known:
        msg = f"run must be one of the deleted {', '.join(known) or '(none)'}; got {name}"
        raise ValueError(msg)
    _move(deleted_folder() / name, runs_folder() / name)


def deleted_runs() -> list[Run]:
    """Return the deleted runs that can be read, the newest first."""
    return read_runs(deleted_folder())[0]


def _move(old: Path, new: Path) -> None:
    """Rename a folder, which takes the place of none."""
    if new.exists():
        msg = f"{new}: must not exist yet, but it does; rename it first"
        raise ValueError(msg)
    old.rename(new)
