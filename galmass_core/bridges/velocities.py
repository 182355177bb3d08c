"""Motions of the stars for pafit, PowerBin, JamPy and spectral-cube.

Positions are those of pixel centres from the galaxy's centre, x to the right and y up; velocities
are positive where stars recede, and relative to the galaxy. Pixels without stars are left out.
Position angles are in degrees, counterclockwise from up (y), of the receding side.

The error of a mean over n stars is taken as the dispersion inside pixels, from all of them, over
the square root of n: that of a single pixel is unknown where it has one star.
"""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import Galaxy
from galmass_core.imaging.frames import R_E
from galmass_core.imaging.maps import (
    GalaxyMaps,
    MapConfig,
    pixel_centres,
    rebin,
    support_radii,
)
from galmass_core.imaging.projection import project
from galmass_core.measurements.framed import framed_maps
from galmass_core.photometry import BANDS
from galmass_core.quantities import MOMENTS, map_spec

if TYPE_CHECKING:
    from spectral_cube import SpectralCube

_ARCSEC_PER_KPC = 180 * 3600 / np.pi / 1000  # at 1 Mpc


def to_pafit(maps: GalaxyMaps, *, pixels: int | None = None) -> dict[str, NDArray]:
    """Return the velocity map as arguments of pafit: ``fit_kinematic_pa(**to_pafit(maps))``.

    pafit answers with an angle from 0 to 180: the receding side may be opposite (`receding_side`).

    Parameters
    ----------
    maps : GalaxyMaps
    pixels : int, optional
        Side; must divide the stored one, which is the default.

    Returns
    -------
    dict
        ``x``, ``y``, (K,) kpc; ``vel``, (K,) km/s; ``dvel``, its error, (K,) km/s. Of the K pixels
        with stars; pafit takes a single NaN for a position angle of 0.

    Raises
    ------
    ValueError
        If ``pixels`` does not divide the side.
    """
    seen = _seen(maps, pixels)
    error = _inner_dispersion(seen) / np.sqrt(seen["count"])
    return {"x": seen["x"], "y": seen["y"], "vel": seen["V"], "dvel": error}


def receding_side(maps: GalaxyMaps, position_angle: float) -> float:
    """Return which end of an axis recedes: the position angle, or the opposite one.

    Parameters
    ----------
    maps : GalaxyMaps
    position_angle : float, degrees
        Counterclockwise from up, of either end, as from pafit or mgefit.

    Returns
    -------
    float, degrees
        0 to 360.
    """
    seen = _seen(maps, None)
    along, _ = _along(seen["x"], seen["y"], position_angle)
    turned = float(np.sum(seen["light"] * seen["V"] * along)) < 0
    return (position_angle + 180 * turned) % 360


def to_powerbin(maps: GalaxyMaps, target: float, *, pixels: int | None = None) -> dict[str, Any]:
    """Return the pixels with stars as arguments of PowerBin: ``PowerBin(**to_powerbin(maps, 30))``.

    The number of stars is what adds up (the square of signal to noise of a mean velocity).
    ``bin_num`` counts the pixels in the order of ``moments_CHW[0] > 0``. Sum with it: PowerBin's
    ``bin_capacity`` and ``npix`` are those of one step before. Bins may hold half of the target.

    Parameters
    ----------
    maps : GalaxyMaps
    target : float
        Stars in a bin.
    pixels : int, optional
        As in `to_pafit`.

    Returns
    -------
    dict
        ``xy``, (K, 2) kpc; ``capacity_spec``, stars in each pixel, (K,); ``target_capacity``;
        ``pixelsize``, kpc.

    Raises
    ------
    ValueError
        If ``pixels`` does not divide the side, or there are fewer stars than ``target``, for which
        PowerBin has an IndexError.
    """
    seen = _seen(maps, pixels)
    stars = float(seen["count"].sum())
    if not 0 < target <= stars:
        msg = f"target must be above 0 and at most the {stars:g} stars of the maps, got {target}"
        raise ValueError(msg)
    side = maps.moments_CHW.shape[-1] if pixels is None else pixels
    return {
        "xy": np.column_stack([seen["x"], seen["y"]]),
        "capacity_spec": seen["count"],
        "target_capacity": float(target),
        "pixelsize": 2 * float(maps.half_width) / side,
    }


def to_jampy(
    maps: GalaxyMaps,
    mge: NDArray,
    *,
    position_angle: float,
    distance: float,
    moment: Literal["zz", "z"] = "zz",
    image_pixels: int | None = None,
    pixels: int | None = None,
) -> dict[str, Any]:
    """Return light and motion as arguments of JamPy: ``jam.axi.proj(**to_jampy(...), inc=...)``.

    JamPy's x is the projected major axis, here the end that recedes; mass, inclination and black
    hole (``model_pot_proj``, ``inc``, ``mbh``) are what one fits. Neither galmass nor its extra
    ``bridges`` installs JamPy, whose licence is not free.

    Parameters
    ----------
    maps : GalaxyMaps
    mge : (3, M) float
        ``sol`` of mgefit's ``fit_sectors`` on `to_mgefit`: total light [Lsun], dispersion [pixels]
        and axis ratio of each Gaussian.
    position_angle : float, degrees
        Of either end of the major axis, as in `receding_side`.
    distance : float, Mpc
        From which the galaxy is seen: JamPy's lengths are in arcsec.
    moment : str
        ``zz``: root mean square velocity; ``z``: mean velocity.
    image_pixels : int, optional
        Side of the image that ``mge`` was fitted to; by default the stored one.
    pixels : int, optional
        As in `to_pafit`, of the velocities.

    Returns
    -------
    dict
        ``model_lum_proj``: peak surface brightness [Lsun/pc^2], dispersion [arcsec] and axis ratio;
        ``distance``; ``xbin``, ``ybin``, (K,) arcsec, without the centre itself, where JamPy's
        model is singular; ``data`` and ``errors``, (K,) km/s; ``moment``.

    Raises
    ------
    ValueError
        If a number of pixels does not divide the side, the moment is unknown, or the distance is
        not positive.
    """
    _check_distance(distance)
    if moment not in ("zz", "z"):
        msg = f"moment must be zz or z, got {moment!r}"
        raise ValueError(msg)
    seen = _seen(maps, pixels)
    seen = {key: values[np.hypot(seen["x"], seen["y"]) > 0] for key, values in seen.items()}
    along, across = _along(seen["x"], seen["y"], receding_side(maps, position_angle))
    light, dispersion, ratio = np.asarray(mge, dtype=float)
    side = maps.flux_CHW.shape[-1] if image_pixels is None else image_pixels
    pixel = 2 * float(maps.half_width) / side  # kpc
    arcsec = _ARCSEC_PER_KPC / distance
    peak = light / (2 * np.pi * ratio * (dispersion * pixel * 1000) ** 2)
    root = np.hypot(seen["V"], seen["sigma"])
    spread = _inner_dispersion(seen)
    if moment == "zz":
        spread = np.sqrt(np.average(root**2, weights=seen["count"]) / 2)
    return {
        "model_lum_proj": (peak, dispersion * pixel * arcsec, ratio),
        "distance": float(distance),
        "xbin": along * arcsec,
        "ybin": across * arcsec,
        "data": root if moment == "zz" else seen["V"],
        "errors": spread / np.sqrt(seen["count"]),
        "moment": moment,
    }


def to_spectral_cube(
    galaxy: Galaxy,
    line_of_sight: str,
    *,
    distance: float,
    channel: float = 10.0,
    config: MapConfig | None = None,
) -> "SpectralCube":
    """Return a cube of r light by line-of-sight velocity, as a spectral-cube.

    Every star is in one voxel, without instrument or noise. Up is north and left is east, so right
    ascension falls with the column. Channels rise in velocity; the middle one is centred on rest.

    Parameters
    ----------
    galaxy : Galaxy
    line_of_sight : str
        ``x``, ``y`` or ``z``.
    distance : float, Mpc
        From which it is seen; at right ascension and declination 0.
    channel : float, km/s
    config : MapConfig, optional
        Frame, side (``kinematic_pixels``) and dust; the paper's by default.

    Returns
    -------
    spectral_cube.SpectralCube
        (velocity, row, column), Lsun; 0, not NaN, where no star is.

    Raises
    ------
    ValueError
        If the line of sight is unknown, or distance or channel is not positive.
    """
    from astropy import units
    from astropy.wcs import WCS
    from spectral_cube import SpectralCube

    _check_distance(distance)
    if not channel > 0:
        msg = f"channel must be positive (km/s), got {channel}"
        raise ValueError(msg)
    config = config or MapConfig()
    sky = project(galaxy, line_of_sight, dust=config.dust)
    if config.unit == R_E:
        width = framed_maps(sky, support_radii(galaxy, config), config)[0].half_width
    else:
        width = config.half_width_of(galaxy.half_mass_radius)
    side = config.kinematic_pixels
    fastest = int(np.ceil(np.abs(sky.velocities).max() / channel))
    edges = np.linspace(-width, width, side + 1)
    light, _ = np.histogramdd(
        (sky.velocities, sky.y, sky.x),
        bins=((np.arange(2 * fastest + 2) - fastest - 0.5) * channel, edges, edges),
        weights=sky.luminosities[BANDS.index("r")],
    )
    degrees = 2 * width / side * _ARCSEC_PER_KPC / distance / 3600
    frame = WCS(naxis=3)
    frame.wcs.ctype = ["RA---TAN", "DEC--TAN", "VRAD"]
    frame.wcs.cunit = ["deg", "deg", "km/s"]
    frame.wcs.cdelt = [-degrees, degrees, channel]
    frame.wcs.crpix = [(side + 1) / 2, (side + 1) / 2, fastest + 1]
    frame.wcs.crval = [0.0, 0.0, 0.0]
    return SpectralCube(light * units.Lsun, wcs=frame)


def _seen(maps: GalaxyMaps, pixels: int | None) -> dict[str, NDArray]:
    """Return the pixels with light of stars: place, number of stars, light, V and sigma; (K,)."""
    stored = maps.moments_CHW
    moments_CHW = rebin(stored, stored.shape[-1] if pixels is None else pixels)
    side = moments_CHW.shape[-1]
    x_HW, y_HW = np.meshgrid(*2 * (pixel_centres(side, float(maps.half_width)),))
    values = {
        "x": x_HW,
        "y": y_HW,
        "count": moments_CHW[MOMENTS.index("count")],
        "light": moments_CHW[MOMENTS.index("sum w")],
        "V": map_spec("V").view(moments_CHW),
        "sigma": map_spec("sigma").view(moments_CHW),
    }
    lit = np.isfinite(values["V"]) & (values["count"] > 0)
    return {key: array[lit].astype(np.float64) for key, array in values.items()}


def _inner_dispersion(seen: dict[str, NDArray]) -> float:
    """Return the dispersion inside pixels, from those with several stars [km/s]."""
    freedom = seen["count"] - 1
    several = float(freedom.sum())
    if not several:
        return float(np.std(seen["V"]))
    return float(np.sqrt(np.sum(seen["count"] * seen["sigma"] ** 2) / several))


def _along(x: NDArray, y: NDArray, position_angle: float) -> tuple[NDArray, NDArray]:
    """Return coordinates along an axis, and 90 degrees counterclockwise from it."""
    sine, cosine = np.sin(np.radians(position_angle)), np.cos(np.radians(position_angle))
    return y * cosine - x * sine, -x * cosine - y * sine


def _check_distance(distance: float) -> None:
    if not 0 < distance < np.inf:
        msg = f"distance must be positive (Mpc), got {distance}"
        raise ValueError(msg)
