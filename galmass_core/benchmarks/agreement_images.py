"""Shapes and sizes of an image: ours beside those of statmorph, photutils and mgefit."""

from collections.abc import Iterator

import numpy as np

from galmass_core.benchmarks import agreement_data as data
from galmass_core.benchmarks.agreement_rows import Row, row
from galmass_core.bridges import to_mgefit, to_photutils, to_statmorph
from galmass_core.galaxy import Galaxy
from galmass_core.imaging.projection import project
from galmass_core.measurements.sersic import sersic_index
from galmass_core.measurements.targets import effective_radius
from galmass_core.photometry import BANDS

_LIGHTS = (  # name, Sersic index, axis ratio on the sky
    ("exponential disc, q = 1", 1.0, 1.0),
    ("exponential disc, q = 0.5", 1.0, 0.5),
    ("exponential disc, q = 0.2", 1.0, 0.2),
    ("de Vaucouleurs, round", 4.0, 1.0),
)
_PIXELS, _HALF_WIDTH = 120, 5.0  # half side of the frame in half-mass radii
_CIRCLES = "our circles cross an ellipse, theirs is fitted as one"


def statmorph(stars: int) -> Iterator[Row]:
    """Compare Sersic index, size and shape."""
    from statmorph import SourceMorphology

    for name, index, ratio in _LIGHTS:
        galaxy = data.disc(stars, index, ratio)
        maps, noise = data.with_noise(data.maps_of(galaxy, half_width=_HALF_WIDTH, pixels=_PIXELS))
        found = SourceMorphology(**to_statmorph(maps, noise=noise))
        kpc = 2 * maps.half_width / _PIXELS
        mine, size = sersic_and_size(galaxy)
        yield row(
            "statmorph",
            f"Sérsic index, {name}",
            found.sersic_n,
            ours=mine,
            truth=index,
            key="sersic_n",
            why=_CIRCLES
            if ratio < 1
            else "ours is fitted to rings of stars; theirs takes the model in the middle of "
            "pixels, over which a steep centre is averaged",
        )
        yield row(
            "statmorph",
            f"half-light radius, {name}",
            found.sersic_rhalf * kpc,
            ours=size,
            truth=data.HALF_LIGHT if ratio == 1 else None,
            unit="kpc",
            key="effective_radius",
            why="theirs is the semi-major axis of an ellipse and extrapolates the fit, ours is a "
            "circle on the sky with half of all stars' light",
        )
        yield from _shape(
            "statmorph",
            name,
            ratio,
            1 - found.sersic_ellip,
            _from_x(float(np.degrees(found.sersic_theta))),
            "of the Sérsic fit; the kernel makes thin discs rounder",
        )


def photutils(stars: int) -> Iterator[Row]:
    """Compare size and shape."""
    from photutils.morphology import data_properties
    from photutils.profiles import CurveOfGrowth

    for name, index, ratio in _LIGHTS:
        galaxy = data.disc(stars, index, ratio)
        maps = data.maps_of(galaxy, half_width=_HALF_WIDTH, pixels=_PIXELS)
        given = to_photutils(maps)
        grown = CurveOfGrowth(**given, radii=range(1, _PIXELS // 2 + 1))
        grown.normalize()
        yield row(
            "photutils",
            f"half-light radius, {name}",
            grown.calc_radius_at_ee(0.5) * 2 * maps.half_width / _PIXELS,
            ours=sersic_and_size(galaxy)[1],
            truth=data.HALF_LIGHT if ratio == 1 else None,
            unit="kpc",
            key="effective_radius",
            why="both are circles; theirs has half of the light of the largest circle in the "
            "image, which the kernel has smoothed, ours half of all stars' light",
        )
        found = data_properties(given["data"], mask=given["mask"])
        axes = float(found.semiminor_axis.value / found.semimajor_axis.value)
        angle = _from_x(float(found.orientation.value))
        why = "second moments of the whole frame, which cuts the longer axis more"
        yield from _shape("photutils", name, ratio, axes, angle, why)


def mgefit(stars: int) -> Iterator[Row]:
    """Compare the shape."""
    for name, index, ratio in _LIGHTS:
        galaxy = data.disc(stars, index, ratio)
        given = to_mgefit(data.maps_of(galaxy, half_width=_HALF_WIDTH, pixels=_PIXELS))
        why = "second moments of the pixels above a threshold that a fixed share of them exceeds"
        yield from _shape("mgefit", name, ratio, 1 - given["eps"], 270 - given["ang"], why)


def _shape(
    package: str, name: str, ratio: float, axes: float, angle: float, why: str
) -> Iterator[Row]:
    """Yield axis ratio and, of what is not round, position angle; galmass has neither."""
    yield row(package, f"axis ratio on the sky, {name}", axes, truth=ratio, why=why)
    if ratio < 1:
        task = f"position angle of the light, {name}"
        yield row(package, task, angle % 180, truth=data.POSITION_ANGLE, unit="°", why=why)


def sersic_and_size(galaxy: Galaxy) -> tuple[float, float]:
    """Return our Sersic index and half-light radius [kpc]."""
    sky = project(galaxy, "z", dust="none")
    light = sky.luminosities[BANDS.index("r")]
    index = sersic_index(sky.radii, light, galaxy.half_mass_radius)
    return index, effective_radius(sky.radii, light)


def _from_x(degrees: float) -> float:
    """Return a position angle of an angle counterclockwise from x, 0 to 180 degrees."""
    return (degrees - 90) % 180
