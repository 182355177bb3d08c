"""Take spectra of a galaxy: point-spread function, field, signal to noise, bins, and errors.

Shape suffixes: C channels, H rows, W columns; P elements along a side; B bins.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from galmass_core.imaging.maps import SEVERAL_STARS, pixel_centres
from galmass_core.imaging.pixel_bins import halve_pixels
from galmass_core.quantities.maps import KINEMATIC_PIXELS
from galmass_core.telescope.distances import kpc_per_arcsec, light_of
from galmass_core.telescope.image import sky_light
from galmass_core.telescope.optics import blur, collect, point_spread, shares
from galmass_core.telescope.presets import Spectrograph

_BRIGHTNESS = 23.0  # mag/arcsec² in r, of `Spectrograph.depth`


@dataclass(frozen=True, eq=False)
class Spectra:
    """What a spectrograph measures, in elements of a square grid around the galaxy.

    Attributes
    ----------
    light, v, sigma, signal_to_noise : (P, P) float
        r light [Lsun], velocity and dispersion [km/s] and signal to noise of an element; V and σ
        are those of its bin, and NaN where none is measured.
    bins : list of (M, 2) int
        Row and column of the elements of each bin.
    pixel : float, kpc
        Side of an element.
    """

    light: NDArray
    v: NDArray
    sigma: NDArray
    signal_to_noise: NDArray
    bins: list[NDArray]
    pixel: float


def take_spectra(
    moments_CHW: NDArray,
    half_width: float,
    effective_radius: float,
    spectrograph: Spectrograph,
    redshift: float,
    generator: np.random.Generator,
) -> Spectra:
    """Measure V and σ of a galaxy.

    Errors are normal: those of velocity and of dispersion are the dispersion of the lines, with
    that of the instrument, over signal to noise. A dispersion that is measured below that of the
    instrument is 0.

    Parameters
    ----------
    moments_CHW : (4, H, W) float
        Of stars, as in `GalaxyMaps`.
    half_width, effective_radius : float, kpc
        Half the side of the frame; half-light radius, by which the field is chosen.
    spectrograph : Spectrograph
    redshift : float
    generator : numpy.random.Generator
    """
    side, scale = moments_CHW.shape[-1], kpc_per_arcsec(redshift)
    pixel = max(spectrograph.spaxel * scale, 2 * half_width / KINEMATIC_PIXELS)
    width = spectrograph.seeing * scale * side / (2 * half_width)
    blurred = blur(moments_CHW[1:], point_spread(width, spectrograph.moffat, 2 * side - 1))
    sums = collect(blurred, shares(side, half_width, pixel, KINEMATIC_PIXELS))
    light = np.maximum(sums[0], 0)
    ratio = signal_to_noise(light, pixel / scale, spectrograph, redshift)
    places = (np.arange(len(light)) - (len(light) - 1) / 2) * pixel / scale
    radius = effective_radius / scale
    seen = (ratio >= spectrograph.least) & (light > 1e-9 * light.max(initial=0))
    seen &= in_field(places, places[:, None], spectrograph, radius)
    bins = _bins(np.argwhere(seen), light, ratio, spectrograph.bins)
    v, sigma = np.full((2, *light.shape), np.nan)
    if bins:
        measured = _measure(sums, light, ratio, bins, spectrograph.dispersion, generator)
        for members, *values in zip(bins, *measured, strict=True):
            v[tuple(members.T)], sigma[tuple(members.T)] = values
    return Spectra(light, v, sigma, ratio, bins, pixel)


def signal_to_noise(
    light: NDArray, pixel: float, spectrograph: Spectrograph, redshift: float
) -> NDArray[np.float64]:
    """Return the signal to noise per Ångström of elements: photons of the galaxy and of the sky.

    Parameters
    ----------
    light : (...) float, Lsun
        Of each element in r.
    pixel : float, arcsec
        Side of an element.
    spectrograph : Spectrograph
    redshift : float
    """
    square = kpc_per_arcsec(redshift) ** 2
    sky = sky_light("r", redshift) * square  # of a square arcsec
    known = light_of(_BRIGHTNESS, "r", redshift)
    photons = spectrograph.depth**2 * (known + sky) / known**2  # per Lsun
    return light * np.sqrt(photons / (light + sky * pixel**2))


def in_field(
    x: NDArray, y: NDArray, spectrograph: Spectrograph, radius: float
) -> NDArray[np.bool_]:
    """Return whether places [arcsec] are in the field for a galaxy of a half-light radius."""
    enough = [each for each in spectrograph.fields if each / 2 >= spectrograph.reach * radius]
    field = min(enough, default=max(spectrograph.fields))
    return in_hexagon(x, y, field) if spectrograph.hexagon else np.hypot(x, y) <= field / 2


def in_hexagon(x: NDArray, y: NDArray, diameter: float) -> NDArray[np.bool_]:
    """Return whether places are in a hexagon of a diameter between corners, one of them up."""
    across, up = np.abs(x), np.abs(y)
    return (across <= np.sqrt(3) / 4 * diameter) & (up <= diameter / 2 - across / np.sqrt(3))


def _bins(places: NDArray, light: NDArray, ratio: NDArray, least: float) -> list[NDArray]:
    """Return the elements of each bin; each by itself without bins."""
    if not len(places) or not least:
        return list(places[:, None])
    signal = light[tuple(places.T)]
    variance = (signal / ratio[tuple(places.T)]) ** 2
    return [places[members] for members in halve_pixels(places, signal, variance, least)]


def _measure(
    sums: NDArray,
    light: NDArray,
    ratio: NDArray,
    bins: list[NDArray],
    instrument: float,
    generator: np.random.Generator,
) -> tuple[NDArray, NDArray]:
    """Return V and σ of each bin, (B,), with errors."""
    order = tuple(np.concatenate(bins).T)
    starts = np.cumsum([0, *map(len, bins[:-1])])
    weight, moment, square = (np.add.reduceat(each[order], starts) for each in sums)
    noise = np.add.reduceat((light[order] / ratio[order]) ** 2, starts) ** 0.5
    mean = moment / weight
    lines = observed_dispersion(np.sqrt(np.maximum(square / weight - mean**2, 0)), instrument)
    error = lines * noise / weight
    v = mean + error * generator.standard_normal(len(bins))
    measured = lines + error * generator.standard_normal(len(bins))
    return v, np.sqrt(
        np.maximum(measured, 0) ** 2 - instrument**2,
        where=measured > instrument,
        out=np.zeros(len(bins)),
    )


def observed_dispersion(sigma: NDArray, instrument: float) -> NDArray[np.float64]:
    """Return the dispersion of lines in a spectrum: that of the stars and of the instrument."""
    return np.hypot(sigma, instrument)


def to_moments(spectra: Spectra, half_width: float) -> NDArray[np.float32]:
    """Return what was measured as moments of the frame, (4, 48, 48).

    Each pixel has the element at its centre, so that a bin stays one value.
    """
    side, count = KINEMATIC_PIXELS, len(spectra.light)
    places = pixel_centres(side, half_width) / spectra.pixel + count / 2
    nearest = np.ix_(*2 * (np.clip(np.floor(places).astype(int), 0, count - 1),))
    light, v, sigma = (each[nearest] for each in (spectra.light, spectra.v, spectra.sigma))
    known = np.isfinite(v)
    light = light * (2 * half_width / side / spectra.pixel) ** 2
    weight, v, sigma = (np.where(known, each, 0.0) for each in (light, v, sigma))
    terms = (SEVERAL_STARS * known, weight, weight * v, weight * (v**2 + sigma**2))
    return np.stack(terms).astype(np.float32)
