"""Write maps of a galaxy and tables as FITS files with units and descriptions."""

import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api import types

from galmass_core import __version__
from galmass_core.galaxy import GalaxyName
from galmass_core.imaging.maps import GalaxyMaps
from galmass_core.quantities import (
    MAPS,
    QUANTITIES,
    Quantity,
    further_keys,
    is_known_column,
    map_keys,
    quantity,
)

if TYPE_CHECKING:
    from astropy.io import fits

_NAMES = ("SUITE", "SIM", "SNAPSHOT", "SUBHALO")
_HEADS = {  # keyword: column of a sample, what it is
    "REDSHIFT": ("redshift", "redshift of the snapshot"),
    "R_HSM": ("half_mass_radius", "[kpc] stellar half-mass radius"),
    "R_E": ("effective_radius", "[kpc] projected half-light radius"),
    "SYNTH": ("synthetic", "made by galmass, not by a simulation"),
}
_FITS_UNITS = {"Msun": "solMass", "Lsun": "solLum"}
_ALIKE = str.maketrans("é−σ", "e-s")


def maps_as_fits(maps: GalaxyMaps, sample: Mapping[str, Any]) -> bytes:
    """Return the maps of a galaxy as a FITS file.

    Parameters
    ----------
    maps : GalaxyMaps
    sample : mapping
        Row of a data set: ``name``, ``los`` and other columns.

    Returns
    -------
    bytes
        One image extension per map: ``R`` [solLum/pixel], ``G-R`` [mag], ``V`` and ``SIGMA``
        [km/s], and of what is stored for further maps; NaN where there is nothing to show, and in
        ``SIGMA`` where a single star is. The
        linear world coordinates are kpc from the galaxy's centre. The primary header names the
        galaxy and its line of sight.
    """
    from astropy.io import fits

    primary = fits.PrimaryHDU()
    primary.header["ORIGIN"] = f"galmass {__version__}"
    primary.header["OBJECT"] = _plain(sample["name"])
    for key, value in zip(_NAMES, GalaxyName.parse(sample["name"]), strict=True):
        primary.header[key] = _plain(value)
    primary.header["LOS"] = sample["los"], "line of sight: axis of the simulation box"
    for key, (column, comment) in _HEADS.items():
        if column in sample and not pd.isna(sample[column]):
            primary.header[key] = sample[column], comment
    further = [key for key in further_keys() if MAPS[key].made_from in maps.further]
    images = [_image(maps, quantity(key)) for key in (*map_keys(), *further)]
    return _content(fits.HDUList([primary, *images]))


def table_as_fits(table: pd.DataFrame, about: Mapping[str, str]) -> bytes:
    """Return a table as a FITS file.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns that are keys of `quantities` get their unit and meaning. The index is left out.
        Where a value is missing, floats are NaN, integers the column's ``TNULL``, text is empty,
        and logical columns become integers: 1, 0 and ``TNULL``. In names of other columns, what is
        no letter, digit or underscore of ASCII becomes an underscore.
    about : mapping of str to str
        Header keywords that state the origin of the table.

    Returns
    -------
    bytes
        One binary table. Decimal logarithms have no unit, which FITS cannot express; it is in the
        comment of their column.
    """
    from astropy.io import fits
    from astropy.table import Table

    known = {key: QUANTITIES[key] for key in map(str, table) if is_known_column(key)}
    units = {key: _fits_unit(one.unit) for key, one in known.items() if one.unit and not one.log}
    whole = table.reset_index(drop=True).apply(_with_null)
    plain = Table.from_pandas(whole.set_axis(_plain_names(list(whole)), axis=1), units=units)
    for column in plain.columns.values():
        if column.dtype.kind == "i":
            column.fill_value = np.iinfo(column.dtype).min  # TNULL: no ID has it
    hdu = fits.table_to_hdu(plain)
    for number, key in enumerate(table, start=1):
        if key in known:
            hdu.header[f"TCOMM{number}"] = _meaning(known[key])
    hdu.header.update({key: _plain(text) for key, text in about.items()})
    return _content(fits.HDUList([fits.PrimaryHDU(), hdu]))


def _plain_names(names: Sequence[object]) -> list[str]:
    """Return names of columns in the characters that FITS recommends, each another."""
    plain: list[str] = []
    for number, name in enumerate(names, start=1):
        known = str(name) in QUANTITIES or is_known_column(str(name))
        safe = str(name) if known else re.sub(r"\W", "_", _plain(name), flags=re.ASCII)
        plain.append(f"{safe}_{number}" if safe in plain else safe)
    return plain


def _with_null(column: pd.Series) -> pd.Series:
    """Return a column in which FITS can say that a value is missing, in characters it allows.

    astropy writes a missing logical value as true, and refuses missing text.
    """
    if types.is_bool_dtype(column.dtype):
        return column.astype("Int16") if column.isna().any() else column.astype(bool)
    if types.is_unsigned_integer_dtype(column.dtype) and column.isna().any():
        return column.astype("Int64")
    if types.is_numeric_dtype(column.dtype):
        return column
    if column.notna().any() and set(map(type, column.dropna())) == {bool}:
        return column.astype("boolean").astype("Int16")
    return column.astype("string").fillna("").map(_plain).astype(object)


def _image(maps: GalaxyMaps, shown: Quantity) -> "fits.ImageHDU":
    """Return one map, with kpc from the galaxy's centre as its coordinates."""
    from astropy.io import fits

    pixels_HW = maps.meaningful(shown.key)
    hdu = fits.ImageHDU(pixels_HW, name=shown.key)
    hdu.header["BUNIT"] = _fits_unit(shown.unit)
    hdu.header["COMMENT"] = _plain(f"{shown.name}: {shown.help}")
    side = len(pixels_HW)
    for axis, name in ((1, "X"), (2, "Y")):
        hdu.header[f"CTYPE{axis}"] = name, "offset from the centre of the galaxy"
        hdu.header[f"CUNIT{axis}"] = "kpc"
        hdu.header[f"CRPIX{axis}"] = (side + 1) / 2
        hdu.header[f"CRVAL{axis}"] = 0.0
        hdu.header[f"CDELT{axis}"] = 2 * float(maps.half_width) / side, "[kpc] side of a pixel"
    return hdu


def _meaning(shown: Quantity) -> str:
    """Return the description of a column."""
    return _plain(f"log10 of {shown.name} [{shown.unit}]" if shown.log else shown.name)


def _plain(text: object) -> str:
    """Return text in the characters that FITS allows, with ? for others."""
    ascii_ = str(text).translate(_ALIKE).encode("ascii", "replace").decode()
    return "".join(letter if letter.isprintable() else "?" for letter in ascii_)


def _fits_unit(unit: str) -> str:
    """Return a unit in the FITS convention."""
    for ours, theirs in _FITS_UNITS.items():
        unit = unit.replace(ours, theirs)
    return unit


def _content(hdus: "fits.HDUList") -> bytes:
    """Return the bytes of a file."""
    file = BytesIO()
    hdus.writeto(file)
    return file.getvalue()
