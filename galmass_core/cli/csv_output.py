"""Tables that commands write as CSV, to the path of ``--out``."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def check_out(out: Path | None, read: Iterable[Path]) -> None:
    """Check before the work that a table can be written, and replaces nothing that is read.

    Parameters
    ----------
    out : Path or None
        The path of ``--out``; none is written where it is None.
    read : iterable of Path
        Files, data sets and runs that the command reads.

    Raises
    ------
    ValueError
        If the path is a folder, its folder is missing or cannot be written to, or it is one of
        the files that are read, or inside a folder that is read.
    """
    if out is None:
        return
    if out.is_dir():
        msg = f"--out: must be a file, got the folder {out}"
        raise ValueError(msg)
    if not out.parent.is_dir():
        msg = f"--out: must be in a folder that exists, got {out}"
        raise ValueError(msg)
    if out.exists() and not out.is_file():  # such as a pipe
        return
    if not os.access(out.parent, os.W_OK):
        msg = f"--out: must be in a folder that can be written to, got {out}"
        raise ValueError(msg)
    for path in read:
        if out.resolve().is_relative_to(path.resolve()):
            msg = f"--out: must be no file that is read, and outside of data set and run, got {out}"
            raise ValueError(msg)


def write_csv(table: "pd.DataFrame", out: Path | None) -> None:
    """Write a table as CSV, complete or not at all; to standard output where no path is given."""
    from galmass_core.storage.atomic import atomic_write

    if out is None or (out.exists() and not out.is_file()):  # such as a pipe
        table.to_csv(out or sys.stdout, index=False)
        return
    with atomic_write(out) as part:
        table.to_csv(part, index=False)
