"""Encode, write and read raw maps of about a hundred galaxies in one HDF5 file.

Light is stored as 16-bit codes that are linear in log10 flux, for each image: code 0 is no light, 1
the faintest lit pixel, and 65535 the brightest. Half a step is 2e-4 of the flux in an image that
spans twelve decades; if packed it is 9e-4, and the data are compressed.

Rows of a shard are samples; a galaxy's lines of sight are consecutive. Shape suffixes: S samples
of one galaxy (one per line of sight), C channels, H rows, W columns.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import h5py
import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import LINES_OF_SIGHT
from galmass_core.storage.hdf5_output import hdf5_output

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from galmass_core.imaging.maps import GalaxyMaps

_STEPS = 65534  # between codes 1 and 65535
_PACKED_STEP = 8e-4  # dex; half of it is 9.2e-4 of the flux
PROFILE_COLUMNS = ("radius", "mstar", "mdm", "mgas", "mtot", "v_circ")
_ROWS_PER_CHUNK = {"light_scale": 64, "profiles": 16}  # small; all others are images
_UNITS = {
    "light": "log10(Lsun/pixel) = scale[0] + (light - 1) scale[1]; 0 is dark",
    "light_scale": "log10(Lsun/pixel), dex",
    "star_count": "stars/pixel",
    "moments": "Lsun/pixel (km/s)^(0, 1, 2)",
    "profiles": "kpc, Msun, Msun, Msun, Msun, km/s",
    "populations": "Msun/pixel, Lsun/pixel Gyr, Lsun/pixel",
    "shapes": "Lsun/pixel (km/s)^(3, 4)",
    "gas": "cells/pixel, Msun/pixel (km/s)^(0, 1, 2)",
}


@dataclass(frozen=True, kw_only=True)
class ShardEntry:
    """Encoded maps and profiles of one galaxy.

    Attributes
    ----------
    light : (S, 2, H, W) uint16
        Codes of the flux in g and r.
    light_scale : (S, 2, 2) float64; log10(Lsun/pixel), dex
        Of each image, the flux of code 1 and the step from code to code.
    star_count : (S, H, W) uint32
    moments : (S, 3, H, W) float32
        Sums of w, w v and w v².
    profiles : (1, 6, R) float32
        Rows as in `PROFILE_COLUMNS`.
    populations, shapes, gas : (S, C, H, W) float32 or None
        As in `quantities.CHANNELS`; None where a build was not asked for them.
    """

    light: NDArray
    light_scale: NDArray
    star_count: NDArray
    moments: NDArray
    profiles: NDArray
    populations: NDArray | None = None
    shapes: NDArray | None = None
    gas: NDArray | None = None

    @property
    def arrays(self) -> dict[str, NDArray]:
        """The arrays that there are, by name."""
        return {name: array for name, array in vars(self).items() if array is not None}


def encode_light(flux_HW: NDArray, *, min_step: float = 0.0) -> tuple[NDArray, NDArray]:
    """Encode an image linearly in log10 flux.

    Parameters
    ----------
    flux_HW : (H, W) float32, Lsun/pixel
    min_step : float, dex
        Steps are as small as 16 bits allow, but not smaller than this.

    Returns
    -------
    codes_HW : (H, W) uint16
    scale : (2,) float64; log10(Lsun/pixel), dex
        Flux of code 1, and the step from code to code; zeros if all pixels are dark.

    Raises
    ------
    ValueError
        If a pixel is negative or not finite.
    """
    least = flux_HW.min()
    if not (least >= 0 and np.isfinite(flux_HW.max())):
        msg = f"light must be finite and >= 0, got {flux_HW.min()} to {flux_HW.max()} Lsun/pixel"
        raise ValueError(msg)
    if least > 0:
        codes_HW, scale = _encode_lit(flux_HW, min_step)
        return codes_HW.astype(np.uint16), scale
    lit_HW = flux_HW > 0
    codes_HW = np.zeros(flux_HW.shape, dtype=np.uint16)
    if not lit_HW.any():
        return codes_HW, np.zeros(2)
    codes_HW[lit_HW], scale = _encode_lit(flux_HW[lit_HW], min_step)
    return codes_HW, scale


def _encode_lit(flux: NDArray, min_step: float) -> tuple[NDArray, NDArray]:
    """Return the codes of positive flux, as float32, and the scale, as `encode_light`."""
    codes = np.log10(flux)
    faintest, brightest = float(codes.min()), float(codes.max())
    step = max((brightest - faintest) / _STEPS, min_step)
    codes -= faintest
    codes /= step or 1.0
    np.rint(codes, out=codes)
    codes += 1
    return codes, np.array([faintest, step])


def decode_light(codes_CHW: NDArray, scale_C2: NDArray) -> NDArray:
    """Decode flux.

    Parameters
    ----------
    codes_CHW : (C, H, W) uint16
    scale_C2 : (C, 2) float; log10(Lsun/pixel), dex

    Returns
    -------
    (C, H, W) float32, Lsun/pixel
        Within 1e-3 of the image that was encoded.
    """
    faintest_C, step_C = scale_C2.T * np.log2(10.0)  # 2^x is several times faster than 10^x
    first_C11 = (faintest_C - step_C).astype(np.float32)[:, None, None]
    flux_CHW = codes_CHW * step_C.astype(np.float32)[:, None, None]
    flux_CHW += first_C11
    np.exp2(flux_CHW, out=flux_CHW)
    flux_CHW[codes_CHW == 0] = 0.0
    return flux_CHW


def encode_galaxy(
    samples: Sequence["GalaxyMaps"],
    profiles: "pd.DataFrame | Mapping[str, NDArray]",
    *,
    packed: bool = False,
) -> ShardEntry:
    """Encode a galaxy's maps along all lines of sight, and its mass profiles.

    Parameters
    ----------
    samples : S GalaxyMaps
    profiles : pandas.DataFrame or mapping of str to (R,) float
        From `targets.mass_profiles`, or its columns.
    packed : bool
        Use coarser steps of light.

    Returns
    -------
    ShardEntry

    Raises
    ------
    ValueError
        If a pixel is negative or not finite.
    """
    images = [image for maps in samples for image in maps.flux_CHW]
    min_step = _PACKED_STEP if packed else 0.0
    codes, scales = zip(*(encode_light(image, min_step=min_step) for image in images), strict=True)
    shape = (len(samples), *samples[0].flux_CHW.shape)
    moments = np.stack([maps.moments_CHW for maps in samples])
    further = {
        name: np.stack([maps.further[name] for maps in samples]) for name in samples[0].further
    }
    return ShardEntry(
        light=np.stack(codes).reshape(shape),
        light_scale=np.stack(scales).reshape(*shape[:2], 2),
        star_count=moments[:, 0].astype(np.uint32),
        moments=moments[:, 1:],
        profiles=np.array([[profiles[key] for key in PROFILE_COLUMNS]], dtype=np.float32),
        **further,
    )


def create_shard(path: "Path") -> AbstractContextManager[h5py.File]:
    """Open a new shard for writing; an error of the disk is raised in the end.

    HDF5 places a chunk in the file when it leaves the cache: at the latest when its dataset is
    closed, which Python may do late. Without a cache the same entries always give the same bytes.
    """
    return hdf5_output(path, rdcc_nbytes=0)


def append_galaxy(shard: h5py.File, entry: ShardEntry, *, packed: bool = False) -> int:
    """Append a galaxy to a shard.

    The same entries in the same order give the same bytes in a file of `create_shard`.

    Parameters
    ----------
    shard : h5py.File
        Open for writing.
    entry : ShardEntry
    packed : bool
        Compress: a third of the size, several times slower to read.

    Returns
    -------
    int
        Row of the galaxy's first sample.
    """
    if "light" not in shard:
        _create_datasets(shard, entry, packed)
    firsts = {}
    for key, values in entry.arrays.items():
        dataset = h5py.h5d.open(shard.id, key.encode())
        firsts[key] = _append(dataset, values, by_rows=packed or key in _ROWS_PER_CHUNK)
    return firsts["light"]


def _append(dataset: h5py.h5d.DatasetID, values: NDArray, *, by_rows: bool) -> int:
    """Append rows to a dataset, or the images that are its chunks; return the first row."""
    first = int(dataset.shape[0])
    dataset.set_extent((first + len(values), *values.shape[1:]))
    if by_rows:
        h5py.Dataset(dataset)[first:] = values
        return first
    for sample, *place in np.ndindex(values.shape[:-2]):  # in two thirds of the time of HDF5
        image = np.ascontiguousarray(values[(sample, *place)])  # else it would be transposed
        dataset.write_direct_chunk((first + sample, *place, 0, 0), image)
    return first


def _create_datasets(shard: h5py.File, entry: ShardEntry, packed: bool) -> None:
    """Create the datasets of an empty shard, with one image per chunk."""
    compression = {"compression": "gzip", "compression_opts": 9, "shuffle": True}
    for key, values in entry.arrays.items():
        image = (1,) * (values.ndim - 2) + values.shape[-2:]
        dataset = shard.create_dataset(
            key,
            shape=(0, *values.shape[1:]),
            maxshape=(None, *values.shape[1:]),
            dtype=values.dtype,
            chunks=(_ROWS_PER_CHUNK[key], *values.shape[1:]) if key in _ROWS_PER_CHUNK else image,
            track_times=False,
            **(compression if packed else {}),
        )
        dataset.attrs["unit"] = _UNITS[key]


def read_maps(
    shard: h5py.File, rows: Iterable[int], channels: Sequence[str] = ()
) -> Iterator[tuple[NDArray, NDArray, dict[str, NDArray]]]:
    """Read samples one by one, in any order.

    Parameters
    ----------
    shard : h5py.File
    rows : iterable of int
    channels : sequence of str
        Those of `quantities.CHANNELS` that it has.

    Yields
    ------
    flux_CHW : (2, H, W) float32, Lsun/pixel
    moments_CHW : (4, H, W) float32
    further : dict of (C, H, W) float32
        As in `maps.GalaxyMaps`.
    """
    keys = ("light", "light_scale", "star_count", "moments")
    light, scale, star_count, moments = (shard[key] for key in keys)  # to open them takes longest
    further = {name: shard[name] for name in channels}
    for row in rows:
        count_HW = star_count[row].astype(np.float32)
        yield (
            decode_light(light[row], scale[row]),
            np.concatenate([count_HW[None], moments[row]]),
            {name: array[row] for name, array in further.items()},
        )


def read_profiles(shard: h5py.File, row: int) -> "pd.DataFrame":
    """Read the mass profiles of a sample's galaxy, as returned by `targets.mass_profiles`."""
    import pandas as pd

    (values,) = read_profile_rows(shard, np.array([row], int))
    return pd.DataFrame(values.T.astype(float), columns=list(PROFILE_COLUMNS))


def read_profile_rows(shard: h5py.File, rows: NDArray[np.intp]) -> NDArray:
    """Read the mass profiles of samples' galaxies, (B, 6, R), in the order of `PROFILE_COLUMNS`."""
    galaxies, places = np.unique(rows // len(LINES_OF_SIGHT), return_inverse=True)
    return shard["profiles"][galaxies][places]
