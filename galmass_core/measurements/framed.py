"""Make maps of a frame that R_e may set, and measure R_e for it."""

from numpy.typing import NDArray

from galmass_core.galaxy import GalaxyFileError
from galmass_core.imaging.frames import PAPER, R_E
from galmass_core.imaging.maps import GalaxyMaps, MapConfig, render_sky
from galmass_core.imaging.projection import SkyStars
from galmass_core.measurements.image_size import image_radius


def framed_maps(
    sky: SkyStars, support: NDArray, config: MapConfig, *, device: str = "cpu"
) -> tuple[GalaxyMaps, float]:
    """Make the maps of projected stars, and measure R_e of the r image.

    R_e is that of an image of ±3 R_hsm, whatever the frame of the maps, so that it is the same
    quantity in all data sets. Of a frame in R_e that image is made first.

    Parameters
    ----------
    sky, support, config, device
        As of `maps.render_sky`.

    Returns
    -------
    GalaxyMaps
    float, kpc
        R_e, as of `image_size.image_radius`.

    Raises
    ------
    GalaxyFileError
        If the frame is in R_e, and there is none.
    """
    wide = config.with_frame(PAPER)
    maps = render_sky(sky, support, wide, device=device)
    radius = image_radius(maps)
    if config == wide:
        return maps, radius
    if config.unit == R_E and not radius > 0:
        msg = f"the r image must have light to choose a frame of {config.frame}, has none"
        raise GalaxyFileError(msg)
    sizes = {"half_mass_radius": sky.half_mass_radius, "effective_radius_image": radius}
    half_width = float(config.frame.half_widths(sizes))
    return render_sky(sky, support, config, device=device, half_width=half_width), radius
