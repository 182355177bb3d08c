"""Make the paper's four maps, r, g−r, V and σ, from stars on the sky (Chu et al. 2024, Sec. 2.2).

Raw maps are stored, and the displayed maps are derived from them: flux in g and r on 300 × 300
pixels and kinematic moments on 96 × 96 pixels, both over ±3 R_hsm or another of `frames`. Coarser
pixels are sums of finer ones.

Images are [row, column] with row = y upwards, column = x (``origin="lower"``).
Shape suffixes: C channels, H rows, W columns.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import Galaxy
from galmass_core.imaging.frames import PAPER, R_E, R_HSM, Frame
from galmass_core.imaging.projection import SkyStars, project
from galmass_core.imaging.rendering import deposit
from galmass_core.imaging.smoothing import NEIGHBOURS, smoothing_lengths
from galmass_core.imaging.sums import further_sums, kinematic_moments
from galmass_core.quantities import CHANNELS, IMAGE_PIXELS, MapSpec, map_spec

SEVERAL_STARS = 100.0  # of a pixel that holds a measurement: any number but 1, without dispersion


@dataclass(frozen=True, kw_only=True)
class MapConfig:
    """Settings of maps; the defaults are the paper's values."""

    half_width: float = PAPER.half_width  # half side of the frame, in `unit`
    light_pixels: int = IMAGE_PIXELS[0]
    kinematic_pixels: int = 96  # twice the paper's 48, which is a sum of these
    neighbours: int = NEIGHBOURS  # smoothing length: distance to this neighbour
    dust: str = "xu17"
    unit: str = PAPER.unit  # as of `frames.Frame`
    channels: tuple[str, ...] = ()  # of `quantities.CHANNELS`, for further maps

    def __post_init__(self) -> None:
        for name in self.channels:
            if name not in CHANNELS:
                msg = f"channels must be of {', '.join(CHANNELS)}, got {name!r}"
                raise ValueError(msg)

    @property
    def frame(self) -> Frame:
        """What the maps show."""
        return Frame(self.half_width, self.unit)

    def with_frame(self, frame: Frame) -> "MapConfig":
        """Return the same settings for another frame."""
        return replace(self, half_width=frame.half_width, unit=frame.unit)

    def half_width_of(self, half_mass_radius: float) -> float:
        """Return half of the side of a galaxy's frame [kpc] for R_hsm [kpc].

        Raises
        ------
        ValueError
            If it is in R_e, which is measured on maps: see `measurements.framed`.
        """
        if self.unit == R_E:
            msg = f"half of the frame must be known (kpc) for maps of {self.frame}, is not"
            raise ValueError(msg)
        return float(self.frame.half_widths({"half_mass_radius": half_mass_radius}))

    def settings(self) -> dict[str, Any]:
        """Return what a data set records: unit and channels only where they are not the paper's."""
        paper = {"unit": R_HSM, "channels": ()}
        return {key: each for key, each in asdict(self).items() if each != paper.get(key, ...)}


@dataclass(frozen=True, kw_only=True)
class GalaxyMaps:
    """The raw maps of one galaxy along one line of sight.

    Attributes
    ----------
    flux_CHW : (2, 300, 300) float32, Lsun per pixel
        Light in g and r, dimmed by dust.
    moments_CHW : (4, 96, 96) float32
        Per pixel: number of stars; sums of w, w v and w v² with w the r luminosity in Lsun
        and v the velocity along the line of sight in km/s.
    half_mass_radius : float, kpc
    half_width : float, kpc
        Half the side of the frame.
    further : mapping of (C, 96, 96) float32
        By name those of `quantities.CHANNELS` that are stored.
    """

    flux_CHW: NDArray
    moments_CHW: NDArray
    half_mass_radius: float
    half_width: float
    further: Mapping[str, NDArray] = field(default_factory=dict)

    def view(self, key: str, pixels: int | None = None) -> NDArray:
        """Return one of `quantities.MAPS`.

        Parameters
        ----------
        key : str
            Such as ``r`` [Lsun/pixel], ``g-r`` [mag], ``V`` or ``sigma`` [km/s].
        pixels : int, optional
            Side of the map; must divide 300 for light and 96 for kinematics. The paper's value
            by default: 300 and 48.

        Returns
        -------
        (pixels, pixels) float32
            NaN where it is undefined: no light for g−r, no star for V and σ.

        Raises
        ------
        ValueError
            If ``key`` is unknown, ``pixels`` does not divide the stored side, or the channels of
            the map are not stored.
        """
        spec = map_spec(key)
        return spec.view(self._channels(spec, spec.pixels if pixels is None else pixels))

    def _channels(self, spec: MapSpec, pixels: int) -> NDArray:
        """Return the channels that a map is made from."""
        if spec.made_from == "light":
            return rebin(self.flux_CHW, pixels)
        if spec.made_from == "moments":
            return rebin(self.moments_CHW, pixels)
        if spec.made_from not in self.further:
            msg = f"{spec.name} is made from {spec.made_from}, which these maps do not have"
            raise ValueError(msg)
        own_CHW = rebin(self.further[spec.made_from], pixels)
        if spec.made_from == "gas":
            return own_CHW
        return np.concatenate([rebin(self.moments_CHW, pixels), own_CHW])

    def stars(self, pixels: int) -> NDArray:
        """Return the number of stars in each pixel of a side, (pixels, pixels) float32."""
        return rebin(self.moments_CHW[:1], pixels)[0]

    def meaningful(self, key: str, pixels: int | None = None, least_stars: int = 1) -> NDArray:
        """Return a map as `view`, without pixels of too few stars.

        A single star has no dispersion: `view` has 0 there, as the paper's maps and its networks'
        input; here it is NaN.

        Parameters
        ----------
        key, pixels
            As of `view`.
        least_stars : int
            Fewest stars in a pixel of motion; `MapSpec.least_stars` where that is more.
        """
        spec, view_HW = map_spec(key), self.view(key, pixels)
        if not spec.is_of_stars:
            return view_HW
        enough_HW = self.stars(len(view_HW)) >= max(least_stars, spec.least_stars)
        return np.where(enough_HW, view_HW, np.float32(np.nan))


def render_maps(
    galaxy: Galaxy,
    line_of_sight: str,
    config: MapConfig | None = None,
    *,
    device: str = "cpu",
) -> GalaxyMaps:
    """Make the maps of a galaxy along one line of sight.

    Parameters
    ----------
    galaxy : Galaxy
    line_of_sight : str
        ``x``, ``y`` or ``z``.
    config : MapConfig, optional
        The paper's by default. A frame in R_e needs `measurements.framed`.
    device : str
        ``cpu`` or a torch device such as ``cuda``.

    Returns
    -------
    GalaxyMaps

    Raises
    ------
    ValueError
        If ``line_of_sight`` or the dust model is unknown, or the frame is in R_e.
    """
    config = config or MapConfig()
    support = support_radii(galaxy, config)
    sky = project(galaxy, line_of_sight, dust=config.dust)
    return with_further(render_sky(sky, support, config, device=device), galaxy, sky, config)


def with_further(maps: GalaxyMaps, galaxy: Galaxy, sky: SkyStars, config: MapConfig) -> GalaxyMaps:
    """Return maps with the further sums that their settings ask for."""
    if not config.channels:
        return maps
    side = config.kinematic_pixels
    sums = further_sums(galaxy, sky, config.channels, maps.half_width, side)
    return replace(maps, further=sums)


def support_radii(galaxy: Galaxy, config: MapConfig) -> NDArray:
    """Return the distance of each star to its 32nd neighbour in 3D, at most the frame.

    Shared by all lines of sight and bands of a galaxy (Sec. 2.2); (N,), kpc. Computed unless the
    file has them. Of a frame that is not in R_hsm it is the paper's, so that stars are as wide.
    """
    lengths = galaxy.stars.smoothing_lengths
    if lengths is None or config.neighbours != NEIGHBOURS:
        lengths = smoothing_lengths(galaxy.stars.positions, config.neighbours)
    widest = config.frame if config.unit == R_HSM else PAPER
    return np.minimum(lengths, widest.half_width * galaxy.half_mass_radius)


def render_sky(
    sky: SkyStars,
    support: NDArray,
    config: MapConfig,
    *,
    device: str = "cpu",
    half_width: float | None = None,
) -> GalaxyMaps:
    """Render the maps of projected stars; see `render_maps`.

    Parameters
    ----------
    sky : SkyStars
    support : (N,) float, kpc
        From `support_radii`.
    config : MapConfig
    device : str
    half_width : float, kpc, optional
        Half of the side of the frame; needed where that is in R_e, which is measured on maps.

    Returns
    -------
    GalaxyMaps

    Raises
    ------
    ValueError
        If the frame is in R_e, and ``half_width`` is not given.
    """
    if half_width is None:
        half_width = config.half_width_of(sky.half_mass_radius)
    flux_CHW = deposit(
        sky.x,
        sky.y,
        support,
        sky.luminosities,
        half_width=half_width,
        pixels=config.light_pixels,
        device=device,
    )
    return GalaxyMaps(
        flux_CHW=flux_CHW,
        moments_CHW=kinematic_moments(sky, half_width, config.kinematic_pixels),
        half_mass_radius=sky.half_mass_radius,
        half_width=half_width,
    )


def pixel_centres(pixels: int, half_width: float = 1.0) -> NDArray:
    """Return the centres of the pixels along one side of a frame, (pixels,), from its middle."""
    return (np.arange(pixels) + 0.5) * (2 * half_width / pixels) - half_width


def rebin(maps_CHW: NDArray, pixels: int) -> NDArray:
    """Sum blocks of pixels; conserves the total.

    Parameters
    ----------
    maps_CHW : (C, H, W) float
        Square maps of sums: fluxes or moments.
    pixels : int
        New side; must divide the old.

    Returns
    -------
    (C, pixels, pixels), same dtype

    Raises
    ------
    ValueError
        If ``pixels`` does not divide the side.
    """
    channels, side, _ = maps_CHW.shape
    if pixels < 1 or side % pixels:
        msg = f"pixels must divide the stored side of {side}, got {pixels}"
        raise ValueError(msg)
    if pixels == side:
        return maps_CHW
    block = side // pixels
    blocks = maps_CHW.reshape(channels, pixels, block, pixels, block)
    return blocks.sum(axis=(2, 4), dtype=np.float64).astype(maps_CHW.dtype)
