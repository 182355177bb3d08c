"""Draw positions and velocities of particles in equilibrium with mass profiles.

Spheroids (halo, bulge) have isotropic velocities in the spherically averaged total potential
(Eddington 1916); discs rotate with epicyclic motions on top (Hernquist 1993, ApJS 86, 389). N
particles.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import G
from galmass_core.synthetic.profiles import DISC_EDGE, Disc, enclosed_mass

_PLACES = DISC_EDGE * np.linspace(0.0, 1.0, 161)[1:] ** 1.5  # of a disc's moments; scale lengths
_BLOCK = 64  # energies of the distribution function that are computed at a time


@dataclass(frozen=True)
class Potential:
    """Potential of all matter, averaged over spheres.

    Attributes
    ----------
    radii : (K,) float, kpc
        Increasing.
    masses : (K,) float, Msun
        Total mass inside each radius; there is none outside the last one.
    """

    radii: NDArray
    masses: NDArray

    @cached_property
    def depths(self) -> NDArray:
        """Minus the potential, zero at infinity; (K,), (km/s)^2."""
        force = G * self.masses / self.radii
        steps = 0.5 * (force[1:] + force[:-1]) * np.diff(np.log(self.radii))
        return force[-1] + np.concatenate((np.cumsum(steps[::-1])[::-1], [0.0]))

    def depth(self, radii: NDArray) -> NDArray:
        """Return minus the potential at any radius; (N,), (km/s)^2."""
        return np.interp(np.log(radii), np.log(self.radii), self.depths)

    def circular_velocity_squared(self, radii: NDArray) -> NDArray:
        """Return G M(<r) / r; (N,), (km/s)^2."""
        return G * np.interp(np.log(radii), np.log(self.radii), self.masses) / radii


def distribution_function(potential: Potential, densities: NDArray) -> NDArray:
    """Compute the distribution function f(E) of binding energies by Eddington's inversion.

    ``f(E) = [int_0^E rho'' dpsi / sqrt(E - psi) + rho'(0) / sqrt(E)] / (sqrt(8) pi^2)`` (Binney &
    Tremaine 2008, Eq. 4.46), integrated exactly with rho'(psi) linear between the radii.

    Parameters
    ----------
    potential : Potential
    densities : (K,) float, Msun / kpc^3
        Of the tracer at ``potential.radii``.

    Returns
    -------
    (K,) float, Msun / (kpc km/s)^3
        At the energies ``potential.depths``.
    """
    depths = potential.depths[::-1]  # increasing
    slopes = np.gradient(densities[::-1], depths)
    curvatures = np.diff(slopes) / np.diff(depths)
    integral = np.zeros(len(depths))
    for first in range(0, len(depths), _BLOCK):  # of energies, which depend on smaller depths alone
        energies = depths[first : first + _BLOCK, None]
        roots = energies - depths[: first + _BLOCK]
        np.sqrt(np.maximum(roots, 0.0, out=roots), out=roots)
        steps = roots[:, :-1] - roots[:, 1:]
        integral[first : first + _BLOCK] = 2.0 * steps @ curvatures[: steps.shape[1]]
    function = (integral + slopes[0] / np.sqrt(depths)) / (np.sqrt(8.0) * np.pi**2)
    return np.maximum(function, 0.0)[::-1]


def sample_spheroid(
    potential: Potential,
    densities: NDArray,
    count: int,
    rng: np.random.Generator,
    *,
    moving: bool = True,
) -> tuple[NDArray, NDArray]:
    """Draw the particles of an isotropic spherical component.

    Parameters
    ----------
    potential : Potential
    densities : (K,) float, Msun / kpc^3
        Of the component at ``potential.radii``.
    count : int
        Number N of particles.
    rng : numpy.random.Generator
    moving : bool
        False: the same particles without their velocities.

    Returns
    -------
    positions, velocities : (N, 3) float; kpc, km/s
        Ordered from the centre outwards; velocities (0, 3) if they are not wanted.
    """
    masses = enclosed_mass(potential.radii, densities)
    rank = (np.arange(count) + rng.random(count)) / max(count, 1)  # even in mass, to reduce noise
    radii = np.exp(np.interp(rank * masses[-1], masses, np.log(potential.radii)))
    fractions = rng.random(count)  # of the particles of one radius that are slower
    positions = radii[:, None] * _directions(count, rng)
    if not moving:
        rng.random(2 * count)  # as many numbers as directions take
        return positions, np.empty((0, 3))
    function = distribution_function(potential, densities)
    speeds = _speeds(potential, function, radii, fractions)
    return positions, speeds[:, None] * _directions(count, rng)


def _speeds(potential: Potential, function: NDArray, radii: NDArray, slower: NDArray) -> NDArray:
    """Return quantiles of ``f(psi - v^2/2) v^2`` at each radius; (N,), km/s."""
    rows = np.linspace(0, len(potential.radii) - 1, 96).round().astype(int)
    fractions = np.linspace(0.0, 1.0, 257) ** 1.5  # of the escape velocity
    energies = potential.depths[rows, None] * (1.0 - fractions**2)
    weights = fractions**2 * np.interp(energies, potential.depths[::-1], function[::-1])
    steps = 0.5 * (weights[:, 1:] + weights[:, :-1]) * np.diff(fractions)
    sums = np.cumsum(np.pad(steps, ((0, 0), (1, 0))), axis=1)
    ranks = np.sin(np.linspace(0.0, np.pi / 2.0, 129)) ** 2  # dense in both tails
    quantiles = np.array([np.interp(ranks * total[-1], total, fractions) for total in sums])

    row = np.interp(np.log(radii), np.log(potential.radii[rows]), np.arange(len(rows)))
    column = np.interp(slower, ranks, np.arange(len(ranks)))
    i = np.minimum(row.astype(int), len(rows) - 2)
    j = np.minimum(column.astype(int), len(ranks) - 2)
    s, t = row - i, column - j
    here = i * len(ranks) + j
    above = here + len(ranks)
    lower = quantiles.take(here) * (1 - t) + quantiles.take(here + 1) * t
    upper = quantiles.take(above) * (1 - t) + quantiles.take(above + 1) * t
    return np.sqrt(2.0 * potential.depth(radii)) * (lower * (1 - s) + upper * s)


def _directions(count: int, rng: np.random.Generator) -> NDArray:
    """Draw isotropic unit vectors; (N, 3)."""
    directions = np.empty((count, 3))
    x, y, z = directions.T
    z[:] = rng.uniform(-1.0, 1.0, count)
    angle = rng.uniform(0.0, 2.0 * np.pi, count)
    sine = np.sqrt(1.0 - z**2)
    np.multiply(sine, np.cos(angle), out=x)
    np.multiply(sine, np.sin(angle), out=y)
    return directions


def flatten_spheroid(
    positions: NDArray,
    velocities: NDArray,
    *,
    axis_ratio: float,
    rotation: float,
    rng: np.random.Generator,
) -> tuple[NDArray, NDArray]:
    """Tilt the orbits of a spherical component towards the equator and add net rotation.

    In a spherical potential orbits of any orientation are in equilibrium, so tilting each orbital
    plane about its line of nodes flattens the component at constant M(<r) and energies: with
    ``|cos(i)| -> |cos(i)|^p``, ``p = q^2 / (2 - q^2)``, the second moments have the axis ratio q.

    Parameters
    ----------
    positions, velocities : (N, 3) float; kpc, km/s
    axis_ratio : float
        q = c/a, in (0, 1].
    rotation : float
        Prograde minus retrograde fraction of the particles, in [-1, 1].
    rng : numpy.random.Generator

    Returns
    -------
    positions, velocities : (N, 3) float; kpc, km/s
    """
    (x, y, z), (u, v, w) = positions.T, velocities.T
    momenta = np.stack((y * w - z * v, z * u - x * w, x * v - y * u))
    flat = np.sqrt(momenta[0] ** 2 + momenta[1] ** 2)
    cosine = momenta[2] / np.sqrt(flat**2 + momenta[2] ** 2)
    tilted = np.sign(cosine) * np.abs(cosine) ** (axis_ratio**2 / (2.0 - axis_ratio**2))
    turn = np.arccos(tilted) - np.arccos(cosine)
    nodes = np.stack((-momenta[1], momenta[0])) / flat
    prograde = rng.random(len(cosine)) < (1.0 + rotation) / 2.0
    sense = np.where(prograde == (tilted > 0), 1.0, -1.0)
    return _turn(positions, nodes, turn), sense[:, None] * _turn(velocities, nodes, turn)


def _turn(vectors: NDArray, axes: NDArray, angles: NDArray) -> NDArray:
    """Rotate each vector about its own unit axis in the plane z = 0 (Rodrigues' formula).

    Components along the axis, across it in the plane, and z are (N,); ``axes`` is (2, N).
    """
    (x, y, z), (a, b) = vectors.T, axes
    cosine, sine = np.cos(angles), np.sin(angles)
    along, across = a * x + b * y, a * y - b * x
    level = cosine * across - sine * z
    turned = (a * along - b * level, b * along + a * level, sine * across + cosine * z)
    return np.column_stack(turned)


@dataclass(frozen=True)
class DiscKinematics:
    """Moments of the velocities in a disc on a grid of radii; (K,), km/s."""

    radii: NDArray  # kpc
    circular: NDArray
    streaming: NDArray
    sigma_radial: NDArray
    sigma_azimuthal: NDArray
    sigma_vertical: NDArray

    def sample(self, positions: NDArray, rng: np.random.Generator) -> NDArray:
        """Draw velocities at the positions of a disc's particles; (N, 3), km/s."""
        radius = np.hypot(positions[:, 0], positions[:, 1])
        cosine, sine = positions[:, 0] / radius, positions[:, 1] / radius

        def at(values: NDArray) -> NDArray:
            return np.interp(radius, self.radii, values)

        normal = rng.standard_normal((3, len(radius)))
        v_radial = at(self.sigma_radial) * normal[0]
        v_azimuthal = at(self.streaming) + at(self.sigma_azimuthal) * normal[1]
        v_vertical = at(self.sigma_vertical) * normal[2]
        v_x = v_radial * cosine - v_azimuthal * sine
        v_y = v_radial * sine + v_azimuthal * cosine
        return np.column_stack((v_x, v_y, v_vertical))


def disc_kinematics(
    disc: Disc, spheroids: Potential, discs: tuple[Disc, ...], *, toomre_q: float
) -> DiscKinematics:
    """Solve the moments of a disc's velocities in the field of spheroids and discs.

    Hernquist (1993), Sec. 2.2: sigma_R^2 falls as exp(-R/R_d) from Toomre's Q at 2.4 R_d, never
    above 0.6 V_c; sigma_phi from the epicycle; the mean from the Jeans equation. Beyond Hernquist,
    all forces are averages over the disc's thickness, and sigma_z supports the disc's thickness
    against all of them: ``sigma_z^2 = <z dPhi/dz>``.

    Parameters
    ----------
    disc : Disc
    spheroids : Potential
        Of halo and bulge.
    discs : tuple of Disc
        All discs that contribute gravity, including ``disc``.
    toomre_q : float
        sigma_R at 2.4 R_d is at least sigma_z there, whatever Q.

    Returns
    -------
    DiscKinematics
    """
    length = disc.scale_length
    radii = length * _PLACES
    circular2, vertical2 = _field_of_spheroids(spheroids, radii, disc)
    for other in discs:
        radial, vertical = other.field(_PLACES, disc)
        circular2, vertical2 = circular2 + radial, vertical2 + vertical
    kappa2 = np.gradient(radii**2 * circular2, radii) / radii**3
    kappa2 = np.maximum(kappa2, circular2 / radii**2)  # of a Keplerian field, the minimum
    surface = disc.surface_density(radii)
    toomre = toomre_q * 3.36 * G * surface / np.sqrt(kappa2)
    reference = np.interp(2.4 * length, radii, np.maximum(toomre, np.sqrt(vertical2)))
    radial2 = (reference * np.exp(-(radii / length - 2.4) / 2.0)) ** 2
    radial2 = np.minimum(radial2, 0.36 * circular2)
    azimuthal2 = radial2 * kappa2 * radii**2 / (4.0 * circular2)
    pressure = disc.surface_slope(radii) + np.gradient(np.log(radial2), np.log(radii))
    mean2 = np.maximum(circular2 + radial2 * (1.0 + pressure) - azimuthal2, 0.0)
    moments = (circular2, mean2, radial2, azimuthal2, vertical2)
    return DiscKinematics(radii, *(np.sqrt(moment) for moment in moments))


def _field_of_spheroids(
    spheroids: Potential, radii: NDArray, tracer: Disc
) -> tuple[NDArray, NDArray]:
    """Return ``R dPhi/dR`` and ``z dPhi/dz`` of spheres, averaged over a disc's thickness."""
    heights, weights = tracer.heights()
    distance = np.hypot(radii[:, None], heights)
    force = spheroids.circular_velocity_squared(distance) / distance**2
    return radii**2 * (force @ weights), force @ (weights * heights**2)
