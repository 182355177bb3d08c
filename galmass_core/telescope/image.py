"""Take an image of a galaxy: point-spread function, pixels, and noise of the sky.

Shape suffixes: C channels, H rows, W columns.
"""

import numpy as np
from numpy.typing import NDArray

from galmass_core.photometry import BANDS
from galmass_core.telescope.distances import kpc_per_arcsec, light_of
from galmass_core.telescope.optics import FWHM, blur, collect, point_spread, shares, spread
from galmass_core.telescope.presets import Camera

SKY = {"g": 21.8, "r": 20.9}  # mag/arcsec², of a dark night (York et al. 2000, AJ 120, 1579)
_DETECTED = 5.0  # signal to noise of a point source at the depth


def sky_noise(camera: Camera, band: str, redshift: float) -> float:
    """Return the noise of the sky in the light of a square kpc of a galaxy [Lsun].

    A point source covers the area 4 π s² of a Gaussian of dispersion s.
    """
    number = BANDS.index(band)
    dispersion = camera.seeing[number] / FWHM * kpc_per_arcsec(redshift)
    faintest = light_of(camera.depth[number], band, redshift)
    return faintest / (_DETECTED * np.sqrt(4 * np.pi) * dispersion)


def sky_light(band: str, redshift: float) -> float:
    """Return the light of the sky behind a square kpc of a galaxy [Lsun]."""
    return light_of(SKY[band], band, redshift) / kpc_per_arcsec(redshift) ** 2


def take_image(
    flux_CHW: NDArray,
    half_width: float,
    camera: Camera,
    redshift: float,
    generator: np.random.Generator,
) -> NDArray[np.float32]:
    """Return the image of a camera on the pixels of the frame.

    The noise of each pixel of the camera (of the frame, where these are larger) is normal; its
    variance is that of the sky, and grows with the galaxy's own light as photons do.

    Parameters
    ----------
    flux_CHW : (2, H, W) float, Lsun per pixel
        In g and r.
    half_width : float, kpc
        Half the side of the frame.
    camera : Camera
    redshift : float
    generator : numpy.random.Generator

    Returns
    -------
    (2, H, W) float32, Lsun per pixel
        Below 0 where noise is.
    """
    side, scale = flux_CHW.shape[-1], kpc_per_arcsec(redshift)
    onto = shares(side, half_width, camera.pixel * scale, side)
    area = max(camera.pixel * scale, 2 * half_width / side) ** 2
    seen = []
    for number, band in enumerate(BANDS):
        width = camera.seeing[number] * scale * side / (2 * half_width)
        kernel = point_spread(width, camera.moffat, 2 * side - 1)
        light = collect(blur(flux_CHW[number : number + 1], kernel), onto)
        share = np.maximum(light, 0) / (sky_light(band, redshift) * area)
        noise = sky_noise(camera, band, redshift) * np.sqrt(area * (1 + share))
        seen.append(spread(light + noise * generator.standard_normal(light.shape), onto)[0])
    return np.stack(seen).astype(np.float32)
