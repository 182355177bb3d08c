"""Report progress of long commands: a bar in the terminal, and a file for the dashboard."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from galmass_core.storage.atomic import discard, write_json

SUFFIX = ".progress.json"  # appended to the name of the folder
EVERY = 0.5  # seconds between updates of the file
_STALE = 30.0  # seconds after which a file is out of date

Show = Callable[..., None]  # done, total, number excluded, and what else there is to show


@contextmanager
def progress_bar(
    task: str, out: Path | None, *, unit: str = "galaxy", lost: str = "excluded"
) -> Iterator[Show]:
    """Show a bar on standard error, and keep a progress file next to ``out`` meanwhile.

    Parameters
    ----------
    task : str
        Name of the task, such as ``building``.
    out : Path or None
        Folder being created; None for what is quick, which has no progress file.
    unit : str
        What is counted.
    lost : str
        What those are that the third number counts.

    Yields
    ------
    function of done, total, lost, note
        The last two are optional; the note is shown behind the bar.
    """
    from tqdm import tqdm

    path, written = out and _path(out.absolute()), float("-inf")  # "." has no name
    bar: tqdm | None = None  # none for input that fails at once

    def show(done: int, total: int, without: int | None = None, note: str = "") -> None:
        nonlocal bar, written
        if bar is None:  # a resumed build begins in the middle
            bar = tqdm(unit=unit, desc=task, total=total, initial=done - 1)
        counted = "" if without is None else f"{lost}={without}"
        bar.set_postfix_str(", ".join(filter(None, (counted, note))), refresh=False)
        bar.update(done - bar.n)
        if path and time.monotonic() - written > EVERY:
            written = time.monotonic()
            path.parent.mkdir(parents=True, exist_ok=True)
            write_json(path, {"task": task, "done": done, "total": total, "time": time.time()})

    try:
        yield show
    finally:
        if bar is not None:
            bar.close()
        if path:
            discard(path)


def discard_progress(out: Path) -> None:
    """Remove the progress file that a killed process left of a folder that is complete."""
    discard(_path(out.absolute()))


def _path(out: Path) -> Path:
    """Return the progress file of a folder."""
    return out.with_name(out.name + SUFFIX)


def work_in_progress(home: Path) -> dict[str, dict[str, Any]]:
    """Return the tasks in progress in a folder.

    Parameters
    ----------
    home : Path

    Returns
    -------
    dict of dict
        ``task``, ``done`` and ``total`` by the name of the result.
    """
    found = {}
    for path in sorted(home.glob(f"*{SUFFIX}")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # it has just ended
            continue
        if abs(time.time() - content["time"]) < _STALE:  # clocks are set back, too
            found[path.name.removesuffix(SUFFIX)] = content
    return found
