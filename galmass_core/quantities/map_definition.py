"""Define what a map is: all of its properties, and the stored channels that it is made from.

Shape suffixes: C channels, H rows, W columns.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from numpy.typing import NDArray

from galmass_core.quantities.quantity import Kind, Quantity

IMAGE_PIXELS = (300, 150, 60)  # sides of images, Sec. 2.2 of Chu et al. (2024)
MOMENTS = ("count", "sum w", "sum wv", "sum wv^2")  # w: r-band luminosity; v: line of sight
CHANNELS = {  # beside light and moments, where a build is asked for them
    "populations": ("sum m", "sum wt", "sum wZ"),  # m: stellar mass; t: age; Z: metal fraction
    "shapes": ("sum wv^3", "sum wv^4"),
    "gas": ("count", "sum n", "sum nv", "sum nv^2"),  # n: mass of neutral hydrogen
}
Channels = Literal["light", "moments", "populations", "shapes", "gas"]
ColourRule = Literal["decades", "fixed", "symmetric", "percentiles"]


@dataclass(frozen=True, kw_only=True)
class MapSpec(Quantity):
    """Definition of a map.

    Attributes
    ----------
    made_from : str
        ``light``: flux in `BANDS`, (2, H, W) float32, Lsun/pixel. Its side for networks can be
        chosen from `IMAGE_PIXELS`. ``moments``: sums in the order of `MOMENTS`, (4, H, W) float32.
        ``populations``, ``shapes``: moments, then these of `CHANNELS`. ``gas``: of `CHANNELS`.
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
        Of a pixel of stars, for its value to mean something: two for a dispersion.
    odd : bool
        Whether it changes sign when all velocities do; ``limits`` must be symmetric then.
    per_pixel : bool
        Whether values are sums over a pixel, so that larger pixels have larger ones.
    control : bool
        Whether it is a control for other maps: 0 or 1 in each pixel, used alone, and not displayed.
    further : bool
        Whether it is none of the paper's: shown and learned only where it is asked for.
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
    further: bool = False
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

    @property
    def is_of_stars(self) -> bool:
        """Whether its pixels hold stars, so that their number matters."""
        return self.made_from not in ("light", "gas")

    def side(self, image_pixels: int) -> int:
        """Return its side for networks if that of images is ``image_pixels``."""
        return image_pixels if self.is_image else self.pixels
