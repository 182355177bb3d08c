"""Make folders that are whole or not there, each by one process at a time."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from galmass_core.storage.lock import is_locked, locked


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Make a folder aside, then rename it.

    Yields an empty folder inside ``.NAME.part`` beside ``path``. When the block ends it is renamed
    to ``path``; when it fails, there is no ``path``. What a killed process left of an earlier call
    is removed.

    Parameters
    ----------
    path : Path
        Final path, which must not exist, or be an empty folder.

    Yields
    ------
    Path

    Raises
    ------
    FileExistsError
        If the folder holds files.
    ValueError
        If another process is making it.
    """
    if path.exists() and any(path.iterdir()):
        msg = f"{path}: must be a new or empty folder, but it holds files"
        raise FileExistsError(msg)
    aside = _aside(path)
    aside.mkdir(parents=True, exist_ok=True)
    with locked(aside):
        try:
            content = aside / "content"
            shutil.rmtree(content, ignore_errors=True)
            content.mkdir()
            yield content
            if path.exists():
                path.rmdir()
            content.rename(path)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def remove_aside(path: Path) -> None:
    """Remove what a process that was killed at its end has left beside a whole folder."""
    if not is_locked(_aside(path)):
        shutil.rmtree(_aside(path), ignore_errors=True)


def _aside(path: Path) -> Path:
    """Return the folder that another one is made in."""
    return path.with_name(f".{path.name}.part")
