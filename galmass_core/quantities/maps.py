"""Define the maps: all their properties, and their computation from stored channels.

A data set stores channels: light in `BANDS` and sums over the stars of each pixel (`MOMENTS`).
A map is a function of one kind of channels. Every module that renders, codes, scales, augments,
names or draws maps reads its entry here, so that a new map is one function and one entry of
`MAPS`, or, from a notebook or a script, one call of `register_map`.

Shape suffixes: C channels, H rows, W columns.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from galmass_core.photometry import BANDS, SUN_AB
from galmass_core.quantities.quantity import QUANTITIES, Kind, Quantity

MOMENTS = ("count", "sum w", "sum wv", "sum wv^2")  # w: r-band luminosity; v: line of sight
IMAGE_PIXELS = (300, 150, 60)  # sides of images, Sec. 2.2 of Chu et al. (2024)
KINEMATIC_PIXELS = 48  # side of maps of moments, Sec. 2.2
Channels = Literal["light", "moments"]
ColourRule = Literal["decades", "fixed", "symmetric", "percentiles"]


@dataclass(frozen=True, kw_only=True)
class MapSpec(Quantity):
    """Definition of a map.

    Attributes
    ----------
    made_from : str
        ``light``: flux in `BANDS`, (2, H, W) float32, Lsun/pixel. Its side for networks can be
        chosen from `IMAGE_PIXELS`. ``moments``: sums in the order of `MOMENTS`, (4, H, W) float32.
    view : callable
        Function of channels, summed to the requested pixels, that returns the map, (H, W) float32
        in ``unit``; NaN where it is undefined.
    pixels : int
        Side for display, and, unless made from light, for networks.
    codes : tuple of float
        First and last value that 16-bit codes of networks reach; values outside are clipped.
        Of the decimal logarithm where ``log_codes``.
    limits : tuple of float or None
        Values that are scaled to 0 and 1 for a network; None to measure them on training samples.
    log_codes : bool
        Whether networks use the decimal logarithm; a pixel of 0 then has the first code.
    empty : float or None
        Input of networks in an empty pixel; None for the value of the whole frame as one pixel.
    least_stars : int
        Of a pixel made from moments, for its value to mean something: two for a dispersion.
    odd : bool
        Whether it changes sign when all velocities do; ``limits`` must be symmetric then.
    per_pixel : bool
        Whether values are sums over a pixel, so that larger pixels have larger ones.
    control : bool
        Whether it is a control for other maps: 0 or 1 in each pixel, used alone, and not displayed.
    palette : str
        Name of a palette of the dashboard.
    colours : str
        Range of colours: ``decades``, below the brightest pixels as many as between
        ``colour_range``; ``fixed`` to ``colour_range``; ``symmetric`` about zero; or
        ``percentiles``.
    colour_range : tuple of float
        The range where it is fixed, or no pixel has a value.
    digits : str
        Format of a value, as in printf.

    Raises
    ------
    ValueError
        If ``odd`` and ``limits`` contradict each other, or the key cannot be part of the name of
        an experiment.
    """

    kind: Kind = "map"
    per_sample: bool = True
    made_from: Channels
    view: Callable[[NDArray], NDArray]
    pixels: int
    codes: tuple[float, float]
    limits: tuple[float, float] | None = None
    log_codes: bool = False
    empty: float | None = 0.0
    least_stars: int = 1
    odd: bool = False
    per_pixel: bool = False
    control: bool = False
    palette: str = "inferno"
    colours: ColourRule = "percentiles"
    colour_range: tuple[float, float] = (0.0, 1.0)
    digits: str = "%.3g"

    def __post_init__(self) -> None:
        if self.odd and (self.limits is None or sum(self.limits) != 0):
            msg = f"{self.key}: limits of an odd map must be symmetric about 0, got {self.limits}"
            raise ValueError(msg)
        if not self.key or set(self.key) & set("+,/@;: "):
            msg = f"the key of a map must not be empty or have any of '+,/@;: ', got {self.key!r}"
            raise ValueError(msg)

    @property
    def is_image(self) -> bool:
        """Whether its side can be chosen for networks."""
        return self.made_from == "light"

    def side(self, image_pixels: int) -> int:
        """Return its side for networks if that of images is ``image_pixels``."""
        return image_pixels if self.is_image else self.pixels


def r_light(flux_CHW: NDArray) -> NDArray:
    """Return the flux in r; (H, W) float32, Lsun/pixel, 0 where dark."""
    return flux_CHW[BANDS.index("r")]


def light_colour(flux_CHW: NDArray) -> NDArray:
    """Return g−r of each pixel from its flux in g and r; (H, W) float32, mag, NaN where dark."""
    g_HW, r_HW = flux_CHW
    lit = (g_HW > 0) & (r_HW > 0)
    ratio_HW = np.divide(g_HW, r_HW, out=np.full_like(r_HW, np.nan), where=lit)
    return -2.5 * np.log10(ratio_HW) + np.float32(SUN_AB["g"] - SUN_AB["r"])


def mean_velocity(moments_CHW: NDArray) -> NDArray:
    """Return the light-weighted mean velocity of each pixel (Sec. 2.2).

    Returns
    -------
    (H, W) float32, km/s
        NaN where no star is.
    """
    _, light_HW, light_v_HW, _ = moments_CHW.astype(np.float64)
    return _per_light(light_v_HW, light_HW).astype(np.float32)


def velocity_dispersion(moments_CHW: NDArray) -> NDArray:
    """Return the light-weighted velocity dispersion of each pixel (Sec. 2.2).

    Returns
    -------
    (H, W) float32, km/s
        NaN where no star is; a single star has dispersion 0.
    """
    count_HW, light_HW, light_v_HW, light_v2_HW = moments_CHW.astype(np.float64)
    mean = _per_light(light_v_HW, light_HW)
    square = _per_light(light_v2_HW, light_HW)
    variance = np.where(count_HW == 1, 0.0, np.maximum(square - mean**2, 0.0))
    return np.sqrt(np.where(light_HW > 0, variance, np.nan)).astype(np.float32)


def star_occupancy(moments_CHW: NDArray) -> NDArray:
    """Return 1 where a star is, else 0; (H, W) float32."""
    return (moments_CHW[MOMENTS.index("count")] > 0).astype(np.float32)


def _per_light(sum_HW: NDArray, light_HW: NDArray) -> NDArray:
    """Divide a light-weighted sum by the light; NaN where there is none."""
    return np.divide(sum_HW, light_HW, out=np.full_like(light_HW, np.nan), where=light_HW > 0)


MAPS: dict[str, MapSpec] = {
    spec.key: spec
    for spec in (
        MapSpec(
            key="r",
            symbol="r",
            name="r image",
            unit="Lsun/pixel",
            help="Starlight in the SDSS r band, dimmed by dust.",
            made_from="light",
            view=r_light,
            pixels=IMAGE_PIXELS[0],
            codes=(-2.0, 12.0),
            log_codes=True,
            per_pixel=True,
            palette="gray",
            colours="decades",
            colour_range=(1.0, 10**3.5),
            digits="%.2e",
        ),
        MapSpec(
            key="g-r",
            symbol="g−r",
            name="g−r colour map",
            unit="mag",
            help="Colour of the starlight: red where stars are old, metal-rich or behind dust.",
            made_from="light",
            view=light_colour,
            pixels=IMAGE_PIXELS[0],
            codes=(-2.0, 4.0),
            limits=(-0.2, 1.2),
            empty=None,
            palette="starlight",
            colours="fixed",
            digits="%.2f",
        ),
        MapSpec(
            key="V",
            symbol="V",
            name="velocity map",
            unit="km/s",
            help="Mean velocity of the stars along the line of sight; positive moves away from us.",
            made_from="moments",
            view=mean_velocity,
            pixels=KINEMATIC_PIXELS,
            codes=(-3000.0, 3000.0),
            limits=(-500.0, 500.0),
            odd=True,
            palette="velocity",
            colours="symmetric",
            colour_range=(-1.0, 1.0),
            digits="%.0f",
        ),
        MapSpec(
            key="sigma",
            symbol="σ",
            name="dispersion map",
            unit="km/s",
            help="Spread of the stars' velocities along the line of sight.",
            made_from="moments",
            view=velocity_dispersion,
            pixels=KINEMATIC_PIXELS,
            codes=(0.0, 3000.0),
            limits=(0.0, 500.0),
            least_stars=2,
            palette="inferno",
            digits="%.0f",
        ),
        MapSpec(
            key="occupancy",
            symbol="stars?",
            name="occupied pixels (a control)",
            help="Which pixels have a star, and nothing else: shows how much of a result comes "
            "from counting them. It is learned from alone.",
            made_from="moments",
            view=star_occupancy,
            pixels=KINEMATIC_PIXELS,
            codes=(0.0, 1.0),
            limits=(0.0, 1.0),
            control=True,
        ),
    )
}
OCCUPANCY = "occupancy"  # the control of all maps of moments
_BUILT_IN = frozenset(MAPS)


def map_spec(key: str) -> MapSpec:
    """Return the entry of a map.

    Raises
    ------
    ValueError
        If there is none; the message lists the known ones.
    """
    if key not in MAPS:
        msg = f"map must be one of {', '.join(MAPS)}, got {key!r}"
        raise ValueError(msg)
    return MAPS[key]


def map_keys() -> tuple[str, ...]:
    """Return the keys of all displayed maps: ``r, g-r, V, sigma`` and those registered."""
    return tuple(key for key, spec in MAPS.items() if not spec.control)


def has_images(keys: Iterable[str]) -> bool:
    """Return whether any map is an image, whose side can be chosen; unknown keys are ignored."""
    return any(MAPS[key].is_image for key in keys if key in MAPS)


def has_kinematics(keys: Iterable[str]) -> bool:
    """Return whether any map is made from moments and is not a control; ignore unknown keys."""
    specs = (MAPS[key] for key in keys if key in MAPS)
    return any(spec.made_from == "moments" and not spec.control for spec in specs)


def is_registered(key: str) -> bool:
    """Return whether a map was added by `register_map`."""
    return key not in _BUILT_IN


def register_map(spec: MapSpec) -> None:
    """Add a map for this process, or replace one that was added before.

    From then on every data set provides it (`DataSet.tensors`, `GalaxyMaps.view`), networks can use
    it alone (``mstar/KEY``) or with other maps (``mstar/r+2V+KEY``), and figures and pages of the
    dashboard created later show it. It must be registered again wherever a run trained on it is
    used.

    Parameters
    ----------
    spec : MapSpec

    Raises
    ------
    ValueError
        If a map or a column of galmass itself has that key.

    Examples
    --------
    >>> register_map(
    ...     MapSpec(
    ...         key="stars",
    ...         symbol="N*",
    ...         name="star count",
    ...         unit="1/pixel",
    ...         made_from="moments",
    ...         view=lambda moments_CHW: moments_CHW[0],
    ...         pixels=48,
    ...         codes=(0.0, 10_000.0),
    ...         per_pixel=True,
    ...     )
    ... )
    """
    if spec.key in QUANTITIES and (spec.key not in MAPS or spec.key in _BUILT_IN):
        msg = f"the key of a new map must not be that of a map or column, got {spec.key!r}"
        raise ValueError(msg)
    MAPS[spec.key] = QUANTITIES[spec.key] = spec
