"""A galaxy's four maps -> small pictures that a page holds as text; made once for all sessions."""

from base64 import b64encode
from dataclasses import replace
from functools import lru_cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor

from galmass_app.plots.scale import Scale, scale_of, shared_scale
from galmass_app.theme import Theme, map_colours
from galmass_core.datasets.dataset import DataSet
from galmass_core.imaging.maps import GalaxyMaps
from galmass_core.quantities import IMAGE_PIXELS, MAPS, map_keys

_COLOURS = 255  # of a picture; one more stands for empty pixels
_KEPT = 512  # galaxies, 15 kB each
_PICTURES = 4096  # of one map, 4 kB each


@lru_cache(maxsize=_KEPT)
def thumbnails(data: DataSet, name: str, los: str, theme: Theme) -> tuple[str, ...]:
    """Return the four maps of a sample as PNG, each as the text of a ``data:`` address.

    Returns
    -------
    tuple of str
        In the order of `quantities.map_keys`; empty pixels are see-through.

    Raises
    ------
    OSError or ValueError
        If the maps cannot be read.
    """
    maps = data.maps(name, los)
    return tuple(_address(_drawn(maps, key), key, theme) for key in map_keys())


@lru_cache(maxsize=_PICTURES)
def thumbnail(data: DataSet, name: str, los: str, key: str, theme: Theme) -> str:
    """Return one map of a sample as `thumbnails` does."""
    return _address(drawn(data, name, los, key), key, theme)


def drawn(data: DataSet, name: str, los: str, key: str) -> NDArray[np.uint8]:
    """Return the shades of a small picture of one map, as of `shades`."""
    return _drawn(data.maps(name, los), key)


def _drawn(maps: GalaxyMaps, key: str) -> NDArray[np.uint8]:
    return shades(maps.meaningful(key, side_of(key)), _scale(maps, key))


def side_of(key: str) -> int:
    """Return the side of a map's small picture in pixels."""
    return MAPS[key].side(min(IMAGE_PIXELS))


def _scale(maps: GalaxyMaps, key: str) -> Scale:
    """Return the range of a map's colours; what a larger pixel holds is more."""
    spec, own = MAPS[key], scale_of(maps, key)
    scale = shared_scale([own], key)  # where galaxies compare
    area = (spec.pixels / side_of(key)) ** 2 if spec.per_pixel else 1.0
    return replace(scale, low=scale.low * area, high=scale.high * area)


def shades(values_HW: NDArray, scale: Scale) -> NDArray[np.uint8]:
    """Return the number of each pixel's colour, from 0 to 254, and 255 where it is empty.

    Parameters
    ----------
    values_HW : (H, W) float
        NaN where there is nothing, and, of light, 0.

    Returns
    -------
    (H, W) uint8
    """
    low, high, values = scale.low, scale.high, values_HW.astype(float)
    empty = ~np.isfinite(values) | (scale.log & (values <= 0))
    values = np.where(empty, low, values)
    if scale.log:
        low, high, values = np.log10(low), np.log10(high), np.log10(values)
    share = np.clip((values - low) / (high - low), 0, 1)
    return np.where(empty, _COLOURS, np.rint(share * (_COLOURS - 1))).astype(np.uint8)


def _address(shades_HW: NDArray[np.uint8], key: str, theme: Theme) -> str:
    """Write a picture as the text of an address; the first row is the lowest."""
    height, width = shades_HW.shape
    image = Image.frombytes("P", (width, height), shades_HW[::-1].tobytes())
    image.putpalette(_palette(key, theme))
    file = BytesIO()
    image.save(file, "PNG", transparency=_COLOURS)
    return "data:image/png;base64," + b64encode(file.getvalue()).decode()


@lru_cache
def _palette(key: str, theme: Theme) -> list[int]:
    """Return the colours of a map, spread over 255, and one for empty pixels."""
    colours = map_colours(key, theme)
    places = np.rint(np.linspace(0, len(colours) - 1, _COLOURS)).astype(int)
    chosen = [ImageColor.getrgb(colours[place])[:3] for place in places]
    return [part for colour in [*chosen, (0, 0, 0)] for part in colour]
