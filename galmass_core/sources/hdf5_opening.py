"""Open HDF5 files that may be gzipped, in use, truncated or pointers of Git LFS."""

import errno
import gzip
import io
import time
import zlib
from pathlib import Path

import h5py

from galmass_core.galaxy import GalaxyFileError, UnavailableError

PATIENCE = 10.0  # s, for which a file that another process writes is tried
_PASSING = {  # errors of the moment, not of the content
    errno.EAGAIN,
    errno.EACCES,
    errno.EBUSY,
    errno.EINTR,
    errno.EIO,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
    errno.ESTALE,
    errno.ETIMEDOUT,
}
_POINTER = b"version https://git-lfs"
DENSEST = 100  # bytes of float64 for a byte of the file: no compression of particles gives as many
SMALL = 64 * 2**20  # bytes that any file may give


class _Unzipped(io.BytesIO):
    """Content of a gzipped file, with the name of the file."""

    def __init__(self, path: Path) -> None:
        most = DENSEST * path.stat().st_size + SMALL
        with gzip.open(path) as file:
            content = file.read(most + 1)
        if len(content) > most:
            msg = f"{path}: the file must be HDF5, got over {most} bytes in gzip"
            raise GalaxyFileError(msg)
        super().__init__(content)
        self._path = path

    def __repr__(self) -> str:
        return str(self._path)


class must_be_whole:
    """Name the file in errors raised while it is opened and read.

    Raises
    ------
    GalaxyFileError
        If it is not an HDF5 file, or is truncated.
    UnavailableError
        If it cannot be read at the moment: another process has it open for writing, permission is
        missing, or the disk does not answer.
    """

    __slots__ = ("path",)

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, UnavailableError):
            return
        if not isinstance(error, OSError | EOFError | zlib.error):
            return
        if isinstance(error, OSError) and error.errno in _PASSING:
            msg = f"{self.path}: the file must not be in use by another process, but: {error}"
            raise UnavailableError(msg) from error
        rule = "the file must be whole HDF5, but it is truncated, damaged or of another format"
        if _is_pointer(self.path):
            rule = "the file must be whole HDF5, but it is a pointer of Git LFS: run git lfs pull"
        msg = f"{self.path}: {rule} ({error})"
        raise GalaxyFileError(msg) from error


def _is_pointer(path: Path) -> bool:
    """Return whether a file only names another one, as those of a clone without Git LFS."""
    try:
        with path.open("rb") as file:
            return file.read(len(_POINTER)) == _POINTER
    except OSError:
        return False


def open_when_free(path: Path) -> h5py.File:
    """Open an HDF5 file, trying again for 10 s while another process has it open for writing."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return h5py.File(_Unzipped(path) if path.suffix == ".gz" else path, "r")
        except BlockingIOError:
            if time.monotonic() > end:
                raise
            time.sleep(PATIENCE / 50)
