"""Define mass profiles of a synthetic galaxy: spheroids (halo, bulge) and discs (stars, gas)."""

import math
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import G

_WAVE_NUMBERS = 60.0  # per scale length, where the Hankel transform of a disc ends
_NODES = 240  # radii at which the transform is integrated
DISC_EDGE = 12.0  # scale lengths after which an exponential disc ends; 8e-5 of it would be outside
_STEPS = 15_000  # of the table of Bessel functions, up to the last wave at a disc's edge
_STEP = _WAVE_NUMBERS * DISC_EDGE / _STEPS
_EDGES = np.linspace(0.0, DISC_EDGE, 2001)  # scale lengths, of rings of a disc
_RINGS = _EDGES * np.exp(-_EDGES)  # of an exponential disc
_NEARNESS = -1.0 / np.maximum(_EDGES, 1e-9)
_FRACTIONS = np.linspace(0.0, 1.0, 512)  # of the logarithm of a spheroid's extent
# Msun / kpc^3, of H0 = 67.726 km/s/Mpc. TNG's 67.74 has 127.354; the demo universe keeps its bytes.
CRITICAL_DENSITY = 127.3


def enclosed_mass(radii: NDArray, densities: NDArray) -> NDArray:
    """Integrate a density profile, with slope -1 inside the first radius.

    Parameters
    ----------
    radii, densities : (K,) float; kpc, Msun / kpc^3

    Returns
    -------
    (K,) float, Msun
    """
    return _integral(4.0 * np.pi * radii**3 * densities, np.diff(np.log(radii)))


def _integral(shells: NDArray, steps: NDArray | float) -> NDArray:
    """Integrate dM / dln(r), Msun, which grows as r^2 inside the first radius; (K,)."""
    masses = np.empty(len(shells))
    masses[0], rest = 0.5 * shells[0], masses[1:]
    np.add(shells[1:], shells[:-1], out=rest)
    rest *= 0.5 * steps
    return np.add.accumulate(masses, out=masses)


@dataclass(frozen=True, kw_only=True)
class Spheroid:
    """A sphere with density ``x^-i (1 + x)^(i - o) exp(-(r / r_t)^2)``, x = r / scale radius.

    Slopes i = 1 and o = 3 are a halo of Navarro, Frenk & White (1997), o = 4 a bulge of Hernquist
    (1990); i = 0 has a core.

    Attributes
    ----------
    mass : float, Msun
        Total mass.
    scale_radius, truncation_radius : float, kpc
    outer_slope, inner_slope : float
        o and i.
    """

    mass: float
    scale_radius: float
    truncation_radius: float
    outer_slope: float
    inner_slope: float = 1.0

    @property
    def radii(self) -> NDArray:
        """Radii that resolve the profile; (512,), kpc."""
        return np.exp(self._growth[0])

    @cached_property
    def _growth(self) -> tuple[NDArray, NDArray]:
        """Logarithms of these radii, in even steps, and the mass inside them up to a factor."""
        first, last = math.log(1e-4 * self.scale_radius), math.log(5.0 * self.truncation_radius)
        log_radii = first + (last - first) * _FRACTIONS
        radii = np.exp(log_radii)
        volumes = 4.0 * np.pi * radii * radii * radii
        steps = (last - first) / (len(_FRACTIONS) - 1)
        return log_radii, _integral(volumes * self._shape(radii), steps)

    def _shape(self, radii: NDArray) -> NDArray:
        """Return the density up to a factor."""
        x = radii / self.scale_radius
        exponent = np.log1p(x)
        exponent *= self.inner_slope - self.outer_slope
        exponent -= (radii / self.truncation_radius) ** 2
        return x**-self.inner_slope * np.exp(exponent, out=exponent)

    def density(self, radii: NDArray) -> NDArray:
        """Return the mass per volume; (K,), Msun / kpc^3."""
        return self.mass / self._growth[1][-1] * self._shape(radii)

    def enclosed_mass(self, radii: NDArray | float) -> NDArray:
        """Return the mass inside a sphere; (K,), Msun."""
        log_radii, masses = self._growth
        return self.mass / masses[-1] * np.interp(np.log(radii), log_radii, masses)

    def through(self, radius: float, mass: float) -> "Spheroid":
        """Return a spheroid with mass such that ``mass`` (Msun) is inside ``radius`` (kpc)."""
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
    r200 = np.cbrt(3.0 * m200 / (800.0 * np.pi * CRITICAL_DENSITY))
    x = 1e-3  # where the truncation is negligible

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
    """A disc with surface density ``exp(-R/R_d - R_h/R)`` and a sech^2 profile in height.

    Exponential without a hole; with one, as the Milky Way's gas in McMillan (2017).

    Attributes
    ----------
    mass : float, Msun
    scale_length, scale_height : float, kpc
        R_d, and z_0 of sech^2(z/z_0).
    hole_radius : float, kpc
        R_h.
    """

    mass: float
    scale_length: float
    scale_height: float
    hole_radius: float = 0.0

    def _shape(self, radii: NDArray) -> NDArray:
        """Return the surface density up to a factor."""
        radii = np.maximum(radii, 1e-9 * self.scale_length)
        return np.exp(-radii / self.scale_length - self.hole_radius / radii)

    @cached_property
    def _growth(self) -> tuple[NDArray, NDArray]:
        """Radii up to the edge, and the mass inside them up to the factor, over 2 pi."""
        rings = _RINGS if not self.hole_radius else _RINGS * self._hole()
        masses = np.zeros(len(rings))
        np.add(rings[1:], rings[:-1], out=masses[1:])
        masses *= 0.5 * self.scale_length**2 * _EDGES[1]
        return _EDGES * self.scale_length, np.add.accumulate(masses, out=masses)

    def _hole(self) -> NDArray:
        """Return what the hole leaves of each ring, relative to an exponential disc."""
        left = self.hole_radius / self.scale_length * _NEARNESS
        return np.exp(left, out=left)

    def cylinder_mass(self, radii: NDArray) -> NDArray:
        """Return the mass inside a cylinder; (K,), Msun."""
        edges, masses = self._growth
        return self.mass / masses[-1] * np.interp(radii, edges, masses)

    def enclosed_mass(self, radii: NDArray) -> NDArray:
        """Return the mass inside a sphere; (K,), Msun."""
        heights, weights = self.heights()
        inside = np.maximum(np.asarray(radii)[..., None] ** 2 - heights**2, 0.0)
        return self.cylinder_mass(np.sqrt(inside)) @ weights

    def surface_density(self, radii: NDArray) -> NDArray:
        """Return the mass per area; (K,), Msun / kpc^2."""
        return self.mass / (2.0 * np.pi * self._growth[1][-1]) * self._shape(radii)

    def surface_slope(self, radii: NDArray) -> NDArray:
        """Return the logarithmic slope of the surface density; (K,)."""
        return self.hole_radius / radii - radii / self.scale_length

    def density(self, positions: NDArray) -> NDArray:
        """Return the mass per volume at each point; (N,), Msun / kpc^3."""
        x, y, z = positions.T
        sheet = self.surface_density(np.hypot(x, y)) / (2.0 * self.scale_height)
        return sheet / np.cosh(np.minimum(np.abs(z) / self.scale_height, 300.0)) ** 2

    def heights(self) -> tuple[NDArray, NDArray]:
        """Return heights and weights of an average over the disc's thickness; (32,) each, kpc."""
        heights, weights = _even_heights()
        return self.scale_height * heights, weights

    @cached_property
    def _transform(self) -> tuple[NDArray, NDArray]:
        """Return wave numbers k, and the tapered Hankel transform of the surface density.

        The transform is exact except for features below a thirtieth of the scale length.
        """
        k = _wave_numbers() / self.scale_length
        nodes, weights = _quadrature(_NODES)
        radii = 0.5 * DISC_EDGE * self.scale_length * (1.0 + nodes)
        rings = 0.5 * DISC_EDGE * self.scale_length * weights * radii * self.surface_density(radii)
        return k, _bessel_at_nodes() @ rings * np.exp(-((2.0 * k / k[-1]) ** 2))

    def field(self, places: NDArray, tracer: "Disc") -> tuple[NDArray, NDArray]:
        """Compute the attraction of this disc on another (or itself), averaged over its thickness.

        From the Hankel transform of the surface density (Toomre 1963; Binney & Tremaine 2008, Sec.
        2.6.2) with a factor ``<exp(-k |z - z'|)>`` for the heights of source and tracer; beyond the
        disc's edge, that of a point mass.

        Parameters
        ----------
        places : (K,) float
            Radii, in scale lengths of the tracer.
        tracer : Disc

        Returns
        -------
        radial, vertical : (K,) float, (km/s)^2
            ``R dPhi/dR``, which is V_c^2 in the thin limit, and ``z dPhi/dz``.
        """
        (z_source, w_source), (z_tracer, w_tracer) = self.heights(), tracer.heights()
        upper = slice(len(z_source) // 2, None)  # mirrored below the plane, where all is the same
        apart = (z_tracer - z_source[upper, None]).ravel()
        weights = np.outer(2.0 * w_source[upper], w_tracer).ravel()
        pull = (weights.reshape(-1, len(z_tracer)) * z_tracer).ravel() * np.sign(apart)
        coarse = np.concatenate(([0.0], np.geomspace(1e-2, _WAVE_NUMBERS, 60))) / self.scale_length
        damping = coarse[:, None] * -np.abs(apart)
        np.exp(damping, out=damping)

        k, transform = self._transform
        factor = 2.0 * np.pi * G * transform * k * (k[1] - k[0])
        radii = places * tracer.scale_length
        radial = G * self.mass / radii
        vertical = radial / radii**2 * (w_tracer @ z_tracer**2)
        own = places * (tracer.scale_length / self.scale_length)
        near = own <= DISC_EDGE
        j0, j1 = _known_bessel_at(own[near].tobytes())
        radial[near] = radii[near] * (j1 @ (factor * np.interp(k, coarse, damping @ weights)))
        vertical[near] = j0 @ (factor * np.interp(k, coarse, damping @ pull))
        return np.maximum(radial, 0.0), np.maximum(vertical, 0.0)

    def sample_positions(self, count: int, rng: np.random.Generator) -> NDArray:
        """Draw positions, from the centre outwards; (N, 3), kpc."""
        edges, masses = self._growth
        rank = (np.arange(count) + rng.random(count)) / max(count, 1)
        radii = np.interp(rank * masses[-1], masses, edges)
        angle = rng.uniform(0.0, 2.0 * np.pi, count)
        height = self.scale_height * np.arctanh(rng.uniform(-1.0, 1.0, count) * (1.0 - 1e-12))
        return np.column_stack((radii * np.cos(angle), radii * np.sin(angle), height))


@cache
def _quadrature(count: int) -> tuple[NDArray, NDArray]:
    """Return nodes and weights of Gauss-Legendre quadrature on [-1, 1]."""
    return np.polynomial.legendre.leggauss(count)


@cache
def _even_heights() -> tuple[NDArray, NDArray]:
    """Return heights and weights of an average over sech^2; (32,) each, in scale heights."""
    nodes, weights = _quadrature(32)
    return np.arctanh(nodes), weights / 2.0


@cache
def _wave_numbers() -> NDArray:
    """Return the wave numbers of a disc's Hankel transform; (1000,), per scale length."""
    return np.linspace(0.0, _WAVE_NUMBERS, 1001)[1:]


@cache
def _bessel() -> NDArray:
    """Compute J0 and J1 from Bessel's integrals, at even steps up to a disc's edge; (2, _).

    ``J0(x) = <cos(x sin t)>`` and ``J1(x) = <sin(t) sin(x sin t)>`` over a quarter of a turn. The
    phases of coarse and of fine steps add up: one product of matrices in place of each phase.
    """
    sine = np.sin((np.arange(256) + 0.5) / 512.0 * np.pi)
    fine = np.arange(128)
    coarse = len(fine) * np.arange(_STEPS // len(fine) + 1)
    steps, turns = (np.exp(1j * _STEP * np.outer(part, sine)) for part in (fine, coarse))
    j0, j1 = (turns @ steps.T).real, (turns * sine @ steps.T).imag
    return np.stack([j0.ravel(), j1.ravel()])[:, : _STEPS + 1] / len(sine)


@cache
def _bessel_at_nodes() -> NDArray:
    """Return J0 at each wave number and node of the Hankel transform; (1000, 240)."""
    return _bessel_at(0.5 * DISC_EDGE * (1.0 + _quadrature(_NODES)[0]))[0].T


@lru_cache(maxsize=3)  # a disc attracts itself at radii that are always the same
def _known_bessel_at(radii: bytes) -> tuple[NDArray, NDArray]:
    """Return `_bessel_at` radii, given as bytes."""
    return _bessel_at(np.frombuffer(radii))


def _bessel_at(radii: NDArray) -> tuple[NDArray, NDArray]:
    """Interpolate J0 and J1 at radii times wave numbers; (K, 1000), both without unit."""
    places = np.outer(radii, _wave_numbers() / _STEP)
    below = places.astype(np.intp)
    places -= np.minimum(below, _STEPS - 1, out=below)
    j0, j1 = (rise.take(below) for rise in np.diff(_bessel()))
    for found, table in zip((j0, j1), _bessel(), strict=True):
        found *= places
        found += table.take(below)
    return j0, j1
