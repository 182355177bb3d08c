"""Store each map of a data set as one array of 16-bit codes, the input of networks.

A stack is a NumPy file in the user's cache, made once for a data set, a map and a resolution, and
mapped into memory: all trainings share it, samples are read in any order at disk speed, and
data need not fit in memory. Codes are linear in the network input: log10 flux, mag, km/s.

Shape suffixes: N samples, H rows, W columns.
"""

import hashlib
import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from galmass_core.datasets.capabilities import require_inputs
from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.folders import home_folder
from galmass_core.imaging.maps import GalaxyMaps
from galmass_core.quantities import IMAGE_PIXELS, MapSpec, is_registered, map_spec
from galmass_core.storage.aside import folder_aside, remove_left
from galmass_core.storage.atomic import reserve

STEPS = 65535  # between the first and the last code
FORM = 1  # raise it when codes or what fills empty pixels change
ZERO = 32768  # codes are stored from -32768, as torch has signed integers of 16 bits only
_CHUNK = 64  # samples between progress reports


@dataclass(frozen=True, eq=False)
class MapStack:
    """One map of all samples of a data set.

    Attributes
    ----------
    key : str
    codes_NHW : (N, H, W) int16
        ``low + (code + 32768) step`` is the value; both ends of `MapSpec.codes` are reached.
    """

    key: str
    codes_NHW: NDArray[np.int16]

    @property
    def low(self) -> float:
        """Value of the first code."""
        return map_spec(self.key).codes[0]

    @property
    def step(self) -> float:
        """Step from code to code."""
        low, high = map_spec(self.key).codes
        return (high - low) / STEPS

    @property
    def pixels(self) -> int:
        """Side of the map."""
        return self.codes_NHW.shape[-1]

    def values(self, rows: NDArray) -> NDArray[np.float32]:
        """Return maps in their own unit, (rows, H, W)."""
        return self.low + (self.codes_NHW[rows] + np.float32(ZERO)) * np.float32(self.step)


def open_stacks(
    dataset: DataSet,
    keys: Sequence[str],
    pixels: int = IMAGE_PIXELS[0],
    progress: Callable[[int, int], None] | None = None,
    *,
    mask_sparse: bool = False,
) -> dict[str, MapStack]:
    """Open maps of all samples, in the order of the data set; made where they are not there yet.

    Dark pixels of ``r`` have the lowest code. Where there is no light, ``g-r`` is the colour of
    all light of the map, or 0 if there is none; where there is no star, ``V`` and ``sigma`` are 0.

    Parameters
    ----------
    dataset : DataSet
    keys : sequence of str
        Of `quantities.MAPS`.
    pixels : int
        Side of images.
    progress : function of two int, optional
        Called with the samples read and their number, while stacks are made.
    mask_sparse : bool
        As of `map_of`.

    Returns
    -------
    dict of MapStack

    Raises
    ------
    DataSetError
        If the data set has no maps, or not these, or their file is missing or damaged.
    ValueError
        If ``pixels`` does not divide the stored side.
    OSError
        If the disk of the cache is too full.
    """
    require_inputs(dataset, keys)
    folder = home_folder() / "cache" / dataset.checksum[:16]
    paths = {key: _path(folder, key, pixels, mask_sparse) for key in keys}
    remove_left(folder)
    if lacking := {key: path for key, path in paths.items() if not path.exists()}:
        folder.mkdir(parents=True, exist_ok=True)
        with folder_aside(folder) as aside:  # others may do the same at once
            made = {key: aside / path.name for key, path in lacking.items()}
            _make(dataset, made, pixels, progress or (lambda done, total: None), mask_sparse)
            for key, path in lacking.items():
                made[key].replace(path)
    return {key: MapStack(key, np.load(path, mmap_mode="r")) for key, path in paths.items()}


def _make(
    dataset: DataSet,
    paths: dict[str, Path],
    pixels: int,
    progress: Callable[[int, int], None],
    mask_sparse: bool,
) -> None:
    """Read all samples once and write a stack to each path."""
    shapes = {key: (len(dataset), *2 * (map_spec(key).side(pixels),)) for key in paths}
    _check_disk(next(iter(paths.values())).parent, 2 * sum(map(math.prod, shapes.values())))
    stacks = {}
    for key, path in paths.items():
        stacks[key] = np.lib.format.open_memmap(path, mode="w+", dtype=np.int16, shape=shapes[key])
        reserve(path)
    for done, (place, maps) in enumerate(dataset.read_maps(range(len(dataset)))):
        for key, stack in stacks.items():
            stack[place] = encode_map(
                key, map_of(maps, key, stack.shape[-1], mask_sparse=mask_sparse)
            )
        if done % _CHUNK == 0:
            progress(done, len(dataset))
    for stack in stacks.values():
        stack.flush()
    progress(len(dataset), len(dataset))


def _check_disk(folder: Path, needed: int) -> None:
    """Raise OSError if the disk is too small, before anything is written."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        msg = (
            f"{folder}: needs {needed / 1e9:.1f} GB of disk for maps, but {free / 1e9:.1f} are free"
        )
        raise OSError(msg)


def map_of(
    maps: GalaxyMaps, key: str, pixels: int, *, mask_sparse: bool = False
) -> NDArray[np.float32]:
    """Return a map as networks see it: as a logarithm if they do, and no pixel empty.

    Parameters
    ----------
    maps : GalaxyMaps
    key : str
    pixels : int
        Side of the map.
    mask_sparse : bool
        Whether pixels with fewer than `MapSpec.least_stars` stars are empty, as they have no σ,
        and those have the value of the whole frame as one pixel. Else a single star has σ = 0, as
        an empty pixel has: the paper's reading.
    """
    spec = map_spec(key)
    masked = _is_masked(spec, mask_sparse)
    view_HW = maps.meaningful(key, pixels) if masked else maps.view(key, pixels)
    if spec.log_codes:
        dark = np.float32(spec.codes[0])
        return np.log10(view_HW, out=np.full_like(view_HW, dark), where=view_HW > 0)
    empty_HW = np.isnan(view_HW)
    if empty_HW.any():
        whole = masked or spec.empty is None
        filling = np.nan_to_num(maps.view(key, 1)[0, 0]) if whole else spec.empty
        view_HW = np.where(empty_HW, np.float32(filling), view_HW)
    return view_HW


def _is_masked(spec: MapSpec, mask_sparse: bool) -> bool:
    """Return whether pixels with too few stars for a map are empty; see `map_of`."""
    return mask_sparse and spec.least_stars > 1


def encode_map(key: str, map_HW: NDArray) -> NDArray[np.int16]:
    """Encode a map; values outside `MapSpec.codes` are clipped."""
    low, high = map_spec(key).codes
    codes_HW = np.rint((np.clip(map_HW, low, high) - low) * (STEPS / (high - low)))
    return (codes_HW - ZERO).astype(np.int16)


def _path(folder: Path, key: str, pixels: int, mask_sparse: bool) -> Path:
    """Return the path of the stack of a map; for a registered map, of its present definition."""
    masked = "-masked" * _is_masked(map_spec(key), mask_sparse)
    name = f"{key}-{map_spec(key).side(pixels)}-v{FORM}{masked}"
    return folder / (f"{name}-{_fingerprint(key)}.npy" if is_registered(key) else f"{name}.npy")


def _fingerprint(key: str) -> str:
    """Return a digest of a map's codes of a made-up galaxy: another if its function changes."""
    generator = np.random.default_rng(0)
    flux_CHW = 10 ** generator.uniform(0, 8, (2, 24, 24))
    count_HW = generator.poisson(2, (24, 24))
    v_HW, spread_HW = generator.normal(0, 200, (2, 24, 24))
    light_HW = count_HW * flux_CHW[1]
    weighted = [light_HW * power_HW for power_HW in (1, v_HW, v_HW**2 + spread_HW**2)]
    maps = GalaxyMaps(
        flux_CHW=flux_CHW.astype(np.float32),
        moments_CHW=np.stack([count_HW, *weighted]).astype(np.float32),
        half_mass_radius=1.0,
        half_width=3.0,
        further={
            "populations": light_HW * generator.uniform(0, 1, (3, 24, 24)),
            "shapes": light_HW * np.stack([v_HW**3, v_HW**4]),
            "gas": np.stack([count_HW, *weighted]),
        },
    )
    return hashlib.sha256(encode_map(key, map_of(maps, key, 24)).tobytes()).hexdigest()[:12]
