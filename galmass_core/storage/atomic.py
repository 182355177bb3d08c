"""Write files atomically, so that they are complete or absent even after a power failure."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Write to a temporary file, then rename it.

    Yields the path to write to, ``path`` with the suffix ``.part``. When the block ends, the
    file is forced to disk and renamed to ``path``; when it fails, ``path`` is unchanged.

    Parameters
    ----------
    path : Path
        Final path. Its folder must exist.

    Yields
    ------
    Path
    """
    part = _part(path)
    try:
        yield part
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    flush(part)
    publish(part, path)


def discard(path: Path) -> None:
    """Remove a file, and what a killed process left of writing it."""
    path.unlink(missing_ok=True)
    _part(path).unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Force a file's content to disk."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def reserve(path: Path) -> None:
    """Take the disk for all of a file; a full disk kills a process that writes mapped memory.

    Raises
    ------
    OSError
        If the disk is too full.
    """
    if hasattr(os, "posix_fallocate"):
        with path.open("rb+") as stream:
            os.posix_fallocate(stream.fileno(), 0, path.stat().st_size)


def publish(part: Path, path: Path) -> None:
    """Rename a complete file that is on disk to its final path."""
    part.replace(path)
    if os.name == "posix":  # a rename is durable only once its folder is on disk
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def _part(path: Path) -> Path:
    """Return the path that a file is written to before it is renamed."""
    return path.with_name(path.name + ".part")


def write_json(path: Path, content: dict[str, Any], *, indent: int | None = 1) -> None:
    """Write a JSON file atomically; NumPy numbers are converted.

    Without an indent, for files that nobody reads, that takes a tenth of the time.
    """
    text = json.dumps(content, indent=indent, default=lambda number: number.item())
    with atomic_write(path) as part:
        part.write_text(text, encoding="utf-8")
