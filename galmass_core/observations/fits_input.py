"""Read a FITS file of an observation: images, tables and headers, as plain numbers.

Numbers are converted to float64 in the machine's byte order; nothing is masked here, for each
layout has its own mark of a missing value.
"""

import gzip
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from galmass_core.observations.observation import ObservationError
from galmass_core.observations.table_input import is_hdf5, is_text, read_columns

_MOST = 50_000_000  # numbers of an image that is read; larger ones are cubes of spectra
_MOST_WHOLE = 2.0**53  # larger floating-point numbers have lost digits
_GZIP = b"\x1f\x8b"  # first bytes


@dataclass(frozen=True, eq=False)
class Extension:
    """One header, with an image or the columns of a table.

    Attributes
    ----------
    name : str
        ``EXTNAME``; empty where there is none.
    header : mapping
    image : array or None
        Float64; (H, W), or (C, H, W) of several channels.
    columns : mapping of str to (N,) float64
        Those with one number in each row.
    """

    name: str
    header: Mapping[str, Any]
    image: NDArray | None
    columns: Mapping[str, NDArray]


@dataclass(frozen=True, eq=False)
class FitsFile:
    """The content of a file."""

    path: Path
    extensions: tuple[Extension, ...]

    @property
    def primary(self) -> Mapping[str, Any]:
        """The header of the file."""
        return self.extensions[0].header

    @property
    def names(self) -> frozenset[str]:
        """Names of the extensions."""
        return frozenset(each.name for each in self.extensions)

    @property
    def shape(self) -> tuple[int, int] | None:
        """Shape of the first image with two axes; None if there is none."""
        shapes = (each.image.shape for each in self.extensions if each.image is not None)
        return next((shape for shape in shapes if len(shape) == 2), None)

    def extension(self, name: str) -> Extension:
        """Return an extension by its name; raise ObservationError if there is none."""
        for each in self.extensions:
            if each.name == name:
                return each
        msg = f"{self.path}: must have an extension {name}, got {', '.join(sorted(self.names))}"
        raise ObservationError(msg)

    def image(self, name: str | int, shape: tuple[int, ...] | None = None) -> NDArray:
        """Return the image of an extension, by name or number; of a given shape.

        Raises
        ------
        ObservationError
            If it is missing, no image, or of another shape.
        """
        extension = self.extensions[name] if isinstance(name, int) else self.extension(name)
        wanted = "of two axes" if shape is None else f"of the shape {shape}, as the others,"
        found = extension.image
        if found is None or (found.ndim != 2 if shape is None else found.shape != shape):
            got = "none" if found is None else f"the shape {found.shape}"
            msg = f"{self.path}: {_called(name)} must be an image {wanted} got {got}"
            raise ObservationError(" ".join(msg.split()).replace("axes got", "axes, got"))
        return found

    def columns(self, *names: str) -> tuple[NDArray, ...]:
        """Return columns of the first table that has all of them.

        Raises
        ------
        ObservationError
            If there is no such table, or it is empty.
        """
        for each in self.extensions:
            if set(names) <= set(each.columns):
                found = tuple(each.columns[name] for name in names)
                if len(found[0]):
                    return found
        msg = f"{self.path}: must have a table with rows and the columns {', '.join(names)}"
        raise ObservationError(msg)

    def has_columns(self, *names: str) -> bool:
        """Return whether a table has all of these columns."""
        return any(set(names) <= set(each.columns) for each in self.extensions)

    def whole(self, name: str, values: NDArray) -> NDArray[np.int64]:
        """Return values of a column as integers; raise ObservationError if they are none."""
        good = np.abs(values) < _MOST_WHOLE
        good[good] = values[good] == np.round(values[good])
        if not good.all():
            msg = f"{self.path}: {name} must be whole numbers, got {values[~good][0]:g}"
            raise ObservationError(msg)
        return values.astype(np.int64)

    def number(self, key: str, *, positive: bool = False) -> float:
        """Return a number of the primary header; NaN if it has none.

        Raises
        ------
        ObservationError
            If it is not a finite number, or not positive where it has to be.
        """
        value = self.primary.get(key)
        if value is None or value == "":
            return np.nan
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not np.isfinite(value) or (positive and value <= 0):
            rule = "a positive number" if positive else "a number"
            msg = f"{self.path}: {key} must be {rule}, got {value!r}"
            raise ObservationError(msg)
        return float(value)


def read_file(path: Path) -> FitsFile:
    """Read a FITS file, or the tables of an HDF5 or a text file as if they were in one.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ObservationError
        If it is a folder, of neither format, or damaged.
    """
    _require_file(path)
    if not (is_hdf5(path) or is_text(path)):
        return read_fits(path)
    tables = read_columns(path)
    extensions = [Extension(name, {}, None, columns) for name, columns in tables.items()]
    return FitsFile(path, (Extension("", {}, None, {}), *extensions))


def _require_file(path: Path) -> None:
    if path.is_dir():
        msg = f"{path}: must be a file, is a folder: name the files in it"
        raise ObservationError(msg)
    if not path.is_file():
        msg = f"{path}: no such file"
        raise FileNotFoundError(msg)


def read_fits(path: Path) -> FitsFile:
    """Read a FITS file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ObservationError
        If it is a folder, no FITS file, or damaged.
    """
    from astropy.io import fits
    from astropy.utils.exceptions import AstropyWarning

    _require_file(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)  # of cards against the standard
        warnings.filterwarnings("error", message=".*truncated")
        try:
            with _opened(path) as stream, fits.open(stream, memmap=False) as hdus:
                return FitsFile(path, tuple(_extension(hdu) for hdu in hdus))
        except MemoryError:
            raise
        except (
            Exception
        ) as error:  # astropy raises many kinds for damaged files, re.error among them
            msg = f"{path}: must be a whole FITS file, but: {error or type(error).__name__}"
            raise ObservationError(" ".join(msg.split())) from error


def _opened(path: Path) -> IO[bytes]:
    """Open a file; all of a compressed one is read, as its end says whether it is whole."""
    with path.open("rb") as stream:
        compressed = stream.read(2) == _GZIP
    return BytesIO(gzip.decompress(path.read_bytes())) if compressed else path.open("rb")


def _extension(hdu: Any) -> Extension:  # noqa: ANN401
    """Read an extension."""
    header = {key: hdu.header[key] for key in hdu.header if key not in ("COMMENT", "HISTORY", "")}
    image, columns = None, {}
    if hdu.is_image:
        if 0 < hdu.size // max(abs(hdu.header["BITPIX"]) // 8, 1) <= _MOST:
            image = _quiet(np.asarray(hdu.data, dtype=np.float64))
    elif hdu.data is not None:
        for name in hdu.data.names:
            values = np.asarray(hdu.data[name])
            if values.ndim == 1 and values.dtype.kind in "fiu":
                columns[name] = _quiet(values.astype(np.float64))
    name = "" if hdu.name == "PRIMARY" else hdu.name
    return Extension(name, header, image, columns)


def _quiet(values: NDArray) -> NDArray:
    """Return values in which every NaN is the same: arithmetic warns of some that files hold."""
    return np.where(np.isnan(values), np.nan, values)


def _called(name: str | int) -> str:
    """Return what an extension is called in a message."""
    return f"extension {name}" if isinstance(name, int) else name
