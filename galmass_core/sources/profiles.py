"""Mass profiles of a synthetic galaxy: spheroids (halo, bulge) and discs (stars, gas)."""

from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import G

_WAVE_NUMBERS = 60.0  # per scale length, where the Hankel transform of a disc ends
DISC_EDGE = 12.0  # scale lengths after which an exponential disc ends; 8e-5 of it would be outside
_CRITICAL_DENSITY = 127.3  # Msun / kpc^3 for H0 = 67.74 km/s/Mpc


def enclosed_mass(radii: NDArray, densities: NDArray) -> NDArray:
    """Integrate a density profile that is a power law of slope -1 inside the first radius.

    Parameters
    ----------
    radii, densities : (K,) float; kpc, Msun / kpc^3

    Returns
    -------
    (K,) float, Msun
    """
    shells = 4.0 * np.pi * radii**3 * densities
    steps = 0.5 * (shells[1:] + shells[:-1]) * np.diff(np.log(radii))
    return np.concatenate(([0.0], np.cumsum(steps))) + shells[0] / 2.0


@dataclass(frozen=True, kw_only=True)
class Spheroid:
    """A sphere with density ``x^-1 (1 + x)^(1 - slope) exp(-(r / r_t)^2)``, x = r / scale radius.

    Outer slope 3 is a halo of Navarro, Frenk & White (1997), 4 a bulge of Hernquist (1990).

    Attributes
    ----------
    mass : float, Msun
        Of all of it.
    scale_radius, truncation_radius : float, kpc
    outer_slope : float
    """

    mass: float
    scale_radius: float
    truncation_radius: float
    outer_slope: float

    @cached_property
    def radii(self) -> NDArray:
        """Radii that resolve the profile; (512,), kpc."""
        return np.geomspace(1e-4 * self.scale_radius, 5.0 * self.truncation_radius, 512)

    def _shape(self, radii: NDArray) -> NDArray:
        """Density up to a factor."""
        x = radii / self.scale_radius
        return (
            (1.0 + x) ** (1.0 - self.outer_slope)
            / x
            * np.exp(-((radii / self.truncation_radius) ** 2))
        )

    @cached_property
    def _shape_mass(self) -> NDArray:
        """Enclosed mass at ``radii`` up to the same factor."""
        return enclosed_mass(self.radii, self._shape(self.radii))

    def density(self, radii: NDArray) -> NDArray:
        """Mass per volume; (K,), Msun / kpc^3."""
        return self.mass / self._shape_mass[-1] * self._shape(radii)

    def enclosed_mass(self, radii: NDArray | float) -> NDArray:
        """Mass inside a sphere; (K,), Msun."""
        masses = np.interp(np.log(radii), np.log(self.radii), self._shape_mass)
        return self.mass / self._shape_mass[-1] * masses

    def through(self, radius: float, mass: float) -> "Spheroid":
        """Return it with its mass such that ``mass`` (Msun) is inside ``radius`` (kpc)."""
        return replace(self, mass=self.mass * mass / float(self.enclosed_mass(radius)))


def nfw_halo(m200: float, concentration: float, truncation_radius: float) -> Spheroid:
    """Make the inner part of a halo of Navarro, Frenk & White (1997).

    Parameters
    ----------
    m200 : float, Msun
        Mass of the whole halo inside R_200, of mean density 200 times critical.
    concentration : float
        R_200 / scale radius.
    truncation_radius : float, kpc
    """
    r200 = np.cbrt(3.0 * m200 / (800.0 * np.pi * _CRITICAL_DENSITY))
    x = 1e-3  # where the truncation is not yet felt

    def shape(x: float) -> float:
        return np.log1p(x) - x / (1.0 + x)

    halo = Spheroid(
        mass=1.0,
        scale_radius=r200 / concentration,
        truncation_radius=truncation_radius,
        outer_slope=3.0,
    )
    return halo.through(x * halo.scale_radius, m200 * shape(x) / shape(concentration))


def hernquist_bulge(mass: float, scale_radius: float, truncation_radius: float) -> Spheroid:
    """Make a bulge of Hernquist (1990); Msun, kpc."""
    return Spheroid(
        mass=mass, scale_radius=scale_radius, truncation_radius=truncation_radius, outer_slope=4.0
    )


@dataclass(frozen=True, kw_only=True)
class Disc:
    """An exponential disc with a sech^2 profile in height.

    Attributes
    ----------
    mass : float, Msun
    scale_length, scale_height : float, kpc
        R_d of exp(-R/R_d), z_0 of sech^2(z/z_0).
    """

    mass: float
    scale_length: float
    scale_height: float

    def cylinder_mass(self, radii: NDArray) -> NDArray:
        """Mass inside a cylinder; (K,), Msun."""
        x = np.minimum(radii / self.scale_length, DISC_EDGE)
        edge = 1.0 - (1.0 + DISC_EDGE) * np.exp(-DISC_EDGE)
        return self.mass / edge * (1.0 - (1.0 + x) * np.exp(-x))

    def enclosed_mass(self, radii: NDArray) -> NDArray:
        """Mass inside a sphere; (K,), Msun."""
        heights, weights = self.heights()
        inside = np.maximum(np.asarray(radii)[..., None] ** 2 - heights**2, 0.0)
        return self.cylinder_mass(np.sqrt(inside)) @ weights

    def surface_density(self, radii: NDArray) -> NDArray:
        """Mass per area; (K,), Msun / kpc^2."""
        peak = self.mass / (2.0 * np.pi * self.scale_length**2)
        return peak * np.exp(-radii / self.scale_length)

    def density(self, positions: NDArray) -> NDArray:
        """Mass per volume at each point; (N,), Msun / kpc^3."""
        x, y, z = positions.T
        sheet = self.surface_density(np.hypot(x, y)) / (2.0 * self.scale_height)
        return sheet / np.cosh(np.minimum(np.abs(z) / self.scale_height, 300.0)) ** 2

    def heights(self) -> tuple[NDArray, NDArray]:
        """Heights and weights (sum 1) of an average over the disc's thickness; (32,) each, kpc."""
        nodes, weights = np.polynomial.legendre.leggauss(32)
        return self.scale_height * np.arctanh(nodes), weights / 2.0

    def field(self, radii: NDArray, tracer: "Disc") -> tuple[NDArray, NDArray]:
        """Attraction of this disc on another one (or itself), averaged over the other's thickness.

        From the Hankel transform of the exponential disc (Toomre 1963; Binney & Tremaine 2008,
        Sec. 2.6.2) with a factor ``<exp(-k |z - z'|)>`` for the heights of source and tracer.

        Parameters
        ----------
        radii : (K,) float, kpc
        tracer : Disc

        Returns
        -------
        radial, vertical : (K,) float, (km/s)^2
            ``R dPhi/dR``, which is V_c^2 in the thin limit, and ``z dPhi/dz``.
        """
        k = np.linspace(0.0, _WAVE_NUMBERS, 1001)[1:] / self.scale_length
        (z_source, w_source), (z_tracer, w_tracer) = self.heights(), tracer.heights()
        apart = (z_tracer - z_source[:, None]).ravel()
        weights = np.outer(w_source, w_tracer).ravel()
        pull = weights * np.sign(apart) * np.tile(z_tracer, len(z_source))
        coarse = np.concatenate(([0.0], np.geomspace(1e-2, _WAVE_NUMBERS, 60))) / self.scale_length
        damping = np.exp(-coarse[:, None] * np.abs(apart))
        thickness = np.interp(k, coarse, damping @ weights)
        height = np.interp(k, coarse, damping @ pull)

        transform = self.mass / (2.0 * np.pi) / (1.0 + (k * self.scale_length) ** 2) ** 1.5
        waves = np.outer(radii, k)
        j0, j1 = (np.interp(waves, _bessel()[0], table) for table in _bessel()[1:])
        taper = np.exp(-((2.0 * k / k[-1]) ** 2))  # a cut-off would ring
        factor = 2.0 * np.pi * G * transform * taper * k * (k[1] - k[0])
        radial, vertical = radii * (j1 @ (factor * thickness)), j0 @ (factor * height)
        return np.maximum(radial, 0.0), np.maximum(vertical, 0.0)

    def sample_positions(self, count: int, rng: np.random.Generator) -> NDArray:
        """Draw places, from the centre outwards; (N, 3), kpc."""
        x = np.linspace(0.0, DISC_EDGE, 2001)
        rank = (np.arange(count) + rng.random(count)) / max(count, 1)
        masses = self.cylinder_mass(x * self.scale_length) / self.mass
        radii = np.interp(rank, masses, x) * self.scale_length
        angle = rng.uniform(0.0, 2.0 * np.pi, count)
        height = self.scale_height * np.arctanh(rng.uniform(-1.0, 1.0, count) * (1.0 - 1e-12))
        return np.column_stack((radii * np.cos(angle), radii * np.sin(angle), height))


@cache
def _bessel() -> tuple[NDArray, NDArray, NDArray]:
    """Bessel functions J0 and J1, from Bessel's integrals, at arguments up to a disc's edge."""
    x = np.linspace(0.0, _WAVE_NUMBERS * DISC_EDGE, 15001)
    theta = (np.arange(512) + 0.5) / 512.0 * np.pi
    phase = x[:, None] * np.sin(theta)
    return x, np.cos(phase).mean(axis=1), np.cos(theta - phase).mean(axis=1)
