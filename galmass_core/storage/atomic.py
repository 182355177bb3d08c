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
    part = path.with_name(path.name + ".part")
    try:
        yield part
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    flush(part)
    publish(part, path)


def flush(path: Path) -> None:
    """Force a file's content to disk."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def publish(part: Path, path: Path) -> None:
    """Rename a complete file that is on disk to its final path."""
    part.replace(path)
    if os.name == "posix":  # a rename is durable only once its folder is on disk
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file atomically; NumPy numbers are converted."""
    text = json.dumps(content, indent=1, default=lambda number: number.item())
    with atomic_write(path) as part:
        part.write_text(text, encoding="utf-8")
