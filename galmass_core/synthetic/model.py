"""Model a synthetic galaxy: halo, bulge, disc and gas in equilibrium, sampled as particles.

These are toy models that test the code and the inference; their scatters are not measurements of
any simulation. All files are marked as synthetic (``SimulationName`` demo-1, attribute
``Synthetic``).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import distances
from galmass_core.photometry import surviving_fraction
from galmass_core.synthetic.equilibrium import (
    Potential,
    disc_kinematics,
    flatten_spheroid,
    sample_spheroid,
)
from galmass_core.synthetic.populations import (
    Population,
    draw_ages,
    draw_metallicities,
    draw_young,
)
from galmass_core.synthetic.profiles import Disc, Spheroid, hernquist_bulge, nfw_halo

Particles = dict[str, dict[str, NDArray]]  # species: quantity: array

_MOST_HOT_CELLS = 10_000  # beyond, hot cells are more massive than star particles
_WIND_FRACTION = 0.005  # of the gas mass, at least _WIND_COUNT particles where there is gas
_WIND_COUNT = 3
_WIND_SPEED = 200.0  # km/s, away from the disc


@dataclass(frozen=True, kw_only=True)
class GalaxyModel:
    """Components of a synthetic galaxy.

    Attributes
    ----------
    halo : Spheroid
    bulge : Spheroid or None
    disc, gas : Disc or None
    hot_gas : Spheroid or None
        Ionised gas around the disc; its cells have collisionless velocities, with speed in place of
        temperature.
    bulge_population, disc_population : Population
    bulge_axis_ratio : float
        c/a of the bulge, in (0, 1].
    bulge_rotation : float
        Prograde minus retrograde fraction of the bulge's stars, in [-1, 1].
    toomre_q : float
        Of the stellar disc, at 2.4 scale lengths.
    star_formation_rate, recent_star_formation_rate : float, Msun/yr
        Current rate of the gas, and mean rate of the stars over the last Gyr; stars of the disc are
        made young first.
    star_formation_edge : float, kpc
        Gas further out forms no stars.
    gas_metallicity : float
        Mass fraction.
    gas_neutral_fraction : float
        Neutral fraction of the disc's hydrogen, in [0, 1].
    star_mass, dark_matter_mass : float, Msun
        Of each star particle and gas cell, and of each dark-matter particle; as in TNG100.
    is_central : bool
        Of its host halo; only a label.
    mass_excess : float
        Mass of stars over that of a Kroupa population of the same light; initial masses of the
        particles are those of that population, which gives their light.

    Raises
    ------
    ValueError
        If there is neither bulge nor disc, or if a number is out of its range.
    """

    halo: Spheroid
    bulge: Spheroid | None = None
    disc: Disc | None = None
    gas: Disc | None = None
    hot_gas: Spheroid | None = None
    bulge_population: Population = field(default=Population(age=10.0, metallicity=0.02))
    disc_population: Population = field(
        default=Population(age=5.0, metallicity=0.015, age_scatter=0.25)
    )
    bulge_axis_ratio: float = 1.0
    bulge_rotation: float = 0.0
    toomre_q: float = 1.5
    star_formation_rate: float = 0.0
    recent_star_formation_rate: float = 0.0
    star_formation_edge: float = np.inf
    gas_metallicity: float = 0.015
    gas_neutral_fraction: float = 1.0
    star_mass: float = 1.4e6
    dark_matter_mass: float = 7.5e6
    is_central: bool = True
    mass_excess: float = 1.0

    def __post_init__(self) -> None:
        if self.bulge is None and self.disc is None:
            msg = "a galaxy must have stars: bulge or disc, got neither"
            raise ValueError(msg)
        for name, low, high in (
            ("bulge_axis_ratio", 0.1, 1.0),
            ("bulge_rotation", -1.0, 1.0),
            ("star_formation_rate", 0.0, np.inf if self.gas else 0.0),
            ("recent_star_formation_rate", 0.0, self.stellar_mass / 1e9),
            ("gas_neutral_fraction", 0.0, 1.0),
            ("mass_excess", 0.1, 10.0),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                msg = f"{name} must be in [{low:g}, {high:g}], got {value}"
                raise ValueError(msg)

    @property
    def stellar_mass(self) -> float:
        """Mass of bulge and disc, Msun."""
        return sum(part.mass for part in (self.bulge, self.disc) if part is not None)

    @property
    def discs(self) -> tuple[Disc, ...]:
        """Existing discs of stars and of gas."""
        return tuple(part for part in (self.disc, self.gas) if part is not None)

    def potential(self, *, with_discs: bool) -> Potential:
        """Return the potential of the spheroids, optionally with the spherically averaged discs."""
        spheroids = [part for part in (self.halo, self.bulge, self.hot_gas) if part is not None]
        inner = min(part.scale_radius for part in spheroids)
        outer = max(part.truncation_radius for part in spheroids)
        radii = np.geomspace(1e-4 * inner, 5.0 * outer, 512)
        within = sum((part.enclosed_mass(radii) for part in spheroids), np.zeros(len(radii)))
        if with_discs:
            within = sum((disc.enclosed_mass(radii) for disc in self.discs), within)
        return Potential(radii, within)


def sample_galaxy(
    model: GalaxyModel,
    seed: int,
    *,
    orientation: NDArray | None = None,
    bare_halo: bool = False,
) -> Particles:
    """Draw the particles of a galaxy.

    Parameters
    ----------
    model : GalaxyModel
    seed : int
        The same model and seed give the same particles.
    orientation : (3, 3) float, optional
        Rotation from the galaxy's frame, whose disc lies in the plane z = 0; random by default.
    bare_halo : bool
        Of dark matter only positions and masses; the particles are the same.

    Returns
    -------
    dict of dict of arrays
        ``stars``, ``wind``, ``gas`` and ``dark_matter``; each with positions (N, 3) kpc,
        velocities (N, 3) km/s, masses (N,) Msun and potentials (N,) (km/s)^2, about the centre.
        Stars: initial_masses (Msun), ages (Gyr), metallicities, in_disc. Gas: metallicities,
        star_formation_rates (Msun/yr), neutral_fractions, densities (Msun/kpc^3). Wind: as stars,
        of age zero.
    """
    rng = np.random.default_rng(seed)
    potential = model.potential(with_discs=True)
    rotation = _random_rotation(rng) if orientation is None else orientation
    halo = _sample_spheroid(
        potential, model.halo, model.dark_matter_mass, rng, moving=not bare_halo
    )
    gas = _sample_gas(model, potential, rng)
    particles = {
        "stars": _sample_stars(model, potential, rng),
        "wind": _launch_wind(gas, rng),
        "gas": gas,
        "dark_matter": halo,
    }
    for columns in particles.values():
        if not (bare_halo and columns is halo):
            radii = distances(columns["positions"])
            columns["potentials"] = -potential.depth(np.maximum(radii, potential.radii[0]))
            columns["velocities"] = columns["velocities"] @ rotation.T
        columns["positions"] = columns["positions"] @ rotation.T
    return particles


def _sample_spheroid(
    potential: Potential,
    part: Spheroid,
    particle_mass: float,
    rng: np.random.Generator,
    *,
    moving: bool = True,
) -> dict[str, NDArray]:
    count = max(round(part.mass / particle_mass), 1)
    densities = part.density(potential.radii)
    positions, velocities = sample_spheroid(potential, densities, count, rng, moving=moving)
    masses = np.full(count, part.mass / count)
    return {"positions": positions, "velocities": velocities, "masses": masses}


def _sample_disc(
    model: GalaxyModel, disc: Disc, rng: np.random.Generator, *, toomre_q: float
) -> dict[str, NDArray]:
    count = max(round(disc.mass / model.star_mass), 1)
    positions = disc.sample_positions(count, rng)
    spheroids = model.potential(with_discs=False)
    moments = disc_kinematics(disc, spheroids, model.discs, toomre_q=toomre_q)
    masses = np.full(count, disc.mass / count)
    return {"positions": positions, "velocities": moments.sample(positions, rng), "masses": masses}


def _sample_stars(
    model: GalaxyModel, potential: Potential, rng: np.random.Generator
) -> dict[str, NDArray]:
    """Draw bulge and disc with ages and metallicities, each from the centre outwards."""
    parts = []
    if model.bulge is not None:
        bulge = _sample_spheroid(potential, model.bulge, model.star_mass, rng)
        bulge["positions"], bulge["velocities"] = flatten_spheroid(
            bulge["positions"],
            bulge["velocities"],
            axis_ratio=model.bulge_axis_ratio,
            rotation=model.bulge_rotation,
            rng=rng,
        )
        parts.append((bulge, False))
    if model.disc is not None:
        parts.append((_sample_disc(model, model.disc, rng, toomre_q=model.toomre_q), True))
    stars = {key: np.concatenate([part[key] for part, _ in parts]) for key in parts[0][0]}
    stars["in_disc"] = np.repeat([flag for _, flag in parts], [len(p["masses"]) for p, _ in parts])
    populations = (model.bulge_population, model.disc_population)
    component = stars["in_disc"].astype(int)
    stars["ages"] = draw_ages(populations, component, rng)
    formed = model.recent_star_formation_rate * 1e9
    young, ages = draw_young(stars["masses"], stars["in_disc"], formed, rng)
    stars["ages"][young] = ages
    remaining = model.mass_excess * surviving_fraction(stars["ages"])
    stars["initial_masses"] = stars["masses"] / remaining
    radii = distances(stars["positions"])
    stars["metallicities"] = draw_metallicities(
        populations, component, radii / np.median(radii), rng
    )
    return stars


def _sample_gas(
    model: GalaxyModel, potential: Potential, rng: np.random.Generator
) -> dict[str, NDArray]:
    """Draw the cells of the disc on near-circular orbits, then those of the hot gas."""
    parts = [_no_gas()]
    if model.gas is not None:
        parts.append(_sample_gas_disc(model, model.gas, rng))
    if model.hot_gas is not None:
        cell_mass = max(model.star_mass, model.hot_gas.mass / _MOST_HOT_CELLS)
        hot = _sample_spheroid(potential, model.hot_gas, cell_mass, rng)
        radii = distances(hot["positions"])
        hot["densities"] = model.hot_gas.density(radii)
        hot["star_formation_rates"] = hot["neutral_fractions"] = np.zeros(len(radii))
        parts.append(hot)
    gas = {key: np.concatenate([part[key] for part in parts if key in part]) for key in parts[0]}
    gas["metallicities"] = np.full(len(gas["masses"]), model.gas_metallicity)
    return gas


def _sample_gas_disc(
    model: GalaxyModel, disc: Disc, rng: np.random.Generator
) -> dict[str, NDArray]:
    """Draw the cells of the disc; the denser half forms stars by the law of Kennicutt (1998)."""
    gas = _sample_disc(model, disc, rng, toomre_q=0.0)
    distance = distances(gas["positions"])
    near = distance <= max(model.star_formation_edge, distance.min())
    surface = disc.surface_density(np.hypot(*gas["positions"].T[:2]))
    dense = surface >= np.median(surface[near])
    weights = gas["masses"] * np.where(near & dense, surface**0.4, 0.0)
    gas["star_formation_rates"] = model.star_formation_rate * weights / weights.sum()
    gas["densities"] = disc.density(gas["positions"])
    gas["neutral_fractions"] = np.full(len(weights), model.gas_neutral_fraction)
    return gas


def _no_gas() -> dict[str, NDArray]:
    """Return arrays of no gas."""
    scalars = ("masses", "densities", "star_formation_rates", "neutral_fractions")
    vectors = {key: np.empty((0, 3)) for key in ("positions", "velocities")}
    return vectors | {key: np.empty(0) for key in scalars}


def _launch_wind(gas: dict[str, NDArray], rng: np.random.Generator) -> dict[str, NDArray]:
    """Copy a few star-forming cells as wind moving away from the disc on both sides."""
    forming = np.flatnonzero(gas["star_formation_rates"])
    count = min(max(round(_WIND_FRACTION * len(gas["masses"])), _WIND_COUNT), len(forming))
    cells = rng.choice(forming, count, replace=False) if count else forming
    up = np.where(rng.random(count) < 0.5, 1.0, -1.0)[:, None] * [0.0, 0.0, 1.0]
    return {
        "positions": gas["positions"][cells] + up * rng.uniform(0.5, 5.0, (count, 1)),
        "velocities": gas["velocities"][cells] + up * _WIND_SPEED,
        "masses": gas["masses"][cells],
        "initial_masses": gas["masses"][cells],
        "metallicities": gas["metallicities"][cells],
        "ages": np.zeros(count),
    }


def _random_rotation(rng: np.random.Generator) -> NDArray:
    """Draw a uniformly distributed rotation matrix (Stewart 1980)."""
    matrix, triangle = np.linalg.qr(rng.standard_normal((3, 3)))
    matrix *= np.sign(np.diag(triangle))
    return matrix * np.linalg.det(matrix)


def showcase_models() -> dict[str, GalaxyModel]:
    """Return four example galaxies of about 1e4 stars each.

    Returns
    -------
    dict of GalaxyModel
        By subhalo ID: 1 a thin star-forming disc, 2 a massive round elliptical, 3 an S0 of bulge
        and disc, 4 a small disc dominated by dark matter.
    """
    return {
        "1": GalaxyModel(
            halo=nfw_halo(6e11, 10.0, 30.0),
            bulge=hernquist_bulge(1.2e9, 0.4, 30.0),
            disc=Disc(mass=1.3e10, scale_length=3.0, scale_height=0.3),
            gas=Disc(mass=6e9, scale_length=5.0, scale_height=0.15),
            disc_population=Population(age=4.0, metallicity=0.015, age_scatter=0.25),
            toomre_q=1.3,
            star_formation_rate=1.5,
            recent_star_formation_rate=2.0,
            dark_matter_mass=1e7,
        ),
        "2": GalaxyModel(
            halo=nfw_halo(8e12, 7.0, 60.0),
            bulge=hernquist_bulge(2e11, 4.0, 60.0),
            bulge_axis_ratio=0.9,
            bulge_population=Population(age=10.0, metallicity=0.028),
            star_mass=2e7,
            dark_matter_mass=8e7,
        ),
        "3": GalaxyModel(
            halo=nfw_halo(1.5e12, 9.0, 40.0),
            bulge=hernquist_bulge(1.8e10, 1.0, 40.0),
            disc=Disc(mass=2.2e10, scale_length=3.5, scale_height=0.9),
            bulge_axis_ratio=0.8,
            bulge_rotation=0.3,
            bulge_population=Population(age=10.0, metallicity=0.025),
            disc_population=Population(age=7.0, metallicity=0.02),
            toomre_q=1.8,
            star_mass=4e6,
            dark_matter_mass=2e7,
        ),
        "4": GalaxyModel(
            halo=nfw_halo(2.5e11, 13.0, 30.0),
            disc=Disc(mass=5e9, scale_length=3.2, scale_height=0.5),
            gas=Disc(mass=4e9, scale_length=6.0, scale_height=0.2),
            disc_population=Population(age=3.5, metallicity=0.008, age_scatter=0.25),
            gas_metallicity=0.007,
            star_formation_rate=0.5,
            recent_star_formation_rate=0.5,
            star_mass=5e5,
        ),
    }
