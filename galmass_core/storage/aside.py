"""Folders for files in the making, of which nothing is left when their process is killed."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from galmass_core.storage.lock import identity, is_alive

_SUFFIX = ".part"


@contextmanager
def folder_aside(parent: Path) -> Iterator[Path]:
    """Make a folder of this process alone, and remove it with the block.

    Its name says which process it is of: several processes may each have one.

    Parameters
    ----------
    parent : Path
        Where what is made is going to be; on the same disk.

    Yields
    ------
    Path
    """
    owner = identity()
    name = f"{owner['pid']}-{owner['process_start']}-{uuid4().hex[:8]}-{owner['host']}{_SUFFIX}"
    folder = parent / name
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_left(parent: Path) -> None:
    """Remove the folders of `folder_aside` that dead processes of this machine left."""
    here = identity()["host"]
    for folder in parent.glob(f"*-*-*-{here}{_SUFFIX}"):
        pid, start, _, host = folder.name.removesuffix(_SUFFIX).split("-", 3)
        owner = {"pid": int(pid), "process_start": int(start), "host": host}
        if host == here and not is_alive(owner):
            shutil.rmtree(folder, ignore_errors=True)
