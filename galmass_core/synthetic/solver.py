"""Solve for the galaxy model whose particles reproduce the numbers of a catalogue."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from galmass_core.photometry import surviving_fraction
from galmass_core.synthetic.model import GalaxyModel
from galmass_core.synthetic.populations import solve_population
from galmass_core.synthetic.profiles import Disc, Spheroid

_HALO_EDGES = (2.5, 60.0)  # truncation radii in R_hsm
_HALO_SLOPES = (1.5, 3.0)  # outer ones; 3 is NFW's
_BULGE_EDGE = 40.0  # truncation radius in R_hsm
_BULGE_SLOPES = (2.2, 12.0)  # outer ones; 4 is Hernquist's
_HALO_SCALES = (1e-2, 1e2)  # scale radii in R_hsm
_BULGE_SCALES = (5e-2, 1e2)  # scale radii in R_hsm
_MOST_OF_BULGE = 0.95  # inside R_hsm
_TOLERANCE = 1e-3
_DISC_HALF_MASS = 1.688  # scale lengths, in spheres, at the thickness below
_DISC_THICKNESS, _GAS_THICKNESS = 0.2, 0.05  # scale heights in scale lengths
_LEAST_PART = 0.01  # of the stars; a smaller bulge or disc is left out
_GAS_LENGTHS = (0.1, 0.7)  # scale lengths of gas discs, in R_hsm
_HOLES = (1e-3, 12.0)  # in their centres, in R_hsm
_HOT_RADII = (3.0, 80.0)  # scale radii of hot gas, in R_hsm
_HOT_SHARE = 0.1  # largest fraction of hot gas inside 2 R_hsm
_ROUNDS = 3
_HOT_EDGE = 2.0  # truncation radius of hot gas in scale radii
_AGE_SCATTER = 0.25  # dex
_GAS_METALLICITY = 0.7  # of the stars', the ratio of the medians in TNG100
_STAR_METALLICITY = 0.885  # median over mean of log-normal metallicities
_DEPLETION_TIME = 2e9  # yr; gas beyond what forms stars in that time is ionised
_PARTICLE_MASSES = {"star": 1.4e6, "dark_matter": 7.5e6}  # Msun, TNG100's
MOST_PARTICLES = 40_000  # of a kind in one galaxy; beyond, particles are more massive


@dataclass(frozen=True, kw_only=True)
class Demand:
    """Required measurements of a galaxy, as a SUBFIND catalogue defines them; Msun, kpc.

    Attributes
    ----------
    mstar, mstar_2rhsm : float
        Bound stellar mass, and inside 2 R_hsm.
    half_mass_radius : float
        R_hsm.
    mdm, mdm_1rhsm, mdm_2rhsm, mgas, mgas_1rhsm, mgas_2rhsm : float
        Dark matter and gas: bound, inside R_hsm and inside 2 R_hsm.
    star_formation_rate : float, Msun/yr
        Current rate inside 2 R_hsm; there is none outside.
    colour : float, mag
        g-r without dust.
    log_mass_to_light : float
        Bound stellar mass over light in r, Msun / Lsun.
    metallicity : float
        Mean mass fraction of the stars.
    disc_fraction : float
        Fraction of the stars in a disc.
    bulge_axis_ratio : float
    is_central : bool
    mass_excess : float
        As in `GalaxyModel`.
    """

    mstar: float
    mstar_2rhsm: float
    half_mass_radius: float
    mdm: float
    mdm_1rhsm: float
    mdm_2rhsm: float
    mgas: float
    mgas_1rhsm: float
    mgas_2rhsm: float
    star_formation_rate: float
    colour: float
    log_mass_to_light: float
    metallicity: float
    disc_fraction: float
    bulge_axis_ratio: float
    is_central: bool
    mass_excess: float = 1.0


def solve_model(demand: Demand, most_particles: float = MOST_PARTICLES) -> GalaxyModel:
    """Find halo, bulge, disc, gas and populations that meet the demand.

    Where no profile can meet it (discs more extended than exponential, for example), the nearest is
    used.

    Parameters
    ----------
    demand : Demand
    most_particles : float
        Of stars, and of dark matter; galaxies with more get more massive particles than TNG100's.
        ``math.inf`` for TNG100's resolution throughout.
    """
    halo = _solve_halo(demand)
    bulge, disc = _solve_stars(demand)
    gas, hot_gas = _solve_gas(demand)
    metallicity = _STAR_METALLICITY * demand.metallicity
    population, young_share = solve_population(
        colour=demand.colour,
        log_mass_to_light=demand.log_mass_to_light,
        metallicity=metallicity,
        age_scatter=_AGE_SCATTER,
    )
    birth_over_now = np.mean(1.0 / surviving_fraction(np.linspace(0.0, 1.0, 200)))
    cold = _DEPLETION_TIME * demand.star_formation_rate
    return GalaxyModel(
        halo=halo,
        bulge=bulge,
        disc=disc,
        gas=gas,
        hot_gas=hot_gas,
        bulge_population=population,
        disc_population=population,
        bulge_axis_ratio=demand.bulge_axis_ratio,
        star_formation_rate=demand.star_formation_rate,
        star_formation_edge=2.0 * demand.half_mass_radius,
        recent_star_formation_rate=float(young_share * demand.mstar * birth_over_now / 1e9),
        gas_metallicity=_GAS_METALLICITY * demand.metallicity,
        gas_neutral_fraction=min(cold / gas.mass, 1.0) if gas else 0.0,
        star_mass=max(_PARTICLE_MASSES["star"], demand.mstar / most_particles),
        dark_matter_mass=max(_PARTICLE_MASSES["dark_matter"], halo.mass / most_particles),
        is_central=demand.is_central,
        mass_excess=demand.mass_excess,
    )


def _solve_halo(demand: Demand) -> Spheroid:
    """Fit a halo to the dark matter inside R_hsm, 2 R_hsm and in total.

    NFW where possible, truncated for the total; otherwise with a flatter outer slope.
    """
    radius = demand.half_mass_radius

    @cache
    def halo(edge: float, slope: float) -> Spheroid:
        def scaled(scale: float) -> Spheroid:
            return Spheroid(
                mass=1.0,
                scale_radius=scale * radius,
                truncation_radius=edge * radius,
                outer_slope=slope,
            )

        def growth(scale: float) -> float:
            return _growth(scaled(scale), radius)

        scale = _find(growth, demand.mdm_2rhsm / demand.mdm_1rhsm, *_HALO_SCALES)
        return scaled(scale).through(radius, demand.mdm_1rhsm)

    edge = _find(lambda edge: halo(edge, _HALO_SLOPES[1]).mass, demand.mdm, *_HALO_EDGES)
    if edge < _HALO_EDGES[1]:
        return halo(edge, _HALO_SLOPES[1])
    slope = _find(lambda slope: halo(edge, slope).mass, demand.mdm, *_HALO_SLOPES)
    return halo(edge, slope)


def _solve_stars(demand: Demand) -> tuple[Spheroid | None, Disc | None]:
    """Fit bulge and disc to the stars inside R_hsm (half) and 2 R_hsm.

    The bulge is as extended as necessary; if that is not enough the disc is made larger.
    """
    share = demand.disc_fraction
    if share < _LEAST_PART:
        return _solve_bulge(demand, None), None
    if share > 1.0 - _LEAST_PART:
        return None, _stellar_disc(demand, demand.mstar, 1.0)
    mass, radii = share * demand.mstar, demand.half_mass_radius * np.array([1.0, 2.0])

    @cache
    def parts(size: float) -> tuple[Spheroid, Disc]:
        disc = _stellar_disc(demand, mass, size)
        return _solve_bulge(demand, disc), disc

    def inside_2rhsm(size: float) -> float:
        return sum(float(part.enclosed_mass(radii)[1]) for part in parts(size))

    def bulge_share(size: float) -> float:
        in_disc = _stellar_disc(demand, mass, size).enclosed_mass(radii)[0]
        return (0.5 * demand.mstar - in_disc) / (demand.mstar - mass)

    smallest = 1.0 + 0.25 * (1.0 - share)  # larger than the galaxy, so that the bulge is smaller
    if inside_2rhsm(smallest) < (1.0 + _TOLERANCE) * demand.mstar_2rhsm:
        return parts(smallest)
    largest = _find(bulge_share, _MOST_OF_BULGE, smallest, 3.0)
    return parts(_find(inside_2rhsm, demand.mstar_2rhsm, smallest, largest))


def _stellar_disc(demand: Demand, mass: float, size: float) -> Disc:
    """Return the disc whose half-mass radius is ``size`` R_hsm."""
    length = size * demand.half_mass_radius / _DISC_HALF_MASS
    return Disc(mass=mass, scale_length=length, scale_height=_DISC_THICKNESS * length)


def _solve_bulge(demand: Demand, disc: Disc | None) -> Spheroid:
    """Fit the bulge to the stars that are not in the disc."""
    radius = demand.half_mass_radius
    wanted = np.array([0.5 * demand.mstar, demand.mstar_2rhsm])
    mass = demand.mstar
    if disc is not None:
        wanted = wanted - disc.enclosed_mass(radius * np.array([1.0, 2.0]))
        mass -= disc.mass

    def bulge(slope: float, scale: float) -> Spheroid:
        return Spheroid(
            mass=mass,
            scale_radius=scale * radius,
            truncation_radius=_BULGE_EDGE * radius,
            outer_slope=slope,
        )

    @cache
    def fitting(slope: float) -> Spheroid:
        def inside(scale: float) -> float:
            return float(bulge(slope, scale).enclosed_mass(radius))

        return bulge(slope, _find(inside, wanted[0], *_BULGE_SCALES))

    def inside_2rhsm(slope: float) -> float:
        return float(fitting(slope).enclosed_mass(2.0 * radius))

    def most_inside(slope: float) -> float:
        return float(bulge(slope, _BULGE_SCALES[0]).enclosed_mass(radius))

    flattest = _find(most_inside, (1.0 + _TOLERANCE) * wanted[0], *_BULGE_SLOPES)
    if inside_2rhsm(flattest) > wanted[1]:
        return fitting(flattest)
    return fitting(_find(inside_2rhsm, wanted[1], flattest, _BULGE_SLOPES[1]))


def _solve_gas(demand: Demand) -> tuple[Disc | None, Spheroid | None]:
    """Fit gas disc and hot gas to the gas inside R_hsm, 2 R_hsm and in total."""
    radius = demand.half_mass_radius
    wanted = np.array([demand.mgas_1rhsm, demand.mgas_2rhsm])
    disc, hot = _solve_gas_disc(demand, *wanted), None
    for _ in range(_ROUNDS):  # each is fitted to what the other leaves
        outside = demand.mgas - (disc.mass if disc else 0.0)
        if outside < _PARTICLE_MASSES["star"]:
            return disc, None
        hot = _solve_hot_gas(demand, outside)
        inside = hot.enclosed_mass(radius * np.array([1.0, 2.0]))
        disc = _solve_gas_disc(demand, *np.maximum(wanted - inside, 0.0))
    return disc, hot


def _solve_hot_gas(demand: Demand, mass: float) -> Spheroid:
    """Fit hot gas so extended that most of the gas inside 2 R_hsm is in the disc."""
    radius = demand.half_mass_radius

    def hot(scale: float) -> Spheroid:
        return Spheroid(
            mass=mass,
            scale_radius=scale * radius,
            truncation_radius=_HOT_EDGE * scale * radius,
            outer_slope=3.0,
            inner_slope=0.0,
        )

    def inside(scale: float) -> float:
        return float(hot(scale).enclosed_mass(2.0 * radius))

    return hot(_find(inside, _HOT_SHARE * demand.mgas_2rhsm, *_HOT_RADII))


def _solve_gas_disc(demand: Demand, inside: float, inside_2rhsm: float) -> Disc | None:
    """Fit a gas disc, with a hole if there is little gas inside, limited by the total."""
    radius = demand.half_mass_radius
    if inside_2rhsm < _PARTICLE_MASSES["star"] and not demand.star_formation_rate:
        return None
    inside_2rhsm = max(inside_2rhsm, 2.0 * _PARTICLE_MASSES["star"])
    wanted = inside_2rhsm / max(inside, 1e-3 * inside_2rhsm)

    def shape(length: float, hole: float) -> Disc:
        return Disc(
            mass=1.0,
            scale_length=length * radius,
            scale_height=_GAS_THICKNESS * length * radius,
            hole_radius=hole * radius,
        )

    @cache
    def disc(length: float) -> Disc:
        hole = _find(lambda hole: _growth(shape(length, hole), radius), wanted, *_HOLES)
        unit = shape(length, hole)
        full = float(unit.enclosed_mass(np.array([2.0 * radius]))[0])
        return replace(unit, mass=inside_2rhsm / full)

    longest = _find(lambda length: _growth(shape(length, 0.0), radius), wanted, *_GAS_LENGTHS)
    if longest == _GAS_LENGTHS[0]:
        return disc(longest)
    return disc(_find(lambda length: disc(length).mass, demand.mgas, _GAS_LENGTHS[0], longest))


def _growth(part: Spheroid | Disc, radius: float) -> float:
    """Return the mass inside twice a radius over that inside the radius."""
    inner, outer = part.enclosed_mass(np.array([radius, 2.0 * radius]))
    return outer / inner


def _find(function: Callable[[float], float], wanted: float, low: float, high: float) -> float:
    """Return where a monotonic function of a positive number has a value, else the nearer end.

    False position on the logarithm of the argument (the Illinois variant: Dowell & Jarratt 1971).
    """
    a, b = np.log(low), np.log(high)
    miss_a, miss_b = function(low) - wanted, function(high) - wanted
    if miss_a * miss_b >= 0.0:
        return low if abs(miss_a) < abs(miss_b) else high
    for _ in range(60):
        c = (a * miss_b - b * miss_a) / (miss_b - miss_a)
        miss = function(np.exp(c)) - wanted
        if abs(miss) < 1e-5 * abs(wanted):
            break
        if miss * miss_b < 0.0:
            a, miss_a = b, miss_b
        else:
            miss_a *= 0.5
        b, miss_b = c, miss
    return float(np.exp(c))
