"""A field for files of the visitor, which go to the server's disk piece by piece."""

import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import panel as pn
import param
from panel.custom import JSComponent

from galmass_app.builds import builds_folder
from galmass_core.assets import asset
from galmass_core.fetch.status import free_bytes, size_text

LARGEST = 4e9  # bytes of all files together: snapshots are read where they are
_SUFFIXES = (".hdf5", ".h5")


class FileDrop(JSComponent):
    """Where files are dropped or chosen; no piece of them stays in memory.

    `panel.widgets.FileDropper` keeps whole files in the memory of the session, and has every page
    load its five scripts.

    Attributes
    ----------
    folder : Path or None
        Where the files are that have come; None before the first. It is removed with the session.
    """

    label = param.String("Drop HDF5 files here, or click to choose them")
    names = param.List(item_type=str, doc="Files that are there as a whole.")
    size = param.Integer(doc="Their bytes.")
    problem = param.String(doc="Why the last file was refused; empty if it was not.")

    _esm = asset("file_drop.js")

    def __init__(self, **params: object) -> None:
        super().__init__(**params)
        self.folder: Path | None = None
        if pn.state.curdoc and pn.state.curdoc.session_context:
            pn.state.on_session_destroyed(lambda _: self.clear())

    def clear(self) -> None:
        """Remove the files that have come, if nobody took them."""
        folder, self.folder = self.folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        self.param.update(names=[], size=0, problem="")

    def _handle_msg(self, data: Mapping[str, Any]) -> None:
        """Write a piece of a file, and ask for the next."""
        name = data["name"]
        try:
            written = self._write(name, data["start"], data["size"], data["bytes"])
        except (OSError, ValueError) as error:
            self.problem = str(error)
            self._send_msg({"name": name, "written": 0, "refused": True})
            return
        if written == data["size"]:
            self.param.update(names=[*self.names, name], size=self.size + written, problem="")
        self._send_msg({"name": name, "written": written, "refused": False})

    def _write(self, name: str, start: int, size: int, piece: bytes) -> int:
        """Add a piece to a file; return how many bytes it has."""
        if self.folder is None:
            builds_folder().mkdir(parents=True, exist_ok=True)
            self.folder = Path(tempfile.mkdtemp(prefix=".files-", dir=builds_folder()))
        path = self.folder / _safe(name)
        there = path.stat().st_size if path.exists() else 0
        if start == 0 and name not in self.names:
            self._check_size(name, size)
            there = 0
        if start != there or not 0 < len(piece) <= size - start:
            msg = f"{name}: must be new and come in order, got {len(piece)} bytes at {start}"
            raise ValueError(msg)
        with path.open("ab" if start else "wb") as stream:
            stream.write(piece)
        return start + len(piece)

    def _check_size(self, name: str, size: int) -> None:
        """Refuse a file that is too large."""
        left = min(LARGEST - self.size, free_bytes(self.folder) / 2)
        if not 0 < size <= left:
            msg = (
                f"{name}: must have at most {size_text(left)}, got {size_text(size)}; "
                "name the files on the server instead"
            )
            raise ValueError(msg)


def _safe(name: str) -> str:
    """Return a name for a file that a browser calls ``name``.

    Raises
    ------
    ValueError
        If it is no HDF5 file by its name.
    """
    if not name.endswith(_SUFFIXES):
        msg = f"{name}: must end with {' or '.join(_SUFFIXES)}"
        raise ValueError(msg)
    return re.sub(r"[^\w.-]", "_", name).lstrip(".")[-200:]
