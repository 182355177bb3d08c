"""Put what was observed into the frame of a network's maps, such as ±3 R_hsm, north up.

Seen as on the sky, with east to the left; networks have learned from all directions and both
handednesses alike. R_hsm is not observed: it is taken from the half-light radius (`features`).

A point of the frame has the values of the nearest element, if it lies within it, and no value where
none does; light is that of the element per area. Nothing is interpolated, so that a bin stays one
value and a hole stays a hole.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from galmass_core.imaging.frames import KPC, R_HSM, Frame
from galmass_core.imaging.maps import (
    SEVERAL_STARS,
    GalaxyMaps,
    MapConfig,
    pixel_centres,
    rebin,
)
from galmass_core.observations.features import HALF_MASS
from galmass_core.observations.observation import Observation
from galmass_core.photometry import BANDS, SUN_AB
from galmass_core.quantities import map_spec

_DIAGONAL = np.sqrt(0.5)  # half of it, in sides of a square
_REACH = 0.75  # of bins, which are not squares, in sides of a square of the same area
_MOST_POINTS = 4  # along the side of a pixel


@dataclass(frozen=True, kw_only=True, eq=False)
class ObservedMaps(GalaxyMaps):
    """The maps of an observed galaxy; its radii in kpc are not known: NaN, or arcsec in `kept`.

    Attributes
    ----------
    dispersion_moments_CHW : (4, 96, 96) float32
        As ``moments_CHW``, of the elements that have a dispersion: V and σ need not be known in the
        same places.
    covered : float
        Share of the frame that has a velocity or dispersion; of an image, light in both bands.
    """

    dispersion_moments_CHW: NDArray
    covered: float

    def view(self, key: str, pixels: int | None = None) -> NDArray:
        """Return one of `quantities.MAPS`, as `GalaxyMaps.view`."""
        spec = map_spec(key)
        if key != "sigma":
            return super().view(key, pixels)
        moments_CHW = rebin(self.dispersion_moments_CHW, spec.pixels if pixels is None else pixels)
        return spec.view(moments_CHW)

    def meaningful(self, key: str, pixels: int | None = None, least_stars: int = 1) -> NDArray:
        """Return a map as `view`: what was measured does not depend on a number of stars."""
        return self.view(key, pixels)


def frame_maps(observation: Observation, config: MapConfig | None = None) -> ObservedMaps:
    """Put an observation into the frame of maps.

    Parameters
    ----------
    observation : Observation
        With an effective radius.
    config : MapConfig, optional
        Size of the frame; the paper's by default.

    Returns
    -------
    ObservedMaps
        Light in g and r is in units of its own, the same for both bands, as the distance is not
        known; the weight of velocities is the observed light.

    Raises
    ------
    ValueError
        If the frame is in kpc.
    """
    config = config or MapConfig()
    half_width = _half_width(config.frame, observation.effective_radius)
    v, sigma = observation.velocities, observation.dispersions
    if not np.isfinite(v).any():  # a file of dispersions alone
        v = np.where(np.isfinite(sigma), 0.0, np.nan)
    grid = _Grid.over(observation, half_width, config.kinematic_pixels)
    moments_CHW = grid.moments(observation, observation.velocities, np.zeros(len(v)))
    light = _Grid.over(observation, half_width, config.light_pixels)
    flux_CHW = light.flux(observation)
    dispersions_CHW = grid.moments(observation, v, sigma)
    seen_HW = np.maximum(moments_CHW[0], dispersions_CHW[0])
    if not seen_HW.any():
        seen_HW = flux_CHW.min(axis=0)
    return ObservedMaps(
        flux_CHW=flux_CHW,
        moments_CHW=moments_CHW,
        dispersion_moments_CHW=dispersions_CHW,
        half_mass_radius=np.nan,
        half_width=np.nan,
        covered=float(np.mean(seen_HW > 0)),
    )


def _half_width(frame: Frame, effective_radius: float) -> float:
    """Return half of the side of a frame in arcsec, as R_e is."""
    if frame.unit == KPC:
        msg = f"the frame must be in R_hsm or R_e, as distances are not known; got {frame}"
        raise ValueError(msg)
    return frame.half_width * effective_radius * (HALF_MASS if frame.unit == R_HSM else 1.0)


@dataclass(frozen=True)
class _Grid:
    """Points of the frame: which element each is in, and the area that it stands for.

    Attributes
    ----------
    elements : (P, S, P, S) int
        Of P x P pixels with S x S points each; the number of elements where there is none.
    area : float, arcsec^2
        Of a point.
    """

    elements: NDArray
    area: float

    @classmethod
    def over(cls, observation: Observation, half_width: float, pixels: int) -> "_Grid":
        """Find the elements of a frame of a half width [arcsec]."""
        from scipy.spatial import KDTree

        side = 2 * half_width / pixels
        sides = np.sqrt(observation.areas)
        points = int(np.clip(np.ceil(side / np.median(sides)), 1, _MOST_POINTS))
        places = pixel_centres(pixels * points, half_width)
        north, west = np.meshgrid(places, places, indexing="ij")
        tree = KDTree(np.column_stack([-observation.x, observation.y]))
        distances, nearest = tree.query(np.column_stack([west.ravel(), north.ravel()]))
        reach = _REACH if observation.elements == "bins" else _DIAGONAL
        nearest = np.where(distances <= reach * sides[nearest], nearest, len(sides))
        return cls(nearest.reshape(pixels, points, pixels, points), (side / points) ** 2)

    def sums(self, values: NDArray) -> NDArray:
        """Sum values of elements over the points of each pixel, (P, P); 0 without an element."""
        return np.append(values, 0.0)[self.elements].sum(axis=(1, 3))

    def moments(self, observation: Observation, v: NDArray, sigma: NDArray) -> NDArray:
        """Return the moments of velocities where they and dispersions are known, (4, P, P)."""
        light = observation.flux / observation.areas * self.area
        known = np.isfinite(v) & np.isfinite(sigma) & (light > 0)
        weight, v, sigma = (np.where(known, each, 0.0) for each in (light, v, sigma))
        terms = (SEVERAL_STARS * known, weight, weight * v, weight * (v**2 + sigma**2))
        return np.stack([self.sums(term) for term in terms]).astype(np.float32)

    def flux(self, observation: Observation) -> NDArray:
        """Return the light in g and r, (2, P, P); 0 without an image."""
        shape = (self.elements.shape[0], self.elements.shape[2])
        flux_CHW = np.zeros((len(BANDS), *shape))
        for number, band in enumerate(BANDS):
            if band in observation.bands:
                light = observation.bands[band] / observation.areas * self.area
                known = np.where(np.isfinite(light) & (light > 0), light, 0.0)
                flux_CHW[number] = self.sums(known) * 10 ** (0.4 * SUN_AB[band])
        return flux_CHW.astype(np.float32)
