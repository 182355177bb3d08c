"""Add to a table what an observer can name: R_e, masses inside it and in kpc, numbers of frames.

Older data sets lack these columns; they follow from the stored images and mass profiles.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.shards import PROFILE_COLUMNS
from galmass_core.imaging.frames import KPC, PAPER, R_E, UNITS, Frame
from galmass_core.imaging.maps import GalaxyMaps, pixel_centres
from galmass_core.measurements.image_size import image_radius
from galmass_core.photometry import BANDS
from galmass_core.quantities import OBSERVED_RADII, PROFILE_MASSES, observed_column
from galmass_core.quantities.map_views import light_colour

SIZE = UNITS[R_E]
FRAMES = {
    str(frame): frame for frame in (PAPER, Frame(1.5, R_E), Frame(2.5, R_E), Frame(10.0, KPC))
}
NUMBERS = ("light", "light in half", "g−r", "g−r in half", "σ", "σ in half")  # of a frame


def with_observed(dataset: DataSet) -> pd.DataFrame:
    """Return a data set's table with R_e of the r image and the masses of `OBSERVED_RADII`.

    Parameters
    ----------
    dataset : DataSet

    Returns
    -------
    pandas.DataFrame
        The samples. Columns that they lack are measured on the stored images, or interpolated
        between logarithms of stored radii and masses; what cannot be is NaN.

    Raises
    ------
    DataSetError
        If a file of the maps is missing or damaged.
    """
    samples = dataset.samples.copy()
    if SIZE not in samples:
        samples[SIZE] = np.nan
        if dataset.has_maps:
            sizes = {place: image_radius(maps) for place, maps in read_all(dataset)}
            samples[SIZE] = [sizes.get(place, np.nan) for place in range(len(samples))]
    radii = np.full((len(samples), len(OBSERVED_RADII)), np.nan)
    for number, (ending, (_, radius)) in enumerate(OBSERVED_RADII.items()):
        if ending != "all":
            radii[:, number] = samples[SIZE] if radius is None else radius
    found = {stem: np.full(radii.shape, np.nan) for stem in PROFILE_MASSES}
    for rows, profiles in dataset.read_profiles() if dataset.has_maps else ():
        for row, profile in zip(rows, profiles, strict=True):
            stored = dict(zip(PROFILE_COLUMNS, profile.astype(float), strict=True))
            for stem, key in PROFILE_MASSES.items():
                found[stem][row] = masses_at(radii[row], stored["radius"], stored[key])
    for stem, values in found.items():
        for number, ending in enumerate(OBSERVED_RADII):
            if (column := observed_column(stem, ending)) not in samples:
                samples[column] = values[:, number]
    return samples


def read_all(dataset: DataSet) -> Iterator[tuple[int, GalaxyMaps]]:
    """Yield the place and the maps of each sample that has maps."""
    rows = np.flatnonzero(dataset.samples["shard"].notna())
    return ((int(rows[place]), maps) for place, maps in dataset.read_maps(rows))


def masses_at(
    radii: NDArray, stored_radii: NDArray, stored: NDArray, unit: float = 1.0
) -> NDArray[np.float64]:
    """Interpolate the logarithm of a stored profile.

    Parameters
    ----------
    radii : (N,) float
        In ``unit``.
    stored_radii, stored : (R,) float
        kpc, and masses [Msun] inside them.
    unit : float, kpc

    Returns
    -------
    (N,) float
        Decimal logarithms; NaN outside the stored radii, and where there is no mass.
    """
    with np.errstate(divide="ignore", invalid="ignore"):  # no mass has no logarithm
        at = np.log(radii) + np.log(unit)
        masses = np.interp(at, np.log(stored_radii), np.log10(stored), left=np.nan, right=np.nan)
    return np.where(np.isfinite(masses), masses, np.nan)


def frame_columns(dataset: DataSet, samples: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Measure the same few numbers of the maps in each of `FRAMES`.

    Parameters
    ----------
    dataset : DataSet
        With maps.
    samples : pandas.DataFrame
        Of `with_observed`.

    Returns
    -------
    dict of str to pandas.DataFrame
        By frame, `NUMBERS` of each sample: log r light [Lsun], g−r [mag] and dispersion [km/s] in
        the whole frame and in its inner half; NaN where a size is unknown or there is no light.
    """
    values = {frame: np.full((len(samples), len(NUMBERS)), np.nan) for frame in FRAMES}
    sides = {name: dataset.half_widths(samples, frame) for name, frame in FRAMES.items()}
    for place, maps in read_all(dataset):
        for frame, side in sides.items():
            values[frame][place] = _numbers(maps, float(side[place]))
    return {
        frame: pd.DataFrame(found, columns=list(NUMBERS), index=samples.index)
        for frame, found in values.items()
    }


def cut_short(dataset: DataSet, samples: pd.DataFrame) -> dict[str, float]:
    """Return the share of samples whose maps end before each of `FRAMES` does, by frame."""
    reach = dataset.half_widths(samples)
    return {
        name: float(np.mean(dataset.half_widths(samples, frame) > reach * (1 + 1e-6)))
        for name, frame in FRAMES.items()
    }


def _numbers(maps: GalaxyMaps, half_width: float) -> list[float]:
    """Return `NUMBERS` of a square frame, as far as the maps reach."""
    whole, half = (_inside(maps, side) for side in (half_width, 0.5 * half_width))
    return [number for pair in zip(whole, half, strict=True) for number in pair]


def _inside(maps: GalaxyMaps, half_width: float) -> tuple[float, float, float]:
    """Return log r light, g−r and dispersion in a square of a half side [kpc]."""
    if not half_width > 0:
        return np.nan, np.nan, np.nan
    sums = []
    for channels in (maps.flux_CHW, maps.moments_CHW):
        centres = pixel_centres(channels.shape[-1], maps.half_width)
        inside = slice(*np.searchsorted(centres, [-half_width, half_width]))
        sums.append(channels[:, inside, inside].sum(axis=(1, 2), dtype=float))
    flux_C, moments_C = sums
    light = flux_C[BANDS.index("r")]
    _, weight, first, second = moments_C
    if not (light > 0 and weight > 0):
        return np.nan, np.nan, np.nan
    colour = float(light_colour(flux_C.astype(np.float32)[:, None, None])[0, 0])
    square = second / weight - (first / weight) ** 2
    return float(np.log10(light)), colour, float(np.sqrt(max(square, 0.0)))
