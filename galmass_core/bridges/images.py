"""Images of starlight for photutils, statmorph and mgefit.

galmass's images are [row, column] with y upwards and the centre of the galaxy in the middle: at
pixel (side - 1) / 2 of a side, which is a corner of four pixels if the side is even. Angles here
are in degrees, counterclockwise from up (y), so that they are astronomical position angles if
up is north and left is east.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from galmass_core.imaging.maps import GalaxyMaps, rebin
from galmass_core.photometry import BANDS


def to_photutils(
    maps: GalaxyMaps, *, band: str = "r", pixels: int | None = None, noise: float | None = None
) -> dict[str, Any]:
    """Return an image as arguments of photutils' profiles and catalogues.

    ``RadialProfile(**to_photutils(maps), radii=...)``, ``CurveOfGrowth`` alike; other functions
    take ``data``, ``mask`` and ``error`` by name.

    Parameters
    ----------
    maps : GalaxyMaps
    band : str
        ``g`` or ``r``.
    pixels : int, optional
        Side; must divide the stored one, which is the default.
    noise : float, optional, Lsun/pixel
        Standard deviation of a pixel, if the image has noise: the rendered ones have none.

    Returns
    -------
    dict
        ``data``, (H, W) float64, Lsun/pixel; ``xycen``, the galaxy's centre as (x, y) in pixels;
        ``error``, (H, W) or None; ``mask``, (H, W) bool, True where the light is not finite.
        photutils' orientation is counterclockwise from x: a position angle plus 90.

    Raises
    ------
    ValueError
        If the band is unknown, ``pixels`` does not divide the side, or ``noise`` is not positive.
    """
    image, mask = _image(maps, band, pixels)
    middle = (len(image) - 1) / 2
    error = None if noise is None else _uniform(image, noise)
    return {"data": image, "xycen": (middle, middle), "error": error, "mask": mask}


def to_statmorph(
    maps: GalaxyMaps, *, noise: float, band: str = "r", pixels: int | None = None
) -> dict[str, Any]:
    """Return an image as arguments of statmorph: ``SourceMorphology(**to_statmorph(...))``.

    The segment is the connected region around the brightest part where the mean of 3 x 3 pixels is
    above the noise. statmorph wants sky around it, so the noise must reach the edge of the frame.

    Parameters
    ----------
    maps : GalaxyMaps
    noise : float, Lsun/pixel
        Standard deviation of a pixel, which statmorph's fit weighs with. The rendered images have
        none; one that is added belongs here.
    band, pixels
        As in `to_photutils`.

    Returns
    -------
    dict
        ``image``, (H, W) float64, Lsun/pixel, 0 where ``mask`` is True, since statmorph refuses
        NaN in a segment; ``segmap``, (H, W) int, 1 inside; ``label`` 1; ``mask``, (H, W) bool;
        ``weightmap``, (H, W) float64, the standard deviation and not a weight.
        statmorph's orientations are in radians, counterclockwise from x.

    Raises
    ------
    ValueError
        As in `to_photutils`, or if no light is above the noise.
    """
    from scipy import ndimage

    image, mask = _image(maps, band, pixels)
    weightmap = _uniform(image, noise)
    smooth = ndimage.uniform_filter(image, 3, mode="constant")
    regions, _ = ndimage.label(smooth > noise)
    brightest = regions.flat[smooth.argmax()]
    if not brightest:
        msg = f"noise must be below the light of the galaxy, {smooth.max():.3g}, got {noise:g}"
        raise ValueError(msg)
    segmap = (regions == brightest).astype(int)
    return {"image": image, "segmap": segmap, "label": 1, "mask": mask, "weightmap": weightmap}


def to_mgefit(maps: GalaxyMaps, *, band: str = "r", pixels: int | None = None) -> dict[str, Any]:
    """Return an image as arguments of mgefit: ``sectors_photometry(**to_mgefit(maps))``.

    Ellipticity, axis and centre are those of mgefit's ``find_galaxy``. mgefit counts the row first
    and centres on whole pixels: half a pixel off where the side is even.

    Parameters
    ----------
    maps : GalaxyMaps
    band, pixels
        As in `to_photutils`.

    Returns
    -------
    dict
        ``img``, (H, W) float64, Lsun/pixel, 0 where ``badpixels`` is True; ``eps``; ``ang``,
        degrees, clockwise from x: the position angle is ``(270 - ang) % 180``; ``xc`` and ``yc``,
        row and column of the brightest pixel; ``badpixels``, (H, W) bool.

    Raises
    ------
    ValueError
        As in `to_photutils`.
    """
    from mgefit import find_galaxy

    image, bad = _image(maps, band, pixels)
    found = find_galaxy(image, quiet=True)
    return {
        "img": image,
        "eps": float(found.eps),
        "ang": float(found.theta),
        "xc": int(found.xpeak),
        "yc": int(found.ypeak),
        "badpixels": bad,
    }


def _image(maps: GalaxyMaps, band: str, pixels: int | None) -> tuple[NDArray, NDArray]:
    """Return light, 0 where it is not finite, and where that is; (H, W) float64 and bool."""
    if band not in BANDS:
        msg = f"band must be one of {', '.join(BANDS)}, got {band!r}"
        raise ValueError(msg)
    stored = maps.flux_CHW
    light = rebin(stored, stored.shape[-1] if pixels is None else pixels)[BANDS.index(band)]
    bad = ~np.isfinite(light)
    return np.where(bad, 0.0, light).astype(np.float64), bad


def _uniform(image: NDArray, noise: float) -> NDArray:
    """Return the same standard deviation for all pixels."""
    if not noise > 0:
        msg = f"noise must be positive (Lsun/pixel), got {noise}"
        raise ValueError(msg)
    return np.full(image.shape, float(noise))
