"""Fits of Sersic's law to an image: ours beside those of lenstronomy and AstroPhot."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from galmass_core.benchmarks import agreement_data as data
from galmass_core.benchmarks.agreement_images import sersic_and_size
from galmass_core.benchmarks.agreement_rows import Row, row
from galmass_core.imaging.maps import pixel_centres

_RATIO, _PIXELS, _HALF_WIDTH = 0.5, 120, 5.0  # half side of the frame in half-mass radii
_NAME = f"exponential disc, q = {_RATIO:g}"
_ELLIPSE = "theirs is fitted as an ellipse, our circles cross it"


class _Image(NamedTuple):
    """Light of the disc with noise, (H, W) Lsun/pixel, and the side of a pixel [kpc]."""

    light_HW: NDArray
    noise: float
    pixel: float


def lenstronomy(stars: int) -> Iterator[Row]:
    """Compare Sersic index and size, by least squares on its model of light."""
    from lenstronomy.LightModel.light_model import LightModel
    from scipy.optimize import curve_fit

    image = _image(stars)
    y, x = np.meshgrid(*[pixel_centres(_PIXELS) * image.pixel * _PIXELS / 2] * 2, indexing="ij")
    model = LightModel(["SERSIC_ELLIPSE"])

    def light(_: None, amp: float, size: float, n: float, e1: float, e2: float) -> NDArray:
        given = {"amp": amp, "R_sersic": size, "n_sersic": n, "e1": e1, "e2": e2}
        middle = {"center_x": 0.0, "center_y": 0.0}
        return model.surface_brightness(x.ravel(), y.ravel(), [given | middle])

    start = (image.light_HW.max() / 5, 3.0, 1.5, 0.0, 0.0)
    (_, size, index, e1, e2), _ = curve_fit(light, None, image.light_HW.ravel(), start)
    axes = (1 - np.hypot(e1, e2)) / (1 + np.hypot(e1, e2))
    angle = np.degrees(np.arctan2(e2, e1)) / 2 - 90
    why = "theirs is the radius of the circle with the ellipse's area, √q of the semi-major axis"
    yield from _rows("lenstronomy", stars, (index, size, axes, angle), why)


def astrophot(stars: int) -> Iterator[Row]:
    """Compare Sersic index and size, with the frame's own axes."""
    from astrophot import Model, TargetImage, fit

    image = _image(stars)
    target = TargetImage(
        data=image.light_HW,
        variance=np.full(image.light_HW.shape, image.noise**2),
        pixelscale=image.pixel,
    )
    model = Model(
        name="disc",
        model_type="sersic galaxy model",
        target=target,
        center=[(_PIXELS - 1) / 2 * image.pixel] * 2,
        PA=0.5,
        q=0.6,
        n=1.5,
        Re=3.0,
        Ie=float(image.light_HW.max() / 10),
    )
    model.initialize()
    fit.LM(model, verbose=0).fit()
    index, size, axes, angle = (getattr(model, key).value.item() for key in ("n", "Re", "q", "PA"))
    why = "theirs is the semi-major axis, ours a circle on the sky"
    shape = (index, size, axes, np.degrees(angle))
    yield from _rows("astrophot", stars, shape, why)


def _image(stars: int) -> _Image:
    """Return the disc's image in r."""
    maps = data.maps_of(data.disc(stars, ratio=_RATIO), half_width=_HALF_WIDTH, pixels=_PIXELS)
    noisy, noise = data.with_noise(maps)
    light = noisy.flux_CHW[1].astype(float)
    return _Image(light, noise, 2 * maps.half_width / _PIXELS)


def _rows(
    package: str, stars: int, found: tuple[float, float, float, float], why: str
) -> Iterator[Row]:
    """Yield index, size [kpc], axis ratio and angle [degrees] of a fit."""
    index, size, axes, angle = found
    ours, ours_size = sersic_and_size(data.disc(stars, ratio=_RATIO))
    task = f"Sérsic index, {_NAME}"
    yield row(package, task, index, ours=ours, truth=1.0, key="sersic_n", why=_ELLIPSE)
    given = {"unit": "kpc", "key": "effective_radius"}
    yield row(package, f"half-light radius, {_NAME}", size, ours=ours_size, why=why, **given)
    yield row(package, f"axis ratio on the sky, {_NAME}", axes, truth=_RATIO, why="of the fit")
    task = f"position angle of the light, {_NAME}"
    why = "its angle begins at y, counterclockwise, as ours"
    if package == "lenstronomy":
        why = "of its ellipticity, whose angle begins at x; 90° are taken off"
    truth = data.POSITION_ANGLE
    yield row(package, task, angle % 180, truth=truth, unit="°", why=why)
