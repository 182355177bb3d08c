"""Write HDF5 files on disks that may be full."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import h5py

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


@contextmanager
def hdf5_output(
    path: Path, mode: Literal["w", "r+"] = "w", *, rdcc_nbytes: int | None = None
) -> Iterator[h5py.File]:
    """Open an HDF5 file for writing; an error of the disk is raised when the block ends.

    The HDF5 library can end the process when it closes a file that it cannot write (h5py 3.16).
    It is therefore not shown such an error. The bytes are those that `h5py.File` writes.

    Parameters
    ----------
    path : Path
    mode : str
        ``w`` for a new file, ``r+`` to change one.
    rdcc_nbytes : int, optional
        Size of the chunk cache of a dataset; as of `h5py.File`.

    Yields
    ------
    h5py.File

    Raises
    ------
    OSError
        If the disk is full or fails.
    """
    with _Disk(path, "w+" if mode == "w" else mode) as disk:
        try:
            with h5py.File(disk, mode, rdcc_nbytes=rdcc_nbytes) as file:
                yield file
        except Exception as error:
            raise disk.error or error from error
        if disk.error:
            raise disk.error


class _Disk(FileIO):
    """A file that keeps its first error, and writes nothing after it.

    Attributes
    ----------
    error : OSError or None
    """

    def __init__(self, path: Path, mode: str) -> None:
        super().__init__(path, mode)
        self.error: OSError | None = None

    def write(self, content: "ReadableBuffer") -> int:
        """Write all of some bytes, unless there was an error."""
        rest = memoryview(content).cast("B")
        while self.error is None and rest:
            try:
                rest = rest[super().write(rest) or 0 :]
            except OSError as error:
                self.error = OSError(error.errno, os.strerror(error.errno or 0), self.name)
        return len(memoryview(content).cast("B"))

    def truncate(self, size: int | None = None) -> int:
        """Resize the file, unless there was an error."""
        try:
            return super().truncate(size) if self.error is None else 0
        except OSError as error:
            self.error = error
            return 0
