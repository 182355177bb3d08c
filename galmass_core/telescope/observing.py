"""Make what a telescope sees of a galaxy from its maps."""

from dataclasses import replace

import numpy as np

from galmass_core.imaging.maps import GalaxyMaps
from galmass_core.measurements.targets import HALF_LIGHT
from galmass_core.telescope.image import take_image
from galmass_core.telescope.presets import Telescope
from galmass_core.telescope.spectra import take_spectra, to_moments


def look(
    maps: GalaxyMaps,
    telescope: Telescope,
    generator: np.random.Generator,
    *,
    images: bool = True,
) -> GalaxyMaps:
    """Return the maps of a galaxy as a telescope sees them.

    The frame stays, on 300 pixels for light and 48 for motion: instrument pixels that are
    larger are squares of one value. Light outside the frame does not reach into it. What a
    spectrograph would make of further maps is not known: there are none.

    Parameters
    ----------
    maps : GalaxyMaps
    telescope : Telescope
        One of `presets.TELESCOPES`, or any other.
    generator : numpy.random.Generator
        Of the noise.
    images : bool
        Whether light is needed: it takes most of the time.

    Returns
    -------
    GalaxyMaps
    """
    half_width, spectrograph = float(maps.half_width), telescope.spectrograph
    seen = maps
    if spectrograph is not None:
        spectra = take_spectra(
            maps.moments_CHW,
            half_width,
            float(maps.half_mass_radius) / HALF_LIGHT,
            spectrograph,
            telescope.redshift,
            generator,
        )
        seen = replace(seen, moments_CHW=to_moments(spectra, half_width), further={})
    if images:
        parts = (telescope.camera, telescope.redshift, generator)
        seen = replace(seen, flux_CHW=take_image(maps.flux_CHW, half_width, *parts))
    return seen
