"""The particles of a galaxy, where the file that it was built from is still there, and its looks.

A worker reads them; the last two galaxies are kept for all sessions.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from galmass_core.datasets.again import Source
from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.thinning import thin_stars
from galmass_core.galaxy import LINES_OF_SIGHT, Galaxy, sky_axes
from galmass_core.imaging.maps import GalaxyMaps, MapConfig, support_radii
from galmass_core.imaging.projection import SkyStars, project
from galmass_core.measurements.circularity import rotation_axis
from galmass_core.measurements.framed import framed_maps
from galmass_core.measurements.rotation import spin_parameter
from galmass_core.telescope.views import turned

_NO_SOURCE = "the data set does not keep where its particles are"
_PACKED = "the data set keeps the name of its file only"
_OTHER = "the file of its particles holds another galaxy by now"


@dataclass(frozen=True, kw_only=True, eq=False)
class Particles:
    """A galaxy, thinned as its data set is, and the size of each star in the maps [kpc]."""

    galaxy: Galaxy
    support: NDArray
    config: MapConfig  # of the data set's maps

    @property
    def axis(self) -> NDArray:
        """Direction of the spin of the stars, (3,); zeros if they do not turn."""
        return rotation_axis(self.galaxy)


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """A galaxy from one direction: maps, stars on the sky, inclination [deg], λ_R in 2 R_hsm."""

    maps: GalaxyMaps
    sky: SkyStars
    inclination: float
    spin: float


def why_no_particles(data: DataSet, galaxy: str) -> str:
    """Say why the particles of a galaxy are not at hand, as half a sentence; empty if they are."""
    source = data.row(galaxy, str(data.samples["los"].iloc[0])).get("source")
    if not isinstance(source, str) or not source:
        return _NO_SOURCE
    if not Path(source).is_absolute():
        return _PACKED
    return "" if Path(source).exists() else f"{source} is not there any more"


@lru_cache(maxsize=2)
def read_particles(data: DataSet, galaxy: str) -> Particles:
    """Read the particles of a galaxy.

    Raises
    ------
    OSError, ValueError
        If the file cannot be read, or holds another galaxy by now.
    """
    source, samples = Source.of(data, galaxy), data.samples.iloc[data.rows_of(galaxy)]
    found = source.read_whole()
    if len(found.stars) != samples["n_stars"].iloc[0]:
        msg = f"{source.ref.path}: {_OTHER}"
        raise ValueError(msg)
    if source.thinned is not None:
        found = thin_stars(found, source.thinned)
    return Particles(
        galaxy=found, support=support_radii(found, source.config), config=source.config
    )


def look_from(particles: Particles, axes: NDArray) -> Look:
    """Make the maps of a galaxy from one direction.

    Parameters
    ----------
    axes : (3, 3) float
        Right, up and away from the observer.
    """
    config, galaxy = particles.config, turned(particles.galaxy, axes)
    sky = project(galaxy, "z", dust=config.dust)
    cosine = min(abs(float(particles.axis @ axes[2])), 1.0)
    return Look(
        maps=framed_maps(sky, particles.support, config)[0],
        sky=sky,
        inclination=float(np.degrees(np.arccos(cosine))) if particles.axis.any() else np.nan,
        spin=spin_parameter(sky, 2 * sky.half_mass_radius),
    )


def axes_along(line_of_sight: str) -> NDArray[np.float64]:
    """Return the axes of x, y or z; of a catalogue's galaxy those of z."""
    known = line_of_sight in LINES_OF_SIGHT
    return np.eye(3)[list(sky_axes(line_of_sight if known else "z"))]


def edge_on(axes: NDArray, axis: NDArray) -> NDArray[np.float64]:
    """Turn axes as little as leads to a view along the disc, with its spin upwards."""
    away = axes[2] - (axes[2] @ axis) * axis
    if np.linalg.norm(away) < 1e-6:
        away = axes[1] - (axes[1] @ axis) * axis
    away = away / np.linalg.norm(away)
    return np.stack([np.cross(axis, away), axis, away])


def face_on(axes: NDArray, axis: NDArray) -> NDArray[np.float64]:
    """Turn axes as little as leads to a view along the spin."""
    away = axis if axes[2] @ axis >= 0 else -axis
    right = axes[0] - (axes[0] @ away) * away
    if np.linalg.norm(right) < 1e-6:
        right = axes[1] - (axes[1] @ away) * away
    right = right / np.linalg.norm(right)
    return np.stack([right, np.cross(away, right), away])


def dragged(axes: NDArray, right: float, up: float) -> NDArray[np.float64]:
    """Turn axes as a ball under the pointer turns.

    Parameters
    ----------
    axes : (3, 3) float
    right, up : float, radians
        By how much the side that faces the observer moves.
    """
    c, s = np.cos(right), np.sin(right)
    across = np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])
    c, s = np.cos(up), np.sin(up)
    along = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    left, _, rest = np.linalg.svd(along @ across @ axes)  # orthonormal after many turns, too
    return left @ rest


def stars_in_pixel(look: Look, x: float, y: float, pixels: int) -> NDArray[np.intp]:
    """Return the stars in the pixel of a map of motions that holds a place [kpc], (n,) int."""
    edge = look.maps.half_width
    scale = pixels / (2 * edge)
    same = [
        np.floor((place + edge) * scale) == np.floor((at + edge) * scale)
        for place, at in ((look.sky.x, x), (look.sky.y, y))
    ]
    return np.flatnonzero(same[0] & same[1])
